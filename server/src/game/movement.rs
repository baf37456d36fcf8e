//! Everything that moves, moves by the rule that clients run too.

use bevy_ecs::prelude::*;
use throng_shared::motion::{fly, step};

use super::Bolts;
use crate::sim::{Arena, Helm, Hull, Life, Now, Physics};

pub(super) fn move_gliders(
    now: Res<'_, Now>,
    physics: Res<'_, Physics>,
    arena: Res<'_, Arena>,
    mut gliders: Query<'_, '_, (&mut Hull, &mut Helm, &Life)>,
) {
    for (mut hull, mut helm, life) in &mut gliders {
        if *life == Life::Flying {
            step(&mut hull.0, helm.steer, helm.dash, now.0, &physics.0, arena.map());
        }
        helm.dash = false;
    }
}

pub(super) fn move_bolts(
    now: Res<'_, Now>,
    physics: Res<'_, Physics>,
    arena: Res<'_, Arena>,
    mut bolts: ResMut<'_, Bolts>,
) {
    for bolt in bolts.iter_mut() {
        bolt.from = bolt.flight.pos;
        bolt.spent = !fly(&mut bolt.flight, now.0, &physics.0, arena.map());
    }
}
