//! The grid of interest cells, and which of them a client holds.

use glam::IVec2;
use serde::{Deserialize, Serialize};

use crate::lattice::SUB;
use crate::limits::{CELL_TILES, VIEW_HEIGHT, VIEW_SLACK, VIEW_WIDTH};
use crate::map::TileMap;

/// Edge of a cell, in sub-units.
pub const CELL_SUB: i32 = CELL_TILES * SUB;

/// The column and row of the cell at a position.
#[must_use]
pub fn cell_at(pos: IVec2) -> IVec2 {
    IVec2::new(pos.x.div_euclid(CELL_SUB), pos.y.div_euclid(CELL_SUB))
}

/// The grid that covers a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CellGrid {
    pub columns: i32,
    pub rows: i32,
}

impl CellGrid {
    /// The smallest grid that covers `map`.
    #[must_use]
    pub fn of(map: &TileMap) -> Self {
        let cells = |tiles: i32| (tiles + CELL_TILES - 1) / CELL_TILES;
        Self { columns: cells(map.width()), rows: cells(map.height()) }
    }

    /// How many cells there are.
    #[must_use]
    pub fn count(&self) -> usize {
        (self.columns * self.rows).cast_unsigned() as usize
    }

    /// A cell's index, row by row.
    #[must_use]
    pub fn index(&self, cell: IVec2) -> usize {
        (cell.y * self.columns + cell.x).cast_unsigned() as usize
    }

    /// Whether the grid has this cell.
    #[must_use]
    pub fn contains(&self, cell: IVec2) -> bool {
        (0..self.columns).contains(&cell.x) && (0..self.rows).contains(&cell.y)
    }
}

/// How much of its view a client is shown: so many eighths of each side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reach(u8);

impl Reach {
    pub const LEAST: Self = Self(1);
    pub const FULL: Self = Self(8);

    /// A step less, if there is less.
    #[must_use]
    pub fn narrower(self) -> Option<Self> {
        (self > Self::LEAST).then(|| Self(self.0 - 1))
    }

    /// A step more, if there is more.
    #[must_use]
    pub fn wider(self) -> Option<Self> {
        (self < Self::FULL).then(|| Self(self.0 + 1))
    }

    /// Cells that are held for it, on average over all places in a cell.
    #[must_use]
    pub fn cells(self) -> f32 {
        let along = |side| 1.0 + self.of(side) as f32 / CELL_SUB as f32;
        along(VIEW_WIDTH) * along(VIEW_HEIGHT)
    }

    fn of(self, side: i32) -> i32 {
        side * i32::from(self.0) / i32::from(Self::FULL.0)
    }
}

/// A rectangle of cells: the ones that a client holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Focus {
    /// First column and row.
    pub x: u8,
    pub y: u8,
    /// Columns and rows.
    pub w: u8,
    pub h: u8,
}

impl Focus {
    /// The cells that a view around `centre` needs, within the grid. Columns and
    /// rows of `held` that are still near the view stay, so that a glider that
    /// weaves along a border does not ask for the same keyframes again and again.
    #[must_use]
    pub fn around(centre: IVec2, held: Option<Focus>, grid: CellGrid) -> Self {
        Self::within(Reach::FULL, centre, held, grid)
    }

    /// The same for the middle of a view.
    #[must_use]
    pub fn within(reach: Reach, centre: IVec2, held: Option<Focus>, grid: CellGrid) -> Self {
        let held = held.unwrap_or_default();
        let (width, height) = (reach.of(VIEW_WIDTH), reach.of(VIEW_HEIGHT));
        let (x, w) = span(centre.x, width, (held.x, held.w), grid.columns);
        let (y, h) = span(centre.y, height, (held.y, held.h), grid.rows);
        Self { x, y, w, h }
    }

    /// The cells that are in both, if there are any.
    #[must_use]
    pub fn overlap(self, other: Focus) -> Option<Focus> {
        let (x, w) = common((self.x, self.w), (other.x, other.w))?;
        let (y, h) = common((self.y, self.h), (other.y, other.h))?;
        Some(Self { x, y, w, h })
    }

    /// Whether a cell is held.
    #[must_use]
    pub fn contains(&self, cell: IVec2) -> bool {
        let x = i32::from(self.x)..i32::from(self.x) + i32::from(self.w);
        let y = i32::from(self.y)..i32::from(self.y) + i32::from(self.h);
        x.contains(&cell.x) && y.contains(&cell.y)
    }

