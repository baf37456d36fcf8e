//! The movement rule: the same integer `step` at every end.
//!
//! Gliders pass over one another; walls alone stop them. So a glider's next
//! body follows from its body, its steer and the map, and nothing else.

use glam::IVec2;
use serde::{Deserialize, Serialize};

use crate::lattice::{SUB, SUB_BITS, along, isqrt};
use crate::limits::{THRUST_MAX, TICK_HZ_MAX, TICK_HZ_MIN};
use crate::map::TileMap;

/// Half the edge of the square that walls stop, in sub-units.
pub const GLIDER_HALF: i32 = 90;
/// Distance from a glider's centre at which a bolt hits it, in sub-units.
pub const HIT_RADIUS: i32 = 140;
/// Distance from a glider's centre at which it gathers a shard, in sub-units.
pub const GATHER_RADIUS: i32 = 210;

/// No part of a move is longer than this before walls are looked at, in sub-units.
const STRIDE: i32 = 128;
/// A move up to this long cannot touch a solid tile from a tile that is open
/// around: the glider's edge stays within the neighbouring tile.
const OPEN_REACH: i32 = SUB - GLIDER_HALF;

/// The movement constants of one tick rate, in sub-units and ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    pub tick_hz: i32,
    /// Full speed, sub-units a tick.
    pub speed: i32,
    /// Speed while dashing, sub-units a tick.
    pub dash_speed: i32,
    /// Largest change of velocity a tick under thrust.
    pub accel: i32,
    /// Largest change of velocity a tick without thrust.
    pub drag: i32,
    pub dash_ticks: u8,
    pub dash_rest_ticks: u8,
    /// Speed of a bolt, sub-units a tick.
    pub bolt_speed: i32,
    /// Ticks that a bolt flies.
    pub bolt_ticks: u8,
    /// Ticks between two shots.
    pub fire_rest_ticks: u8,
    /// Ticks between death and the next life.
    pub respawn_ticks: u8,
}

impl Rules {
    /// The rules at `tick_hz` ticks a second, clamped to the supported rates.
    #[must_use]
    pub fn new(tick_hz: u32) -> Self {
        let hz = tick_hz.clamp(TICK_HZ_MIN, TICK_HZ_MAX).cast_signed();
        let per_tick = |tiles_per_s: i32| (tiles_per_s * SUB + hz / 2) / hz;
        let per_tick2 = |tiles_per_s2: i32| ((tiles_per_s2 * SUB + hz * hz / 2) / (hz * hz)).max(1);
        let ticks = |ms: i32| u8::try_from((ms * hz / 1000).clamp(1, 255)).unwrap_or(u8::MAX);
        Self {
            tick_hz: hz,
            speed: per_tick(8),
            dash_speed: per_tick(22),
            accel: per_tick2(44),
            drag: per_tick2(14),
            dash_ticks: ticks(160),
            dash_rest_ticks: ticks(1600),
            bolt_speed: per_tick(20),
            bolt_ticks: ticks(1200),
            fire_rest_ticks: ticks(280),
            respawn_ticks: ticks(900),
        }
    }
}

/// What moves: everything about a glider that the next step depends on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Body {
    /// Centre, in sub-units.
    pub pos: IVec2,
    /// Sub-units a tick.
    pub vel: IVec2,
    /// Ticks that the running dash still lasts.
    pub dash_left: u8,
    /// Ticks until the next dash may start.
    pub dash_rest: u8,
}

impl Body {
    /// A body at rest at `pos`.
    #[must_use]
    pub fn at(pos: IVec2) -> Self {
        Self { pos, ..Self::default() }
    }

    /// Whether a dash pressed now would start.
    #[must_use]
    pub fn can_dash(&self) -> bool {
        self.dash_rest == 0
    }
}

/// Where a glider wants to go: in force from its tick on, until the next one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Steer {
    pub heading: u8,
    /// 0 drifts, [`THRUST_MAX`] is full speed.
    pub thrust: u8,
}

