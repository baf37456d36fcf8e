//! What a player is made of. None of it goes on the wire as it is.

use bevy_ecs::prelude::*;
use glam::IVec2;
use throng_shared::ids::{BoltId, NetId, ShardId, Tick};
use throng_shared::limits::HP_MAX;
use throng_shared::motion::{Body, Flight, Steer};

/// Who it is: the same from join to leave.
#[derive(Component, Clone, Debug, PartialEq, Eq)]
pub struct Pilot {
    pub id: NetId,
    pub name: String,
    pub look: u8,
}

/// Where it is and how it moves.
#[derive(Component, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hull(pub Body);

/// What it wants: the intent in force.
#[derive(Component, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Helm {
    pub steer: Steer,
    pub aim: u8,
    /// A dash starts with this tick's step.
    pub dash: bool,
    /// Presses of dash that were seen, wrapping.
    pub dashes: u8,
}

/// Its gun.
#[derive(Component, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Trigger {
    /// Presses that were seen, wrapping.
    pub presses: u8,
    /// A press waits for the gun to be ready.
    pub pressed: bool,
    /// Ticks until the next shot.
    pub rest: u8,
}

/// Its health.
#[derive(Component, Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vitals {
    pub hp: u8,
    /// Who took the last of it this tick.
    pub slain_by: Option<NetId>,
}

impl Default for Vitals {
    fn default() -> Self {
        Self { hp: HP_MAX, slain_by: None }
    }
}

/// Whether it lives.
#[derive(Component, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    Flying,
    /// Until the tick at which the next life begins.
    Down(Tick),
}

/// Whether somebody is at the other end.
#[derive(Component, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Link {
    #[default]
    Live,
    /// The connection was lost; the glider is still there.
    Dead,
    /// Lost for so long that the glider is gone. Score and name stay.
    Away,
}

/// What it has gathered and done.
#[derive(Component, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Purse {
    pub shards: u32,
    pub kills: u16,
}

/// A bolt in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bolt {
    pub id: BoltId,
    pub owner: NetId,
    pub flight: Flight,
    /// Where this tick's flight began.
    pub from: IVec2,
    /// A wall or its age ended it this tick; it may still have hit on its way.
    pub spent: bool,
}

/// A shard that lies in the arena.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    pub id: ShardId,
    pub pos: IVec2,
    pub value: u8,
}

/// One player, all of it, to read.
#[derive(Clone, Copy, Debug)]
pub struct Crafted<'a> {
    pub id: NetId,
    pub name: &'a str,
    pub look: u8,
    pub body: &'a Body,
    pub helm: &'a Helm,
    pub trigger: &'a Trigger,
    pub hp: u8,
    pub life: Life,
    pub link: Link,
    pub purse: Purse,
    pub buffer: &'a super::IntentBuffer,
}

pub(super) fn crafted(world: &World, entity: Entity) -> Option<Crafted<'_>> {
    let entity = world.get_entity(entity).ok()?;
    let pilot = entity.get::<Pilot>()?;
    Some(Crafted {
        id: pilot.id,
        name: &pilot.name,
        look: pilot.look,
        body: &entity.get::<Hull>()?.0,
        helm: entity.get::<Helm>()?,
        trigger: entity.get::<Trigger>()?,
        hp: entity.get::<Vitals>()?.hp,
        life: *entity.get::<Life>()?,
        link: *entity.get::<Link>()?,
        purse: *entity.get::<Purse>()?,
        buffer: entity.get::<super::IntentBuffer>()?,
    })
}
