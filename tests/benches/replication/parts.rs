//! What the bit-packed alternatives have in common: the head of a snapshot, cells
//! told of by one bit each, and what came from one cell into another.

use std::ops::Range;

use throng::replication::{Arrived, Seat};
use throng::sim::Crafted;
use throng_shared::cells::{CellGrid, Focus};
use throng_shared::ids::{NetId, Tick};
use throng_shared::wire::{Feedback, encode_into};

use super::bits::{BitReader, BitWriter};

const TICKS: u8 = 15;
const FEEDBACK: u8 = 16;
const REFOCUS: u8 = 32;

/// A glider as a client sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) id: NetId,
    pub(crate) pos: glam::IVec2,
    pub(crate) who: Who,
}

/// What does not change while it flies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Who {
    pub(crate) look: u8,
    pub(crate) hp: u8,
    pub(crate) name: String,
}

impl Who {
    pub(crate) fn put(bits: &mut BitWriter<'_>, it: &Crafted<'_>) {
        bits.put(u32::from(it.look), 4);
        bits.put(u32::from(it.hp), 7);
        bits.put(it.name.len() as u32, 7);
        it.name.bytes().for_each(|byte| bits.put(u32::from(byte), 8));
    }

    pub(crate) fn take(bits: &mut BitReader<'_>) -> Self {
        let (look, hp) = (bits.take(4) as u8, bits.take(7) as u8);
        let name = (0..bits.take(7)).map(|_| bits.take(8) as u8).collect();
        Self { look, hp, name: String::from_utf8(name).expect("names are UTF-8") }
    }
}

/// From what a client holds to what its next snapshot brings.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Leap {
    pub(crate) tick: Tick,
    /// Ticks since the last snapshot; 0 for a client that holds nothing.
    pub(crate) ticks: usize,
    /// The cells that it holds, and is to hold.
    pub(crate) before: Option<Focus>,
    pub(crate) focus: Focus,
}

impl Leap {
    /// The cells that are new to the client, each with its slot.
    pub(crate) fn new_cells(self) -> impl Iterator<Item = glam::IVec2> {
        let is_new = move |cell: &_| self.before.is_none_or(|before| !before.contains(*cell));
        self.focus.cells().filter(is_new)
    }
}

/// How far a client is.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cursor {
    held: Option<(Tick, Focus)>,
    told: Option<Arrived>,
}

impl Cursor {
    /// Begins the snapshot of `tick`; a client that missed more than `kept` ticks
    /// begins anew.
    pub(crate) fn leap(
        &mut self,
        tick: Tick,
        seat: Seat,
        kept: usize,
        grid: CellGrid,
        out: &mut Vec<u8>,
    ) -> Leap {
        let missed = |from: Tick| tick.since(from).unsigned_abs() as usize;
        let held = self.held.filter(|&(from, _)| missed(from) <= kept);
        let ticks = held.map_or(0, |(from, _)| missed(from));
        let before = held.map(|(_, focus)| focus);
        let focus = Focus::around(seat.eye, before, grid);
        self.held = Some((tick, focus));
        let feedback = seat.arrived.filter(|_| seat.arrived != self.told);
        self.told = seat.arrived;

        let flag = |is_set: bool, flag: u8| if is_set { flag } else { 0 };
        let moved = before != Some(focus);
        out.push(ticks as u8 | flag(feedback.is_some(), FEEDBACK) | flag(moved, REFOCUS));
        if ticks == 0 {
            out.extend_from_slice(&tick.0.to_le_bytes());
        }
        if let Some(Arrived { tick: named, early }) = feedback {
            encode_into(out, &Feedback { ack: named.since(tick) as i16, early });
        }
        if moved {
            out.extend_from_slice(&[focus.x, focus.y, focus.w, focus.h]);
        }
        Leap { tick, ticks, before, focus }
    }
}

