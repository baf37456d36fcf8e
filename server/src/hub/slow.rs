//! Slow mode: the time from one line of a player to its next one in a room, as an operator has
//! set it. It counts from the lines themselves, so that another time holds at once.

use std::collections::BTreeMap;

use throng_shared::limits::SLOW_SPEAKERS_MAX;
use throng_shared::time::Millis;

use super::Person;

#[derive(Debug, Default)]
pub(super) struct SlowMode {
    /// 0: it is off.
    every_ms: u64,
    /// When each said its newest line since it was on.
    spoken: BTreeMap<Person, Millis>,
}

impl SlowMode {
    /// The time between two lines, in seconds; 0: no matter.
    pub(super) fn set(&mut self, seconds: u16) {
        self.every_ms = u64::from(seconds) * 1000;
        if seconds == 0 {
            self.spoken.clear();
        }
    }

    /// The milliseconds until somebody may say its next line, 0: now.
    pub(super) fn wait_ms(&self, now: Millis, who: Person) -> u32 {
        let since = self.spoken.get(&who).map(|&at| now.since(at));
        let left = since.map_or(0, |ms| self.every_ms.saturating_sub(ms));
        u32::try_from(left).unwrap_or(u32::MAX)
    }

    /// Somebody said a line. When too many did, who was silent longest is forgotten.
    pub(super) fn note(&mut self, now: Millis, who: Person) {
        if self.every_ms == 0 {
            return;
        }
        if self.spoken.len() >= SLOW_SPEAKERS_MAX && !self.spoken.contains_key(&who) {
            let first = self.spoken.iter().min_by_key(|(_, at)| **at).map(|(&who, _)| who);
            first.map(|who| self.spoken.remove(&who));
        }
        self.spoken.insert(who, now);
    }

    /// Whoever comes as this one next is somebody else.
    pub(super) fn forget(&mut self, who: Person) {
        self.spoken.remove(&who);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::PlayerId;

    #[test]
    fn so_many_speakers_are_remembered() {
        let mut slow = SlowMode::default();
        let who = |number| Person::Player(PlayerId(number));
        slow.note(Millis(1), who(1));
        assert!(slow.spoken.is_empty(), "because it is off");
        slow.set(30);
        let most = SLOW_SPEAKERS_MAX as u32;
        for number in 1..=most + 1 {
            slow.note(Millis(number.into()), who(number));
        }
        assert_eq!(slow.spoken.len(), SLOW_SPEAKERS_MAX);
        let now = Millis(u64::from(most) + 1);
        assert_eq!((slow.wait_ms(now, who(1)), slow.wait_ms(now, who(most + 1))), (0, 30_000));
        slow.set(0);
        assert!(slow.spoken.is_empty());
    }
}
