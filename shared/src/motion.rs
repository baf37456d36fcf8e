//! The movement rule: the same integer `step` at every end.
//!
//! Gliders pass over one another; walls alone stop them. So a glider's next
//! body follows from its body, its steer and the map, and nothing else.

use glam::IVec2;
use serde::{Deserialize, Serialize};

use crate::ids::Tick;
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

/// Steps of velocity in one sub-unit a tick. At 128 Hz thrust changes a velocity by
/// 0.7 sub-units a tick and drag by 0.2, so velocities are finer than places.
pub const VEL: i32 = 1 << VEL_BITS;
/// `log2(VEL)`, for shifts.
pub const VEL_BITS: u32 = 6;

/// Full speed and that of bolts, in tiles a second.
const SPEED: i32 = 8;
const BOLT_SPEED: i32 = 20;
/// Thrust and drag, in tiles a second, a second.
const ACCEL: i32 = 44;
const DRAG: i32 = 14;
/// How long a dash lasts, and how far it goes in 1/100 tile, at any tick rate.
const DASH_MS: i32 = 160;
const DASH_WAY: i32 = 352;
const DASH_REST_MS: i32 = 1600;
const BOLT_MS: i32 = 1200;
const FIRE_REST_MS: i32 = 280;
const RESPAWN_MS: i32 = 900;

/// The movement constants of one tick rate. Speeds are in 1/[`VEL`] sub-units a tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    pub tick_hz: i32,
    /// Full speed.
    pub speed: i32,
    /// Speed while dashing.
    pub dash_speed: i32,
    /// Largest change of velocity a tick under thrust.
    pub accel: i32,
    /// Largest change of velocity a tick without thrust.
    pub drag: i32,
    pub dash_ticks: u8,
    pub dash_rest_ticks: u8,
    /// Speed of a bolt.
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
    pub const fn new(tick_hz: u32) -> Self {
        let hz = if tick_hz < TICK_HZ_MIN {
            TICK_HZ_MIN
        } else if tick_hz > TICK_HZ_MAX {
            TICK_HZ_MAX
        } else {
            tick_hz
        };
        let hz = hz.cast_signed();
        let dash_ticks = ticks(DASH_MS, hz);
        Self {
            tick_hz: hz,
            speed: nearest(SPEED * SUB * VEL, hz),
            dash_speed: nearest(DASH_WAY * SUB * VEL / 100, dash_ticks as i32),
            accel: nearest(ACCEL * SUB * VEL, hz * hz),
            drag: nearest(DRAG * SUB * VEL, hz * hz),
            dash_ticks,
            dash_rest_ticks: ticks(DASH_REST_MS, hz),
            bolt_speed: nearest(BOLT_SPEED * SUB * VEL, hz),
            bolt_ticks: ticks(BOLT_MS, hz),
            fire_rest_ticks: ticks(FIRE_REST_MS, hz),
            respawn_ticks: ticks(RESPAWN_MS, hz),
        }
    }
}

/// The ticks in `ms`, at least one.
const fn ticks(ms: i32, hz: i32) -> u8 {
    let ticks = nearest(ms * hz, 1000);
    assert!(ticks <= 255, "a count of ticks fits a byte at every rate");
    if ticks < 1 { 1 } else { ticks as u8 }
}

/// `n / d` for a positive `d`, rounded to the nearest, halves away from zero.
const fn nearest(n: i32, d: i32) -> i32 {
    // Half of `d` with the sign of `n`, without a branch that nobody could predict.
    let sign = n >> 31;
    (n + (((d >> 1) ^ sign) - sign)) / d
}

