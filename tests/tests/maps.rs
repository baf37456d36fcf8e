//! What a committed map must be, so that it plays well.

use std::collections::BTreeSet;

use glam::IVec2;
use throng_shared::lattice::SUB_BITS;
use throng_shared::map::TileMap;
use throng_tests::maps;

/// Tiles that every way is wide.
const WAY: i32 = 3;

/// North-west corners of all open squares of `WAY` tiles.
fn squares(map: &TileMap) -> BTreeSet<(i32, i32)> {
    let open = |x: i32, y: i32| (0..WAY).all(|dy| (0..WAY).all(|dx| !map.is_solid(x + dx, y + dy)));
    (0..map.height())
        .flat_map(|y| (0..map.width()).map(move |x| (x, y)))
        .filter(|&(x, y)| open(x, y))
        .collect()
}

#[test]
fn every_open_tile_is_reached_by_a_wide_way() {
    for &name in maps::NAMES {
        let (map, _) = maps::load(name);
        let squares = squares(&map);
        let mut reached = BTreeSet::new();
        let mut waiting: Vec<(i32, i32)> = squares.first().copied().into_iter().collect();
        while let Some((x, y)) = waiting.pop() {
            if squares.contains(&(x, y)) && reached.insert((x, y)) {
                waiting.extend([(x - 1, y), (x + 1, y), (x, y - 1), (x, y + 1)]);
            }
        }
        let covered: BTreeSet<(i32, i32)> = reached
            .iter()
            .flat_map(|&(x, y)| (0..WAY * WAY).map(move |n| (x + n % WAY, y + n / WAY)))
            .collect();
        for y in 0..map.height() {
            for x in 0..map.width() {
                assert!(
                    map.is_solid(x, y) || covered.contains(&(x, y)),
                    "because {name} has no dead pocket and no slit: column {x}, row {y}"
                );
            }
        }
    }
}

#[test]
fn every_spawn_has_open_ground_around_it() {
    for &name in maps::NAMES {
        let (map, spawns) = maps::load(name);
        assert!(spawns.len() >= 12, "because {name} must not spawn players on one another");
        for &spawn in &spawns {
            for corner in [(-1, -1), (1, -1), (-1, 1), (1, 1)] {
                let at = spawn + (IVec2::from(corner) << SUB_BITS);
                assert!(map.is_open_around(at), "because {name} spawns nobody at a wall: {spawn}");
            }
        }
    }
}

#[test]
fn every_map_is_closed() {
    for &name in maps::NAMES {
        let (map, _) = maps::load(name);
        let (right, bottom) = (map.width() - 1, map.height() - 1);
        let closed = (0..=right).all(|x| map.is_solid(x, 0) && map.is_solid(x, bottom))
            && (0..=bottom).all(|y| map.is_solid(0, y) && map.is_solid(right, y));
        assert!(closed, "because {name} draws the wall that players run into");
    }
}
