//! The solid and open tiles of an arena.

use glam::IVec2;

use crate::lattice::SUB_BITS;
use crate::limits::{MAP_RUNS_MAX, MAP_TILES_MAX, MAP_TILES_MIN};

/// Why a grid of tiles is no map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MapError {
    /// An edge outside `MAP_TILES_MIN..=MAP_TILES_MAX`.
    Size { width: i32, height: i32 },
    /// Not `width * height` tiles; how many there were.
    Count { expected: usize, found: usize },
    /// Walls so scattered that the map does not fit a Welcome.
    Scattered { runs: usize },
}

impl std::fmt::Display for MapError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Size { width, height } => write!(
                f,
                "it is {width} × {height} tiles, and each side must be {MAP_TILES_MIN} to {MAP_TILES_MAX}"
            ),
            Self::Count { expected, found } => {
                write!(f, "its layer has {found} tiles where its size asks for {expected}")
            }
            Self::Scattered { runs } => write!(
                f,
                "its walls are too scattered: floor and wall alternate {runs} times, and \
                 {MAP_RUNS_MAX} are the most"
            ),
        }
    }
}

impl std::error::Error for MapError {}

const SOLID: u8 = 1;
/// Set on a tile that is solid or has a solid neighbour, the outside included.
const NEAR_SOLID: u8 = 2;

/// A grid of tiles, row by row from the north-west; everything outside is solid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TileMap {
    width: i32,
    height: i32,
    tiles: Vec<u8>,
}

impl TileMap {
    /// A map from one `bool` a tile (true is solid), row by row.
    ///
    /// # Errors
    /// When an edge is out of bounds or the count is not `width * height`.
    pub fn new(width: i32, height: i32, solid: &[bool]) -> Result<Self, MapError> {
        let edge = MAP_TILES_MIN..=MAP_TILES_MAX;
        if !edge.contains(&width) || !edge.contains(&height) {
            return Err(MapError::Size { width, height });
        }
        let expected = width.cast_unsigned() as usize * height.cast_unsigned() as usize;
        if solid.len() != expected {
            return Err(MapError::Count { expected, found: solid.len() });
        }
        let runs = solid.chunk_by(|a, b| a == b).count();
        if runs > MAP_RUNS_MAX {
            return Err(MapError::Scattered { runs });
        }
        let mut map = Self { width, height, tiles: solid.iter().map(|&s| u8::from(s)).collect() };
        for y in 0..height {
            for x in 0..width {
                let near = (y - 1..=y + 1).any(|ny| (x - 1..=x + 1).any(|nx| map.is_solid(nx, ny)));
                if near && let Some(index) = map.index(x, y) {
                    map.tiles[index] |= NEAR_SOLID;
                }
            }
        }
        Ok(map)
    }

    /// A map of open floor within a border of one solid tile.
    ///
    /// # Errors
    /// When an edge is out of bounds.
    pub fn walled(width: i32, height: i32) -> Result<Self, MapError> {
        let border = |x: i32, y: i32| x == 0 || y == 0 || x == width - 1 || y == height - 1;
        let solid: Vec<bool> =
            (0..height).flat_map(|y| (0..width).map(move |x| border(x, y))).collect();
        Self::new(width, height, &solid)
    }

    /// A map from alternating run lengths, floor first.
    ///
    /// # Errors
    /// When an edge is out of bounds or the runs do not sum to `width * height`.
    pub fn from_runs(width: u16, height: u16, runs: &[u16]) -> Result<Self, MapError> {
        let expected = usize::from(width) * usize::from(height);
        let found: usize = runs.iter().map(|&run| usize::from(run)).sum();
        if found != expected {
            return Err(MapError::Count { expected, found });
        }
        let mut solid = Vec::with_capacity(expected);
        for (index, &run) in runs.iter().enumerate() {
            solid.resize(solid.len() + usize::from(run), index % 2 == 1);
        }
        Self::new(i32::from(width), i32::from(height), &solid)
    }

    /// The map as alternating run lengths, floor first; a run beyond 65,535 is
    /// continued after an empty one.
    #[must_use]
    pub fn runs(&self) -> Vec<u16> {
        let mut runs = vec![0_u16];
        let mut current = false;
        for &tile in &self.tiles {
            let solid = tile & SOLID != 0;
            if solid != current {
                runs.push(0);
                current = solid;
            }
            if runs.last() == Some(&u16::MAX) {
                runs.extend([0, 0]);
            }
            if let Some(run) = runs.last_mut() {
                *run += 1;
            }
        }
        runs
    }

    /// Width in tiles.
    #[must_use]
    pub fn width(&self) -> i32 {
        self.width
    }

    /// Height in tiles.
    #[must_use]
    pub fn height(&self) -> i32 {
        self.height
    }

    fn index(&self, x: i32, y: i32) -> Option<usize> {
        let inside = (0..self.width).contains(&x) && (0..self.height).contains(&y);
        inside.then(|| (y * self.width + x).cast_unsigned() as usize)
    }

    /// Whether the tile in column `x`, row `y` stops gliders and bolts.
    #[must_use]
    pub fn is_solid(&self, x: i32, y: i32) -> bool {
        self.index(x, y).is_none_or(|index| self.tiles[index] & SOLID != 0)
    }

    /// Whether a position, in sub-units, lies in a solid tile.
    #[must_use]
    pub fn is_solid_at(&self, pos: IVec2) -> bool {
        self.is_solid(pos.x >> SUB_BITS, pos.y >> SUB_BITS)
    }

    /// Whether the tile at `pos` and its eight neighbours are all open.
    #[must_use]
    pub fn is_open_around(&self, pos: IVec2) -> bool {
        self.index(pos.x >> SUB_BITS, pos.y >> SUB_BITS)
            .is_some_and(|index| self.tiles[index] & NEAR_SOLID == 0)
    }

    /// How many tiles are open.
    #[must_use]
    pub fn open_tiles(&self) -> usize {
        self.tiles.iter().filter(|&&tile| tile & SOLID == 0).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prng::Prng;

    #[test]
    fn runs_round_trip() {
        let mut rng = Prng::new(3);
        let solid: Vec<bool> = (0..40 * 24).map(|_| rng.one_in(5)).collect();
        let map = TileMap::new(40, 24, &solid).expect("the size is allowed");
        assert_eq!(TileMap::from_runs(40, 24, &map.runs()), Ok(map), "because runs lose nothing");
    }

    #[test]
    fn a_run_longer_than_sixteen_bits_round_trips() {
        let map = TileMap::new(512, 512, &[false; 512 * 512]).expect("the size is allowed");
        assert_eq!(TileMap::from_runs(512, 512, &map.runs()), Ok(map), "because runs lose nothing");
    }

    #[test]
    fn a_map_that_fits_no_welcome_is_refused() {
        let noise: Vec<bool> = (0..1024 * 1024).map(|n| n % 2 == 0).collect();
        assert_eq!(TileMap::new(1024, 1024, &noise), Err(MapError::Scattered { runs: 1 << 20 }));
    }

    #[test]
    fn forged_runs_are_refused() {
        assert!(TileMap::from_runs(9, 9, &[80]).is_err(), "because a tile is missing");
        assert!(TileMap::from_runs(2000, 9, &[18_000]).is_err(), "because it is too wide");
    }
}