    /// Every held cell, row by row; the place in this order is a cell's *slot*.
    pub fn cells(self) -> impl Iterator<Item = IVec2> {
        (0..i32::from(self.h)).flat_map(move |row| {
            (0..i32::from(self.w))
                .map(move |column| IVec2::new(i32::from(self.x) + column, i32::from(self.y) + row))
        })
    }

    /// The cell in a slot, if there is such a slot.
    #[must_use]
    pub fn cell(&self, slot: u8) -> Option<IVec2> {
        let (row, column) = (slot.checked_div(self.w)?, slot.checked_rem(self.w)?);
        let cell =
            IVec2::new(i32::from(self.x) + i32::from(column), i32::from(self.y) + i32::from(row));
        (row < self.h).then_some(cell)
    }
}

/// First cell and number of cells along one axis.
fn span(centre: i32, view: i32, held: (u8, u8), cells: i32) -> (u8, u8) {
    let low = centre - view / 2;
    let high = centre + view / 2 - 1;
    let mut first = low.div_euclid(CELL_SUB);
    let mut last = high.div_euclid(CELL_SUB);
    if held.1 > 0 {
        let held_first = i32::from(held.0);
        let held_last = held_first + i32::from(held.1) - 1;
        let far_first = (low - VIEW_SLACK).div_euclid(CELL_SUB);
        let far_last = (high + VIEW_SLACK).div_euclid(CELL_SUB);
        if held_first <= last && held_last >= first {
            first = first.min(held_first.max(far_first));
            last = last.max(held_last.min(far_last));
        }
    }
    let first = first.clamp(0, cells - 1);
    let last = last.clamp(0, cells - 1);
    (narrow(first), narrow(last - first + 1))
}

/// The common part of two ranges, each its first and its length.
fn common(one: (u8, u8), other: (u8, u8)) -> Option<(u8, u8)> {
    let first = one.0.max(other.0);
    let end = |(first, length): (u8, u8)| u16::from(first) + u16::from(length);
    let length = end(one).min(end(other)).checked_sub(u16::from(first))?;
    u8::try_from(length).ok().filter(|&length| length > 0).map(|length| (first, length))
}

fn narrow(cell: i32) -> u8 {
    u8::try_from(cell).expect("the largest map has 128 cells a side")
}

const _: () = {
    use crate::limits::{FOCUS_CELLS_MAX, MAP_TILES_MAX};
    assert!(MAP_TILES_MAX / CELL_TILES <= 255, "a column or row is one byte");
    let across = (VIEW_WIDTH + 2 * VIEW_SLACK) / CELL_SUB + 2;
    let down = (VIEW_HEIGHT + 2 * VIEW_SLACK) / CELL_SUB + 2;
    assert!((across * down) as usize <= FOCUS_CELLS_MAX);
    // What lies along the rim has three neighbours inside, a corner has one.
    let crossings = 3 * 2 * (across + down) + 4;
    assert!(across * down + crossings < 251, "a list of cells has a length of one byte");
};

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_view_is_always_held(
            path in proptest::collection::vec((0..200_i32 * SUB, 0..120_i32 * SUB), 1..40)
        ) {
            let map = TileMap::walled(200, 120).expect("the size is allowed");
            let grid = CellGrid::of(&map);
            let mut held = None;
            for (x, y) in path {
                let focus = Focus::around(IVec2::new(x, y), held, grid);
                for dx in [-VIEW_WIDTH / 2, 0, VIEW_WIDTH / 2 - 1] {
                    for dy in [-VIEW_HEIGHT / 2, 0, VIEW_HEIGHT / 2 - 1] {
                        let cell = cell_at(IVec2::new(x + dx, y + dy));
                        if grid.contains(cell) {
                            prop_assert!(focus.contains(cell), "because a view shows {cell}");
                        }
                    }
                }
                let slots: Vec<IVec2> = focus.cells().collect();
                for (slot, &cell) in slots.iter().enumerate() {
                    let slot = u8::try_from(slot).expect("slots fit one byte");
                    prop_assert_eq!(focus.cell(slot), Some(cell), "because slots follow the order");
                }
                held = Some(focus);
            }
        }
    }
}
