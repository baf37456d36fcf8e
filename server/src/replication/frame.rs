//! One tick as it is shared by all network threads: the bytes of every cell.

use std::ops::Range;

use glam::IVec2;
use throng_shared::cells::{CELL_SUB, CellGrid};
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
}

pub(super) fn narrow(at: usize) -> u32 {
    u32::try_from(at).expect("a tick has far fewer than 2^32 bytes")
}

/// What happened in one cell.
#[derive(Clone, Copy, Debug)]
pub(super) struct Told {
    pub(super) cell: u32,
    /// The encoded list of its events.
    pub(super) bytes: Span,
}

/// Gliders and bolts that flew from one cell into a neighbour.
#[derive(Clone, Copy, Debug)]
pub(super) struct Crossing {
    pub(super) into: u32,
    pub(super) from: u32,
    /// The encoded list of `Arrival` and `BoltArrival`.
    pub(super) bytes: Span,
}

/// Something that few cells have, in the order of cells: a row of cells without any is
/// told by one comparison.
#[derive(Debug)]
pub(super) struct Sparse<T> {
    items: Vec<T>,
    /// By cell, where its items begin, and after the last where all end.
    begins: Vec<u32>,
}

impl<T> Sparse<T> {
    fn new(cells: usize) -> Self {
        Self { items: Vec::new(), begins: vec![0; cells + 1] }
    }

    fn clear(&mut self) {
        self.items.clear();
        self.begins.fill(0);
    }

    /// Adds an item behind those of the same and of earlier cells.
    pub(super) fn push(&mut self, item: T) {
        self.items.push(item);
    }

    /// Finds the cells of all items.
    pub(super) fn index(&mut self, cell_of: impl Fn(&T) -> u32) {
        let mut at = 0;
        for (cell, begin) in (0_u32..).zip(&mut self.begins) {
            at += self.items[at..].iter().take_while(|item| cell_of(item) < cell).count();
            *begin = narrow(at);
        }
    }

    /// The items of consecutive cells.
    pub(super) fn within(&self, cells: Range<usize>) -> &[T] {
        &self.items[self.begins[cells.start] as usize..self.begins[cells.end] as usize]
    }
}

/// What a network thread has to know of one player.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seat {
    /// Centre of the view, in sub-units.
    pub eye: IVec2,
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
    pub(super) events: Sparse<Told>,
    /// By cell.
    pub(super) keyframes: Vec<Span>,
    /// By the cell they lead into.
    pub(super) crossings: Sparse<Crossing>,
    /// By player id.
    pub(super) seats: Vec<Option<Seat>>,
    /// What there is to be seen of nobody: the middle of the map.
    middle: Seat,
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
            events: Sparse::new(grid.count()),
            keyframes: vec![Span::default(); grid.count()],
            crossings: Sparse::new(grid.count()),
            seats: Vec::new(),
            middle: Seat { eye: IVec2::new(grid.columns, grid.rows) * CELL_SUB / 2, arrived: None },
        }
    }

    /// Makes it the frame of a tick in which there is nothing yet.
    pub(crate) fn clear(&mut self, tick: Tick) {
        self.tick = tick;
        self.bytes.clear();
        self.steers.fill(0);
        self.events.clear();
        self.keyframes.fill(Span::default());
        self.crossings.clear();
        self.seats.clear();
    }

    #[must_use]
    pub fn tick(&self) -> Tick {
        self.tick
    }

    /// What is known of a player, while they play; of nobody, where the middle is.
    #[must_use]
    pub fn seat(&self, id: NetId) -> Option<&Seat> {
        if id == NetId::NOBODY {
            return Some(&self.middle);
        }
        self.seats.get(id.index())?.as_ref()
    }

    /// The encoded `SteerChange`s of consecutive cells.
    pub(super) fn steers(&self, cells: Range<usize>) -> &[u8] {
        &self.bytes[self.steers[cells.start] as usize..self.steers[cells.end] as usize]
    }

    /// The encoded `CellKeyframe` of a cell.
    pub(super) fn keyframe(&self, cell: usize) -> &[u8] {
        self.keyframes[cell].of(&self.bytes)
    }
}
