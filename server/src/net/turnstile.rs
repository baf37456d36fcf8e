//! Lets arrivals in at a rate. It keeps no clock: the moment and the rate come in.

use std::time::{Duration, Instant};

/// Time without arrivals that counts towards the next ones: so long a burst may be. Not
/// less than the time between two looks at the door.
const BURST: Duration = Duration::from_millis(25);

#[derive(Debug)]
pub(super) struct Turnstile {
    /// When the next one may pass, if all come evenly.
    next: Instant,
}

impl Turnstile {
    pub(super) fn new(now: Instant) -> Self {
        Self { next: now }
    }

    /// Lets an arrival pass at a rate, or leaves everything as it is.
    #[must_use]
    pub(super) fn try_pass(&mut self, now: Instant, per_s: u32) -> bool {
        self.book(now, per_s, Duration::ZERO).is_some()
    }

    /// Gives an arrival the next turn at a rate, and tells how long that takes; none, and
    /// no turn, when it takes longer than `most`.
    pub(super) fn book(&mut self, now: Instant, per_s: u32, most: Duration) -> Option<Duration> {
        let earliest = now.checked_sub(BURST).unwrap_or(now);
        let turn = self.next.max(earliest);
        let wait = turn.saturating_duration_since(now);
        (wait <= most).then(|| {
            self.next = turn + Duration::from_secs(1) / per_s.max(1);
            wait
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn a_crowd_passes_at_the_rate_and_a_few_at_once() {
        let began = Instant::now();
        let mut turnstile = Turnstile::new(began);
        let mut now = began + Duration::from_secs(60);
        let waits: Vec<_> = (0..100).filter_map(|_| turnstile.book(now, 100, LONG)).collect();
        let at_once = waits.iter().filter(|wait| wait.is_zero()).count();
        assert_eq!(at_once, 3, "because 25 ms of quiet are saved up, not a minute");
        assert_eq!(waits[99], Duration::from_millis(965));
        now += Duration::from_secs(2);
        assert!(turnstile.try_pass(now, 100), "because the crowd is through");
    }

    #[test]
    fn a_rate_that_falls_holds_for_the_next_one() {
        let now = Instant::now();
        let mut turnstile = Turnstile::new(now);
        assert!(turnstile.try_pass(now, 1_000));
        let mut last = |per_s| (0..50).filter_map(|_| turnstile.book(now, per_s, LONG)).last();
        let (first, slower) = (last(1_000).unwrap_or_default(), last(10).unwrap_or_default());
        assert!(first < Duration::from_millis(60) && slower > Duration::from_secs(4));
    }

    #[test]
    fn who_does_not_pass_takes_no_turn() {
        let now = Instant::now();
        let mut turnstile = Turnstile::new(now);
        let passed = (0..1000).filter(|_| turnstile.try_pass(now, 1)).count();
        assert_eq!(passed, 1);
        assert!(turnstile.try_pass(now + Duration::from_secs(1), 1));
        assert_eq!(turnstile.book(now, 1, Duration::from_millis(500)), None);
    }
}
