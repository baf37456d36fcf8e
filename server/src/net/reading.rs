//! What a connection needs besides its socket to be read.

use std::time::Instant;

use throng_shared::ids::Tick;
use throng_shared::time::Millis;

use super::tally::Tally;
use crate::link::InputNote;
use crate::replication::Rhythm;

/// The rhythm of the room, as far as the edge has to know it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Beat {
    pub(super) next_tick: Tick,
    pub(super) next_deadline: Instant,
    pub(super) rhythm: Rhythm,
}

impl Beat {
    /// How long before the deadline of `tick` it is now, in 1/16 tick, saturating.
    pub(super) fn early(&self, now: Instant, tick: Tick) -> i16 {
        let period = self.rhythm.period.as_secs_f64();
        let left = self.next_deadline.saturating_duration_since(now).as_secs_f64()
            - now.saturating_duration_since(self.next_deadline).as_secs_f64();
        let ticks = f64::from(tick.since(self.next_tick)) + left / period;
        (ticks * 16.0).floor().clamp(f64::from(i16::MIN), f64::from(i16::MAX)) as i16
    }
}

/// What a connection needs from its thread to be read.
#[derive(Debug)]
pub(super) struct Reading<'a> {
    pub(super) now: Millis,
    pub(super) instant: Instant,
    pub(super) beat: Option<Beat>,
    /// Whether so many clients wait that it is not for their links.
    pub(super) many_wait: bool,
    pub(super) inputs: &'a mut Vec<InputNote>,
    pub(super) tally: &'a Tally,
}
