//! A snapshot put together from parts that were encoded once for everybody.
//!
//! bincode concatenates without padding, so copying a cell's bytes gives the
//! same message as encoding the whole: a property test in `tests` holds that.

use serde::Serialize;

use super::codec::encode_into;
use super::messages::{Feedback, Secret};
use super::social::Identity;
use crate::cells::Focus;
use crate::limits::{IDENTITY_BYTES, SECRET_BYTES};

/// Tag of `ServerMessage::Snapshot`.
const SNAPSHOT_TAG: u8 = 0;
/// Tag of `ServerMessage::Welcome`.
const WELCOME_TAG: u8 = 1;
/// Tag of `ServerMessage::Event`.
const EVENT_TAG: u8 = 3;
/// Tag of `ServerMessage::Tick`.
const TICK_TAG: u8 = 5;
/// Bytes of a `SteerChange`.
const STEER_BYTES: usize = 3;
/// Longest list whose length is one byte.
const SHORT_LIST_MAX: usize = 250;

/// A `CellEvent` that is its tag and a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Spliced {
    Enter = 2,
    Arrival = 11,
    BoltArrival = 12,
}

/// Begins a `ServerMessage::Event`; the encoded `Event` follows.
pub fn splice_number(out: &mut Vec<u8>, number: u32) {
    out.push(EVENT_TAG);
    encode_into(out, &number);
}

/// What of a `Welcome` is the connection's own: its first fields.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct WelcomeHead {
    pub secret: Secret,
    pub resumed: bool,
    pub identity: Identity,
    pub session_ms: u32,
    pub time_ms: u64,
}

/// Begins a `ServerMessage::Welcome`; the rest of the encoded message follows.
pub fn splice_welcome(out: &mut Vec<u8>, head: &WelcomeHead) {
    out.push(WELCOME_TAG);
    encode_into(out, head);
}

/// Bytes that [`splice_welcome`] writes of a blank head.
pub const WELCOME_HEAD_BYTES: usize = 4 + SECRET_BYTES + IDENTITY_BYTES;

/// Appends an event from its encoded record.
pub fn splice_event(out: &mut Vec<u8>, event: Spliced, record: &[u8]) {
    out.push(event as u8);
    out.extend_from_slice(record);
}

/// Appends a list from its length and its encoded items.
pub fn splice_list<'a>(out: &mut Vec<u8>, len: usize, items: impl Iterator<Item = &'a [u8]>) {
    encode_into(out, &len);
    for item in items {
        out.extend_from_slice(item);
    }
}

/// Appends a `ServerMessage::Tick`; its pieces are those of [`Splicer::tick`].
pub fn splice_tick<'a>(
    out: &mut Vec<u8>,
    steers: impl Iterator<Item = &'a [u8]> + Clone,
    cells: impl Iterator<Item = (u8, &'a [u8])>,
) {
    out.push(TICK_TAG);
    Splicer { out }.tick(steers, cells);
}

/// Writes one `ServerMessage::Snapshot`: `begin`, one `tick` for each promised
/// tick, then `end` or `refocus`.
#[derive(Debug)]
#[must_use = "a snapshot without its end is no message"]
pub struct Splicer<'a> {
    out: &'a mut Vec<u8>,
}

impl<'a> Splicer<'a> {
    /// Starts a snapshot of `ticks` ticks at the end of `out`.
    pub fn begin(out: &'a mut Vec<u8>, feedback: Option<Feedback>, ticks: usize) -> Self {
        out.push(SNAPSHOT_TAG);
        encode_into(out, &feedback);
        encode_into(out, &ticks);
        Self { out }
    }

    /// Adds a tick from encoded `SteerChange`s, one after another in each piece, and
    /// encoded lists of `CellEvent`s, each with its slot.
    pub fn tick<'b>(
        &mut self,
        steers: impl Iterator<Item = &'b [u8]> + Clone,
        cells: impl Iterator<Item = (u8, &'b [u8])>,
    ) {
        let bytes: usize = steers.clone().map(<[u8]>::len).sum();
        splice_list(self.out, bytes / STEER_BYTES, steers);
        self.list(cells, |out, (slot, events)| {
            out.push(slot);
            out.extend_from_slice(events);
        });
    }