/// Moves `body` by one tick. `dash` is whether a dash was pressed for this tick.
pub fn step(body: &mut Body, steer: Steer, dash: bool, rules: &Rules, map: &TileMap) {
    if dash && body.can_dash() {
        body.dash_left = rules.dash_ticks;
        body.dash_rest = rules.dash_rest_ticks;
    }
    body.dash_rest = body.dash_rest.saturating_sub(1);
    if body.dash_left > 0 {
        body.dash_left -= 1;
        body.vel = along(steer.heading, rules.dash_speed);
    } else if steer.thrust == 0 {
        body.vel = approach(body.vel, IVec2::ZERO, rules.drag);
    } else {
        let wanted = rules.speed * i32::from(steer.thrust) / i32::from(THRUST_MAX);
        body.vel = approach(body.vel, along(steer.heading, wanted), rules.accel);
    }
    slide(body, map);
}

/// The velocity `most` nearer to `target`, or `target` itself.
fn approach(vel: IVec2, target: IVec2, most: i32) -> IVec2 {
    let gap = target - vel;
    if gap == IVec2::ZERO {
        return target;
    }
    let length = isqrt((gap.x * gap.x + gap.y * gap.y).cast_unsigned());
    if length <= most {
        return target;
    }
    IVec2::new(vel.x + gap.x * most / length, vel.y + gap.y * most / length)
}

/// Moves a body along its velocity; a wall ends the movement along its axis.
fn slide(body: &mut Body, map: &TileMap) {
    let vel = body.vel;
    let reach = vel.x.abs().max(vel.y.abs());
    if reach <= OPEN_REACH && map.is_open_around(body.pos) {
        body.pos += vel;
        return;
    }
    let strides = (reach + STRIDE - 1) / STRIDE;
    for stride in 1..=strides {
        if body.vel.x != 0 {
            let dx = vel.x * stride / strides - vel.x * (stride - 1) / strides;
            slide_x(body, dx, map);
        }
        if body.vel.y != 0 {
            let dy = vel.y * stride / strides - vel.y * (stride - 1) / strides;
            slide_y(body, dy, map);
        }
    }
}

fn slide_x(body: &mut Body, dx: i32, map: &TileMap) {
    let x = body.pos.x + dx;
    let column = leading_tile(x, dx);
    let top = (body.pos.y - GLIDER_HALF) >> SUB_BITS;
    let bottom = (body.pos.y + GLIDER_HALF - 1) >> SUB_BITS;
    if (top..=bottom).any(|row| map.is_solid(column, row)) {
        body.pos.x = against(column, dx);
        body.vel.x = 0;
    } else {
        body.pos.x = x;
    }
}

fn slide_y(body: &mut Body, dy: i32, map: &TileMap) {
    let y = body.pos.y + dy;
    let row = leading_tile(y, dy);
    let left = (body.pos.x - GLIDER_HALF) >> SUB_BITS;
    let right = (body.pos.x + GLIDER_HALF - 1) >> SUB_BITS;
    if (left..=right).any(|column| map.is_solid(column, row)) {
        body.pos.y = against(row, dy);
        body.vel.y = 0;
    } else {
        body.pos.y = y;
    }
}

/// The tile under the edge that leads a move by `delta` to `centre`.
fn leading_tile(centre: i32, delta: i32) -> i32 {
    let edge = if delta > 0 { centre + GLIDER_HALF - 1 } else { centre - GLIDER_HALF };
    edge >> SUB_BITS
}

/// The centre of a glider that touches `tile`, coming from the side that `delta` left.
fn against(tile: i32, delta: i32) -> i32 {
    if delta > 0 {
        (tile << SUB_BITS) - GLIDER_HALF
    } else {
        ((tile + 1) << SUB_BITS) + GLIDER_HALF
    }
}

/// A bolt in flight. It is a point to walls and flies straight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flight {
    pub pos: IVec2,
    pub heading: u8,
    /// Ticks that it still flies.
    pub left: u8,
}

