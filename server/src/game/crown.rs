//! The crown: worn by the player with the most shards.

use bevy_ecs::prelude::*;
use throng_shared::ids::NetId;

use crate::sim::{Happening, Happenings, Link, Purse, Roster};

/// Shards without which nobody is a leader.
const CROWN_SHARDS: u32 = 5;

/// Who wears the crown.
#[derive(Resource, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Crown(Option<NetId>);

impl Crown {
    #[must_use]
    pub fn holder(&self) -> Option<NetId> {
        self.0
    }

    /// Gives the crown to somebody, or to nobody, and tells it if that is news.
    pub fn give(&mut self, holder: Option<NetId>, told: &mut Happenings) {
        if holder != self.0 {
            self.0 = holder;
            told.tell(Happening::Crowned { holder });
        }
    }
}

/// Gives the crown to the leader of those who are here. A draw leaves it where it is.
pub(super) fn crown_the_leader(
    roster: Res<'_, Roster>,
    mut crown: ResMut<'_, Crown>,
    mut told: ResMut<'_, Happenings>,
    players: Query<'_, '_, (&Purse, &Link)>,
) {
    let shards = |entity| match players.get(entity) {
        Ok((_, Link::Away)) | Err(_) => 0,
        Ok((purse, Link::Live | Link::Dead)) => purse.shards,
    };
    let held = crown.0.and_then(|id| Some((id, shards(roster.entity(id)?))));
    let mut best = held.filter(|&(_, shards)| shards >= CROWN_SHARDS);
    for (id, entity) in roster.iter() {
        let shards = shards(entity);
        if shards >= CROWN_SHARDS && best.is_none_or(|(_, most)| shards > most) {
            best = Some((id, shards));
        }
    }
    let holder = best.map(|(id, _)| id);
    crown.give(holder, &mut told);
}
