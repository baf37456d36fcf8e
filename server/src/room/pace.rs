//! Absolute deadlines from one origin. Never `sleep(dt)`: that drifts.

use std::time::{Duration, Instant};

use throng_shared::limits::{CATCH_UP_TICKS, SLIP_MS};

/// The grid of deadlines of one tick rate. Pure: the caller tells the time.
#[derive(Clone, Debug)]
pub struct Pace {
    origin: Instant,
    tick_hz: u32,
    /// Deadlines that have passed, run or skipped.
    passed: u64,
    skipped: u64,
}

/// What to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// Nothing before this moment.
    At(Instant),
    /// This many ticks at once; more than one is catching up.
    Ticks(u32),
}

impl Pace {
    /// Deadlines at `origin + n / tick_hz`, from the first on.
    #[must_use]
    pub fn new(origin: Instant, tick_hz: u32) -> Self {
        Self { origin, tick_hz, passed: 0, skipped: 0 }
    }

    /// Time between two deadlines.
    #[must_use]
    pub fn period(&self) -> Duration {
        Duration::from_secs(1) / self.tick_hz
    }

    /// The next deadline. It is computed from the origin, so errors do not add up.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        self.nth(self.passed + 1)
    }

    /// The deadline of the tick that was taken last.
    #[must_use]
    pub fn last_deadline(&self) -> Instant {
        self.nth(self.passed)
    }

    fn nth(&self, n: u64) -> Instant {
        let seconds = n / u64::from(self.tick_hz);
        let rest = n % u64::from(self.tick_hz) * 1_000_000_000 / u64::from(self.tick_hz);
        self.origin + Duration::from_secs(seconds) + Duration::from_nanos(rest)
    }

    /// What is due at `now`. Further behind than `SLIP_MS`, whole deadlines are
    /// skipped and counted; otherwise at most `CATCH_UP_TICKS` run at once.
    #[must_use]
    pub fn poll(&mut self, now: Instant) -> Due {
        let deadline = self.deadline();
        if now < deadline {
            return Due::At(deadline);
        }
        let behind = now - deadline;
        if behind >= Duration::from_millis(SLIP_MS) {
            let skip = (behind.as_nanos() * u128::from(self.tick_hz) / 1_000_000_000) as u64;
            self.passed += skip;
            self.skipped += skip;
        }
        let mut ticks = 1;
        while ticks < CATCH_UP_TICKS && now >= self.nth(self.passed + u64::from(ticks) + 1) {
            ticks += 1;
        }
        Due::Ticks(ticks)
    }

    /// One tick was run.
    pub fn advance(&mut self) {
        self.passed += 1;
    }

    /// Deadlines that were skipped for good.
    #[must_use]
    pub fn skipped(&self) -> u64 {
        self.skipped
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use throng_shared::limits::{TICK_HZ_MAX, TICK_HZ_MIN};

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn deadlines_do_not_drift() {
        let origin = Instant::now();
        let mut pace = Pace::new(origin, 30);
        for _ in 0..30_000 {
            pace.advance();
        }
        assert_eq!(
            pace.last_deadline(),
            origin + Duration::from_secs(1000),
            "because 30 Hz is 30 Hz"
        );
    }

    #[test]
    fn a_deadline_is_within_a_microsecond_of_its_place_at_every_rate() {
        let origin = Instant::now();
        for tick_hz in TICK_HZ_MIN..=TICK_HZ_MAX {
            let mut pace = Pace::new(origin, tick_hz);
            for n in 1..=500 {
                let exact = Duration::from_secs_f64(f64::from(n) / f64::from(tick_hz));
                let off = exact.abs_diff(pace.deadline() - origin);
                assert!(
                    off <= Duration::from_micros(1),
                    "because errors do not add up: {off:?} off at deadline {n} of {tick_hz} Hz"
                );
                pace.advance();
            }
        }
    }

    #[test]
    fn a_short_stall_is_caught_up_by_two_ticks_at_once() {
        let origin = Instant::now();
        let mut pace = Pace::new(origin, 30);
        assert!(matches!(pace.poll(origin + ms(10)), Due::At(_)));
        assert_eq!(pace.poll(origin + ms(34)), Due::Ticks(1));
        assert_eq!(pace.poll(origin + ms(134)), Due::Ticks(2), "because two is the most");
        assert_eq!(pace.skipped(), 0);
    }

    #[test]
    fn a_long_stall_skips_deadlines_of_the_same_grid() {
        let origin = Instant::now();
        let mut pace = Pace::new(origin, 10);
        assert_eq!(pace.poll(origin + ms(1050)), Due::Ticks(1));
        assert_eq!(pace.skipped(), 9, "because the deadlines of 100 to 900 ms are gone");
        pace.advance();
        assert_eq!(pace.last_deadline(), origin + ms(1000));
        assert_eq!(pace.deadline(), origin + ms(1100), "because the grid stays");
    }
}