    /// Ends a snapshot that leaves the held cells as they are.
    pub fn end(self) {
        self.out.push(0);
    }

    /// Ends a snapshot with the cells held from now on, and the encoded
    /// `CellKeyframe`s of the new ones.
    pub fn refocus<'b>(
        mut self,
        restart: Option<u32>,
        focus: Focus,
        keyframes: impl Iterator<Item = &'b [u8]>,
    ) {
        self.out.push(1);
        encode_into(self.out, &restart);
        encode_into(self.out, &focus);
        self.list(keyframes, |out, keyframe| out.extend_from_slice(keyframe));
    }

    /// Writes a list with at most a few items a cell, and as many as there are.
    fn list<T>(&mut self, items: impl Iterator<Item = T>, put: impl Fn(&mut Vec<u8>, T)) {
        let length_at = self.out.len();
        self.out.push(0);
        let mut count = 0;
        for item in items {
            put(self.out, item);
            count += 1;
        }
        assert!(count <= SHORT_LIST_MAX, "the focus bounds every list that is one of cells");
        self.out[length_at] = count as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::BoltId;
    use crate::ids::NetId;
    use crate::wire::{
        BoltRecord, CellDelta, CellEvent, Condition, Event, GliderRecord, Motion, Place,
        ServerMessage, SteerChange, TickDelta, Trim, encode,
    };

    #[test]
    fn an_event_is_its_tag_and_its_record() {
        let spliced = |event, record: &[u8]| {
            let mut out = Vec::new();
            splice_event(&mut out, event, record);
            out
        };
        let glider = GliderRecord {
            id: NetId(700),
            place: Place::default(),
            heading: 3,
            trim: Trim::new(15, 2),
            motion: Motion::Free { vx: -3, vy: 200 },
            condition: Condition::new(75, false),
            name: "Ada".to_owned(),
        };
        let bolt = BoltRecord {
            id: BoltId(300),
            owner: NetId(700),
            place: Place::default(),
            heading: 3,
            left: 9,
        };
        let (record, flight) = (encode(&glider), encode(&bolt));
        let whole = CellEvent::Enter(glider.clone());
        assert_eq!(spliced(Spliced::Enter, &record), encode(&whole));
        let whole = CellEvent::Arrival(glider);
        assert_eq!(spliced(Spliced::Arrival, &record), encode(&whole));
        let whole = CellEvent::BoltArrival(bolt);
        assert_eq!(spliced(Spliced::BoltArrival, &flight), encode(&whole));
    }

    #[test]
    fn a_number_and_an_event_are_one_message() {
        for number in [1, 250, 251, 70_000, u32::MAX] {
            let event = Event::Notice { text: "hi".to_owned() };
            let mut spliced = Vec::new();
            splice_number(&mut spliced, number);
            encode_into(&mut spliced, &event);
            assert_eq!(spliced, encode(&ServerMessage::Event { number, event }));
        }
    }

    #[test]
    fn a_crowd_may_turn_in_one_tick() {
        for turns in [0, 1, 250, 251, 1000, 8192] {
            let steers: Vec<_> =
                (0..turns).map(|n| SteerChange { who: NetId(n), heading: n as u8 }).collect();
            let events = vec![CellEvent::Check { value: 9 }];
            let bytes: Vec<Vec<u8>> = steers.iter().map(encode).collect();
            let mut spliced = Vec::new();
            let mut splicer = Splicer::begin(&mut spliced, None, 1);
            let encoded = encode(&events);
            let pieces = || bytes.iter().map(Vec::as_slice);
            let cells = || [(4, encoded.as_slice())].into_iter();
            splicer.tick(pieces(), cells());
            splicer.end();
            let delta = TickDelta { steers, cells: vec![CellDelta { slot: 4, events }] };
            let whole = ServerMessage::Snapshot(delta.clone().into());
            assert_eq!(spliced, encode(&whole), "because lengths grow to three bytes ({turns})");
            spliced.clear();
            splice_tick(&mut spliced, pieces(), cells());
            assert_eq!(spliced, encode(&ServerMessage::Tick(delta)), "because it is the same tick");
        }
    }
}
