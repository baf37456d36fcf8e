//! When the last ticks began and how long they took, told without a lock.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use throng_shared::limits::TICKS_TOLD_MAX;

/// Places of the ring. More than are told, so that a reader is not overtaken.
const PLACES: usize = TICKS_TOLD_MAX.next_power_of_two();
/// Bits of a packed tick: work, lateness and skips, in this order; one is left.
const WORK_BITS: u32 = 24;
const LATE_BITS: u32 = 20;
const SKIPPED_BITS: u32 = 19;

/// One tick as it was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TickTime {
    /// From the drain to the publication, in microseconds, up to 16 s.
    pub work_us: u32,
    /// From its deadline to its beginning, in microseconds, up to 1 s.
    pub late_us: u32,
    /// Deadlines that were skipped right before it.
    pub skipped: u32,
    /// Whether it was published after the next deadline.
    pub overran: bool,
}

/// Quantiles over some ticks, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quantiles {
    pub p50_us: u32,
    pub p99_us: u32,
    pub max_us: u32,
}

/// What the last ticks were like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Timing {
    /// How many ticks this is about.
    pub ticks: usize,
    pub work: Quantiles,
    pub late: Quantiles,
    /// Standard deviation of the time between the beginnings of two ticks.
    pub interval_deviation_us: f64,
    /// Part of the ticks that were published before the next deadline.
    pub on_time_share: f64,
}

/// The last ticks: one thread notes them, any thread reads them.
#[derive(Debug)]
pub(super) struct TickTimes {
    /// Ticks noted so far; tick *n* is in place *n* modulo [`PLACES`].
    noted: AtomicU64,
    ring: Box<[AtomicU64]>,
}

impl TickTimes {
    pub(super) fn new() -> Self {
        Self { noted: AtomicU64::new(0), ring: (0..PLACES).map(|_| AtomicU64::new(0)).collect() }
    }

    /// Notes a tick. Only one thread may.
    pub(super) fn note(&self, time: TickTime) {
        let noted = self.noted.load(Ordering::Relaxed);
        self.ring[noted as usize % PLACES].store(time.pack(), Ordering::Relaxed);
        self.noted.store(noted + 1, Ordering::Release);
    }

    /// The last `most` ticks, oldest first; fewer when there were not so many.
    pub(super) fn last(&self, most: usize) -> Vec<TickTime> {
        let noted = self.noted.load(Ordering::Acquire);
        let first = noted.saturating_sub(most.min(TICKS_TOLD_MAX) as u64);
        let packed = |n: u64| self.ring[n as usize % PLACES].load(Ordering::Relaxed);
        (first..noted).map(|n| TickTime::unpack(packed(n))).collect()
    }
}

impl TickTime {
    fn pack(self) -> u64 {
        let clamp = |value: u32, bits: u32| u64::from(value.min((1 << bits) - 1));
        let Self { work_us, late_us, skipped, overran } = self;
        let mut packed = u64::from(overran);
        for (value, bits) in [(skipped, SKIPPED_BITS), (late_us, LATE_BITS), (work_us, WORK_BITS)] {
            packed = packed << bits | clamp(value, bits);
        }
        packed
    }

    fn unpack(mut packed: u64) -> Self {
        let mut take = |bits: u32| {
            let value = (packed & ((1 << bits) - 1)) as u32;
            packed >>= bits;
            value
        };
        let (work_us, late_us) = (take(WORK_BITS), take(LATE_BITS));
        let skipped = take(SKIPPED_BITS);
        Self { work_us, late_us, skipped, overran: take(1) == 1 }
    }
}

impl Timing {
    /// Sums up ticks of this period, oldest first.
    #[must_use]
    pub fn of(ticks: &[TickTime], period: Duration) -> Self {
        let period_us = period.as_secs_f64() * 1e6;
        let intervals = || {
            ticks.windows(2).map(|pair| {
                let grid = period_us * f64::from(pair[1].skipped + 1);
                grid + f64::from(pair[1].late_us) - f64::from(pair[0].late_us)
            })
        };
        let count = ticks.len().saturating_sub(1).max(1) as f64;
        let mean = intervals().sum::<f64>() / count;
        let variance = intervals().map(|interval| (interval - mean).powi(2)).sum::<f64>() / count;
        let overran = ticks.iter().filter(|tick| tick.overran).count();
        // A skipped deadline is one that was missed.
        let skipped: usize = ticks.iter().map(|tick| tick.skipped as usize).sum();
        let due = (ticks.len() + skipped).max(1);
        Self {
            ticks: ticks.len(),
            work: Quantiles::of(ticks.iter().map(|tick| tick.work_us).collect()),
            late: Quantiles::of(ticks.iter().map(|tick| tick.late_us).collect()),
            interval_deviation_us: variance.sqrt(),
            on_time_share: 1.0 - (overran + skipped) as f64 / due as f64,
        }
    }
}

