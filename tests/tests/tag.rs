//! The other game, `server/examples/tag.rs`, by its rules alone.

use glam::IVec2;
use throng::game::Game;
use throng::sim::{Arena, Happening, Newcomer, Sim, SimOptions};
use throng_shared::ids::NetId;
use throng_shared::map::TileMap;

#[expect(dead_code, reason = "a test needs no main")]
#[path = "../../server/examples/tag.rs"]
mod game;

const TICK_HZ: u32 = 30;

fn room(players: u16) -> Sim {
    let map = TileMap::walled(64, 64).expect("the size is allowed");
    let spawns: Vec<_> = (0..8).map(|n| IVec2::new(8 + n * 6, 32)).collect();
    let arena = Arena::new(map, &spawns).expect("there is floor");
    let options = SimOptions { tick_hz: TICK_HZ, seed: 1, players_max: 8, shards: 0 };
    let mut sim = Sim::playing(Game { name: "tag", install: game::tag }, arena, &options);
    for n in 0..players {
        let newcomer = Newcomer { name: format!("p{n}"), look: 0 };
        assert!(sim.join(newcomer).is_some(), "because there is room");
    }
    // They live from the first step on, and one is it.
    sim.step();
    sim
}

fn seat(sim: &mut Sim, at: &[(u16, i32)]) {
    for &(id, tile) in at {
        sim.place(NetId(id), IVec2::new(tile * 256, 32 * 256));
    }
}

#[test]
fn whoever_is_touched_is_it_and_wears_the_crown() {
    let mut sim = room(3);
    assert_eq!(sim.crown(), Some(NetId(0)), "because somebody is always it");
    seat(&mut sim, &[(0, 10), (1, 11), (2, 40)]);
    sim.forget();
    sim.step();
    assert_eq!(sim.crown(), Some(NetId(1)), "because it was touched");
    assert!(sim.happenings().contains(&Happening::Crowned { holder: Some(NetId(1)) }));
    sim.step();
    assert_eq!(sim.crown(), Some(NetId(1)), "because whoever was it is left alone for a moment");
    for _ in 0..3 * TICK_HZ {
        sim.step();
    }
    assert_ne!(sim.crown(), Some(NetId(2)), "because nobody was near");
    sim.leave(NetId(0));
    sim.leave(NetId(1));
    sim.step();
    assert_eq!(sim.crown(), Some(NetId(2)));
}

#[test]
fn everybody_else_gathers_a_point_a_second() {
    let mut sim = room(2);
    seat(&mut sim, &[(0, 10), (1, 40)]);
    for _ in 0..10 * TICK_HZ {
        sim.step();
    }
    let points = |id| sim.player(NetId(id)).expect("they play").purse.shards;
    assert_eq!((points(0), points(1)), (0, 10));
}

#[test]
fn the_example_is_as_short_as_it_says() {
    let text = include_str!("../../server/examples/tag.rs");
    assert!(text.lines().count() <= 150, "because a game maker reads it in one go");
}
