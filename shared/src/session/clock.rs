//! The client's clock: which tick an input sent now is for.
//!
//! A client runs ahead of the server by its way there plus a margin. The server
//! reports how early inputs arrive; the clock bends by at most 5 % to keep that
//! at its target, and jumps only when it is far off.

use std::collections::VecDeque;

use crate::ids::Tick;
use crate::limits::INPUT_AHEAD_TICKS_MAX;

/// Largest bend of the clock's rate.
const BEND_MAX: f64 = 0.05;
/// Bend for each tick of error.
const GAIN: f64 = 0.03;
/// Errors beyond this many ticks are jumped over.
const JUMP_TICKS: f64 = 3.0;
/// Earliness that a calm link aims for, in ticks, and the most for a jittery one.
const TARGET_TICKS: f64 = 0.5;
const TARGET_TICKS_MAX: f64 = 4.0;
/// Ticks ahead of the server's tick at the start, before any feedback.
const START_AHEAD_TICKS: f64 = 2.0;
/// Weight of a new sample in the moving spread of earliness.
const SPREAD_WEIGHT: f64 = 0.1;
/// Units of `Feedback::early` in a tick.
const EARLY_SCALE: f64 = 16.0;
/// Inputs that are remembered until the server tells of them.
const SENT_MAX: usize = 64;

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
    /// Jumps so far. A report on an input that was sent before the last one is of
    /// the clock as it was, and says nothing of the clock as it is.
    jumps: u32,
    /// Ticks of inputs on their way, each with the jumps before it.
    sent: VecDeque<(Tick, u32)>,
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
            jumps: 0,
            sent: VecDeque::with_capacity(SENT_MAX),
        }
    }

    /// The tick, with its fraction, that an input sent now is for.
    #[must_use]
    pub fn tick_at(&self, now_ms: f64) -> f64 {
        self.anchor_tick + (now_ms - self.anchor_ms) / self.tick_ms * self.rate
    }

    /// An input that names `tick` was sent.
    pub fn note_sent(&mut self, tick: Tick) {
        if self.sent.len() == SENT_MAX {
            self.sent.pop_front();
        }
        self.sent.push_back((tick, self.jumps));
    }

    /// The tick that an input sent now names: never one that was `seen` already, and
    /// none so far ahead that the server would refuse it.
    #[must_use]
    pub fn input_tick(&self, now_ms: f64, seen: Tick) -> Tick {
        let named = Tick(self.tick_at(now_ms).floor().max(0.0) as u32);
        seen.offset(named.since(seen).clamp(1, INPUT_AHEAD_TICKS_MAX))
    }

    /// Takes a report of the server on the input for `acked`, in 1/16 tick, and
    /// bends or jumps.
    pub fn feedback(&mut self, now_ms: f64, acked: Tick, early: i16) {
        // Reports come in the order of the inputs; some inputs have none.
        let Some(index) = self.sent.iter().position(|&(tick, _)| tick == acked) else { return };
        let is_stale = self.sent[index].1 != self.jumps;
        self.sent.drain(..=index);
        if is_stale {
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
            self.anchor_tick -= error;
            self.jumps += 1;
            self.rate = 1.0;
            self.samples = 0;
            self.mean_early = self.target();
        } else {
            self.rate = 1.0 - (error * GAIN).clamp(-BEND_MAX, BEND_MAX);
        }
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
        let mut reports = VecDeque::new();
        let mut early = 0.0;
        for round in 0..600 {
            let now = f64::from(round) * 100.0;
            let named = clock.tick_at(now).floor();
            let tick = Tick(named.max(0.0) as u32);
            clock.note_sent(tick);
            early = named - (now / tick_ms + delay);
            reports.push_back((now + 2.0 * delay * tick_ms, tick, (early * 16.0).round() as i16));
            while let Some(&(at, tick, report)) = reports.front()
                && at <= now
            {
                clock.feedback(now, tick, report);
                reports.pop_front();
            }
        }
        (clock, early)
    }

    #[test]
    fn it_settles_early_but_not_much_on_any_link() {
        for delay in [0.1, 1.0, 3.3, 7.0, 12.0] {
            for off in [0, 40, 900] {
                let (clock, early) = settle(delay, off);
                assert!(
                    (-0.3..2.6).contains(&early),
                    "because inputs must arrive in time: {early} ticks early after {delay}"
                );
                assert!((0.95..=1.05).contains(&clock.rate()), "because the bend is bounded");
            }
        }
    }

    #[test]
    fn inputs_name_ticks_that_the_server_takes() {
        let clock = Clock::new(0.0, 100, 30);
        assert_eq!(clock.input_tick(0.0, Tick(100)), Tick(102));
        assert_eq!(clock.input_tick(0.0, Tick(500)), Tick(501), "because 500 is over");
        let frozen = clock.input_tick(60_000.0, Tick(100));
        assert_eq!(frozen, Tick(100).offset(INPUT_AHEAD_TICKS_MAX), "because further is refused");
    }
}
