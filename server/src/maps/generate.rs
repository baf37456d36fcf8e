//! Arenas without a file.

use glam::IVec2;
use throng_shared::limits::{MAP_TILES_MAX, MAP_TILES_MIN, VIEW_HEIGHT, VIEW_WIDTH};
use throng_shared::map::{MapError, TileMap};
use throng_shared::prng::Prng;

use crate::sim::{Arena, ArenaError};

/// Open tiles for each block of an arena of pillars.
const TILES_A_BLOCK: i32 = 48;
/// Spawn points of a generated arena at most.
const SPAWNS_MAX: u32 = 4096;
/// Others in view that the workload asks for.
const OTHERS_IN_VIEW: f64 = 50.0;
/// Players of the workload push against a wall until they turn, so more of them are
/// at the border than chance would put there: as many as live in a strip this wide
/// elsewhere. Fitted to the simulation at 10 to 128 Hz and 200 to 4000 players, from the
/// third second, when many have not yet come to a wall, to the sixtieth.
const WALL_STRIP_TILES: f64 = 1.1;

/// A walled square of `tiles` × `tiles` with blocks for cover. Blocks keep three
/// tiles between each other and the border, so that no place is cut off.
///
/// # Errors
/// When the size is out of bounds.
pub fn pillars(tiles: i32, seed: u64) -> Result<Arena, MapError> {
    check_size(tiles)?;
    let mut rng = Prng::new(seed);
    let area = tiles * tiles;
    let mut solid = vec![false; area.cast_unsigned() as usize];
    let at = |x: i32, y: i32| (y * tiles + x).cast_unsigned() as usize;
    for edge in 0..tiles {
        for (x, y) in [(edge, 0), (edge, tiles - 1), (0, edge), (tiles - 1, edge)] {
            solid[at(x, y)] = true;
        }
    }
    let side = |rng: &mut Prng| 1 + rng.below(4).cast_signed();
    for _ in 0..area / TILES_A_BLOCK * 4 {
        let (w, h) = (side(&mut rng), side(&mut rng));
        let room = IVec2::new(tiles - w - 8, tiles - h - 8);
        if room.x <= 0 || room.y <= 0 {
            continue;
        }
        let x = 4 + rng.below(room.x.cast_unsigned()).cast_signed();
        let y = 4 + rng.below(room.y.cast_unsigned()).cast_signed();
        let clear = (y - 3..y + h + 3).all(|ty| (x - 3..x + w + 3).all(|tx| !solid[at(tx, ty)]));
        if clear {
            for ty in y..y + h {
                solid[at(x, ty)..at(x + w, ty)].fill(true);
            }
        }
    }
    let map = TileMap::new(tiles, tiles, &solid)?;
    Ok(with_spawns(map, &mut rng))
}

/// The workload's arena: open, walled at the border only, and so large that a
/// view holds 50 others on average when `players` play.
///
/// # Errors
/// When so many players need a larger map than there can be.
pub fn open_field(players: usize, seed: u64) -> Result<Arena, MapError> {
    let off = |tiles: i32| (others_in_view(players, tiles) - OTHERS_IN_VIEW).abs();
    // One more than the largest stands for players that no map can hold.
    let tiles = (MAP_TILES_MIN..=MAP_TILES_MAX + 1)
        .min_by(|&a, &b| off(a).total_cmp(&off(b)))
        .unwrap_or(MAP_TILES_MIN);
    check_size(tiles)?;
    let map = TileMap::walled(tiles, tiles)?;
    Ok(with_spawns(map, &mut Prng::new(seed)))
}

