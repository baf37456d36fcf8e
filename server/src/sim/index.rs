//! Which gliders are in which cell, built anew each tick by a counting sort, so
//! that the players of a cell stand by ascending id.

use bevy_ecs::prelude::*;
use glam::IVec2;
use throng_shared::cells::cell_at;
use throng_shared::ids::NetId;

use super::{Arena, Hull, Life, Roster};

/// A glider as its neighbours see it.
#[derive(Clone, Copy, Debug)]
pub struct Near {
    pub id: NetId,
    pub entity: Entity,
    pub pos: IVec2,
}

/// Living gliders by cell.
#[derive(Resource, Clone, Debug)]
pub struct CellIndex {
    /// `starts[c]..starts[c + 1]` are the places of cell `c`.
    starts: Vec<u32>,
    near: Vec<Near>,
    scratch: Vec<(u32, Near)>,
}

impl CellIndex {
    #[must_use]
    pub fn new(cells: usize) -> Self {
        Self { starts: vec![0; cells + 1], near: Vec::new(), scratch: Vec::new() }
    }

    /// The gliders of one cell, by id.
    #[must_use]
    pub fn in_cell(&self, cell: usize) -> &[Near] {
        &self.near[self.starts[cell] as usize..self.starts[cell + 1] as usize]
    }

    /// Calls `visit` with the gliders of every cell that a square of half-edge
    /// `reach` around `centre` touches.
    pub fn around(&self, arena: &Arena, centre: IVec2, reach: i32, mut visit: impl FnMut(&Near)) {
        let grid = arena.grid();
        let low = cell_at(centre - IVec2::splat(reach)).max(IVec2::ZERO);
        let high =
            cell_at(centre + IVec2::splat(reach)).min(IVec2::new(grid.columns - 1, grid.rows - 1));
        for y in low.y..=high.y {
            for x in low.x..=high.x {
                self.in_cell(grid.index(IVec2::new(x, y))).iter().for_each(&mut visit);
            }
        }
    }
}

pub(super) fn index_gliders(
    arena: Res<'_, Arena>,
    roster: Res<'_, Roster>,
    mut index: ResMut<'_, CellIndex>,
    gliders: Query<'_, '_, (&Hull, &Life)>,
) {
    let CellIndex { starts, near, scratch } = &mut *index;
    starts.fill(0);
    scratch.clear();
    for (id, entity) in roster.iter() {
        let Ok((hull, life)) = gliders.get(entity) else { continue };
        if *life != Life::Flying {
            continue;
        }
        let cell = arena.cell_index(hull.0.pos);
        starts[cell + 1] += 1;
        scratch.push((cell as u32, Near { id, entity, pos: hull.0.pos }));
    }
    for cell in 1..starts.len() {
        starts[cell] += starts[cell - 1];
    }
    near.clear();
    near.extend(scratch.iter().map(|&(_, near)| near));
    // `starts` walks forward as the places fill, and is set back by one cell after.
    for &(cell, glider) in scratch.iter() {
        let place = &mut starts[cell as usize];
        near[*place as usize] = glider;
        *place += 1;
    }
    starts.rotate_right(1);
    starts[0] = 0;
}
