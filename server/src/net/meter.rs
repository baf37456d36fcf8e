//! What a network thread does with its time. It keeps no clock: moments come in.

use std::time::{Duration, Instant};

use crate::link::ThreadLoad;

/// Time over which shares are smoothed.
const SMOOTH: Duration = Duration::from_secs(1);
/// Later than this is no worse: one stall must not look like seconds of load.
const SPREAD_MAX: f64 = 2.0;

/// A moment: on the wall, and in the thread's own time on a core. Only the latter is work:
/// a thread whose core is given to others is late for it, and not busy.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub(super) wall: Instant,
    /// Time on a core since the thread began.
    pub(super) spent: Duration,
}

#[derive(Debug)]
pub(super) struct Meter {
    /// When the snapshots before were written.
    since: Moment,
    load: ThreadLoad,
}

impl Meter {
    pub(super) fn new(now: Moment) -> Self {
        Self { since: now, load: ThreadLoad::default() }
    }

    /// The snapshots of the tick with this deadline were written, from `began` to
    /// `now`; gives the load as it is now.
    pub(super) fn wrote(
        &mut self,
        began: Moment,
        now: Moment,
        deadline: Instant,
        period: Duration,
    ) -> ThreadLoad {
        let cycle = now.wall.saturating_duration_since(self.since.wall).as_secs_f64().max(1e-6);
        let period = period.as_secs_f64().max(1e-6);
        let since = |from: Moment| now.spent.saturating_sub(from.spent).as_secs_f64();
        let busy = (since(self.since) / cycle).min(1.0);
        let spread = now.wall.saturating_duration_since(deadline).as_secs_f64() / period;
        // Over the cycle, as the busy time is: a thread that skips ticks writes rarely.
        let writing = since(began) / cycle;
        let weight = (cycle / SMOOTH.as_secs_f64()).min(1.0);
        let smooth = |old: &mut f64, new: f64| *old += weight * (new - *old);
        smooth(&mut self.load.busy, busy);
        smooth(&mut self.load.spread, spread.min(SPREAD_MAX));
        smooth(&mut self.load.writing, writing.min(busy));
        self.since = now;
        self.load
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERIOD: Duration = Duration::from_millis(10);

    /// A thread that takes `read_us` and `write_us` of each tick of 10 ms, and whose core
    /// is given to others for `others_us` of it while it writes.
    fn shares(read_us: u64, write_us: u64, others_us: u64) -> ThreadLoad {
        let us = Duration::from_micros;
        let origin = Instant::now();
        let mut now = Moment { wall: origin, spent: Duration::ZERO };
        let mut meter = Meter::new(now);
        let mut load = ThreadLoad::default();
        for n in 0..1000 {
            let deadline = origin + PERIOD * n;
            now.wall = (now.wall + us(read_us)).max(deadline);
            now.spent += us(read_us);
            let began = now;
            now.wall += us(write_us + others_us);
            now.spent += us(write_us);
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
        assert_near(shares(2_000, 5_000, 0), 0.7, 0.5, 0.5);
        assert_near(shares(0, 1_000, 0), 0.1, 0.1, 0.1);
    }

    #[test]
    fn what_others_do_on_the_core_is_lateness_and_no_work() {
        assert_near(shares(2_000, 5_000, 2_000), 0.7, 0.7, 0.5);
    }

    #[test]
    fn a_thread_that_cannot_keep_up_is_all_busy_and_ever_later() {
        let load = shares(2_000, 9_000, 0);
        assert!(load.busy > 0.99 && load.spread > 1.9, "{load:?}");
    }

    #[test]
    fn one_stall_is_forgotten_within_seconds() {
        let origin = Instant::now();
        let at = |ms: u64, spent_ms: u64| Moment {
            wall: origin + Duration::from_millis(ms),
            spent: Duration::from_millis(spent_ms),
        };
        let mut meter = Meter::new(at(0, 0));
        let load = meter.wrote(at(0, 0), at(400, 400), origin, PERIOD);
        assert!(load.busy > 0.3 && load.spread < 0.9, "because it is no load: {load:?}");
        let mut last = load;
        for n in 1..300 {
            let deadline = at(400 + 10 * n, 0).wall;
            let began = at(400 + 10 * n, 399 + n);
            last = meter.wrote(began, at(401 + 10 * n, 400 + n), deadline, PERIOD);
        }
        assert!(last.busy < 0.15 && last.spread < 0.15, "{last:?}");
    }
}
