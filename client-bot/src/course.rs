//! Where a client stands in the stream of snapshots, and which tick it steers for.
//! Sans-io: whoever owns the socket tells the time.

use throng_shared::ids::Tick;
use throng_shared::motion::Steer;
use throng_shared::session::{ClientSession, Clock};
use throng_shared::wire::{ClientMessage, Feedback, Snapshot, SnapshotHead, Welcome};

use crate::brain::Intent;
use crate::view::{Desync, View};

/// What every client keeps, whether it looks into snapshots or not.
#[derive(Debug)]
pub(crate) struct Course {
    clock: Clock,
    seen: Tick,
    /// The newest input that arrived.
    arrived: Option<Tick>,
}

impl Course {
    pub(crate) fn new(now_ms: f64, welcome: &Welcome) -> Self {
        let seen = Tick(welcome.tick);
        Self {
            clock: Clock::new(now_ms, welcome.tick, u32::from(welcome.tick_hz)),
            seen,
            arrived: None,
        }
    }

    /// Takes the head of a snapshot. What is acknowledged is what came, even while a
    /// view waits for its resync.
    pub(crate) fn take(&mut self, now_ms: f64, head: SnapshotHead) {
        self.seen = match head.restart {
            Some(tick) => Tick(tick),
            None => self.seen.offset(i32::try_from(head.ticks).unwrap_or(i32::MAX)),
        };
        if let Some(Feedback { ack, early }) = head.feedback {
            let arrived = self.seen.offset(i32::from(ack));
            self.arrived = Some(arrived);
            self.clock.feedback(now_ms, arrived, early);
        }
    }

    /// The input that carries an intent, and the tick that the clock names for it.
    pub(crate) fn steer(
        &mut self,
        now_ms: f64,
        session: &mut ClientSession,
        intent: Intent,
    ) -> (Tick, ClientMessage) {
        let tick = self.clock.input_tick(now_ms, self.seen);
        let steer = Steer { heading: intent.heading, thrust: intent.thrust };
        let presses = (intent.fire, intent.dash);
        let input = session.input(tick, self.seen, steer, intent.aim, presses);
        self.clock.note_sent(tick);
        (tick, ClientMessage::Input(input))
    }

    /// Tick of the newest snapshot.
    pub(crate) fn seen(&self) -> Tick {
        self.seen
    }

    /// The newest tick whose input is in force: it arrived, and its tick has come.
    pub(crate) fn in_force(&self) -> Option<Tick> {
        self.arrived.map(|tick| if tick.since(self.seen) > 0 { self.seen } else { tick })
    }
}

/// A view that asks for a resync when it turns out not to hold.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) view: View,
    resyncing: bool,
    desyncs: u64,
}

impl Held {
    pub(crate) fn new(view: View) -> Self {
        Self { view, resyncing: false, desyncs: 0 }
    }

    /// Brings the view to the snapshot's tick. On an error a resync is to be asked for.
    pub(crate) fn take(&mut self, snapshot: &Snapshot) -> Result<(), Desync> {
        if head_of(snapshot).restart.is_some() {
            self.resyncing = false;
        }
        if self.resyncing {
            return Ok(());
        }
        self.view.apply(snapshot).inspect_err(|_| {
            self.desyncs += 1;
            self.resyncing = true;
        })
    }

    /// Counts what another view has counted before.
    pub(crate) fn carry(&mut self, desyncs: u64) {
        self.desyncs += desyncs;
    }

    pub(crate) fn desyncs(&self) -> u64 {
        self.desyncs
    }
}

/// What skimming would have read of a snapshot that was decoded whole.
pub(crate) fn head_of(snapshot: &Snapshot) -> SnapshotHead {
    SnapshotHead {
        feedback: snapshot.feedback,
        ticks: snapshot.ticks.len(),
        restart: snapshot.refocus.as_ref().and_then(|refocus| refocus.restart),
    }
}