// Sums and products of `step` and `fly` fit 32 bits, at the slowest and at the fastest rate.
const _: () = {
    let slowest = Rules::new(TICK_HZ_MIN);
    let fastest = Rules::new(TICK_HZ_MAX);
    let top = if slowest.dash_speed > slowest.bolt_speed {
        slowest.dash_speed
    } else {
        slowest.bolt_speed
    };
    assert!(slowest.dash_speed >= Rules::new(TICK_HZ_MIN + 5).dash_speed);
    // Velocities of gliders go on the wire with 16 bits; `along` scales a unit of 2^12.
    assert!(slowest.dash_speed <= i16::MAX as i32 && top < 1 << (31 - 12));
    // In `approach`, of the widest gap along one axis: the square, which is added to that
    // of the other, and the product with the largest change.
    let gap = slowest.dash_speed + slowest.speed;
    assert!(gap as i64 * gap as i64 <= i32::MAX as i64);
    assert!(gap as i64 * slowest.accel as i64 + gap as i64 <= i32::MAX as i64);
    // In `way`: a velocity times twice the ticks of a period, and as many more.
    assert!(top as i64 * (4 * VEL as i64) <= i32::MAX as i64);
    // Each tick under thrust or drag changes a velocity, in whatever direction the target
    // is: the larger part is at least 0.7 of the change, and rounded.
    assert!(fastest.drag >= 2 && fastest.accel >= 2);
};

/// What moves: everything about a glider that the next step depends on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Body {
    /// Centre, in sub-units.
    pub pos: IVec2,
    /// 1/[`VEL`] sub-units a tick.
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

/// Moves `body` to `tick` from the one before. `dash` is whether a dash was pressed for it.
pub fn step(body: &mut Body, steer: Steer, dash: bool, tick: Tick, rules: &Rules, map: &TileMap) {
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
    slide(body, tick, map);
}

/// The velocity `most` nearer to `target`, or `target` itself.
fn approach(vel: IVec2, target: IVec2, most: i32) -> IVec2 {
    let gap = target - vel;
    if gap == IVec2::ZERO {
        return target;
    }
    let square = (gap.x * gap.x).cast_unsigned() + (gap.y * gap.y).cast_unsigned();
    let length = isqrt(square);
    if length <= most {
        return target;
    }
    vel + IVec2::new(nearest(gap.x * most, length), nearest(gap.y * most, length))
}

/// How far a velocity leads in the tick that ends with `tick`, in sub-units.
///
/// A place is a whole number of sub-units, a velocity is not. What is lost in one tick
/// comes in another: over any [`VEL`] ticks a velocity leads exactly as far as it says,
/// and after any number of ticks less than a sub-unit is amiss. As ticks are known at
/// every end, no body carries a remainder. Opposite velocities lead to opposite places.
#[must_use]
pub fn travel(vel: IVec2, tick: Tick) -> IVec2 {
    let before = halves(vel, phase(tick) - 1);
    ((before + 2 * vel) >> HALVES_BITS) - (before >> HALVES_BITS)
}

/// How far a velocity leads in the `ticks` after `from`, in sub-units.
#[must_use]
pub fn way(vel: IVec2, from: Tick, ticks: i32) -> IVec2 {
    let reached = |ticks| halves(vel, ticks) >> HALVES_BITS;
    reached(phase(from) + ticks) - reached(phase(from))
}

const HALVES_BITS: u32 = VEL_BITS + 1;

/// Where a velocity has led after so many ticks and a half, in half steps, and what makes
/// a shift round to the nearest. In the middle of ticks, because there only velocities of
/// whole sub-units lie halfway between two places.
fn halves(vel: IVec2, ticks: i32) -> IVec2 {
    vel * (2 * ticks + 1) + VEL
}

fn phase(tick: Tick) -> i32 {
    (tick.0 % VEL.cast_unsigned()).cast_signed()
}

/// Moves a body along its velocity; a wall ends the movement along its axis.
fn slide(body: &mut Body, tick: Tick, map: &TileMap) {
    let delta = travel(body.vel, tick);
    let reach = delta.x.abs().max(delta.y.abs());
    if reach <= OPEN_REACH && map.is_open_around(body.pos) {
        body.pos += delta;
        return;
    }
    let strides = ((reach + STRIDE - 1) / STRIDE).max(1);
    for stride in 1..=strides {
        if body.vel.x != 0 {
            let dx = delta.x * stride / strides - delta.x * (stride - 1) / strides;
            slide_x(body, dx, map);
        }
        if body.vel.y != 0 {
            let dy = delta.y * stride / strides - delta.y * (stride - 1) / strides;
            slide_y(body, dy, map);
        }
    }
}