/// An open disc of so many tiles radius, walled around: the place for a crowd.
///
/// # Errors
/// When the size is out of bounds.
pub fn disc(radius: i32, seed: u64) -> Result<Arena, MapError> {
    let tiles = radius.saturating_mul(2).saturating_add(2);
    check_size(tiles)?;
    // Twice the distance between the centres of a tile and of the map, along one axis.
    let off = |tile: i32| 2 * tile + 1 - tiles;
    // Open when the whole tile lies within the disc: by its corner that is furthest off.
    let is_open = |x: i32, y: i32| {
        let corner = IVec2::new(off(x).abs() + 1, off(y).abs() + 1);
        corner.length_squared() <= 4 * radius * radius
    };
    let solid: Vec<bool> =
        (0..tiles).flat_map(|y| (0..tiles).map(move |x| !is_open(x, y))).collect();
    let map = TileMap::new(tiles, tiles, &solid)?;
    Ok(with_spawns(map, &mut Prng::new(seed)))
}

/// Average number of others in a view, with players spread evenly but for those at
/// the walls.
fn others_in_view(players: usize, tiles: i32) -> f64 {
    let side = f64::from(tiles - 2);
    let others = players.saturating_sub(1) as f64;
    others * both_seen(side, VIEW_WIDTH) * both_seen(side, VIEW_HEIGHT)
}

/// The chance that one player is within a view of another, along one axis.
fn both_seen(side: f64, view: i32) -> f64 {
    let half = f64::from(view) / 512.0;
    if side <= half {
        return 1.0;
    }
    let at_wall = 2.0 * WALL_STRIP_TILES / (side + 2.0 * WALL_STRIP_TILES);
    let free = 1.0 - at_wall;
    // A view loses a part of itself at a border, and half of itself at a wall.
    let both_free = (2.0 * half - half * half / side) / side;
    let one_at_wall = half / side;
    let both_at_walls = 0.5;
    free * free * both_free + 2.0 * free * at_wall * one_at_wall + at_wall * at_wall * both_at_walls
}

fn check_size(tiles: i32) -> Result<(), MapError> {
    if (MAP_TILES_MIN..=MAP_TILES_MAX).contains(&tiles) {
        Ok(())
    } else {
        Err(MapError::Size { width: tiles, height: tiles })
    }
}

/// Spreads spawn points over the open floor.
fn with_spawns(map: TileMap, rng: &mut Prng) -> Arena {
    let open: Vec<IVec2> = (0..map.height())
        .flat_map(|y| (0..map.width()).map(move |x| IVec2::new(x, y)))
        .filter(|tile| !map.is_solid(tile.x, tile.y))
        .collect();
    let count = SPAWNS_MAX.min(open.len() as u32);
    let spawns: Vec<IVec2> =
        (0..count).map(|_| open[rng.below(open.len() as u32) as usize]).collect();
    match Arena::new(map, &spawns) {
        Ok(arena) => arena,
        Err(ArenaError::NoSpawn | ArenaError::SpawnInWall { .. }) => {
            unreachable!("a generated map has open tiles inside its border")
        }
    }
}

#[cfg(test)]
mod tests {
    use throng_shared::ids::NetId;
    use throng_shared::limits::THRUST_MAX;
    use throng_shared::motion::Steer;

    use super::*;
    use crate::sim::{Intent, Newcomer, Sim, SimOptions};

    #[test]
    fn no_place_of_a_generated_arena_is_cut_off() {
        for seed in 0..20 {
            let arena = pillars(60, seed).expect("the size is allowed");
            let map = arena.map();
            let mut seen = vec![false; 60 * 60];
            let mut todo = vec![IVec2::new(1, 1)];
            let mut reached = 0;
            while let Some(tile) = todo.pop() {
                let index = (tile.y * 60 + tile.x).cast_unsigned() as usize;
                if map.is_solid(tile.x, tile.y) || std::mem::replace(&mut seen[index], true) {
                    continue;
                }
                reached += 1;
                todo.extend([IVec2::X, IVec2::Y, IVec2::NEG_X, IVec2::NEG_Y].map(|d| tile + d));
            }
            assert_eq!(reached, map.open_tiles(), "because seed {seed} must not make a cell");
        }
    }

