//! A room and its clients without sockets, threads or clocks: a tick goes from the
//! simulation through replication and the wire format into every client's view.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use glam::IVec2;
use throng::config::{ArenaSpec, Config, Settings};
use throng::replication::{Cursor, History, Replicator, TickFrame, Viewer, compose};
use throng::sim::{Intent, Life, Newcomer, Sim, SimOptions};
use throng_bot::view::View;
use throng_shared::cells::{Reach, cell_at};
use throng_shared::ids::NetId;
use throng_shared::motion::Steer;
use throng_shared::prng::Prng;
use throng_shared::wire::{Identity, MapRuns, Secret, Welcome, decode_server, encode};

/// Places in the room.
const PLAYERS_MAX: usize = 64;

/// What a client's link does in one tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    Open,
    /// Nothing is composed: the last write has not gone out.
    Stalled,
}

struct Client {
    view: View,
    cursor: Cursor,
    fire: u8,
    dash: u8,
    /// Of a client that is shown less than its view: how much, and in how many bytes.
    narrow: Option<(Reach, usize)>,
}

pub(crate) struct Rig {
    sim: Sim,
    replicator: Replicator,
    history: History,
    clients: BTreeMap<NetId, Client>,
    chance: Prng,
    checks: u64,
    restarts: u64,
    ids: BTreeSet<NetId>,
    ids_used_again: u32,
}

impl Rig {
    /// The built-in map with players who fly and shoot at random.
    pub(crate) fn busy(seed: u64, players: usize) -> Self {
        Self::of(Settings::default(), seed, players)
    }

    /// A generated arena, anything from 8 to 80 tiles wide, at any tick rate.
    pub(crate) fn anywhere(seed: u64, players: usize) -> Self {
        let mut chance = Prng::new(seed);
        let arena = Some(ArenaSpec::Tiles(8 + chance.below(73).cast_signed()));
        let tick_rate = Some(10 + chance.below(119));
        Self::of(Settings { arena, tick_rate, ..Settings::default() }, seed, players)
    }

    fn of(settings: Settings, seed: u64, players: usize) -> Self {
        let config = Config::new(settings).expect("the settings are allowed");
        let (arena, shards) = config.arena().expect("the arena is whole");
        let tick_hz = config.tick_hz;
        let options = SimOptions { tick_hz, seed, players_max: PLAYERS_MAX, shards };
        let sim = Sim::new(arena, &options);
        let mut rig = Self {
            replicator: Replicator::new(sim.grid()),
            sim,
            history: History::default(),
            clients: BTreeMap::new(),
            chance: Prng::new(seed ^ 0xA5A5),
            checks: 0,
            restarts: 0,
            ids: BTreeSet::new(),
            ids_used_again: 0,
        };
        for _ in 0..players {
            rig.join();
        }
        rig
    }

    pub(crate) fn join(&mut self) -> NetId {
        self.join_if_room().expect("the room has a place")
    }

    pub(crate) fn join_if_room(&mut self) -> Option<NetId> {
        let name = format!("pilot {}", self.chance.below(1000));
        let id = self.sim.join(Newcomer { name, look: self.chance.next_u8() & 15 })?;
        self.ids_used_again += u32::from(!self.ids.insert(id));
        let map = self.sim.map();
        let welcome = Welcome {
            secret: Secret::default(),
            resumed: false,
            identity: Identity::default(),
            session_ms: 60_000,
            time_ms: 0,
            watch: false,
            you: id,
            own: id,
            tick: self.sim.tick().0,
            tick_hz: self.sim.rules().tick_hz as u8,
            room: "rig".to_owned(),
            map: MapRuns {
                width: map.width() as u16,
                height: map.height() as u16,
                runs: map.runs(),
            },
        };
        let view = View::new(&welcome).expect("the map of a room is a map");
        self.clients
            .insert(id, Client { view, cursor: Cursor::default(), fire: 0, dash: 0, narrow: None });
        Some(id)
    }

    /// Fills the room and finds that one more is refused.
    pub(crate) fn limit_reached(&mut self) {
        while self.clients.len() < PLAYERS_MAX {
            self.join();
        }
        assert_eq!(self.join_if_room(), None, "because the room is full");
    }

    pub(crate) fn leave(&mut self, nth: usize) {
        let Some(&id) = self.clients.keys().nth(nth) else { return };
        self.clients.remove(&id);
        self.sim.leave(id);
    }

    /// The connection of a player is lost, whose glider stays for so many ticks.
    pub(crate) fn lose(&mut self, nth: usize, ticks: u32) {
        if let Some(&id) = self.clients.keys().nth(nth) {
            self.sim.unlink(id, self.sim.tick().offset(ticks.cast_signed()));
        }
    }

    /// A player is there again, on a new connection.
    pub(crate) fn find(&mut self, nth: usize) {
        if let Some((&id, client)) = self.clients.iter_mut().nth(nth) {
            self.sim.relink(id);
            client.cursor.restart();
            (client.fire, client.dash) = (0, 0);
        }
    }

    /// A client forgets everything, as after a resync.
    pub(crate) fn cut(&mut self, nth: usize) {
        if let Some(client) = self.clients.values_mut().nth(nth) {
            client.cursor.restart();
        }
    }

    /// From now on, a client is shown so much of its view as there is room for.
    pub(crate) fn narrow(&mut self, nth: usize, to: Option<(Reach, usize)>) {
        if let Some(client) = self.clients.values_mut().nth(nth) {
            client.narrow = to;
        }
    }

    /// How many cells the client with the fewest holds.
    pub(crate) fn least_cells(&self) -> usize {
        let cells = |client: &Client| client.view.focus().map_or(0, |focus| focus.cells().count());
        self.clients.values().map(cells).min().unwrap_or(0)
    }

