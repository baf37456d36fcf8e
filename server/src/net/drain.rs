//! Letting everybody go before the process ends: a notice first, then a few connections
//! at a time, each told when to come back, so that they neither leave nor return at once.

use std::time::{Duration, Instant};

use throng_shared::limits::{
    DRAIN_NOTICE_MS, DRAINS_PER_S, RESTART_RETRY_MAX_MS, RESTART_RETRY_MS, RESTART_RETURNS_PER_S,
};
use throng_shared::prng::Prng;

/// How far a network thread has come with it.
#[derive(Debug)]
pub(super) struct Drain {
    /// When the first connection is closed.
    from: Instant,
    closed: u32,
    /// Time over which those who are here come back.
    spread_ms: u32,
    chance: Prng,
}

impl Drain {
    /// Begins, with so many connections in the whole process.
    pub(super) fn new(now: Instant, open: usize, seed: u64) -> Self {
        let crowd_ms = open.saturating_mul(1000) / RESTART_RETURNS_PER_S as usize;
        let most = RESTART_RETRY_MAX_MS - RESTART_RETRY_MS;
        Self {
            from: now + Duration::from_millis(DRAIN_NOTICE_MS),
            closed: 0,
            spread_ms: u32::try_from(crowd_ms).unwrap_or(most).clamp(1, most),
            chance: Prng::new(seed),
        }
    }

    /// Whether one more connection may be closed now; its client is to come back after
    /// the time that this gives, in milliseconds.
    pub(super) fn next(&mut self, now: Instant) -> Option<u32> {
        let elapsed = now.checked_duration_since(self.from)?;
        let due = elapsed.as_millis() * u128::from(DRAINS_PER_S) / 1000;
        (u128::from(self.closed) < due).then(|| {
            self.closed += 1;
            RESTART_RETRY_MS + self.chance.below(self.spread_ms)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How long so many take to be closed, looked at every tick of 30 Hz, and when they
    /// come back.
    fn drained(count: usize) -> (u64, Vec<u32>) {
        let began = Instant::now();
        let mut drain = Drain::new(began, count, 1);
        let mut retries = Vec::new();
        let mut ms = 0;
        while retries.len() < count {
            ms += 33;
            let now = began + Duration::from_millis(ms);
            while let Some(retry) = drain.next(now).filter(|_| retries.len() < count) {
                retries.push(retry);
            }
        }
        (ms, retries)
    }

    #[test]
    fn a_crowd_leaves_in_batches_and_comes_back_spread() {
        let (ms, retries) = drained(200);
        assert!(ms <= 600, "because 200 are gone within two seconds with what closing takes: {ms}");
        assert!(retries.iter().all(|ms| (RESTART_RETRY_MS..RESTART_RETRY_MAX_MS).contains(ms)));
        let (ms, retries) = drained(2000);
        assert!((1_500..=4_000).contains(&ms), "because it takes its time: {ms}");
        let busiest = (0..RESTART_RETRY_MAX_MS / 1000)
            .map(|s| retries.iter().filter(|&&ms| ms / 1000 == s).count())
            .max();
        assert!(busiest <= Some(700), "because doors take a thousand a second: {busiest:?}");
    }

    #[test]
    fn a_notice_comes_first() {
        let now = Instant::now();
        let mut drain = Drain::new(now, 1, 1);
        assert_eq!(drain.next(now + Duration::from_millis(DRAIN_NOTICE_MS)), None);
    }
}