/// The same at the client: reads what [`Cursor::leap`] wrote.
pub(crate) fn take_leap(bits: &mut BitReader<'_>, held: Option<(Tick, Focus)>) -> Leap {
    let head = bits.take(8) as u8;
    let ticks = usize::from(head & TICKS);
    let tick = match held {
        Some((tick, _)) if ticks > 0 => tick.offset(ticks as i32),
        Some(_) | None => Tick(bits.take(32)),
    };
    if head & FEEDBACK != 0 {
        bits.take(16);
    }
    let before = held.filter(|_| ticks > 0).map(|(_, focus)| focus);
    let mut byte = || bits.take(8) as u8;
    let focus = if head & REFOCUS != 0 {
        Focus { x: byte(), y: byte(), w: byte(), h: byte() }
    } else {
        before.expect("a first snapshot has a focus")
    };
    Leap { tick, ticks, before, focus }
}

/// Appends one bit for each held cell, then the chunks of those that have one.
pub(crate) fn put_chunks(
    out: &mut Vec<u8>,
    held: Focus,
    grid: CellGrid,
    chunk: impl Fn(usize) -> Range<usize>,
    bytes: &[u8],
) {
    let mut bits = BitWriter::new(out);
    for cell in held.cells() {
        bits.put(u32::from(!chunk(grid.index(cell)).is_empty()), 1);
    }
    bits.end();
    for cell in held.cells() {
        out.extend_from_slice(&bytes[chunk(grid.index(cell))]);
    }
}

/// Which of the held cells have a chunk.
pub(crate) fn take_marks(bits: &mut BitReader<'_>, held: Focus) -> Vec<bool> {
    let marks = held.cells().map(|_| bits.take_bit()).collect();
    bits.align();
    marks
}

/// Bytes of what is in one cell and came from another, by both.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pairs(Vec<(u32, u32, Range<usize>)>);

impl Pairs {
    /// Writes each pair of `crossers` (into, from, who) as a count and what `put` appends.
    pub(crate) fn write(
        &mut self,
        crossers: &mut Vec<(u32, u32, NetId)>,
        out: &mut Vec<u8>,
        mut put: impl FnMut(NetId, &mut Vec<u8>),
    ) {
        self.0.clear();
        crossers.sort_unstable();
        for group in crossers.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
            let start = out.len();
            put_count(out, group.len());
            group.iter().for_each(|&(.., id)| put(id, out));
            self.0.push((group[0].0, group[0].1, start..out.len()));
        }
        crossers.clear();
    }

    /// Appends what is in `held` and came from outside: a slot and the bytes of each pair.
    pub(crate) fn put(&self, out: &mut Vec<u8>, held: Focus, grid: CellGrid, bytes: &[u8]) {
        let count_at = out.len();
        out.push(0);
        for row in held.y..held.y + held.h {
            let cell = |x: u8| grid.index(glam::IVec2::new(i32::from(x), i32::from(row))) as u32;
            let (first, end) = (cell(held.x), cell(held.x) + u32::from(held.w));
            let begin = self.0.partition_point(|pair| pair.0 < first);
            for (into, from, span) in self.0[begin..].iter().take_while(|pair| pair.0 < end) {
                let columns = grid.columns.cast_unsigned();
                let from = glam::UVec2::new(from % columns, from / columns).as_ivec2();
                if !held.contains(from) {
                    out[count_at] += 1;
                    out.push((row - held.y) * held.w + (into - first) as u8);
                    out.extend_from_slice(&bytes[span.clone()]);
                }
            }
        }
    }
}

/// Reads what [`Pairs::put`] wrote, calling `take` with the cell of each thing.
pub(crate) fn take_pairs(
    bits: &mut BitReader<'_>,
    held: Focus,
    mut take: impl FnMut(&mut BitReader<'_>, glam::IVec2),
) {
    for _ in 0..bits.take(8) {
        let cell = held.cell(bits.take(8) as u8).expect("the slot exists");
        for _ in 0..take_count(bits) {
            take(bits, cell);
            bits.align();
        }
    }
}

/// Appends a count, seven bits a byte.
pub(crate) fn put_count(out: &mut Vec<u8>, mut count: usize) {
    while count >= 128 {
        out.push(count as u8 | 128);
        count >>= 7;
    }
    out.push(count as u8);
}

pub(crate) fn take_count(bits: &mut BitReader<'_>) -> usize {
    let (mut count, mut shift) = (0, 0);
    loop {
        let byte = bits.take(8) as usize;
        count |= (byte & 127) << shift;
        shift += 7;
        if byte < 128 {
            return count;
        }
    }
}
