//! The client's clock: which tick an input sent now is for.
//!
//! A client runs ahead of the server by its way there plus a margin. The server
//! reports how early inputs arrive; the clock bends by at most 5 % to keep that
//! at its target, and jumps only when it is far off.

use crate::ids::Tick;

/// Largest bend of the clock's rate.
const BEND_MAX: f64 = 0.05;
/// Bend for each tick of error.
const GAIN: f64 = 0.05;
/// Errors beyond this many ticks are jumped over.
const JUMP_TICKS: f64 = 3.0;
/// Earliness that a calm link aims for, in ticks, and the most for a jittery one.
const TARGET_TICKS: f64 = 0.5;
const TARGET_TICKS_MAX: f64 = 4.0;
/// Ticks ahead of the server's tick at the start, before any feedback.
const START_AHEAD_TICKS: f64 = 2.0;
/// Weight of a new sample in the moving spread of earliness.
const SPREAD_WEIGHT: f64 = 0.1;
/// Full scale of `Feedback::early`, where it saturates.
const EARLY_SCALE: f64 = 16.0;

/// A clock that counts ticks of the server, ahead of it. Times are milliseconds
/// on the caller's own monotonic clock.
#[derive(Clone, Debug, PartialEq)]
pub struct Clock {
    tick_ms: f64,
    anchor_ms: f64,
    anchor_tick: f64,
    rate: f64,
    mean_early: f64,
    spread: f64,
    samples: u32,
    /// After a jump, reports of inputs that name an earlier tick are of the clock
    /// as it was, and say nothing of the clock as it is.
    settled_from: f64,
}

impl Clock {
    /// A clock for `tick_hz`, at the moment when the server was at `tick`.
    #[must_use]
    pub fn new(now_ms: f64, tick: u32, tick_hz: u32) -> Self {
        Self {
            tick_ms: 1000.0 / f64::from(tick_hz.max(1)),
            anchor_ms: now_ms,
            anchor_tick: f64::from(tick) + START_AHEAD_TICKS,
            rate: 1.0,
            mean_early: TARGET_TICKS,
            spread: 0.0,
            samples: 0,
            settled_from: 0.0,
        }
    }

    /// The tick, with its fraction, that an input sent now is for.
    #[must_use]
    pub fn tick_at(&self, now_ms: f64) -> f64 {
        self.anchor_tick + (now_ms - self.anchor_ms) / self.tick_ms * self.rate
    }

    /// Milliseconds on the caller's clock until the clock reaches `tick`.
    #[must_use]
    pub fn ms_until(&self, now_ms: f64, tick: f64) -> f64 {
        (tick - self.tick_at(now_ms)) * self.tick_ms / self.rate
    }

    /// Takes a report of the server on the input for `acked`, in 1/16 tick, and
    /// bends or jumps.
    pub fn feedback(&mut self, now_ms: f64, acked: Tick, early: i8) {
        if f64::from(acked.0) < self.settled_from {
            return;
        }
        let early = f64::from(early) / EARLY_SCALE;
        let weight = if self.samples == 0 { 1.0 } else { SPREAD_WEIGHT };
        self.samples += 1;
        self.spread += SPREAD_WEIGHT * ((early - self.mean_early).abs() - self.spread);
        self.mean_early += weight * (early - self.mean_early);
        let error = early - self.target();
        self.anchor_tick = self.tick_at(now_ms);
        self.anchor_ms = now_ms;
        if error.abs() > JUMP_TICKS {
            // Inputs on their way name ticks up to here; back or forth, those after
            // are new.
            let before = self.anchor_tick;
            self.anchor_tick -= error;
            self.settled_from = self.anchor_tick.max(before).ceil();
            self.rate = 1.0;
            self.samples = 0;
            self.mean_early = self.target();
        } else {
            self.rate = 1.0 - (error * GAIN).clamp(-BEND_MAX, BEND_MAX);
        }
    }

    /// Starts again at `tick`, after a gap in the stream that feedback cannot mend.
    pub fn restart(&mut self, now_ms: f64, tick: u32) {
        self.anchor_ms = now_ms;
        self.anchor_tick = f64::from(tick) + START_AHEAD_TICKS;
        self.rate = 1.0;
        self.samples = 0;
        self.settled_from = self.anchor_tick.ceil();
    }

    /// Rate against the caller's clock, 0.95 to 1.05.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.rate
    }

    /// Earliness that the clock aims for, in ticks.
    fn target(&self) -> f64 {
        (TARGET_TICKS + 2.0 * self.spread).min(TARGET_TICKS_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A link of constant delay, in ticks, with the server's own clock at `now / 33.3`.
    fn settle(delay: f64, start_off: u32) -> (Clock, f64) {
        let tick_ms = 1000.0 / 30.0;
        let mut clock = Clock::new(0.0, start_off, 30);
        let mut early = 0.0;
        for round in 0..600 {
            let now = f64::from(round) * 100.0;
            let named = clock.tick_at(now).floor();
            early = named - (now / tick_ms + delay);
            let report = (early * 16.0).round().clamp(-128.0, 127.0) as i8;
            clock.feedback(now + delay * tick_ms, Tick(named as u32), report);
        }
        (clock, early)
    }

    #[test]
    fn it_settles_early_but_not_much_on_any_link() {
        for delay in [0.1, 1.0, 3.3, 7.0] {
            for off in [0, 40, 9] {
                let (clock, early) = settle(delay, off);
                assert!(
                    (-0.3..2.6).contains(&early),
                    "because inputs must arrive in time: {early} ticks early after {delay}"
                );
                assert!((0.95..=1.05).contains(&clock.rate()), "because the bend is bounded");
            }
        }
    }
}
