//! What a tick did, told once, in the words of the game. Cells are indexes into
//! the room's grid; whoever tells a client needs them to know whom it concerns.

use bevy_ecs::prelude::Resource;
use throng_shared::ids::{BoltId, NetId, ShardId};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happening {
    /// New heading, in the cell before the step.
    Steered {
        who: NetId,
        cell: usize,
        heading: u8,
    },
    /// New thrust, in the cell before the step.
    Thrust {
        who: NetId,
        cell: usize,
        thrust: u8,
    },
    /// A dash that starts with this step, in the cell before it.
    Dashed {
        who: NetId,
        cell: usize,
    },
    Joined {
        who: NetId,
    },
    Spawned {
        who: NetId,
        cell: usize,
    },
    /// `cell` is where it flew, if it lived.
    Left {
        who: NetId,
        cell: Option<usize>,
    },
    /// A glider was taken out of the arena, because its player was gone for too long.
    Withdrew {
        who: NetId,
        cell: usize,
    },
    /// The connection of a flying player was lost, or is there again.
    Linked {
        who: NetId,
        cell: usize,
        dead: bool,
    },
    /// A player is back on a new connection.
    Returned {
        who: NetId,
    },
    /// `held`: the shards that it had, before it lost any.
    Died {
        who: NetId,
        by: NetId,
        cell: usize,
        crown: bool,
        held: u32,
    },
    Health {
        who: NetId,
        cell: usize,
        hp: u8,
    },
    Fired {
        bolt: BoltId,
        cell: usize,
    },
    BoltHit {
        bolt: BoltId,
        cell: usize,
    },
    ShardFell {
        shard: ShardId,
        cell: usize,
    },
    Gathered {
        shard: ShardId,
        by: NetId,
        cell: usize,
    },
    /// Shards or kills of a player changed.
    Scored {
        who: NetId,
    },
    Crowned {
        holder: Option<NetId>,
    },
}

/// The happenings of a tick, in the order in which they came about.
#[derive(Resource, Clone, Debug, Default)]
pub struct Happenings(Vec<Happening>);

impl Happenings {
    pub fn tell(&mut self, happening: Happening) {
        self.0.push(happening);
    }

    #[must_use]
    pub fn as_slice(&self) -> &[Happening] {
        &self.0
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }
}
