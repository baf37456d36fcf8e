//! Lets arrivals in at a rate. It keeps no clock: the moment and the rate come in.

use std::time::{Duration, Instant};

/// Time without arrivals that counts towards the next ones: so long a burst may be.
const BURST: Duration = Duration::from_millis(20);

#[derive(Debug)]
pub(super) struct Turnstile {
    /// When the next one may pass, if all come evenly.
    next: Instant,
}

impl Turnstile {
    pub(super) fn new(now: Instant) -> Self {
        Self { next: now }
    }

    /// Gives the next arrival its turn at a rate, and tells how long it has to wait.
    #[must_use]
    pub(super) fn pass(&mut self, now: Instant, per_s: u32) -> Duration {
        let earliest = now.checked_sub(BURST).unwrap_or(now);
        let turn = self.next.max(earliest);
        self.next = turn + Duration::from_secs(1) / per_s.max(1);
        turn.saturating_duration_since(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crowd_passes_at_the_rate_and_a_few_at_once() {
        let began = Instant::now();
        let mut turnstile = Turnstile::new(began);
        let mut now = began + Duration::from_secs(60);
        let waits: Vec<_> = (0..100).map(|_| turnstile.pass(now, 100)).collect();
        let at_once = waits.iter().filter(|wait| wait.is_zero()).count();
        assert_eq!(at_once, 3, "because 20 ms of quiet are saved up, not a minute");
        assert_eq!(waits[99], Duration::from_millis(970));
        now += Duration::from_secs(2);
        assert_eq!(turnstile.pass(now, 100), Duration::ZERO, "because the crowd is through");
    }

    #[test]
    fn a_rate_that_falls_holds_for_the_next_one() {
        let now = Instant::now();
        let mut turnstile = Turnstile::new(now);
        assert!(turnstile.pass(now, 1_000).is_zero());
        let first = (0..50).map(|_| turnstile.pass(now, 1_000)).last().unwrap_or_default();
        let slower = (0..50).map(|_| turnstile.pass(now, 10)).last().unwrap_or_default();
        assert!(first < Duration::from_millis(60) && slower > Duration::from_secs(4));
    }
}
