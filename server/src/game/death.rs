//! Death: half of the victim's shards fall around it, and it waits for its next life.

use bevy_ecs::prelude::*;
use glam::IVec2;
use throng_shared::ids::NetId;
use throng_shared::lattice::along;
use throng_shared::prng::Prng;

use super::crown::Crown;
use super::shards::{ShardField, drop_shard};
use crate::sim::{
    Arena, Chance, Happening, Happenings, Hull, Ids, Life, Now, Physics, Purse, Roster, Vitals,
};

/// Shards into which a victim's loss is divided at most.
const PIECES: u32 = 8;
/// How far they scatter, in sub-units.
const SCATTER: i32 = 400;

/// Buries everybody whose health is gone.
pub(super) fn bury_the_dead(
    (now, physics): (Res<'_, Now>, Res<'_, Physics>),
    (arena, roster, crown): (Res<'_, Arena>, Res<'_, Roster>, Res<'_, Crown>),
    mut chance: ResMut<'_, Chance>,
    mut ids: ResMut<'_, Ids>,
    mut field: ResMut<'_, ShardField>,
    mut told: ResMut<'_, Happenings>,
    mut players: Query<'_, '_, (&mut Life, &mut Vitals, &mut Purse, &Hull)>,
) {
    for (who, entity) in roster.iter() {
        let Ok((mut life, mut vitals, mut purse, hull)) = players.get_mut(entity) else { continue };
        let Some(by) = vitals.slain_by.take() else { continue };
        let held = purse.shards;
        let loss = held / 2;
        purse.shards -= loss;
        *life = Life::Down(now.0.offset(i32::from(physics.0.respawn_ticks)));
        let pos = hull.0.pos;
        let cell = arena.cell_index(pos);
        told.tell(Happening::Died { who, by, cell, crown: crown.holder() == Some(who), held });
        told.tell(Happening::Scored { who });
        scatter(loss, pos, &arena, &mut chance.0, |at, value| {
            drop_shard((&arena, *now), &mut ids, &mut field, &mut told, (at, value));
        });
        reward(&mut players, &roster, by, &mut told);
    }
}

fn reward(
    players: &mut Query<'_, '_, (&mut Life, &mut Vitals, &mut Purse, &Hull)>,
    roster: &Roster,
    killer: NetId,
    told: &mut Happenings,
) {
    // The killer may have left while the bolt flew.
    let Some(entity) = roster.entity(killer) else { return };
    if let Ok((_, _, mut purse, _)) = players.get_mut(entity) {
        purse.kills = purse.kills.saturating_add(1);
        told.tell(Happening::Scored { who: killer });
    }
}

/// Divides a loss into pieces around a point; a piece that would fall into a wall
/// falls on the point.
fn scatter(
    loss: u32,
    centre: IVec2,
    arena: &Arena,
    rng: &mut Prng,
    mut put: impl FnMut(IVec2, u8),
) {
    let pieces = loss.min(PIECES);
    for piece in 0..pieces {
        let value = loss / pieces + u32::from(piece < loss % pieces);
        let at =
            centre + along(rng.next_u8(), SCATTER / 4 + rng.below(SCATTER as u32).cast_signed());
        let at = if arena.map().is_solid_at(at) { centre } else { at };
        put(at, u8::try_from(value).unwrap_or(u8::MAX));
    }
}
