//! A steady tick allocates nothing: its cost does not depend on the allocator's mood.

use std::sync::Arc;
use std::time::Duration;

use throng::config::{ArenaSpec, Config, Settings};
use throng::replication::{Cursor, History, Pacer, Replicator, Rhythm, TickFrame, Viewer};
use throng::room::{RoomStatus, TickTime};
use throng::sim::{Intent, Newcomer, Sim, SimOptions};
use throng_shared::ids::NetId;
use throng_shared::limits::STALLED_MS;
use throng_shared::motion::Steer;
use throng_shared::prng::Prng;
use throng_shared::time::Millis;

const PLAYERS: usize = 500;
/// Ticks until every table has grown to what it needs.
const WARM_TICKS: u32 = 900;
const MEASURED_TICKS: u32 = 90;

struct Room {
    sim: Sim,
    replicator: Replicator,
    history: History,
    clients: Vec<(NetId, Cursor, Pacer)>,
    /// Who looks on, and at whom.
    spectators: Vec<(NetId, Cursor, Pacer)>,
    /// Frames that are used in turn.
    frames: Vec<Arc<TickFrame>>,
    out: Vec<u8>,
    status: RoomStatus,
    chance: Prng,
}

impl Room {
    fn new() -> Self {
        let settings = Settings { arena: Some(ArenaSpec::Auto(PLAYERS)), ..Settings::default() };
        let config = Config::new(settings).expect("the settings are allowed");
        let (arena, shards) = config.arena().expect("the field can be made");
        let options = SimOptions { tick_hz: 30, seed: 1, players_max: PLAYERS, shards };
        let mut sim = Sim::new(arena, &options);
        let clients = (0..PLAYERS).map(|number| {
            let newcomer = Newcomer { name: format!("walk {number}"), look: 1 };
            let id = sim.join(newcomer).expect("the room has a place");
            (id, Cursor::default(), Pacer::default())
        });
        let clients: Vec<(NetId, Cursor, Pacer)> = clients.collect();
        let seen = clients.iter().map(|&(id, ..)| id).chain([NetId::NOBODY]);
        let spectators = seen.step_by(10).map(|id| (id, Cursor::looking_on(), Pacer::default()));
        let spectators = spectators.collect();
        Self {
            replicator: Replicator::new(sim.grid()),
            frames: (0..16).map(|_| Arc::new(TickFrame::blank(sim.grid()))).collect(),
            sim,
            history: History::default(),
            clients,
            spectators,
            out: Vec::new(),
            status: RoomStatus::new("room".to_owned(), options.tick_hz, PLAYERS),
            chance: Prng::new(2),
        }
    }

    /// The workload: everybody at full speed, a third speaks, a quarter of those turn.
    fn tick(&mut self) {
        let tick = self.sim.tick().next();
        for (id, ..) in &self.clients {
            if self.chance.one_in(12) {
                let steer = Steer { heading: self.chance.next_u8(), thrust: 15 };
                let intent = Intent { tick, steer, ..Intent::default() };
                self.sim.intend(*id, intent);
            }
        }
        self.sim.step();
        let free = self.frames.iter_mut().position(|frame| Arc::get_mut(frame).is_some());
        let mut frame = self.frames.swap_remove(free.expect("the history holds eight of sixteen"));
        let blank = Arc::get_mut(&mut frame).expect("it is free");
        self.replicator.replicate(&self.sim, &[], blank);
        self.sim.forget();
        self.history.push(Arc::clone(&frame));
        self.frames.push(frame);
        let rhythm = Rhythm { period: Duration::from_millis(33), ticks: 1 };
        let now = Millis(u64::from(tick.0) * 33);
        for (id, cursor, pacer) in &mut self.clients {
            self.out.clear();
            pacer.note_turn(rhythm);
            let viewer = Viewer { history: &self.history, cursor, id: *id };
            let composed = pacer.compose(rhythm, viewer, 0, &mut self.out);
            assert_eq!(composed, Some(0), "because nobody is slow");
            pacer.note_sent(now, self.out.len(), cursor.tick());
            pacer.note_seen(now, tick.offset(-1), rhythm);
        }
        for (id, cursor, pacer) in &mut self.spectators {
            self.out.clear();
            pacer.note_turn(rhythm);
            let viewer = Viewer { history: &self.history, cursor, id: *id };
            let composed = pacer.compose(rhythm, viewer, 0, &mut self.out);
            assert_eq!(composed, Some(0), "because nobody is slow");
            pacer.note_sent(now, self.out.len(), cursor.tick());
            // They say no more than that they are there.
            if tick.0.is_multiple_of(75) {
                pacer.note_pong();
            }
            assert!(!pacer.is_stalled(rhythm, STALLED_MS));
        }
        self.status.note_tick(tick.0, PLAYERS, TickTime::default());
    }
}

#[test]
fn a_steady_tick_allocates_nothing() {
    let mut room = Room::new();
    for _ in 0..WARM_TICKS {
        room.tick();
    }
    let counted = allocation_counter::measure(|| {
        for _ in 0..MEASURED_TICKS {
            room.tick();
        }
    });
    assert_eq!(
        counted.count_total, 0,
        "because simulation, encoding and splicing reuse what they have ({counted:?})"
    );
}
