//! Bolts: fired on a press, straight, and one hit each.

use bevy_ecs::prelude::*;
use glam::IVec2;
use throng_shared::ids::{BoltId, NetId};
use throng_shared::motion::{Flight, HIT_RADIUS};

use crate::sim::{
    Arena, Bolt, CellIndex, Happening, Happenings, Helm, Hull, Ids, Life, Near, Now, Physics,
    Roster, Trigger, Vitals,
};

/// Health that a hit takes.
const DAMAGE: u8 = 25;

/// Bolts in flight, by id. A table and not entities: they live for a second, and
/// all that is ever asked of them is "each one, in order".
#[derive(Resource, Clone, Debug, Default)]
pub struct Bolts(Vec<Bolt>);

impl Bolts {
    #[must_use]
    pub fn as_slice(&self) -> &[Bolt] {
        &self.0
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Bolt> {
        self.0.iter_mut()
    }

    fn insert(&mut self, bolt: Bolt) {
        let at = self.0.partition_point(|held| held.id < bolt.id);
        self.0.insert(at, bolt);
    }
}

/// Each bolt hits the first glider on this tick's way, never its owner.
pub(super) fn hit_gliders(
    arena: Res<'_, Arena>,
    index: Res<'_, CellIndex>,
    mut bolts: ResMut<'_, Bolts>,
    mut happenings: ResMut<'_, Happenings>,
    mut vitals: Query<'_, '_, &mut Vitals>,
) {
    for bolt in bolts.iter_mut() {
        let Some(target) = first_on_the_way(&arena, &index, bolt) else { continue };
        let Ok(mut vitals) = vitals.get_mut(target.entity) else { continue };
        if vitals.hp == 0 {
            continue;
        }
        vitals.hp = vitals.hp.saturating_sub(DAMAGE);
        if vitals.hp == 0 {
            vitals.slain_by = Some(bolt.owner);
        }
        bolt.spent = true;
        let cell = arena.cell_index(bolt.flight.pos);
        happenings.tell(Happening::BoltHit { bolt: bolt.id, cell });
        let cell = arena.cell_index(target.pos);
        happenings.tell(Happening::Health { who: target.id, cell, hp: vitals.hp });
    }
}

/// The glider that the bolt meets first; of equals the one with the lowest id.
fn first_on_the_way(arena: &Arena, index: &CellIndex, bolt: &Bolt) -> Option<Near> {
    let (from, to) = (bolt.from, bolt.flight.pos);
    let reach = (to - from).abs().max_element() + HIT_RADIUS;
    let mut best: Option<(i64, NetId, Near)> = None;
    index.around(arena, from, reach, |near| {
        if near.id == bolt.owner {
            return;
        }
        let Some(along) = meets(from, to, near.pos) else { return };
        if best.is_none_or(|(at, id, _)| (along, near.id) < (at, id)) {
            best = Some((along, near.id, *near));
        }
    });
    best.map(|(_, _, near)| near)
}

/// How far along the way a point comes within `HIT_RADIUS`, as a scaled distance.
fn meets(from: IVec2, to: IVec2, point: IVec2) -> Option<i64> {
    let way = (to - from).as_i64vec2();
    let gap = (point - from).as_i64vec2();
    let length2 = way.dot(way);
    let radius2 = i64::from(HIT_RADIUS) * i64::from(HIT_RADIUS);
    let along = gap.dot(way).clamp(0, length2);
    if length2 == 0 {
        return (gap.dot(gap) <= radius2).then_some(0);
    }
    // Twice the area over the length is the distance, for a point beside the way.
    let nearest2 = if along == 0 {
        gap.dot(gap)
    } else if along == length2 {
        (gap - way).dot(gap - way)
    } else {
        let cross = way.x * gap.y - way.y * gap.x;
        cross * cross / length2
    };
    (nearest2 <= radius2).then_some(along)
}

/// Fires for everybody who pressed and whose gun is ready.
#[expect(clippy::too_many_arguments, reason = "a system's arguments are what it touches")]
pub(super) fn fire_bolts(
    now: Res<'_, Now>,
    physics: Res<'_, Physics>,
    arena: Res<'_, Arena>,
    roster: Res<'_, Roster>,
    mut ids: ResMut<'_, Ids>,
    mut bolts: ResMut<'_, Bolts>,
    mut happenings: ResMut<'_, Happenings>,
    mut players: Query<'_, '_, (&mut Trigger, &Helm, &Hull, &Life, &Vitals)>,
) {
    for (owner, entity) in roster.iter() {
        let Ok((mut trigger, helm, hull, life, vitals)) = players.get_mut(entity) else { continue };
        trigger.rest = trigger.rest.saturating_sub(1);
        let ready = trigger.pressed && trigger.rest == 0;
        if !ready || *life != Life::Flying || vitals.hp == 0 {
            continue;
        }
        trigger.pressed = false;
        let Some(id) = ids.bolts.take(now.0).map(BoltId) else { continue };
        trigger.rest = physics.0.fire_rest_ticks;
        let pos = hull.0.pos;
        let flight = Flight { pos, heading: helm.aim, left: physics.0.bolt_ticks };
        bolts.insert(Bolt { id, owner, flight, from: pos, spent: false });
        happenings.tell(Happening::Fired { bolt: id, cell: arena.cell_index(pos) });
    }
}

/// Takes spent bolts away.
pub(super) fn forget_spent(
    now: Res<'_, Now>,
    mut ids: ResMut<'_, Ids>,
    mut bolts: ResMut<'_, Bolts>,
) {
    bolts.0.retain(|bolt| {
        if bolt.spent {
            ids.bolts.give_back(bolt.id.0, now.0);
        }
        !bolt.spent
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_meets_what_it_passes() {
        let from = IVec2::new(1000, 1000);
        let to = IVec2::new(1170, 1000);
        assert!(meets(from, to, IVec2::new(1085, 1000 + HIT_RADIUS)).is_some());
        assert!(meets(from, to, IVec2::new(1085, 1001 + HIT_RADIUS)).is_none());
        assert!(meets(from, to, IVec2::new(1170 + HIT_RADIUS, 1000)).is_some());
        assert!(meets(from, to, IVec2::new(999 - HIT_RADIUS, 1000)).is_none());
        assert!(meets(from, from, from).is_some(), "because a stopped bolt still hits");
    }
}
