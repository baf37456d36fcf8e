//! When a room that is to be there always, and crashed, is opened anew. Pure: the caller tells
//! the time.

use std::time::{Duration, Instant};

/// From the first crash to the next opening; twice as long after each further one, up to the
/// longest.
const PAUSE_MIN: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(300);
/// A room that was there for so long crashed by chance: its next pause is a first one again.
const STABLE: Duration = Duration::from_secs(600);

#[derive(Clone, Copy, Debug)]
pub(super) struct Revival {
    opened: Instant,
    /// The last pause; none before the first crash.
    pause: Duration,
    /// When it is opened again, while it is gone.
    due: Option<Instant>,
}

impl Revival {
    /// Of a room that was opened now.
    pub(super) fn new(now: Instant) -> Self {
        Self { opened: now, pause: Duration::ZERO, due: None }
    }

    /// The room is gone. How long it stays so, if that was not known yet.
    pub(super) fn note_gone(&mut self, now: Instant) -> Option<Duration> {
        if self.due.is_some() {
            return None;
        }
        let lived = now.saturating_duration_since(self.opened);
        let before = if lived >= STABLE { Duration::ZERO } else { self.pause };
        self.pause = (before * 2).clamp(PAUSE_MIN, PAUSE_MAX);
        self.due = Some(now + self.pause);
        Some(self.pause)
    }

    /// Whether it is gone, and will be opened.
    pub(super) fn is_pending(&self) -> bool {
        self.due.is_some()
    }

    /// Whether it is to be opened now; it is asked while the room is gone.
    pub(super) fn try_open(&mut self, now: Instant) -> bool {
        let is_due = self.due.is_some_and(|due| now >= due);
        if is_due {
            (self.opened, self.due) = (now, None);
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Crashes a room after it was there for so long; gives the seconds until the next opening.
    fn crash(it: &mut Revival, now: &mut Instant, lived: Duration) -> u64 {
        *now += lived;
        let pause = it.note_gone(*now).expect("it is news");
        assert!(it.is_pending());
        assert_eq!(it.note_gone(*now + pause / 2), None, "because that is known");
        assert!(!it.try_open(*now + pause / 2), "because it is too early");
        *now += pause;
        assert!(it.try_open(*now));
        assert!(!it.try_open(*now) && !it.is_pending(), "because it is open");
        pause.as_secs()
    }

    #[test]
    fn pauses_grow_while_it_keeps_crashing_and_begin_anew_after_it_did_not() {
        let mut now = Instant::now();
        let mut it = Revival::new(now);
        assert!(!it.try_open(now + STABLE), "because it is there");
        let soon = Duration::from_millis(10);
        let pauses: Vec<u64> = (0..11).map(|_| crash(&mut it, &mut now, soon)).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
        assert_eq!(crash(&mut it, &mut now, STABLE), 1, "because that was another reason");
        assert_eq!(crash(&mut it, &mut now, soon), 2);
    }
}
