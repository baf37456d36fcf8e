//! Shards: strewn over the arena, gathered by touch, a little health each.

use bevy_ecs::prelude::*;
use glam::IVec2;
use throng_shared::cells::CELL_SUB;
use throng_shared::ids::ShardId;
use throng_shared::lattice::SUB;
use throng_shared::limits::HP_MAX;
use throng_shared::motion::GATHER_RADIUS;
use throng_shared::prng::Prng;

use crate::sim::{
    Arena, CellIndex, Chance, Happening, Happenings, Ids, Near, Now, Purse, Shard, Vitals,
};

/// Health that a shard gives back.
const HEAL: u8 = 5;
/// New shards a tick at most, so that a plundered arena fills up slowly.
const STREWN_A_TICK: usize = 1;
/// Tries to find an open place for one shard.
const TRIES: u32 = 8;

/// Shards by cell, each in the order in which they fell.
#[derive(Resource, Clone, Debug)]
pub struct ShardField {
    cells: Vec<Vec<Shard>>,
    lying: usize,
    wanted: usize,
}

impl ShardField {
    /// An empty field of `cells` cells that is kept at `wanted` shards.
    #[must_use]
    pub fn new(cells: usize, wanted: usize) -> Self {
        Self { cells: vec![Vec::new(); cells], lying: 0, wanted }
    }

    #[must_use]
    pub fn in_cell(&self, cell: usize) -> &[Shard] {
        &self.cells[cell]
    }

    fn insert(&mut self, cell: usize, shard: Shard) {
        self.cells[cell].push(shard);
        self.lying += 1;
    }
}

/// Lets one shard fall, if an id is free.
pub(super) fn drop_shard(
    (arena, now): (&Arena, Now),
    ids: &mut Ids,
    field: &mut ShardField,
    told: &mut Happenings,
    (pos, value): (IVec2, u8),
) {
    let Some(id) = ids.shards.take(now.0).map(ShardId) else { return };
    let cell = arena.cell_index(pos);
    field.insert(cell, Shard { id, pos, value });
    told.tell(Happening::ShardFell { shard: id, cell });
}

/// A random open place; `None` after some tries in a crowded map.
fn open_place(arena: &Arena, rng: &mut Prng) -> Option<IVec2> {
    let map = arena.map();
    (0..TRIES).find_map(|_| {
        let x = rng.below(map.width().cast_unsigned()).cast_signed();
        let y = rng.below(map.height().cast_unsigned()).cast_signed();
        let within =
            IVec2::new(rng.below(192).cast_signed() + 32, rng.below(192).cast_signed() + 32);
        (!map.is_solid(x, y)).then_some(IVec2::new(x, y) * SUB + within)
    })
}

/// Strews all the shards that a fresh arena has.
pub fn strew_all(world: &mut World) {
    world.resource_scope(|world, mut field: Mut<'_, ShardField>| {
        world.resource_scope(|world, mut ids: Mut<'_, Ids>| {
            world.resource_scope(|world, mut chance: Mut<'_, Chance>| {
                world.resource_scope(|world, mut told: Mut<'_, Happenings>| {
                    let (arena, now) = (world.resource::<Arena>(), *world.resource::<Now>());
                    for _ in 0..field.wanted {
                        let Some(pos) = open_place(arena, &mut chance.0) else { continue };
                        drop_shard((arena, now), &mut ids, &mut field, &mut told, (pos, 1));
                    }
                });
            });
        });
    });
}

/// Replaces gathered shards one by one.
pub(super) fn strew_shards(
    now: Res<'_, Now>,
    arena: Res<'_, Arena>,
    mut chance: ResMut<'_, Chance>,
    mut ids: ResMut<'_, Ids>,
    mut field: ResMut<'_, ShardField>,
    mut told: ResMut<'_, Happenings>,
) {
    let missing = field.wanted.saturating_sub(field.lying);
    for _ in 0..missing.min(STREWN_A_TICK) {
        let Some(pos) = open_place(&arena, &mut chance.0) else { continue };
        drop_shard((&arena, *now), &mut ids, &mut field, &mut told, (pos, 1));
    }
}

/// Each shard goes to the nearest glider that touches it; of equals to the lowest id.
pub(super) fn gather_shards(
    now: Res<'_, Now>,
    arena: Res<'_, Arena>,
    index: Res<'_, CellIndex>,
    mut ids: ResMut<'_, Ids>,
    mut field: ResMut<'_, ShardField>,
    mut told: ResMut<'_, Happenings>,
    mut players: Query<'_, '_, (&mut Purse, &mut Vitals)>,
) {
    let ShardField { cells, lying, .. } = &mut *field;
    if *lying == 0 {
        return;
    }
    for (cell, shards) in cells.iter_mut().enumerate() {
        if shards.is_empty() || !has_company(&arena, &index, cell) {
            continue;
        }
        shards.retain(|shard| {
            let Some(taker) = nearest(&arena, &index, shard.pos) else { return true };
            let Ok((mut purse, mut vitals)) = players.get_mut(taker.entity) else { return true };
            if vitals.hp == 0 {
                return true;
            }
            purse.shards = purse.shards.saturating_add(u32::from(shard.value));
            told.tell(Happening::Gathered { shard: shard.id, by: taker.id, cell });
            told.tell(Happening::Scored { who: taker.id });
            if vitals.hp < HP_MAX {
                vitals.hp = vitals.hp.saturating_add(HEAL).min(HP_MAX);
                let cell = arena.cell_index(taker.pos);
                told.tell(Happening::Health { who: taker.id, cell, hp: vitals.hp });
            }
            ids.shards.give_back(shard.id.0, now.0);
            *lying -= 1;
            false
        });
    }
}

/// Whether any glider is near enough to a cell to touch something in it.
fn has_company(arena: &Arena, index: &CellIndex, cell: usize) -> bool {
    let columns = arena.grid().columns;
    let cell = i32::try_from(cell).expect("a map has fewer than 2^31 cells");
    let corner = IVec2::new(cell % columns, cell / columns) * CELL_SUB;
    let mut company = false;
    let reach = CELL_SUB / 2 + GATHER_RADIUS;
    index.around(arena, corner + IVec2::splat(CELL_SUB / 2), reach, |_| company = true);
    company
}

fn nearest(arena: &Arena, index: &CellIndex, pos: IVec2) -> Option<Near> {
    let mut best: Option<(i32, Near)> = None;
    index.around(arena, pos, GATHER_RADIUS, |near| {
        let gap = near.pos - pos;
        let distance2 = gap.dot(gap);
        let closer = best.is_none_or(|(d, held)| (distance2, near.id) < (d, held.id));
        if distance2 <= GATHER_RADIUS * GATHER_RADIUS && closer {
            best = Some((distance2, *near));
        }
    });
    best.map(|(_, near)| near)
}
