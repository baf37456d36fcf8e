//! Intents take effect at the tick that they name.

use bevy_ecs::prelude::*;
use throng_shared::motion::Steer;

use crate::sim::{
    Arena, Happening, Happenings, Helm, Hull, IntentBuffer, Life, Now, Pilot, Roster, Trigger,
};

/// Puts the intent of this tick in force; without one the last stays.
pub(super) fn take_intents(
    now: Res<'_, Now>,
    arena: Res<'_, Arena>,
    roster: Res<'_, Roster>,
    mut happenings: ResMut<'_, Happenings>,
    mut players: Query<'_, '_, (&Pilot, &mut IntentBuffer, &mut Helm, &mut Trigger, &Hull, &Life)>,
) {
    for (_, entity) in roster.iter() {
        let Ok((pilot, mut buffer, mut helm, mut trigger, hull, life)) = players.get_mut(entity)
        else {
            continue;
        };
        let Some(intent) = buffer.take(now.0) else { continue };
        let before = helm.steer;
        helm.steer = intent.steer;
        helm.aim = intent.aim;
        helm.dash = intent.dash != helm.dashes;
        helm.dashes = intent.dash;
        trigger.pressed |= intent.fire != trigger.presses;
        trigger.presses = intent.fire;
        if *life == Life::Flying {
            let cell = arena.cell_index(hull.0.pos);
            tell_change(pilot, before, helm.steer, cell, &mut happenings);
        }
    }
}

fn tell_change(pilot: &Pilot, before: Steer, after: Steer, cell: usize, told: &mut Happenings) {
    let who = pilot.id;
    if before.heading != after.heading {
        told.tell(Happening::Steered { who, cell, heading: after.heading });
    }
    if before.thrust != after.thrust {
        told.tell(Happening::Thrust { who, cell, thrust: after.thrust });
    }
}