/// Moves a bolt by one tick. False when a wall or its age ended it; `pos` is then
/// the last open point.
#[must_use]
pub fn fly(flight: &mut Flight, rules: &Rules, map: &TileMap) -> bool {
    if flight.left == 0 {
        return false;
    }
    flight.left -= 1;
    let vel = along(flight.heading, rules.bolt_speed);
    let reach = vel.x.abs().max(vel.y.abs());
    if reach <= SUB && map.is_open_around(flight.pos) {
        flight.pos += vel;
        return true;
    }
    let strides = (reach + STRIDE - 1) / STRIDE;
    let start = flight.pos;
    for stride in 1..=strides {
        let next = start + IVec2::new(vel.x * stride / strides, vel.y * stride / strides);
        if map.is_solid_at(next) {
            return false;
        }
        flight.pos = next;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prng::Prng;
    use proptest::prelude::*;

    fn full(heading: u8) -> Steer {
        Steer { heading, thrust: THRUST_MAX }
    }

    #[test]
    fn cruising_reaches_full_speed_and_no_more() {
        let map = TileMap::walled(64, 64).expect("the size is allowed");
        let rules = Rules::new(30);
        let mut body = Body::at(IVec2::new(32 * SUB, 32 * SUB));
        for _ in 0..20 {
            step(&mut body, full(0), false, &rules, &map);
        }
        assert_eq!(body.vel, IVec2::new(rules.speed, 0), "because thrust ends at full speed");
    }

    #[test]
    fn a_dash_is_fast_and_has_to_rest() {
        let map = TileMap::walled(64, 64).expect("the size is allowed");
        let rules = Rules::new(30);
        let mut body = Body::at(IVec2::new(10 * SUB, 32 * SUB));
        step(&mut body, full(0), true, &rules, &map);
        assert_eq!(body.vel.x, rules.dash_speed, "because a dash starts at once");
        let rest = body.dash_rest;
        step(&mut body, full(0), true, &rules, &map);
        assert_eq!(body.dash_rest, rest - 1, "because a resting dash cannot start again");
    }

    proptest! {
        #[test]
        fn nobody_enters_a_wall(seed: u64, hz in TICK_HZ_MIN..=TICK_HZ_MAX) {
            let mut rng = Prng::new(seed);
            let solid: Vec<bool> = (0..32 * 32).map(|_| rng.one_in(6)).collect();
            let mut solid = solid;
            solid[16 * 32 + 16] = false;
            let map = TileMap::new(32, 32, &solid).expect("the size is allowed");
            let rules = Rules::new(hz);
            let mut body = Body::at(IVec2::new(16 * SUB + 128, 16 * SUB + 128));
            for _ in 0..400 {
                let steer = Steer { heading: rng.next_u8(), thrust: rng.next_u8() & 15 };
                step(&mut body, steer, rng.one_in(9), &rules, &map);
                for corner in [(-1, -1), (-1, 1), (1, -1), (1, 1)] {
                    let reach = GLIDER_HALF - i32::from(corner.0 > 0 || corner.1 > 0);
                    let at = body.pos + IVec2::new(corner.0 * reach, corner.1 * reach);
                    prop_assert!(!map.is_solid_at(at), "because walls stop gliders: {body:?}");
                }
            }
        }

        #[test]
        fn open_ground_is_only_a_shortcut(seed: u64) {
            let mut rng = Prng::new(seed);
            let map = TileMap::walled(16, 16).expect("the size is allowed");
            let pos = IVec2::new(384 + rng.below(3300).cast_signed(), 384 + rng.below(3300).cast_signed());
            let vel = IVec2::new(rng.below(333).cast_signed() - 166, rng.below(333).cast_signed() - 166);
            let mut quick = Body { pos, vel, ..Body::default() };
            slide(&mut quick, &map);
            let mut slow = Body { pos, vel, ..Body::default() };
            if vel.x != 0 { slide_x(&mut slow, vel.x, &map); }
            if vel.y != 0 { slide_y(&mut slow, vel.y, &map); }
            // One long stride equals two short ones where the leading edge moves less than a tile.
            prop_assert_eq!(quick, slow, "because the shortcut must not change a path");
        }
    }
}