    /// Puts everybody on one tile.
    pub(crate) fn gather_at(&mut self, tile: IVec2) {
        if self.sim.map().is_solid(tile.x, tile.y) {
            return;
        }
        // A jump is no movement, so clients have to be told anew.
        for (&id, client) in &mut self.clients {
            self.sim.place(id, tile * 256 + 128);
            client.cursor.restart();
        }
        self.replicator = Replicator::new(self.sim.grid());
    }

    /// Random intents, one tick, and what each client gets of it.
    pub(crate) fn step(&mut self, link: impl Fn(usize) -> Link) {
        let next = self.sim.tick().next();
        for (&id, client) in &mut self.clients {
            if !self.chance.one_in(4) {
                continue;
            }
            let heading = self.chance.next_u8();
            client.fire = client.fire.wrapping_add(u8::from(self.chance.one_in(3)));
            client.dash = client.dash.wrapping_add(u8::from(self.chance.one_in(8)));
            let steer = Steer { heading, thrust: self.chance.next_u8() & 15 };
            let Client { fire, dash, .. } = *client;
            self.sim.intend(id, Intent { tick: next, steer, aim: heading, fire, dash });
        }
        self.sim.step();
        let mut frame = TickFrame::blank(self.sim.grid());
        self.replicator.replicate(&self.sim, &[], &mut frame);
        self.sim.forget();
        self.history.push(Arc::new(frame));
        for (nth, (&id, client)) in self.clients.iter_mut().enumerate() {
            if link(nth) == Link::Stalled {
                continue;
            }
            let mut bytes = Vec::new();
            let split = match client.narrow {
                None => compose(&self.history, &mut client.cursor, id, &mut bytes).then_some(0),
                Some((reach, room)) => {
                    let cursor = &mut client.cursor;
                    let mut viewer = Viewer { history: &self.history, cursor, id };
                    let fitted = viewer.fit(reach, room, false, &mut bytes);
                    assert!(bytes.len() <= room, "because there is no more room");
                    fitted.map(|fitted| fitted.split)
                }
            };
            let Some(split) = split else {
                assert!(client.narrow.is_some(), "because there is room for everything");
                continue;
            };
            let before = client.view.checks();
            for part in [&bytes[..split], &bytes[split..]] {
                if part.is_empty() {
                    continue;
                }
                let message = decode_server(part).expect("a snapshot decodes");
                assert_eq!(
                    encode(&message),
                    part,
                    "because a splice equals the whole, encoded at once"
                );
                let snapshot = message.into_snapshot().expect("it is a snapshot");
                let restart = snapshot.refocus.as_ref().and_then(|refocus| refocus.restart);
                self.restarts += u64::from(restart.is_some());
                let applied = client.view.apply(&snapshot);
                assert_eq!(applied, Ok(()), "because nothing desynchronises ({id:?} at {next:?})");
            }
            assert_eq!(client.view.tick(), next, "because the newest is what is told");
            self.checks += client.view.checks() - before;
        }
    }

    /// Compares every up-to-date view with the world, thing by thing.
    pub(crate) fn assert_views_are_exact(&self) {
        for (id, client) in &self.clients {
            let view = &client.view;
            if view.tick() != self.sim.tick() {
                continue;
            }
            let focus = view.focus().expect("a snapshot came");
            let mut expected = Vec::new();
            self.sim.each_player(|it| {
                if it.life == Life::Flying && focus.contains(cell_at(it.body.pos)) {
                    let name = it.name.to_owned();
                    let condition = (it.hp, it.link == throng::sim::Link::Dead);
                    expected.push((it.id, *it.body, it.helm.steer, condition, it.look, name));
                }
            });
            let held: Vec<_> = view
                .gliders()
                .iter()
                .map(|g| (g.id, g.body, g.steer, (g.hp, g.is_link_dead), g.look, g.name.clone()))
                .collect();
            assert_eq!(held, expected, "because {id:?} holds exactly the gliders of its cells");

            let mut held: Vec<_> =
                view.bolts().iter().map(|b| (b.id, b.owner, b.flight.pos)).collect();
            held.sort_by_key(|held| held.0);
            let flying = self.sim.bolts().iter().filter(|b| focus.contains(cell_at(b.flight.pos)));
            let expected: Vec<_> = flying.map(|b| (b.id, b.owner, b.flight.pos)).collect();
            assert_eq!(held, expected, "because {id:?} holds exactly the bolts of its cells");

            let mut held: Vec<_> = view.shards().iter().map(|s| (s.id, s.value)).collect();
            held.sort_by_key(|held| held.0);
            let mut expected: Vec<_> = focus
                .cells()
                .flat_map(|cell| self.sim.shards_in(self.sim.grid().index(cell)))
                .map(|s| (s.id, s.value))
                .collect();
            expected.sort_by_key(|held| held.0);
            assert_eq!(held, expected, "because {id:?} holds exactly the shards of its cells");
        }
    }

    pub(crate) fn holds_itself(&self, id: NetId) -> bool {
        self.clients.get(&id).is_some_and(|client| client.view.own().is_some())
    }

    pub(crate) fn kills(&self) -> u32 {
        let mut kills = 0;
        self.sim.each_player(|it| kills += u32::from(it.purse.kills));
        kills
    }

    /// How many players had an id that somebody had before them.
    pub(crate) fn ids_used_again(&self) -> u32 {
        self.ids_used_again
    }

    /// Snapshots that began a view anew, with every keyframe.
    pub(crate) fn restarts(&self) -> u64 {
        self.restarts
    }

    pub(crate) fn checks(&self) -> u64 {
        self.checks
    }
}
