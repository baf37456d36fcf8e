//! Rules, steps, flights and the tables under them.

use glam::IVec2;
use serde_json::{Value, json};
use throng_shared::ids::Tick;
use throng_shared::lattice::{SUB, along, heading_of, heading_vec, isqrt};
use throng_shared::limits::THRUST_MAX;
use throng_shared::map::TileMap;
use throng_shared::motion::{Body, Flight, Rules, Steer, fly, step, way};
use throng_shared::prng::Prng;

use super::{default_map, lines, settle};

const RATES: [u32; 8] = [1, 10, 20, 30, 60, 64, 128, 1000];
/// Tick rate, walks and steps of each walk.
const WALKS: [(u32, usize, usize); 4] = [(30, 4, 250), (10, 2, 150), (60, 2, 150), (128, 2, 150)];

#[test]
fn rules_follow_from_the_tick_rate() {
    let rules = RATES.map(|hz| {
        let rules = Rules::new(hz);
        json!({"hz": hz, "rules": {
            "tickHz": rules.tick_hz,
            "speed": rules.speed,
            "dashSpeed": rules.dash_speed,
            "accel": rules.accel,
            "drag": rules.drag,
            "dashTicks": rules.dash_ticks,
            "dashRestTicks": rules.dash_rest_ticks,
            "boltSpeed": rules.bolt_speed,
            "boltTicks": rules.bolt_ticks,
            "fireRestTicks": rules.fire_rest_ticks,
            "respawnTicks": rules.respawn_ticks,
        }})
    });
    settle("rules.json", &lines(&rules));
}

#[test]
fn headings_and_roots_are_the_same_everywhere() {
    let mut rng = Prng::new(11);
    let vectors: Vec<[i32; 2]> =
        (0..=255_u8).map(|heading| heading_vec(heading).to_array()).collect();
    let scaled: Vec<[i32; 4]> = (0..200)
        .map(|_| {
            let (heading, length) = (rng.next_u8(), rng.below(32_768).cast_signed());
            let along = along(heading, length);
            [i32::from(heading), length, along.x, along.y]
        })
        .collect();
    let nearest: Vec<[i32; 3]> = (0..200)
        .map(|turn| {
            let reach = [20, 300, 10_000, 262_144][turn % 4];
            let mut one = || rng.below(2 * reach + 1).cast_signed() - reach.cast_signed();
            let delta = IVec2::new(one(), one());
            [delta.x, delta.y, i32::from(heading_of(delta))]
        })
        .collect();
    let squares = (0..40).chain([46_339, 46_340, 65_535]);
    let roots: Vec<[u32; 2]> = squares
        .flat_map(|root: u32| [(root * root).saturating_sub(1), root * root, root * root + 1])
        .chain([u32::MAX])
        .map(|square| [square, isqrt(square).cast_unsigned()])
        .collect();
    let ways: Vec<Value> = (0..200)
        .map(|turn| {
            let mut part = || rng.below(60_001).cast_signed() - 30_000;
            let (vel, from) = (IVec2::new(part(), part()), rng.next_u32());
            let ticks = if turn % 2 == 0 { 1 } else { rng.below(200).cast_signed() };
            let way = way(vel, Tick(from), ticks);
            json!([vel.x, vel.y, from, ticks, way.x, way.y])
        })
        .collect();
    let file = json!({
        "headings": vectors, "along": scaled, "headingOf": nearest, "isqrt": roots, "ways": ways,
    });
    settle("lattice.json", &format!("{file}\n"));
}

