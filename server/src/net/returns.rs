//! When those who are sent away may be back.

use std::time::{Duration, Instant};

use throng_shared::limits::{RETRY_MAX_MS, RETRY_MS, RETRY_SPREAD_MS, RETURNS_PER_S};
use throng_shared::prng::Prng;

use super::turnstile::Turnstile;

/// After the time that is usual, spread; and later the more were sent away before, so that
/// however many are outside, only so many knock in a second.
#[derive(Debug)]
pub(super) struct Returns {
    turnstile: Turnstile,
    chance: Prng,
}

impl Returns {
    pub(super) fn new(now: Instant) -> Self {
        Self { turnstile: Turnstile::new(now), chance: Prng::new(0) }
    }

    /// When the next one may be back, in milliseconds.
    pub(super) fn book(&mut self, now: Instant) -> u32 {
        let soonest = RETRY_MS + self.chance.below(RETRY_SPREAD_MS);
        let most = Duration::from_millis(u64::from(RETRY_MAX_MS - RETRY_MS - RETRY_SPREAD_MS));
        let booked = self.turnstile.book(now, RETURNS_PER_S, most).unwrap_or(most);
        soonest + booked.as_millis() as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cmp::Reverse;
    use std::collections::BinaryHeap;

    /// Knocks a second of so many who all come within half a minute, are refused and
    /// obey, after two minutes.
    fn knocks_per_s(crowd: u64) -> usize {
        let began = Instant::now();
        let mut returns = Returns::new(began);
        let mut due: BinaryHeap<_> = (0..crowd).map(|n| Reverse(n * 30_000 / crowd)).collect();
        let mut knocks = 0;
        while let Some(Reverse(ms)) = due.pop().filter(|&Reverse(ms)| ms < 180_000) {
            knocks += usize::from(ms >= 120_000);
            let now = began + Duration::from_millis(ms);
            let after = returns.book(now);
            assert!((RETRY_MS..=RETRY_MAX_MS).contains(&after), "{after}");
            due.push(Reverse(ms + u64::from(after)));
        }
        knocks / 60
    }

    #[test]
    fn however_many_are_outside_only_so_many_knock() {
        assert!(knocks_per_s(10) <= 1, "because a few come back soon, and cost nothing");
        let few = knocks_per_s(500);
        assert!((30..=50).contains(&few), "because 500 come back within 12.5 s: {few}");
        for crowd in [2_000, 3_500, 5_000] {
            let many = knocks_per_s(crowd);
            let most = RETURNS_PER_S as usize * 11 / 10;
            assert!(many <= most, "because a place is booked for each: {many} of {crowd}");
        }
        let all = knocks_per_s(20_000);
        assert!(all <= 420, "because nobody waits for more than a minute: {all}");
    }
}
