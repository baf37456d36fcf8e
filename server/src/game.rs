//! The rules of the arena, one a file. Walls and movement themselves are
//! `throng_shared::motion`, because clients run them too.

use bevy_ecs::prelude::*;

use crate::sim::Stage;

mod bolts;
mod crown;
mod dash;
mod death;
mod limbo;
mod movement;
mod shards;
mod spawn;
mod steer;

pub use bolts::Bolts;
pub use crown::Crown;
pub use limbo::{Limbo, relink, unlink};
pub use shards::{ShardField, strew_all};
pub use spawn::{join, leave};

/// Adds every rule to its stage. Within a stage they run in the order given here.
pub(crate) fn add_rules(schedule: &mut Schedule) {
    schedule.add_systems((
        (steer::take_intents, dash::press_dashes).chain().in_set(Stage::Steer),
        (movement::move_gliders, movement::move_bolts).chain().in_set(Stage::Move),
        (bolts::hit_gliders, shards::gather_shards, bolts::fire_bolts)
            .chain()
            .in_set(Stage::Interact),
        (
            death::bury_the_dead,
            limbo::withdraw_the_lost,
            spawn::begin_lives,
            crown::crown_the_leader,
        )
            .chain()
            .in_set(Stage::Resolve),
        (shards::strew_shards, bolts::forget_spent).chain().in_set(Stage::Cleanup),
    ));
}