#[test]
fn a_step_is_the_same_everywhere() {
    let (map, spawns) = default_map();
    let mut rng = Prng::new(42);
    let mut items = Vec::new();
    let (mut stopped, mut dashes, mut drifts) = (0, 0, 0);
    for (hz, walks, steps) in WALKS {
        let rules = Rules::new(hz);
        for _ in 0..walks {
            let spawn = spawns[rng.below(spawns.len() as u32) as usize];
            let mut body = Body::at(spawn);
            let start = row(&body);
            let mut steer = Steer { heading: rng.next_u8(), thrust: THRUST_MAX };
            let mut path = Vec::new();
            let first = Tick(rng.next_u32());
            let mut tick = first;
            for _ in 0..steps {
                tick = tick.next();
                if rng.one_in(25) {
                    steer = Steer { heading: rng.next_u8(), thrust: thrust(&mut rng) };
                }
                let dash = rng.one_in(20);
                dashes += u32::from(dash && body.can_dash());
                drifts += u32::from(steer.thrust == 0);
                step(&mut body, steer, dash, tick, &rules, &map);
                stopped += u32::from((body.vel.x == 0) != (body.vel.y == 0));
                let [heading, thrust] = [steer.heading, steer.thrust].map(i32::from);
                let mut entry = vec![heading, thrust, i32::from(dash)];
                entry.extend(row(&body));
                path.push(entry);
            }
            items.push(json!({"hz": hz, "tick": first.0, "start": start, "steps": path}));
        }
    }
    assert!(
        stopped > 200 && dashes > 30 && drifts > 50,
        "because the vectors must meet walls ({stopped}), dashes ({dashes}) and drift ({drifts})"
    );
    settle("steps.json", &lines(&items));
}

/// Mostly full, now and then none or something between.
fn thrust(rng: &mut Prng) -> u8 {
    match rng.below(6) {
        0 => 0,
        1 => 1 + rng.next_u8() % THRUST_MAX,
        _ => THRUST_MAX,
    }
}

fn row(body: &Body) -> Vec<i32> {
    let [left, rest] = [body.dash_left, body.dash_rest].map(i32::from);
    vec![body.pos.x, body.pos.y, body.vel.x, body.vel.y, left, rest]
}

#[test]
fn a_bolt_flies_the_same_everywhere() {
    let (map, spawns) = default_map();
    let mut rng = Prng::new(7);
    let mut items = Vec::new();
    let mut walls = 0;
    for hz in [10, 30, 60, 128] {
        let rules = Rules::new(hz);
        for _ in 0..12 {
            let pos = open_point(&mut rng, &map, &spawns);
            let left = if rng.one_in(8) { 0 } else { rules.bolt_ticks };
            let mut flight = Flight { pos, heading: rng.next_u8(), left };
            let start = flight_row(&flight);
            let mut path = Vec::new();
            let first = Tick(rng.next_u32());
            let mut tick = first;
            loop {
                tick = tick.next();
                let flies = fly(&mut flight, tick, &rules, &map);
                let mut entry = flight_row(&flight);
                entry.push(i32::from(flies));
                path.push(entry);
                if !flies {
                    break;
                }
            }
            walls += u32::from(flight.left > 0);
            items.push(json!({"hz": hz, "tick": first.0, "start": start, "steps": path}));
        }
    }
    assert!(walls > 10, "because the vectors must meet walls: {walls}");
    settle("flights.json", &lines(&items));
}

fn open_point(rng: &mut Prng, map: &TileMap, spawns: &[IVec2]) -> IVec2 {
    let spawn = spawns[rng.below(spawns.len() as u32) as usize];
    let mut off = || rng.below(2 * SUB.cast_unsigned()).cast_signed() - SUB;
    let pos = spawn + IVec2::new(off(), off());
    if map.is_solid_at(pos) { spawn } else { pos }
}

fn flight_row(flight: &Flight) -> Vec<i32> {
    vec![flight.pos.x, flight.pos.y, i32::from(flight.heading), i32::from(flight.left)]
}

/// Shared with the check values, which want bodies that were really reached.
pub(super) fn walked(rng: &mut Prng, rules: &Rules, map: &TileMap, from: IVec2) -> (Body, Steer) {
    let mut body = Body::at(from);
    let mut steer = Steer::default();
    for tick in 0..rng.below(60) {
        if rng.one_in(5) {
            steer = Steer { heading: rng.next_u8(), thrust: thrust(rng) };
        }
        step(&mut body, steer, rng.one_in(20), Tick(tick), rules, map);
    }
    (body, steer)
}

/// A JSON row of numbers.
pub(super) fn numbers(row: &[i32]) -> Value {
    json!(row)
}
