//! Intents that wait for the tick that they name.

use bevy_ecs::prelude::Component;
use throng_shared::ids::Tick;
use throng_shared::limits::INPUTS_BUFFERED_MAX;
use throng_shared::motion::Steer;

/// What a player wants from a tick on. `fire` and `dash` count presses, wrapping.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Intent {
    pub tick: Tick,
    pub steer: Steer,
    pub aim: u8,
    pub fire: u8,
    pub dash: u8,
}

/// At most [`INPUTS_BUFFERED_MAX`] intents of one player, by ascending tick.
#[derive(Component, Clone, Debug, Default)]
pub struct IntentBuffer {
    waiting: [Intent; INPUTS_BUFFERED_MAX],
    len: usize,
    late: u64,
}

impl IntentBuffer {
    /// Adds an intent. It takes the place of those that name the same tick or a later
    /// one: the client's clock was set back, and this is what it wants now. When the
    /// buffer is full it replaces the newest. Presses are counters, so only a moment
    /// of steering is lost.
    pub fn push(&mut self, intent: Intent) {
        while self.len > 0 && intent.tick.since(self.waiting[self.len - 1].tick) <= 0 {
            self.len -= 1;
        }
        if self.len == INPUTS_BUFFERED_MAX {
            self.len -= 1;
        }
        self.waiting[self.len] = intent;
        self.len += 1;
    }

    /// Takes the intent in force at `now`: the newest one that names it or an
    /// earlier tick. Those that name an earlier tick are counted late.
    #[must_use]
    pub fn take(&mut self, now: Tick) -> Option<Intent> {
        let due = self.waiting[..self.len].iter().take_while(|i| i.tick.since(now) <= 0).count();
        let last = *self.waiting[..due].last()?;
        let late = self.waiting[..due].iter().filter(|i| i.tick.since(now) < 0).count();
        self.late += late as u64;
        self.waiting.copy_within(due..self.len, 0);
        self.len -= due;
        Some(last)
    }

    /// Forgets what waits.
    pub fn clear(&mut self) {
        self.len = 0;
    }

    /// What waits, by ascending tick.
    #[must_use]
    pub fn waiting(&self) -> &[Intent] {
        &self.waiting[..self.len]
    }

    /// Intents that came after their tick.
    #[must_use]
    pub fn late(&self) -> u64 {
        self.late
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(tick: u32) -> Intent {
        Intent { tick: Tick(tick), fire: tick as u8, ..Intent::default() }
    }

    #[test]
    fn an_intent_waits_for_its_tick() {
        let mut buffer = IntentBuffer::default();
        buffer.push(at(5));
        assert_eq!(buffer.take(Tick(4)), None, "because it is for tick 5");
        assert_eq!(buffer.take(Tick(5)), Some(at(5)));
        assert_eq!(buffer.late(), 0);
    }

    #[test]
    fn late_intents_still_count_and_are_counted() {
        let mut buffer = IntentBuffer::default();
        for tick in [5, 6, 9] {
            buffer.push(at(tick));
        }
        assert_eq!(buffer.take(Tick(7)), Some(at(6)), "because the newest due one is in force");
        assert_eq!(buffer.late(), 2);
        assert_eq!(buffer.take(Tick(9)), Some(at(9)));
    }

    #[test]
    fn a_clock_that_was_set_back_is_followed_at_once() {
        let mut buffer = IntentBuffer::default();
        for tick in [100, 103, 106, 4] {
            buffer.push(at(tick));
        }
        assert_eq!(buffer.waiting(), [at(4)], "because the newest word counts");
    }

    #[test]
    fn a_full_buffer_keeps_the_newest_press() {
        let mut buffer = IntentBuffer::default();
        for tick in 0..100 {
            buffer.push(at(tick));
        }
        assert_eq!(buffer.take(Tick(99)).map(|i| i.fire), Some(99), "because counters add up");
    }
}
