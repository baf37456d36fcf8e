//! What a connection may send: token buckets for frames and bytes, and how long it may ask
//! for more.

use throng_shared::limits::OVER_BUDGET_GAP_MS;
use throng_shared::session::Patience;
use throng_shared::time::Millis;

use super::tongue::Tongue;
use crate::config::Limits;

/// What a connection may send in a second, on average; none for as much as it likes. How many
/// seconds' worth of that at once, and for how long too much. How long a message of it may be,
/// how long it may say and read nothing, and how often it may want all keyframes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rates {
    pub frames_per_s: Option<u32>,
    pub bytes_per_s: Option<u32>,
    pub burst_s: u32,
    pub over_ms: u64,
    pub patience: Patience,
    pub stall_ms: u64,
    pub message_bytes: usize,
    pub json_message_bytes: usize,
    pub resync_ms: u64,
}

impl Rates {
    pub(super) fn of(limits: &Limits) -> Self {
        let limited = |per_s| (!limits.switched_off.rate_limits).then_some(per_s);
        Self {
            frames_per_s: limited(limits.frames_per_s),
            bytes_per_s: limited(limits.bytes_per_s),
            burst_s: limits.budget_burst_s,
            over_ms: limits.over_budget_ms.into(),
            patience: Patience {
                hello_ms: limits.hello_timeout_ms.into(),
                silence_ms: limits.silence_timeout_ms.into(),
            },
            stall_ms: limits.stall_timeout_ms.into(),
            message_bytes: limits.message_bytes as usize,
            json_message_bytes: limits.json_message_bytes as usize,
            resync_ms: limits.resync_ms.into(),
        }
    }

    /// The longest message of a client that speaks so, in bytes.
    pub(super) fn message_bytes_in(&self, tongue: Tongue) -> usize {
        match tongue {
            Tongue::Binary => self.message_bytes,
            Tongue::Json => self.json_message_bytes,
        }
    }
}

/// Tokens that refill with time up to a burst.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    /// In thousandths, so that a millisecond refills whole units.
    tokens: u64,
    per_s: Option<u32>,
    burst_s: u32,
}

impl Bucket {
    fn new(per_s: Option<u32>, burst_s: u32) -> Self {
        let mut bucket = Self { tokens: 0, per_s, burst_s };
        bucket.refill(u64::from(burst_s) * 1000);
        bucket
    }

    fn refill(&mut self, ms: u64) {
        let per_s = u64::from(self.per_s.unwrap_or(0));
        let most = u64::from(self.burst_s) * 1000 * per_s;
        self.tokens = most.min(self.tokens.saturating_add(ms.saturating_mul(per_s)));
    }

    fn take(&mut self, count: u64) -> bool {
        let cost = count.saturating_mul(1000);
        let enough = self.per_s.is_none() || self.tokens >= cost;
        if enough {
            self.tokens = self.tokens.saturating_sub(cost);
        }
        enough
    }
}

/// Whether something is paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Paid {
    Covered,
    /// The budget does not cover it: it is not to be looked at.
    Over,
    /// And that has been so for too long.
    OverTooLong,
}

/// The budget of one connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    frames: Bucket,
    bytes: Bucket,
    refilled: Millis,
    /// When something was not covered last.
    over: Option<Millis>,
    /// For how long the peer has asked for too much. It goes back as it came, so that
    /// pauses do not wipe it out.
    over_ms: u64,
    /// And for how long it may.
    over_max_ms: u64,
}

impl Budget {
    pub(super) fn new(now: Millis, rates: Rates) -> Self {
        Self {
            frames: Bucket::new(rates.frames_per_s, rates.burst_s),
            bytes: Bucket::new(rates.bytes_per_s, rates.burst_s),
            refilled: now,
            over: None,
            over_ms: 0,
            over_max_ms: rates.over_ms,
        }
    }