impl Quantiles {
    fn of(mut values: Vec<u32>) -> Self {
        if values.is_empty() {
            return Self::default();
        }
        // The nearest rank: of a hundred, p99 is the second largest.
        let rank = |percent: usize| (values.len() * percent).div_ceil(100).saturating_sub(1);
        let ranks = [rank(50), rank(99), rank(100)];
        let [p50_us, p99_us, max_us] = ranks.map(|rank| *values.select_nth_unstable(rank).1);
        Self { p50_us, p99_us, max_us }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERIOD: Duration = Duration::from_millis(10);

    fn tick(work_us: u32, late_us: u32) -> TickTime {
        TickTime { work_us, late_us, ..TickTime::default() }
    }

    #[test]
    fn a_summary_is_what_one_computes_by_hand() {
        let ticks = [tick(300, 0), tick(100, 30), tick(200, 30), tick(400, 0)];
        let timing = Timing::of(&ticks, PERIOD);
        assert_eq!(timing.work, Quantiles { p50_us: 200, p99_us: 400, max_us: 400 });
        assert_eq!(timing.late, Quantiles { p50_us: 0, p99_us: 30, max_us: 30 });
        // Intervals of 10 030, 10 000 and 9 970 us.
        assert!((timing.interval_deviation_us - 600_f64.sqrt()).abs() < 1e-6, "{timing:?}");
        assert!((timing.on_time_share - 1.0).abs() < 1e-12, "because nothing overran");
    }

    #[test]
    fn steady_lateness_is_no_deviation_and_a_skip_is_one() {
        let steady = [tick(1, 500); 5];
        assert!(Timing::of(&steady, PERIOD).interval_deviation_us < 1e-6);
        let mut skipped = steady;
        skipped[2].skipped = 2;
        // Intervals of 10, 30, 10 and 10 ms: mean 15, variance (3 * 25 + 225) / 4.
        let timing = Timing::of(&skipped, PERIOD);
        assert!((timing.interval_deviation_us - 75_f64.sqrt() * 1e3).abs() < 1e-3, "{timing:?}");
    }

    #[test]
    fn a_catch_up_counts_as_it_happened() {
        // The second of two ticks at once began 100 us after the first, which was 12 ms late.
        let ticks = [tick(100, 0), tick(100, 12_000), tick(100, 2_100), tick(100, 0)];
        // Intervals of 22, 0.1 and 7.9 ms: mean 10, variance (144 + 98.01 + 4.41) / 3.
        let timing = Timing::of(&ticks, PERIOD);
        assert!((timing.interval_deviation_us - 82.14_f64.sqrt() * 1e3).abs() < 1e-3, "{timing:?}");
    }

    #[test]
    fn overruns_lower_the_share_that_is_on_time() {
        let mut ticks = [tick(1, 0); 8];
        ticks[3].overran = true;
        ticks[4].overran = true;
        assert!((Timing::of(&ticks, PERIOD).on_time_share - 0.75).abs() < 1e-12);
    }

    #[test]
    fn no_tick_is_no_fault() {
        let timing = Timing::of(&[], PERIOD);
        assert_eq!((timing.ticks, timing.work), (0, Quantiles::default()));
        assert!((timing.on_time_share - 1.0).abs() < 1e-12, "because nothing was late");
    }

    #[test]
    fn the_last_ticks_are_kept_and_numbers_saturate() {
        let times = TickTimes::new();
        assert_eq!(times.last(5), []);
        for n in 0..PLACES as u32 + 10 {
            times.note(tick(n, n));
        }
        let newest = PLACES as u32 + 9;
        assert_eq!(times.last(2), [tick(newest - 1, newest - 1), tick(newest, newest)]);
        assert_eq!(times.last(usize::MAX).len(), TICKS_TOLD_MAX);
        let huge =
            TickTime { work_us: u32::MAX, late_us: u32::MAX, skipped: u32::MAX, overran: true };
        times.note(huge);
        let expected = TickTime {
            work_us: (1 << WORK_BITS) - 1,
            late_us: (1 << LATE_BITS) - 1,
            skipped: (1 << SKIPPED_BITS) - 1,
            overran: true,
        };
        assert_eq!(times.last(1), [expected], "because one number must not spill into the next");
    }
}
