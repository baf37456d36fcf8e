//! The place: walls, cells and the points where lives begin.

use bevy_ecs::prelude::Resource;
use glam::IVec2;
use throng_shared::cells::CellGrid;
use throng_shared::lattice::SUB;
use throng_shared::map::TileMap;

/// Why a map and its spawns make no arena.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArenaError {
    /// Nobody could begin a life.
    NoSpawn,
    /// A spawn inside a wall, in tiles.
    SpawnInWall { x: i32, y: i32 },
}

impl std::fmt::Display for ArenaError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoSpawn => f.write_str("it has no spawn point"),
            Self::SpawnInWall { x, y } => {
                write!(f, "the spawn point at tile {x}, {y} lies in a wall or outside")
            }
        }
    }
}

impl std::error::Error for ArenaError {}

/// A map with the centres of its spawn tiles.
#[derive(Resource, Clone, Debug)]
pub struct Arena {
    map: TileMap,
    grid: CellGrid,
    spawns: Vec<IVec2>,
}

impl Arena {
    /// An arena whose lives begin at the middle of the given tiles.
    ///
    /// # Errors
    /// When there is no spawn, or one in a wall.
    pub fn new(map: TileMap, spawn_tiles: &[IVec2]) -> Result<Self, ArenaError> {
        if spawn_tiles.is_empty() {
            return Err(ArenaError::NoSpawn);
        }
        if let Some(tile) = spawn_tiles.iter().find(|tile| map.is_solid(tile.x, tile.y)) {
            return Err(ArenaError::SpawnInWall { x: tile.x, y: tile.y });
        }
        let spawns = spawn_tiles.iter().map(|&tile| tile * SUB + IVec2::splat(SUB / 2)).collect();
        Ok(Self { grid: CellGrid::of(&map), map, spawns })
    }

    #[must_use]
    pub fn map(&self) -> &TileMap {
        &self.map
    }

    #[must_use]
    pub fn grid(&self) -> CellGrid {
        self.grid
    }

    /// Where lives may begin, in sub-units. Never empty.
    #[must_use]
    pub fn spawns(&self) -> &[IVec2] {
        &self.spawns
    }

    /// Index of the cell at a position inside the arena.
    #[must_use]
    pub fn cell_index(&self, pos: IVec2) -> usize {
        self.grid.index(throng_shared::cells::cell_at(pos))
    }
}
