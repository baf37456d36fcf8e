//! One tick as it is shared by all network threads: the bytes of every cell.

use std::ops::Range;

use throng_shared::cells::CellGrid;
use throng_shared::ids::{NetId, Tick};

/// Where some bytes lie in a buffer. Ordered by when they were written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    /// What was appended to `bytes` since it was `start` long.
    pub(super) fn since(start: usize, bytes: &[u8]) -> Self {
        Self { start: narrow(start), end: narrow(bytes.len()) }
    }

    pub(super) fn of(self, bytes: &[u8]) -> &[u8] {
        &bytes[self.start as usize..self.end as usize]
    }

    pub(super) fn is_empty(self) -> bool {
        self.start == self.end
    }
}

pub(super) fn narrow(at: usize) -> u32 {
    u32::try_from(at).expect("a tick has far fewer than 2^32 bytes")
}

/// Gliders and bolts that flew from one cell into a neighbour.
#[derive(Clone, Copy, Debug)]
pub(super) struct Crossing {
    pub(super) into: u32,
    pub(super) from: u32,
    /// The encoded list of `Arrival` and `BoltArrival`.
    pub(super) bytes: Span,
}

/// What a network thread has to know of one player.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seat {
    /// Centre of the view, in sub-units.
    pub eye: glam::IVec2,
    /// The newest input that arrived.
    pub arrived: Option<Arrived>,
}

/// An input as its sender has to know of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrived {
    /// The tick that it names.
    pub tick: Tick,
    /// How long before that tick's deadline it came, in 1/16 tick.
    pub early: i16,
}

/// One published tick. Made by [`Replicator`](super::Replicator), read by
/// [`compose`](super::compose()).
#[derive(Debug)]
pub struct TickFrame {
    pub(super) tick: Tick,
    pub(super) grid: CellGrid,
    pub(super) bytes: Vec<u8>,
    /// By cell, where its encoded `SteerChange`s begin, and after the last where all
    /// end: those of a row of cells are one piece.
    pub(super) steers: Vec<u32>,
    /// By cell, the encoded list of its events; empty where nothing happened.
    pub(super) events: Vec<Span>,
    /// By cell.
    pub(super) keyframes: Vec<Span>,
    /// By the cell they lead into.
    pub(super) crossings: Vec<Crossing>,
    /// By the cell: whether a crossing leads into it.
    pub(super) entered: Vec<bool>,
    /// By player id.
    pub(super) seats: Vec<Option<Seat>>,
}

impl TickFrame {
    /// A frame without a tick, to be filled by a replicator for this grid.
    #[must_use]
    pub fn blank(grid: CellGrid) -> Self {
        Self {
            tick: Tick(0),
            grid,
            bytes: Vec::new(),
            steers: vec![0; grid.count() + 1],
            events: vec![Span::default(); grid.count()],
            keyframes: vec![Span::default(); grid.count()],
            crossings: Vec::new(),
            entered: vec![false; grid.count()],
            seats: Vec::new(),
        }
    }

    pub(super) fn clear(&mut self, tick: Tick) {
        self.tick = tick;
        self.bytes.clear();
        self.steers.fill(0);
        self.events.fill(Span::default());
        self.keyframes.fill(Span::default());
        self.crossings.clear();
        self.entered.fill(false);
        self.seats.clear();
    }

    #[must_use]
    pub fn tick(&self) -> Tick {
        self.tick
    }

    /// What is known of a player, while they play.
    #[must_use]
    pub fn seat(&self, id: NetId) -> Option<&Seat> {
        self.seats.get(id.index())?.as_ref()
    }

    /// The encoded `SteerChange`s of consecutive cells.
    pub(super) fn steers(&self, cells: Range<usize>) -> &[u8] {
        &self.bytes[self.steers[cells.start] as usize..self.steers[cells.end] as usize]
    }

    /// The encoded events of a cell, if anything happened in it.
    pub(super) fn events(&self, cell: usize) -> Option<&[u8]> {
        let span = self.events[cell];
        (!span.is_empty()).then(|| span.of(&self.bytes))
    }

    /// The encoded `CellKeyframe` of a cell.
    pub(super) fn keyframe(&self, cell: usize) -> &[u8] {
        self.keyframes[cell].of(&self.bytes)
    }

    /// Crossings into a cell: where they come from, and their bytes.
    pub(super) fn crossings_into(&self, cell: usize) -> impl Iterator<Item = (usize, &[u8])> {
        let crossings = if self.entered[cell] { self.crossings.as_slice() } else { &[] };
        let first = crossings.partition_point(|crossing| (crossing.into as usize) < cell);
        crossings[first..]
            .iter()
            .take_while(move |crossing| crossing.into as usize == cell)
            .map(|crossing| (crossing.from as usize, crossing.bytes.of(&self.bytes)))
    }
}
