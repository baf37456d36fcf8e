//! A snapshot put together from parts that were encoded once for everybody.
//!
//! bincode concatenates without padding, so copying a cell's bytes gives the
//! same message as encoding the whole: a property test in `tests` holds that.

use super::codec::encode_into;
use super::messages::Feedback;
use crate::cells::Focus;

/// Tag of `ServerMessage::Snapshot`.
const SNAPSHOT_TAG: u8 = 0;
/// Tag of `CellEvent::Enter`.
const ENTER_TAG: u8 = 2;
/// Longest list whose length is one byte.
const SHORT_LIST_MAX: usize = 250;

/// Appends `CellEvent::Enter` from an encoded `GliderRecord`.
pub fn splice_enter(out: &mut Vec<u8>, record: &[u8]) {
    out.push(ENTER_TAG);
    out.extend_from_slice(record);
}

/// Appends a list from its length and its encoded items.
pub fn splice_list<'a>(out: &mut Vec<u8>, len: usize, items: impl Iterator<Item = &'a [u8]>) {
    encode_into(out, &len);
    for item in items {
        out.extend_from_slice(item);
    }
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

    /// Adds a tick from encoded `CellDelta`s and encoded bodies of `Arrivals`
    /// (both lists without the slot), each with its slot.
    pub fn tick<'b>(
        &mut self,
        cells: impl Iterator<Item = (u8, &'b [u8])>,
        arrivals: impl Iterator<Item = (u8, &'b [u8])>,
    ) {
        self.placed(cells);
        self.placed(arrivals);
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

    fn placed<'b>(&mut self, parts: impl Iterator<Item = (u8, &'b [u8])>) {
        self.list(parts, |out, (slot, bytes)| {
            out.push(slot);
            out.extend_from_slice(bytes);
        });
    }

    /// Writes a list whose length is known only when it is written.
    fn list<T>(&mut self, items: impl Iterator<Item = T>, put: impl Fn(&mut Vec<u8>, T)) {
        let length_at = self.out.len();
        self.out.push(0);
        let mut count = 0;
        for item in items {
            put(self.out, item);
            count += 1;
        }
        assert!(count <= SHORT_LIST_MAX, "the focus bounds every list of a snapshot");
        self.out[length_at] = count as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::NetId;
    use crate::wire::{CellEvent, GliderRecord, Motion, Place, Trim, encode};

    #[test]
    fn an_entry_is_its_tag_and_its_record() {
        let record = GliderRecord {
            id: NetId(700),
            place: Place::default(),
            heading: 3,
            trim: Trim::new(15, 2),
            motion: Motion::Free { vx: -3, vy: 200 },
            hp: 75,
            name: "Ada".to_owned(),
        };
        let mut spliced = Vec::new();
        splice_enter(&mut spliced, &encode(&record));
        assert_eq!(spliced, encode(&CellEvent::Enter(record)), "because a splice is no shortcut");
    }
}
