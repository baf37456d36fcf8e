//! What a network thread does with its time. It keeps no clock: moments come in.

use std::time::{Duration, Instant};

use crate::link::ThreadLoad;

/// Time over which shares are smoothed.
const SMOOTH: Duration = Duration::from_secs(1);
/// Later than this is no worse: one stall must not look like seconds of load.
const SPREAD_MAX: f64 = 2.0;

#[derive(Debug)]
pub(super) struct Meter {
    /// When the snapshots before were written.
    since: Instant,
    /// Spent waiting since then.
    waited: Duration,
    load: ThreadLoad,
}

impl Meter {
    pub(super) fn new(now: Instant) -> Self {
        Self { since: now, waited: Duration::ZERO, load: ThreadLoad::default() }
    }

    /// The thread waited.
    pub(super) fn waited(&mut self, time: Duration) {
        self.waited += time;
    }

    /// The snapshots of the tick with this deadline were written, from `began` to
    /// `now`; gives the load as it is now.
    pub(super) fn wrote(
        &mut self,
        began: Instant,
        now: Instant,
        deadline: Instant,
        period: Duration,
    ) -> ThreadLoad {
        let cycle = now.saturating_duration_since(self.since).as_secs_f64().max(1e-6);
        let period = period.as_secs_f64().max(1e-6);
        let busy = 1.0 - (self.waited.as_secs_f64() / cycle).min(1.0);
        let spread = now.saturating_duration_since(deadline).as_secs_f64() / period;
        // Over the cycle, as the busy time is: a thread that skips ticks writes rarely.
        let writing = now.saturating_duration_since(began).as_secs_f64() / cycle;
        let weight = (cycle / SMOOTH.as_secs_f64()).min(1.0);
        let smooth = |old: &mut f64, new: f64| *old += weight * (new - *old);
        smooth(&mut self.load.busy, busy);
        smooth(&mut self.load.spread, spread.min(SPREAD_MAX));
        smooth(&mut self.load.writing, writing.min(busy));
        self.since = now;
        self.waited = Duration::ZERO;
        self.load
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERIOD: Duration = Duration::from_millis(10);

    /// A thread that takes `read_us` and `write_us` of each tick of 10 ms.
    fn shares(read_us: u64, write_us: u64) -> ThreadLoad {
        let (read, write) = (Duration::from_micros(read_us), Duration::from_micros(write_us));
        let origin = Instant::now();
        let mut meter = Meter::new(origin);
        let mut load = ThreadLoad::default();
        let mut now = origin;
        for n in 0..1000 {
            let deadline = origin + PERIOD * n;
            now += read;
            if now < deadline {
                meter.waited(deadline - now);
                now = deadline;
            }
            let began = now;
            now += write;
            load = meter.wrote(began, now, deadline, PERIOD);
        }
        load
    }

    fn assert_near(load: ThreadLoad, busy: f64, spread: f64, writing: f64) {
        let near = |a: f64, b: f64| (a - b).abs() < 0.01;
        assert!(
            near(load.busy, busy) && near(load.spread, spread) && near(load.writing, writing),
            "{load:?}"
        );
    }

    #[test]
    fn reading_and_writing_are_told_as_shares_of_the_period() {
        assert_near(shares(2_000, 5_000), 0.7, 0.5, 0.5);
        assert_near(shares(0, 1_000), 0.1, 0.1, 0.1);
    }

    #[test]
    fn a_thread_that_cannot_keep_up_is_all_busy_and_ever_later() {
        let load = shares(2_000, 9_000);
        assert!(load.busy > 0.99 && load.spread > 1.9, "{load:?}");
    }

    #[test]
    fn one_stall_is_forgotten_within_seconds() {
        let origin = Instant::now();
        let mut meter = Meter::new(origin);
        let stalled = origin + Duration::from_millis(400);
        let load = meter.wrote(origin, stalled, origin, PERIOD);
        assert!(load.busy > 0.3 && load.spread < 0.9, "because it is no load: {load:?}");
        let mut last = load;
        for n in 1..300 {
            let deadline = stalled + PERIOD * n;
            meter.waited(PERIOD - Duration::from_millis(1));
            let began = deadline;
            last = meter.wrote(began, began + Duration::from_millis(1), deadline, PERIOD);
        }
        assert!(last.busy < 0.15 && last.spread < 0.15, "{last:?}");
    }
}
