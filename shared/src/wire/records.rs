//! What is told of a thing when a client meets it.

use glam::IVec2;
use serde::{Deserialize, Serialize};

use super::pack::{Condition, Place, Trim};
use crate::ids::{BoltId, NetId, ShardId};
use crate::lattice::along;
use crate::limits::THRUST_MAX;
use crate::motion::{Body, Flight, Rules, Steer};

/// A glider as it enters what a client holds: everything that its next steps
/// depend on, and its name and look. Who only writes it may lend the name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GliderRecord<Text = String> {
    pub id: NetId,
    pub place: Place,
    pub heading: u8,
    pub trim: Trim,
    pub motion: Motion,
    pub condition: Condition,
    pub name: Text,
}

/// Velocity, in 1/64 sub-units a tick, and dash; shortest for the commonest case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Motion {
    /// At the speed that its steer leads to, no dash running or resting.
    Cruise,
    /// Any velocity, no dash running or resting.
    Free { vx: i16, vy: i16 },
    /// A dash runs or rests.
    Dash { vx: i16, vy: i16, left: u8, rest: u8 },
}

impl Motion {
    /// The motion of a body under a steer.
    #[must_use]
    pub fn of(body: &Body, steer: Steer, rules: &Rules) -> Self {
        let (vx, vy) = (short(body.vel.x), short(body.vel.y));
        if body.dash_left > 0 || body.dash_rest > 0 {
            return Self::Dash { vx, vy, left: body.dash_left, rest: body.dash_rest };
        }
        if body.vel == cruise(steer, rules) { Self::Cruise } else { Self::Free { vx, vy } }
    }

    /// The body at `pos` that has this motion under `steer`.
    #[must_use]
    pub fn body(self, pos: IVec2, steer: Steer, rules: &Rules) -> Body {
        match self {
            Self::Cruise => Body { vel: cruise(steer, rules), ..Body::at(pos) },
            Self::Free { vx, vy } => Body { vel: velocity(vx, vy, rules), ..Body::at(pos) },
            Self::Dash { vx, vy, left, rest } => {
                let vel = velocity(vx, vy, rules);
                Body { pos, vel, dash_left: left, dash_rest: rest }
            }
        }
    }
}

fn cruise(steer: Steer, rules: &Rules) -> IVec2 {
    along(steer.heading, rules.speed * i32::from(steer.thrust) / i32::from(THRUST_MAX))
}

/// What a peer says, within what the rule of movement can compute with.
fn velocity(vx: i16, vy: i16, rules: &Rules) -> IVec2 {
    let top = IVec2::splat(rules.dash_speed);
    IVec2::new(i32::from(vx), i32::from(vy)).clamp(-top, top)
}

fn short(speed: i32) -> i16 {
    i16::try_from(speed).expect("no rule makes a glider faster than 16 bits")
}

/// A bolt as it is fired or flies into what a client holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoltRecord {
    pub id: BoltId,
    pub owner: NetId,
    pub place: Place,
    pub heading: u8,
    /// Ticks that it still flies.
    pub left: u8,
}

impl BoltRecord {
    /// The flight in `cell` that this record tells of.
    #[must_use]
    pub fn flight(&self, cell: IVec2) -> Flight {
        Flight { pos: self.place.pos(cell), heading: self.heading, left: self.left }
    }
}

/// A shard that lies in a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardRecord {
    pub id: ShardId,
    pub place: Place,
    /// What it adds to the score of who gathers it.
    pub value: u8,
}
