//! What both ends expect of a glider from one tick to the next, and how a surprise
//! is told.

use glam::IVec2;
use throng::sim::Crafted;
use throng_shared::cells::CELL_SUB;
use throng_shared::ids::Tick;
use throng_shared::limits::THRUST_MAX;
use throng_shared::map::TileMap;
use throng_shared::motion::{Body, Rules, Steer, VEL as STEPS, step, travel};
use throng_shared::wire::Motion as Gait;

use super::bits::{BitReader, BitWriter, fits};

/// Bits of one axis: of a place in a cell, a velocity, any change of it, a usual one.
const PLACE: u32 = 11;
pub(crate) const VEL: u32 = 14;
const WIDE: u32 = 15;
const TURN: u32 = 11;

/// A rule that both ends know.
pub(crate) trait Law {
    /// What both ends know of a glider.
    type State: Copy;

    /// What is true of a glider now, given what was known a tick ago.
    fn observe(it: &Crafted<'_>, before: Option<&Self::State>, tick: Tick) -> Self::State;

    fn pos(state: &Self::State) -> IVec2;

    /// Appends all of a state, for those who know nothing.
    fn put(bits: &mut BitWriter<'_>, state: &Self::State, cell: IVec2, rules: &Rules);

    fn take(bits: &mut BitReader<'_>, cell: IVec2, rules: &Rules) -> Self::State;

    /// Whether `now` follows from `before` without a word.
    fn is_expected(before: &Self::State, now: &Self::State) -> bool;

    fn put_surprise(bits: &mut BitWriter<'_>, before: &Self::State, now: &Self::State);

    /// The state a tick later, from the bits of a surprise if there is one.
    fn advance(
        before: &Self::State,
        surprise: Option<&mut BitReader<'_>>,
        tick: Tick,
        rules: &Rules,
        map: &TileMap,
    ) -> Self::State;
}

/// Dead reckoning. Of order 1, a glider is expected to keep its velocity; of order
/// 2, to change it once more as it did last.
pub(crate) struct Reckoned<const ORDER: u32>;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Motion {
    pos: IVec2,
    /// The velocity that led over the last tick's way.
    vel: IVec2,
    /// The expected change of `vel`.
    turn: IVec2,
}

impl<const ORDER: u32> Reckoned<ORDER> {
    fn after(before: &Motion, change: IVec2, tick: Tick) -> Motion {
        let vel = before.vel + change;
        let turn = if ORDER == 2 && fits(change, TURN) { change } else { IVec2::ZERO };
        Motion { pos: before.pos + travel(vel, tick), vel, turn }
    }
}

impl<const ORDER: u32> Law for Reckoned<ORDER> {
    type State = Motion;

    fn observe(it: &Crafted<'_>, before: Option<&Motion>, tick: Tick) -> Motion {
        let (pos, vel) = (it.body.pos, it.body.vel);
        let Some(before) = before else { return Motion { pos, vel, turn: IVec2::ZERO } };
        // Where a wall stopped it, only its way tells how it came there.
        let way = pos - before.pos;
        let vel = if travel(vel, tick) == way { vel } else { way * STEPS };
        Self::after(before, vel - before.vel, tick)
    }

    fn pos(state: &Motion) -> IVec2 {
        state.pos
    }

    fn put(bits: &mut BitWriter<'_>, state: &Motion, cell: IVec2, _: &Rules) {
        put_place(bits, state.pos, cell);
        bits.put_vec(state.vel, VEL);
        bits.put(u32::from(state.turn != IVec2::ZERO), 1);
        if state.turn != IVec2::ZERO {
            bits.put_vec(state.turn, TURN);
        }
    }

    fn take(bits: &mut BitReader<'_>, cell: IVec2, _: &Rules) -> Motion {
        let (pos, vel) = (take_place(bits, cell), bits.take_vec(VEL));
        Motion { pos, vel, turn: if bits.take_bit() { bits.take_vec(TURN) } else { IVec2::ZERO } }
    }

    fn is_expected(before: &Motion, now: &Motion) -> bool {
        now.vel - before.vel == before.turn
    }

    /// While it turns, 0: off by one, in three bits; 10: it turns no more. Then, of
    /// one prefix or the other, 0: a usual change; 1: any.
    fn put_surprise(bits: &mut BitWriter<'_>, before: &Motion, now: &Motion) {
        let change = now.vel - before.vel;
        if before.turn != IVec2::ZERO {
            let off = change - before.turn + IVec2::ONE;
            let is_near = (0..3).contains(&off.x) && (0..3).contains(&off.y);
            bits.put(u32::from(!is_near), 1);
            if is_near {
                let index = off.y * 3 + off.x;
                bits.put((index - i32::from(index > 4)).cast_unsigned(), 3);
                return;
            }
            bits.put(u32::from(change != IVec2::ZERO), 1);
            if change == IVec2::ZERO {
                return;
            }
        }
        let is_wide = !fits(change, TURN);
        bits.put(u32::from(is_wide), 1);
        bits.put_vec(change, if is_wide { WIDE } else { TURN });
    }

    fn advance(
        before: &Motion,
        surprise: Option<&mut BitReader<'_>>,
        tick: Tick,
        _: &Rules,
        _: &TileMap,
    ) -> Motion {
        let change = surprise.map_or(before.turn, |bits| take_change(bits, before.turn));
        Self::after(before, change, tick)
    }
}

fn take_change(bits: &mut BitReader<'_>, turn: IVec2) -> IVec2 {
    if turn != IVec2::ZERO {
        if !bits.take_bit() {
            let index = bits.take(3).cast_signed();
            let index = index + i32::from(index > 3);
            return turn + IVec2::new(index % 3, index / 3) - IVec2::ONE;
        }
        if !bits.take_bit() {
            return IVec2::ZERO;
        }
    }
    let width = if bits.take_bit() { WIDE } else { TURN };
    bits.take_vec(width)
}

/// Intents as the product has them, but packed as tightly as the others: a bit a
/// glider, and eight for a new heading. It knows no dash and one thrust only.
pub(crate) struct Packed;

impl Law for Packed {
    type State = (Body, Steer);

    fn observe(it: &Crafted<'_>, _: Option<&(Body, Steer)>, _: Tick) -> (Body, Steer) {
        (*it.body, it.helm.steer)
    }

    fn pos(state: &(Body, Steer)) -> IVec2 {
        state.0.pos
    }

    fn put(bits: &mut BitWriter<'_>, (body, steer): &(Body, Steer), cell: IVec2, rules: &Rules) {
        put_place(bits, body.pos, cell);
        bits.put(u32::from(steer.heading), 8);
        let is_cruise = Gait::of(body, *steer, rules) == Gait::Cruise;
        bits.put(u32::from(!is_cruise), 1);
        if !is_cruise {
            bits.put_vec(body.vel, VEL);
        }
    }

    fn take(bits: &mut BitReader<'_>, cell: IVec2, rules: &Rules) -> (Body, Steer) {
        let pos = take_place(bits, cell);
        let steer = Steer { heading: bits.take(8) as u8, thrust: THRUST_MAX };
        if bits.take_bit() {
            return (Body { vel: bits.take_vec(VEL), ..Body::at(pos) }, steer);
        }
        (Gait::Cruise.body(pos, steer, rules), steer)
    }

    fn is_expected(before: &(Body, Steer), now: &(Body, Steer)) -> bool {
        before.1 == now.1
    }

    fn put_surprise(bits: &mut BitWriter<'_>, _: &(Body, Steer), now: &(Body, Steer)) {
        bits.put(u32::from(now.1.heading), 8);
    }

    fn advance(
        &(mut body, mut steer): &(Body, Steer),
        surprise: Option<&mut BitReader<'_>>,
        tick: Tick,
        rules: &Rules,
        map: &TileMap,
    ) -> (Body, Steer) {
        if let Some(bits) = surprise {
            steer.heading = bits.take(8) as u8;
        }
        step(&mut body, steer, false, tick, rules, map);
        (body, steer)
    }
}

pub(crate) fn put_place(bits: &mut BitWriter<'_>, pos: IVec2, cell: IVec2) {
    let within = (pos - cell * CELL_SUB).as_uvec2();
    bits.put(within.x, PLACE);
    bits.put(within.y, PLACE);
}

pub(crate) fn take_place(bits: &mut BitReader<'_>, cell: IVec2) -> IVec2 {
    let x = bits.take(PLACE).cast_signed();
    cell * CELL_SUB + IVec2::new(x, bits.take(PLACE).cast_signed())
}
