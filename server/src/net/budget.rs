//! What a connection may send: token buckets for frames and bytes.

use throng_shared::limits::{BYTES_BURST, BYTES_PER_S, FRAMES_BURST, FRAMES_PER_S};
use throng_shared::time::Millis;

/// Tokens that refill with time up to a burst.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    /// In thousandths, so that a millisecond refills whole units.
    tokens: u64,
    per_s: u32,
    burst: u32,
}

impl Bucket {
    fn new(per_s: u32, burst: u32) -> Self {
        Self { tokens: u64::from(burst) * 1000, per_s, burst }
    }

    fn refill(&mut self, ms: u64) {
        let most = u64::from(self.burst) * 1000;
        self.tokens =
            most.min(self.tokens.saturating_add(ms.saturating_mul(u64::from(self.per_s))));
    }

    fn take(&mut self, count: u64) -> bool {
        let cost = count.saturating_mul(1000);
        let enough = self.tokens >= cost;
        self.tokens = self.tokens.saturating_sub(cost);
        enough
    }
}

/// The budget of one connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    frames: Bucket,
    bytes: Bucket,
    refilled: Millis,
}

impl Budget {
    pub(super) fn new(now: Millis) -> Self {
        Self {
            frames: Bucket::new(FRAMES_PER_S, FRAMES_BURST),
            bytes: Bucket::new(BYTES_PER_S, BYTES_BURST),
            refilled: now,
        }
    }

    /// Whether nothing was spent lately, but for the last frame.
    pub(super) fn is_full(&self) -> bool {
        self.frames.tokens + 1000 >= u64::from(self.frames.burst) * 1000
    }

    /// Pays for a frame. False when the budget does not cover it.
    pub(super) fn pay(&mut self, now: Millis, bytes: usize) -> bool {
        let ms = now.since(self.refilled);
        self.refilled = now;
        self.frames.refill(ms);
        self.bytes.refill(ms);
        // Both are charged, so that neither can be spared with the other empty.
        let frames = self.frames.take(1);
        self.bytes.take(bytes as u64) && frames
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_client_never_runs_out_and_a_flood_does() {
        let mut steady = Budget::new(Millis(0));
        assert!(
            (0..10_000_u64).all(|n| steady.pay(Millis(n * 8), 20)),
            "because 125 inputs a second are the fastest tick rate's"
        );
        let mut flood = Budget::new(Millis(0));
        let paid = (0..10_000).filter(|_| flood.pay(Millis(0), 1)).count();
        assert_eq!(paid, FRAMES_BURST as usize, "because no time passed");
    }

    #[test]
    fn bytes_count_too() {
        let mut budget = Budget::new(Millis(0));
        let paid = (0..1000).filter(|_| budget.pay(Millis(0), 500)).count();
        assert_eq!(paid, BYTES_BURST as usize / 500);
    }
}