/// A wall that is touched stops also what is too slow to move in this tick.
fn slide_x(body: &mut Body, dx: i32, map: &TileMap) {
    let ahead = if dx == 0 { body.vel.x.signum() } else { dx };
    let column = leading_tile(body.pos.x + ahead, ahead);
    let top = (body.pos.y - GLIDER_HALF) >> SUB_BITS;
    let bottom = (body.pos.y + GLIDER_HALF - 1) >> SUB_BITS;
    if (top..=bottom).any(|row| map.is_solid(column, row)) {
        body.pos.x = against(column, ahead);
        body.vel.x = 0;
    } else {
        body.pos.x += dx;
    }
}

fn slide_y(body: &mut Body, dy: i32, map: &TileMap) {
    let ahead = if dy == 0 { body.vel.y.signum() } else { dy };
    let row = leading_tile(body.pos.y + ahead, ahead);
    let left = (body.pos.x - GLIDER_HALF) >> SUB_BITS;
    let right = (body.pos.x + GLIDER_HALF - 1) >> SUB_BITS;
    if (left..=right).any(|column| map.is_solid(column, row)) {
        body.pos.y = against(row, ahead);
        body.vel.y = 0;
    } else {
        body.pos.y += dy;
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

/// Moves a bolt to `tick` from the one before. False when a wall or its age ended it;
/// `pos` is then the last open point.
#[must_use]
pub fn fly(flight: &mut Flight, tick: Tick, rules: &Rules, map: &TileMap) -> bool {
    if flight.left == 0 {
        return false;
    }
    flight.left -= 1;
    let delta = travel(along(flight.heading, rules.bolt_speed), tick);
    let reach = delta.x.abs().max(delta.y.abs());
    if reach <= SUB && map.is_open_around(flight.pos) {
        flight.pos += delta;
        return true;
    }
    let strides = (reach + STRIDE - 1) / STRIDE;
    let start = flight.pos;
    for stride in 1..=strides {
        let next = start + IVec2::new(delta.x * stride / strides, delta.y * stride / strides);
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

    const RATES: [u32; 7] = [10, 20, 30, 60, 64, 100, 128];

    /// A field so wide that nobody meets its border in a few seconds.
    fn wide() -> TileMap {
        TileMap::walled(256, 256).expect("the size is allowed")
    }

    fn amid(vel: IVec2) -> Body {
        Body { vel, ..Body::at(IVec2::splat(128 * SUB)) }
    }

    fn length(of: IVec2) -> f64 {
        of.as_dvec2().length()
    }

    /// Seconds until the velocity is what the steer wants, the last tick only as far as
    /// it was needed; and whole ticks.
    fn time_to(mut body: Body, steer: Steer, rules: &Rules, map: &TileMap) -> (f64, i32) {
        let wanted =
            along(steer.heading, rules.speed * i32::from(steer.thrust) / i32::from(THRUST_MAX));
        let most = if steer.thrust == 0 { rules.drag } else { rules.accel };
        let mut tick = Tick(7);
        for ticks in 0..1000 {
            let gap = length(wanted - body.vel);
            step(&mut body, steer, false, tick, rules, map);
            tick = tick.next();
            if body.vel == wanted {
                let last = gap / f64::from(most);
                return ((f64::from(ticks) + last) / f64::from(rules.tick_hz), ticks + 1);
            }
        }
        panic!("because a velocity comes nearer to its target in each tick: {body:?}, {steer:?}");
    }

    #[test]
    fn the_feel_is_the_same_at_every_tick_rate() {
        let (speed, accel, drag) = (f64::from(SPEED), f64::from(ACCEL), f64::from(DRAG));
        let corner = 2.0_f64.sqrt();
        let map = wide();
        for hz in RATES {
            let rules = Rules::new(hz);
            let time = |body, steer, expected: f64, what: &str| {
                let (seconds, ticks) = time_to(body, steer, &rules, &map);
                assert!(
                    (0.97..1.03).contains(&(seconds / expected)),
                    "because {what} takes {expected:.3} s at any rate, not {seconds:.3} at {hz} Hz"
                );
                let late = f64::from(ticks) / f64::from(hz) - expected;
                assert!(
                    late.abs() < (1.05 / f64::from(hz)).max(0.05 * expected),
                    "because {what} ends within a tick of {expected:.3} s at {hz} Hz, {late:.3} off"
                );
            };
            for heading in (0..=255).step_by(3) {
                let cruise = amid(along(heading, rules.speed));
                let turn = |by: u8| full(heading.wrapping_add(by));
                time(amid(IVec2::ZERO), turn(0), speed / accel, "a start");
                time(cruise, Steer { heading, thrust: 0 }, speed / drag, "a stop");
                time(cruise, turn(128), 2.0 * speed / accel, "an about-turn");
                time(cruise, turn(64), corner * speed / accel, "a right turn");
                time(cruise, turn(192), corner * speed / accel, "a left turn");
            }
        }
    }

    #[test]
    fn full_speed_is_the_same_in_every_heading_and_at_every_rate() {
        let map = wide();
        for hz in (TICK_HZ_MIN..=TICK_HZ_MAX).step_by(5).chain([TICK_HZ_MAX]) {
            let rules = Rules::new(hz);
            for heading in (0..=255_u8).step_by(3) {
                let way = |heading: u8| {
                    let mut body = amid(along(heading, rules.speed));
                    let from = body.pos;
                    for tick in 1..=2 * hz {
                        step(&mut body, full(heading), false, Tick(tick), &rules, &map);
                    }
                    body.pos - from
                };
                let there = way(heading);
                let tiles_per_s = length(there) / f64::from(SUB) / 2.0;
                assert!(
                    (0.997..1.003).contains(&(tiles_per_s / f64::from(SPEED))),
                    "because {SPEED} tiles a second are it, not {tiles_per_s} ({hz} Hz, {heading})"
                );
                let back = way(heading.wrapping_add(128));
                assert_eq!(back, -there, "because no side is favoured ({hz} Hz, {heading})");
            }
        }
    }

    #[test]
    fn dashes_and_bolts_reach_as_far_at_every_rate() {
        let map = wide();
        for hz in RATES {
            let rules = Rules::new(hz);
            let mut body = amid(IVec2::ZERO);
            let from = body.pos;
            let mut tick = Tick(3);
            step(&mut body, full(0), true, tick, &rules, &map);
            while body.dash_left > 0 {
                tick = tick.next();
                step(&mut body, full(0), false, tick, &rules, &map);
            }
            let off = (body.pos.x - from.x - DASH_WAY * SUB / 100).abs();
            assert!(off <= 2, "because a dash is as long at {hz} Hz: {off} sub-units off");

            let mut flight = Flight { pos: from, heading: 0, left: rules.bolt_ticks };
            while fly(&mut flight, tick, &rules, &map) {
                tick = tick.next();
            }
            let tiles = f64::from(flight.pos.x - from.x) / f64::from(SUB);
            assert!((23.9..24.1).contains(&tiles), "because bolts fly 24 tiles, not {tiles}");
        }
    }

    #[test]
    fn cruising_reaches_full_speed_and_no_more() {
        let map = TileMap::walled(64, 64).expect("the size is allowed");
        let rules = Rules::new(30);
        let mut body = Body::at(IVec2::new(32 * SUB, 32 * SUB));
        for tick in 0..20 {
            step(&mut body, full(0), false, Tick(tick), &rules, &map);
        }
        assert_eq!(body.vel, IVec2::new(rules.speed, 0), "because thrust ends at full speed");
    }

    #[test]
    fn a_dash_is_fast_and_has_to_rest() {
        let map = TileMap::walled(64, 64).expect("the size is allowed");
        let rules = Rules::new(30);
        let mut body = Body::at(IVec2::new(10 * SUB, 32 * SUB));
        step(&mut body, full(0), true, Tick(1), &rules, &map);
        assert_eq!(body.vel.x, rules.dash_speed, "because a dash starts at once");
        let rest = body.dash_rest;
        step(&mut body, full(0), true, Tick(2), &rules, &map);
        assert_eq!(body.dash_rest, rest - 1, "because a resting dash cannot start again");
    }

    #[test]
    fn who_pushes_against_a_wall_stands_still() {
        let map = TileMap::walled(16, 16).expect("the size is allowed");
        for hz in RATES {
            let rules = Rules::new(hz);
            let mut body = Body::at(IVec2::new(2 * SUB, 8 * SUB));
            for tick in 0..3 * hz {
                step(&mut body, full(128), false, Tick(tick), &rules, &map);
                let touches = body.pos.x == SUB + GLIDER_HALF;
                assert!(!touches || body.vel == IVec2::ZERO, "because a wall stops ({hz} Hz)");
            }
            assert_eq!(body.pos.x, SUB + GLIDER_HALF, "because it came to the wall");
        }
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
            for tick in 0..400 {
                let steer = Steer { heading: rng.next_u8(), thrust: rng.next_u8() & 15 };
                step(&mut body, steer, rng.one_in(9), Tick(tick), &rules, &map);
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
            let reach = OPEN_REACH * VEL;
            let mut part = || rng.below(2 * reach.cast_unsigned() + 1).cast_signed() - reach;
            let vel = IVec2::new(part(), part());
            let tick = Tick(rng.next_u32());
            let mut quick = Body { pos, vel, ..Body::default() };
            slide(&mut quick, tick, &map);
            let mut slow = Body { pos, vel, ..Body::default() };
            let delta = travel(vel, tick);
            if vel.x != 0 { slide_x(&mut slow, delta.x, &map); }
            if vel.y != 0 { slide_y(&mut slow, delta.y, &map); }
            // One long stride equals two short ones where the leading edge moves less than a tile.
            prop_assert_eq!(quick, slow, "because the shortcut must not change a path");
        }

        #[test]
        fn a_way_is_what_the_velocity_says(vx in -30_000..30_000, vy in -30_000..30_000, from: u32) {
            let vel = IVec2::new(vx, vy);
            let mut there = IVec2::ZERO;
            let mut tick = Tick(from);
            for ticks in 1..=2 * VEL {
                tick = tick.next();
                there += travel(vel, tick);
                prop_assert_eq!(there, way(vel, Tick(from), ticks), "because ways add up");
                prop_assert_eq!(-there, way(-vel, Tick(from), ticks), "because no side is favoured");
                let off = there * VEL - vel * ticks;
                prop_assert!(off.abs().max_element() < VEL, "because less than one is amiss: {}", off);
            }
            prop_assert_eq!(there, vel * 2, "because over a period nothing is amiss");
        }

        #[test]
        fn a_velocity_always_comes_nearer(seed: u64, hz in TICK_HZ_MIN..=TICK_HZ_MAX) {
            let rules = Rules::new(hz);
            let mut rng = Prng::new(seed);
            let start = along(rng.next_u8(), rng.below(rules.dash_speed.cast_unsigned() + 1).cast_signed());
            let target = along(rng.next_u8(), rules.speed);
            for most in [rules.accel, rules.drag] {
                let mut vel = start;
                while vel != target {
                    let next = approach(vel, target, most);
                    let gained = length(target - vel) - length(target - next);
                    let last = next == target;
                    prop_assert!(last || gained > 0.8 * f64::from(most), "because it gains: {}", gained);
                    vel = next;
                }
            }
        }
    }
}
