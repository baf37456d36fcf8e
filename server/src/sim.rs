//! The simulation: a fixed-tick `bevy_ecs` world that commands go into and
//! happenings come out of. It knows no wire type, connection, clock or thread.
//!
//! Same seed and same commands give the same [`Sim::digest`] at every tick.

use bevy_ecs::prelude::*;
use bevy_ecs::schedule::SingleThreadedExecutor;
use glam::IVec2;
use throng_shared::cells::CellGrid;
use throng_shared::ids::{NetId, Tick};
use throng_shared::map::TileMap;
use throng_shared::motion::Rules;

use crate::game;

mod arena;
mod buffer;
mod components;
mod digest;
mod happening;
mod ids;
mod index;
mod roster;

pub use arena::{Arena, ArenaError};
pub use buffer::{Intent, IntentBuffer};
pub use components::{Bolt, Crafted, Helm, Hull, Life, Link, Pilot, Purse, Shard, Trigger, Vitals};
pub use happening::{Happening, Happenings};
pub use ids::IdPool;
pub use index::{CellIndex, Near};
pub use roster::Roster;

/// The tick that is being simulated.
#[derive(Resource, Clone, Copy, Debug, Default)]
pub struct Now(pub Tick);

/// The movement constants of this room.
#[derive(Resource, Clone, Copy, Debug)]
pub struct Physics(pub Rules);

/// The room's only source of chance.
#[derive(Resource, Clone, Debug)]
pub struct Chance(pub throng_shared::prng::Prng);

/// Ids of what lives in the room.
#[derive(Resource, Debug)]
pub struct Ids {
    pub gliders: IdPool,
    pub bolts: IdPool,
    pub shards: IdPool,
}

/// What the room is to have.
#[derive(Clone, Debug)]
pub struct SimOptions {
    pub tick_hz: u32,
    pub seed: u64,
    pub players_max: usize,
    /// Shards that lie around when nobody has dropped any.
    pub shards: usize,
}

/// The steps of a tick, in their order.
#[derive(SystemSet, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Intents take effect.
    Steer,
    /// Bodies and bolts move.
    Move,
    /// Cells learn who is in them.
    Index,
    /// Bolts hit, gliders gather and fire.
    Interact,
    /// Deaths and lives.
    Resolve,
    /// What the game makes of them: scores, the crown.
    Judge,
    /// Ids rest, loot is renewed.
    Cleanup,
}

/// Who wants to play, as what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Newcomer {
    pub name: String,
    pub look: u8,
}

/// A player in the standings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    pub id: NetId,
    pub shards: u32,
}

/// One room's world.
pub struct Sim {
    world: World,
    schedule: Schedule,
}

impl std::fmt::Debug for Sim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sim").field("tick", &self.tick()).finish_non_exhaustive()
    }
}

impl Sim {
    /// A world of the arena's own game, in which nobody plays yet.
    #[must_use]
    pub fn new(arena: Arena, options: &SimOptions) -> Self {
        Self::playing(game::Game::default(), arena, options)
    }

    /// The same of another game.
    #[must_use]
    pub fn playing(game: game::Game, arena: Arena, options: &SimOptions) -> Self {
        let mut world = World::new();
        let cells = arena.grid().count();
        world.insert_resource(Now(Tick(0)));
        world.insert_resource(Physics(Rules::new(options.tick_hz)));
        world.insert_resource(Chance(throng_shared::prng::Prng::new(options.seed)));
        world.insert_resource(Ids {
            gliders: IdPool::new(options.players_max).below(throng_shared::limits::WATCHER_IDS),
            bolts: IdPool::new(throng_shared::limits::BOLTS_MAX),
            shards: IdPool::new(throng_shared::limits::SHARDS_MAX),
        });
        world.insert_resource(Roster::default());
        world.insert_resource(CellIndex::new(cells));
        world.insert_resource(Happenings::default());
        world.insert_resource(game::Crown::default());
        world.insert_resource(game::Limbo::default());
        world.insert_resource(game::Bolts::default());
        world.insert_resource(game::ShardField::new(cells, options.shards));
        world.insert_resource(arena);
        game::strew_all(&mut world);
        world.resource_mut::<Happenings>().clear();

        let mut schedule = Schedule::default();
        schedule.set_executor(SingleThreadedExecutor::new());
        schedule.configure_sets(
            (
                Stage::Steer,
                Stage::Move,
                Stage::Index,
                Stage::Interact,
                Stage::Resolve,
                Stage::Judge,
                Stage::Cleanup,
            )
                .chain(),
        );
        schedule.add_systems(index::index_gliders.in_set(Stage::Index));
        game::add_basics(&mut schedule);
        (game.install)(&mut world, &mut schedule);
        Self { world, schedule }
    }

    /// Takes a player in; they live from the next step on. `None` when the room is full.
    pub fn join(&mut self, newcomer: Newcomer) -> Option<NetId> {
        game::join(&mut self.world, newcomer)
    }

    /// Lets a player go. Unknown ids are ignored.
    pub fn leave(&mut self, id: NetId) {
        game::leave(&mut self.world, id);
    }

