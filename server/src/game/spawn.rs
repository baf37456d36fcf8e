//! Joining, leaving, and the beginning of each life.

use bevy_ecs::prelude::*;
use glam::IVec2;
use throng_shared::ids::NetId;
use throng_shared::motion::Body;
use throng_shared::prng::Prng;

use super::limbo::Limbo;
use crate::sim::{
    Arena, CellIndex, Chance, Happening, Happenings, Helm, Hull, Ids, IntentBuffer, Life, Link,
    Near, Newcomer, Now, Pilot, Purse, Roster, Trigger, Vitals,
};

/// Spawn points that are compared; the loneliest is taken.
const CANDIDATES: u32 = 4;
/// How far around a spawn point others count, in sub-units.
const LONELY_REACH: i32 = 8 * 256;

/// Takes a player in, to live from the next tick on. `None` when the room is full.
pub fn join(world: &mut World, newcomer: Newcomer) -> Option<NetId> {
    let now = world.resource::<Now>().0;
    let id = NetId(world.resource_mut::<Ids>().gliders.take(now)?);
    let Newcomer { name, look } = newcomer;
    let entity = world
        .spawn((
            Pilot { id, name, look },
            Hull::default(),
            Helm::default(),
            Trigger::default(),
            Vitals::default(),
            Life::Down(now),
            Link::Live,
            Purse::default(),
            IntentBuffer::default(),
        ))
        .id();
    world.resource_mut::<Roster>().insert(id, entity);
    world.resource_mut::<Happenings>().tell(Happening::Joined { who: id });
    Some(id)
}

/// Lets a player go, and the id rest.
pub fn leave(world: &mut World, id: NetId) {
    let Some(entity) = world.resource_mut::<Roster>().remove(id) else { return };
    let now = world.resource::<Now>().0;
    let flying = world.get::<Life>(entity) == Some(&Life::Flying);
    let pos = world.get::<Hull>(entity).map(|hull| hull.0.pos);
    let link = world.get::<Link>(entity).copied().unwrap_or_default();
    world.resource_mut::<Limbo>().release(id, link);
    let cell = pos.filter(|_| flying).map(|pos| world.resource::<Arena>().cell_index(pos));
    world.despawn(entity);
    world.resource_mut::<Ids>().gliders.give_back(id.0, now);
    world.resource_mut::<Happenings>().tell(Happening::Left { who: id, cell });
}

/// Begins the next life of everybody whose time has come.
pub(super) fn begin_lives(
    now: Res<'_, Now>,
    arena: Res<'_, Arena>,
    index: Res<'_, CellIndex>,
    roster: Res<'_, Roster>,
    mut chance: ResMut<'_, Chance>,
    mut happenings: ResMut<'_, Happenings>,
    mut players: Query<'_, '_, (&mut Hull, &mut Life, &mut Vitals, &mut Trigger, &Link)>,
) {
    for (id, entity) in roster.iter() {
        let Ok((mut hull, mut life, mut vitals, mut trigger, link)) = players.get_mut(entity)
        else {
            continue;
        };
        let Life::Down(until) = *life else { continue };
        // Nobody lives whose player is not there.
        if until.since(now.0) > 0 || *link != Link::Live {
            continue;
        }
        hull.0 = Body::at(lonely_spawn(&arena, &index, &mut chance.0));
        *vitals = Vitals::default();
        *life = Life::Flying;
        trigger.pressed = false;
        let cell = arena.cell_index(hull.0.pos);
        happenings.tell(Happening::Spawned { who: id, cell });
    }
}

/// Of a few random spawn points the one with the fewest gliders near it.
fn lonely_spawn(arena: &Arena, index: &CellIndex, rng: &mut Prng) -> IVec2 {
    let spawns = arena.spawns();
    let mut best = (usize::MAX, spawns[0]);
    for _ in 0..CANDIDATES {
        let spot = spawns[rng.below(spawns.len() as u32) as usize];
        let mut company = 0;
        index.around(arena, spot, LONELY_REACH, |_: &Near| company += 1);
        if company < best.0 {
            best = (company, spot);
        }
    }
    best.1
}
