//! The workload that every figure refers to: walkers at full speed in an arena
//! without obstacles, and the same walkers crowded onto one spot.

use glam::IVec2;
use throng::maps::open_field;
use throng::replication::{Arrived, Seat};
use throng::sim::{Arena, Crafted, Intent, Newcomer, Sim, SimOptions};
use throng_bot::names::load_bot;
use throng_shared::ids::NetId;
use throng_shared::limits::{INPUT_INTERVAL_MS, THRUST_MAX, VIEW_HEIGHT, VIEW_WIDTH};
use throng_shared::map::TileMap;
use throng_shared::motion::Steer;
use throng_shared::prng::Prng;

pub(crate) const TICK_HZ: u32 = 30;
/// Ticks between two inputs of one walker.
const INPUT_TICKS: u32 = INPUT_INTERVAL_MS as u32 * TICK_HZ / 1000;
/// One input in this many has a new heading.
const TURN_ONE_IN: u32 = 4;
/// Diameter of the crowd's floor, in tiles: less than half a view's height.
const DISC_TILES: i32 = 8;
/// How early inputs arrive, in 1/16 tick, give or take as much.
const EARLY: u32 = 24;

pub(crate) struct Workload {
    sim: Sim,
    walkers: Vec<(NetId, u8)>,
    /// By id, as the room keeps it for the replicator.
    arrived: Vec<Option<Arrived>>,
    chance: Prng,
}

impl Workload {
    /// `players` in the arena that gives each some fifty others in view, after
    /// `warm` ticks.
    pub(crate) fn field(players: usize, warm: u32) -> Self {
        let arena = open_field(players, 1).expect("the field can be made");
        Self::new(arena, players, warm)
    }

    /// `players` on a disc of 8 tiles, after `warm` ticks. Everybody sees everybody.
    pub(crate) fn crowd(players: usize, warm: u32) -> Self {
        let edge = 2 * DISC_TILES;
        let is_open = |x: i32, y: i32| {
            // From the middle of the map to the middle of the tile, in half tiles.
            let gap = IVec2::new(2 * x + 1 - edge, 2 * y + 1 - edge);
            gap.length_squared() <= DISC_TILES * DISC_TILES
        };
        let tiles = || (0..edge).flat_map(|y| (0..edge).map(move |x| IVec2::new(x, y)));
        let solid: Vec<bool> = tiles().map(|tile| !is_open(tile.x, tile.y)).collect();
        let spawns: Vec<IVec2> = tiles().filter(|tile| is_open(tile.x, tile.y)).collect();
        let map = TileMap::new(edge, edge, &solid).expect("the size is allowed");
        Self::new(Arena::new(map, &spawns).expect("spawns are open"), players, warm)
    }

    fn new(arena: Arena, players: usize, warm: u32) -> Self {
        let options = SimOptions { tick_hz: TICK_HZ, seed: 1, players_max: players, shards: 0 };
        let mut sim = Sim::new(arena, &options);
        let mut chance = Prng::new(2);
        let walkers = (0..players).map(|number| {
            let name = load_bot("walk", number);
            let look = chance.next_u8() & 15;
            let id = sim.join(Newcomer { name, look }).expect("the room has a place");
            (id, chance.next_u8())
        });
        let walkers = walkers.collect();
        let mut world = Self { sim, walkers, arrived: vec![None; players], chance };
        for _ in 0..warm.max(INPUT_TICKS) {
            world.step();
        }
        world
    }

    /// One tick: a third of the walkers speak, a quarter of those turn.
    pub(crate) fn step(&mut self) {
        self.sim.forget();
        let tick = self.sim.tick().next();
        for (number, (id, heading)) in (0_u32..).zip(&mut self.walkers) {
            if !(number + tick.0).is_multiple_of(INPUT_TICKS) {
                continue;
            }
            if self.chance.one_in(TURN_ONE_IN) {
                *heading = self.chance.next_u8();
            }
            let steer = Steer { heading: *heading, thrust: THRUST_MAX };
            self.sim.intend(*id, Intent { tick, steer, ..Intent::default() });
            let early = self.chance.below(2 * EARLY) as i16;
            self.arrived[id.index()] = Some(Arrived { tick, early });
        }
        self.sim.step();
    }

    pub(crate) fn sim(&self) -> &Sim {
        &self.sim
    }

    pub(crate) fn arrived(&self) -> &[Option<Arrived>] {
        &self.arrived
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = NetId> {
        self.walkers.iter().map(|&(id, _)| id)
    }

    /// Calls `visit` with every glider and its seat, by id; all of them fly.
    pub(crate) fn each(&self, mut visit: impl FnMut(&Crafted<'_>, Seat)) {
        self.sim.each_player(|it| {
            visit(&it, Seat { eye: it.body.pos, arrived: self.arrived[it.id.index()] });
        });
    }

    /// For each walker the moving others inside its view, summed.
    pub(crate) fn entities_in_view(&self) -> u64 {
        let mut all = Vec::with_capacity(self.walkers.len());
        self.each(|it, _| all.push((it.body.pos, it.body.vel != IVec2::ZERO)));
        let seen = |eye: IVec2| {
            let inside = all.iter().filter(|&&(pos, moves)| {
                let gap = (pos - eye).abs();
                moves && gap.x <= VIEW_WIDTH / 2 && gap.y <= VIEW_HEIGHT / 2
            });
            inside.count() as u64
        };
        all.iter().map(|&(eye, moves)| seen(eye) - u64::from(moves)).sum()
    }
}
