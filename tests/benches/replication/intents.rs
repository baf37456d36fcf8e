//! The product's own replication, measured like the others.

use std::sync::Arc;

use throng::replication::{Cursor, History, Replicator, TickFrame, compose};
use throng_bot::view::View;
use throng_shared::cells::Focus;
use throng_shared::ids::NetId;
use throng_shared::limits::CATCH_UP_TICKS_MAX;
use throng_shared::wire::{Identity, MapRuns, Secret, Welcome, decode_server};

use super::parts::{Seen, Who};
use super::workload::TICK_HZ;
use super::{Reader, Replication, Workload};

pub(crate) struct Intents {
    replicator: Replicator,
    history: History,
    /// Used in turn: more than the history keeps.
    frames: Vec<Arc<TickFrame>>,
    cursors: Vec<Cursor>,
}

impl Replication for Intents {
    type Reader = View;

    fn new(world: &Workload) -> Self {
        let grid = world.sim().grid();
        let blank = |_| Arc::new(TickFrame::blank(grid));
        Self {
            replicator: Replicator::new(grid),
            history: History::default(),
            frames: (0..=CATCH_UP_TICKS_MAX).map(blank).collect(),
            cursors: vec![Cursor::default(); world.sim().players()],
        }
    }

    fn encode(&mut self, world: &Workload) {
        let mut frame = self.frames.remove(0);
        let free = Arc::get_mut(&mut frame).expect("the history has let go of it");
        self.replicator.replicate(world.sim(), world.arrived(), free);
        self.history.push(Arc::clone(&frame));
        self.frames.push(frame);
    }

    fn gather(&mut self, client: NetId, out: &mut Vec<u8>) {
        compose(&self.history, &mut self.cursors[client.index()], client, out);
    }
}

impl Reader for View {
    fn new(world: &Workload, you: NetId) -> Self {
        let map = world.sim().map();
        let (width, height) = (map.width() as u16, map.height() as u16);
        let welcome = Welcome {
            secret: Secret::default(),
            resumed: false,
            identity: Identity::default(),
            session_ms: 60_000,
            time_ms: 0,
            watch: false,
            you,
            own: you,
            tick: world.sim().tick().0,
            tick_hz: TICK_HZ as u8,
            room: String::new(),
            map: MapRuns { width, height, runs: map.runs() },
        };
        Self::new(&welcome).expect("the map of a room is a map")
    }

    fn read(&mut self, snapshot: &[u8]) {
        let message = decode_server(snapshot).expect("a snapshot decodes");
        let snapshot = message.into_snapshot().expect("it is a snapshot");
        self.apply(&snapshot).expect("nothing desynchronises");
    }

    fn focus(&self) -> Focus {
        self.focus().expect("a snapshot came")
    }

    fn held(&self) -> Vec<Seen> {
        let seen = |it: &throng_bot::view::Glider| Seen {
            id: it.id,
            pos: it.body.pos,
            who: Who { look: it.look, hp: it.hp, name: it.name.clone() },
        };
        self.gliders().iter().map(seen).collect()
    }
}
