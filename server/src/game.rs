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

/// What is played in a room, beside what every game here has: players, movement, lives, and
/// those who lost their connection. It puts resources into the world and systems into the
/// stages of a tick; `server/examples/tag.rs` is another one.
#[derive(Clone, Copy, Debug)]
pub struct Game {
    /// What sets it apart from others.
    pub name: &'static str,
    pub install: fn(&mut World, &mut Schedule),
}

impl Default for Game {
    /// Gliders that shoot, dash, gather shards, and crown the richest.
    fn default() -> Self {
        Self { name: "arena", install: add_arena }
    }
}

impl PartialEq for Game {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Game {}

/// Adds what every game has. Within a stage rules run in the order given here, and before
/// those of a game.
pub(crate) fn add_basics(schedule: &mut Schedule) {
    schedule.add_systems((
        steer::take_intents.in_set(Stage::Steer),
        (movement::move_gliders, movement::move_bolts).chain().in_set(Stage::Move),
        (limbo::withdraw_the_lost, spawn::begin_lives).chain().in_set(Stage::Resolve),
        (shards::strew_shards, bolts::forget_spent).chain().in_set(Stage::Cleanup),
    ));
}

/// Adds the rules of the arena.
fn add_arena(_: &mut World, schedule: &mut Schedule) {
    schedule.add_systems((
        dash::press_dashes.after(steer::take_intents).in_set(Stage::Steer),
        (bolts::hit_gliders, shards::gather_shards, bolts::fire_bolts)
            .chain()
            .in_set(Stage::Interact),
        death::bury_the_dead.before(limbo::withdraw_the_lost).in_set(Stage::Resolve),
        crown::crown_the_leader.in_set(Stage::Judge),
    ));
}