    /// Pays for what came.
    #[must_use]
    pub(super) fn pay(&mut self, now: Millis, frames: u32, bytes: u64) -> Paid {
        let ms = now.since(self.refilled);
        self.refilled = now;
        self.frames.refill(ms);
        self.bytes.refill(ms);
        // Bytes are charged in any case, so that they cannot be had for too many frames.
        let frames = self.frames.take(u64::from(frames));
        if self.bytes.take(bytes) && frames {
            return Paid::Covered;
        }
        if let Some(before) = self.over.replace(now) {
            let gap = now.since(before);
            self.over_ms = if gap < OVER_BUDGET_GAP_MS {
                self.over_ms + gap
            } else {
                self.over_ms.saturating_sub(gap)
            };
        }
        if self.over_ms < self.over_max_ms { Paid::Over } else { Paid::OverTooLong }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use throng_shared::limits::{BUDGET_BURST_S, BYTES_PER_S};

    fn rates() -> Rates {
        Rates::of(&Limits::default())
    }

    /// When a client that sends so many frames of 20 bytes a second is closed, in
    /// milliseconds, and how many were covered until then, or in a minute.
    fn closed_at(per_s: u64) -> (Option<u64>, u64) {
        let mut budget = Budget::new(Millis(0), rates());
        let mut covered = 0;
        for n in 0..per_s * 60 {
            let ms = n * 1000 / per_s;
            match budget.pay(Millis(ms), 1, 20) {
                Paid::Covered => covered += 1,
                Paid::Over => {}
                Paid::OverTooLong => return (Some(ms), covered),
            }
        }
        (None, covered)
    }

    #[test]
    fn a_steady_client_never_runs_out_and_ten_times_the_rate_ends_after_three_seconds() {
        assert_eq!(closed_at(125), (None, 7_500), "because the fastest tick rate has as many");
        assert_eq!(closed_at(300), (None, 18_000), "because that is the rate");
        let (closed, covered) = closed_at(3_000);
        // The burst lasts for 222 ms.
        assert!(matches!(closed, Some(3_150..3_300)), "{closed:?}");
        assert!((1_400..1_600).contains(&covered), "because that is burst and rate: {covered}");
        assert!(closed_at(330).0.is_some(), "because a little too much is too much in the end");
    }

    #[test]
    fn one_burst_is_forgiven_and_one_each_few_seconds_is_not() {
        let mut budget = Budget::new(Millis(0), rates());
        let burst = (0..2_000).filter(|_| budget.pay(Millis(0), 1, 20) == Paid::Over).count();
        assert_eq!(burst, 1_400, "because 600 are covered");
        let steady =
            (1_000..20_000).step_by(10).all(|ms| budget.pay(Millis(ms), 1, 20) == Paid::Covered);
        assert!(steady, "because it behaves since");
        let mut budget = Budget::new(Millis(0), rates());
        // Two seconds in which it sends too much, and one of silence.
        let ends = (0..60_000_u64)
            .filter(|ms| ms % 3_000 < 2_000)
            .position(|ms| budget.pay(Millis(ms), 10, 200) == Paid::OverTooLong);
        assert!(ends.is_some_and(|at| at < 12_000), "because pauses do not wipe it out: {ends:?}");
    }

    #[test]
    fn bytes_and_fragments_count_too() {
        let mut budget = Budget::new(Millis(0), rates());
        let paid = (0..1000).filter(|_| budget.pay(Millis(0), 1, 500) == Paid::Covered).count();
        assert_eq!(paid, (BUDGET_BURST_S * BYTES_PER_S) as usize / 500);
        let mut budget = Budget::new(Millis(0), rates());
        assert_eq!(budget.pay(Millis(0), 601, 0), Paid::Over);
        assert_eq!(budget.pay(Millis(0), 600, 0), Paid::Covered, "because only that was too much");
        let mut free =
            Budget::new(Millis(0), Rates { frames_per_s: None, bytes_per_s: None, ..rates() });
        assert_eq!(free.pay(Millis(0), u32::MAX, u64::MAX), Paid::Covered);
    }

    #[test]
    fn bursts_and_patience_are_those_that_were_set() {
        let limits = Limits { budget_burst_s: 5, over_budget_ms: 1_500, ..Limits::default() };
        let mut budget = Budget::new(Millis(0), Rates::of(&limits));
        let burst = (0..3_000).filter(|_| budget.pay(Millis(0), 1, 0) == Paid::Covered).count();
        assert_eq!(burst as u32, limits.frames_per_s * 5);
        let over = (0..5_000).find(|&ms| budget.pay(Millis(ms), 10, 0) == Paid::OverTooLong);
        assert!(matches!(over, Some(1_500..1_600)), "{over:?}");
    }
}