    #[test]
    fn a_disc_is_open_within_its_radius_and_nowhere_else() {
        let arena = disc(8, 1).expect("the size is allowed");
        let map = arena.map();
        let open = f64::from(u32::try_from(map.open_tiles()).expect("a small map"));
        let area = 8.0 * 8.0 * std::f64::consts::PI;
        assert!((0.8 * area..=area).contains(&open), "because whole tiles fill a disc: {open}");
        let centre = IVec2::splat(map.width() / 2 * 256);
        for tile in (0..map.width()).flat_map(|y| (0..map.width()).map(move |x| IVec2::new(x, y))) {
            let middle = tile * 256 + IVec2::splat(128);
            let is_inside = (middle - centre).as_vec2().length() < 8.0 * 256.0;
            assert!(is_inside || map.is_solid(tile.x, tile.y), "because {tile} is outside");
        }
        assert!(disc(2, 1).is_err() && disc(i32::MAX, 1).is_err());
    }

    #[test]
    fn the_field_grows_with_the_players() {
        let side = |players| open_field(players, 1).expect("it fits").map().width();
        assert!(side(200) < side(1000), "because the density stays");
        assert!((120..=150).contains(&side(1000)), "because 900 · N / 50 tiles are near");
        assert!(open_field(1_000_000, 1).is_err(), "because no map is that large");
    }

    /// Others in view of the workload's players, on average over `seconds` after the first
    /// `from`, in the simulation itself: each at full speed, and every 100 ms with a chance of 1 in 4 a
    /// new heading.
    fn seen(players: usize, tick_hz: u32, seed: u64, from: u32, seconds: u32) -> f64 {
        let arena = open_field(players, seed).expect("it fits");
        let options = SimOptions { tick_hz, seed, players_max: players, shards: 0 };
        let mut sim = Sim::new(arena, &options);
        let mut chance = Prng::new(seed);
        let mut walkers: Vec<(NetId, u8)> = (0..players)
            .map(|number| {
                let newcomer = Newcomer { name: format!("w{number}"), look: 0 };
                (sim.join(newcomer).expect("the room has a place"), chance.next_u8())
            })
            .collect();
        let (mut seen, mut views) = (0_u64, 0_u64);
        for ticks in 0..(from + seconds) * tick_hz {
            sim.forget();
            let tick = sim.tick().next();
            for (number, (id, heading)) in (0_u32..).zip(&mut walkers) {
                // Of ten inputs a second, evenly staggered.
                let sent = |ticks: u32| (ticks * 10 + number % tick_hz) / tick_hz;
                if sent(ticks) == sent(ticks + 1) && ticks > 0 {
                    continue;
                }
                if chance.one_in(4) {
                    *heading = chance.next_u8();
                }
                let steer = Steer { heading: *heading, thrust: THRUST_MAX };
                sim.intend(*id, Intent { tick, steer, ..Intent::default() });
            }
            sim.step();
            if ticks >= from * tick_hz && ticks.is_multiple_of(tick_hz / 2) {
                let mut all = Vec::with_capacity(players);
                sim.each_player(|it| all.push(it.body.pos));
                for eye in &all {
                    let is_seen = |pos: &&IVec2| {
                        let gap = (**pos - *eye).abs();
                        gap.x <= VIEW_WIDTH / 2 && gap.y <= VIEW_HEIGHT / 2
                    };
                    seen += all.iter().filter(is_seen).count() as u64 - 1;
                }
                views += all.len() as u64;
            }
        }
        seen as f64 / views as f64
    }

    #[test]
    fn a_view_of_the_workload_holds_fifty_others_at_every_tick_rate() {
        for (players, seed) in [(200, 1), (300, 2), (500, 3)] {
            let all = [30, 60, 128].map(|tick_hz| seen(players, tick_hz, seed, 3, 17));
            assert!(
                all.iter().all(|others| (48.0..=52.0).contains(others)),
                "because {players} players each see 50 others, not {all:.2?} at 30, 60 and 128 Hz"
            );
        }
    }
}