    /// The connection of a player is lost: others see it drift until that tick, then the
    /// glider goes and only score and name are kept. Unknown ids are ignored.
    pub fn unlink(&mut self, id: NetId, until: Tick) {
        game::unlink(&mut self.world, id, until);
    }

    /// A player is there again, in its old glider or in a new one. Unknown ids are ignored.
    pub fn relink(&mut self, id: NetId) {
        game::relink(&mut self.world, id);
    }

    /// Buffers an intent until its tick. It is ignored of whoever is not there: the
    /// connection was just lost.
    pub fn intend(&mut self, id: NetId, intent: Intent) {
        let Some(entity) = self.world.resource::<Roster>().entity(id) else { return };
        if self.world.get::<Link>(entity) != Some(&Link::Live) {
            return;
        }
        if let Some(mut buffer) = self.world.get_mut::<IntentBuffer>(entity) {
            buffer.push(intent);
        }
    }

    /// Runs one tick. What happened since the last one is in [`Sim::happenings`].
    pub fn step(&mut self) {
        let mut now = self.world.resource_mut::<Now>();
        now.0 = now.0.next();
        self.schedule.run(&mut self.world);
        self.world.clear_trackers();
    }

    /// Forgets the happenings of the last tick, once they were told.
    pub fn forget(&mut self) {
        self.world.resource_mut::<Happenings>().clear();
    }

    /// What happened since the last [`Sim::forget`], joins and leaves among it.
    #[must_use]
    pub fn happenings(&self) -> &[Happening] {
        self.world.resource::<Happenings>().as_slice()
    }

    /// The tick that was simulated last.
    #[must_use]
    pub fn tick(&self) -> Tick {
        self.world.resource::<Now>().0
    }

    #[must_use]
    pub fn rules(&self) -> &Rules {
        &self.world.resource::<Physics>().0
    }

    #[must_use]
    pub fn map(&self) -> &TileMap {
        self.world.resource::<Arena>().map()
    }

    #[must_use]
    pub fn grid(&self) -> CellGrid {
        self.world.resource::<Arena>().grid()
    }

    /// How many play, dead or alive, and also without connection while their glider is
    /// there.
    #[must_use]
    pub fn players(&self) -> usize {
        self.seats() - self.limbo().away()
    }

    /// How many have a place, those among them who are away.
    #[must_use]
    pub fn seats(&self) -> usize {
        self.world.resource::<Roster>().len()
    }

    /// Who has no connection.
    #[must_use]
    pub fn limbo(&self) -> &game::Limbo {
        self.world.resource::<game::Limbo>()
    }

    /// Ids of all players, ascending.
    pub fn ids(&self) -> impl Iterator<Item = NetId> + '_ {
        self.world.resource::<Roster>().iter().map(|(id, _)| id)
    }

    /// Everything that can be told of one player.
    #[must_use]
    pub fn player(&self, id: NetId) -> Option<Crafted<'_>> {
        let entity = self.world.resource::<Roster>().entity(id)?;
        components::crafted(&self.world, entity)
    }

    /// Calls `visit` with every player by id. The order is the wire's.
    pub fn each_player(&self, mut visit: impl FnMut(Crafted<'_>)) {
        for (_, entity) in self.world.resource::<Roster>().iter() {
            if let Some(crafted) = components::crafted(&self.world, entity) {
                visit(crafted);
            }
        }
    }

    /// Every bolt in flight, by id.
    #[must_use]
    pub fn bolts(&self) -> &[Bolt] {
        self.world.resource::<game::Bolts>().as_slice()
    }

    /// The shards that lie in one cell, in the order in which they fell.
    #[must_use]
    pub fn shards_in(&self, cell: usize) -> &[Shard] {
        self.world.resource::<game::ShardField>().in_cell(cell)
    }

    /// Who wears the crown.
    #[must_use]
    pub fn crown(&self) -> Option<NetId> {
        self.world.resource::<game::Crown>().holder()
    }

    /// All players but those who are away, richest first; equals by id.
    pub fn standings(&self, out: &mut Vec<Standing>) {
        out.clear();
        self.each_player(|it| {
            if it.link != Link::Away {
                out.push(Standing { id: it.id, shards: it.purse.shards });
            }
        });
        out.sort_by(|a, b| b.shards.cmp(&a.shards).then(a.id.cmp(&b.id)));
    }

    /// A number that two runs share only if their worlds are equal.
    #[must_use]
    pub fn digest(&self) -> u64 {
        digest::of(self)
    }

    /// The pools of ids, for the digest.
    fn id_pools(&self) -> [&IdPool; 3] {
        let ids = self.world.resource::<Ids>();
        [&ids.gliders, &ids.bolts, &ids.shards]
    }

    /// The state of the room's chance, for the digest.
    fn chance(&self) -> u64 {
        self.world.resource::<Chance>().0.state()
    }

    /// Puts a player somewhere, for tests that need a situation.
    pub fn place(&mut self, id: NetId, pos: IVec2) {
        let Some(entity) = self.world.resource::<Roster>().entity(id) else { return };
        if let Some(mut hull) = self.world.get_mut::<Hull>(entity) {
            hull.0.pos = pos;
        }
    }
}
