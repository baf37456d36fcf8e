//! Dashes: a press starts one if the glider lives and the last one has rested.

use bevy_ecs::prelude::*;

use crate::sim::{Arena, Happening, Happenings, Helm, Hull, Life, Roster};

/// Lets the presses that count through to the step, and drops the others.
pub(super) fn press_dashes(
    arena: Res<'_, Arena>,
    roster: Res<'_, Roster>,
    mut happenings: ResMut<'_, Happenings>,
    mut players: Query<'_, '_, (&mut Helm, &Hull, &Life)>,
) {
    for (who, entity) in roster.iter() {
        let Ok((mut helm, hull, life)) = players.get_mut(entity) else { continue };
        if !helm.dash {
            continue;
        }
        helm.dash = *life == Life::Flying && hull.0.can_dash();
        if helm.dash {
            happenings.tell(Happening::Dashed { who, cell: arena.cell_index(hull.0.pos) });
        }
    }
}
