//! The thread of a room: wait for the deadline, drain, step, replicate, publish.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use throng_shared::ids::{NetId, Tick};
use throng_shared::limits::PUBLISHED_MAX;
use throng_shared::motion::Steer;
use throng_shared::session::CloseCode;
use throng_shared::wire::{Input, MapRuns, ServerMessage, Welcome, encode};

use super::news::{Conns, News};
use super::pace::{Due, Pace};
use super::status::RoomStatus;
use crate::link::{Control, InputNote, Mail, RoomLink, Wake};
use crate::replication::{Replicator, TickFrame};
use crate::sim::{Arena, Intent, Newcomer, Sim, SimOptions};

/// What a newcomer to a full room is told to wait, in milliseconds.
const FULL_RETRY_MS: u32 = 5_000;
/// Frames that threads may hold on to: published, in their history, and in hand.
const FRAMES_KEPT: usize = PUBLISHED_MAX * 2;
/// Longest single sleep, so that a stop is heard soon at any tick rate.
const NAP: Duration = Duration::from_millis(100);

/// What a room is to be.
#[derive(Clone, Debug)]
pub struct RoomOptions {
    pub name: String,
    pub sim: SimOptions,
}

/// Tells a room to stop.
#[derive(Clone, Debug, Default)]
pub struct StopSign(Arc<AtomicBool>);

impl StopSign {
    pub fn raise(&self) {
        self.0.store(true, Ordering::Release);
    }

    fn is_raised(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// A room that is ready to run on a thread of its own.
#[derive(Debug)]
pub struct RoomWorker {
    name: String,
    tick_hz: u32,
    sim: Sim,
    replicator: Replicator,
    link: RoomLink,
    status: Arc<RoomStatus>,
    conns: Conns,
    news: News,
    /// How early the last input of each player was, in 1/16 tick.
    early: Vec<i8>,
    frames: Vec<Arc<TickFrame>>,
    map: MapRuns,
}

impl RoomWorker {
    #[must_use]
    pub fn new(
        arena: Arena,
        options: &RoomOptions,
        link: RoomLink,
        status: Arc<RoomStatus>,
    ) -> Self {
        let map = MapRuns {
            width: arena.map().width() as u16,
            height: arena.map().height() as u16,
            runs: arena.map().runs(),
        };
        let grid = arena.grid();
        Self {
            name: options.name.clone(),
            tick_hz: options.sim.tick_hz,
            sim: Sim::new(arena, &options.sim),
            replicator: Replicator::new(grid),
            link,
            status,
            conns: Conns::default(),
            news: News::new(options.sim.tick_hz),
            early: Vec::new(),
            frames: Vec::new(),
            map,
        }
    }

    /// Runs until the stop sign is raised.
    pub fn run(mut self, stop: &StopSign) {
        let mut pace = Pace::new(Instant::now(), self.tick_hz);
        while !stop.is_raised() {
            match pace.poll(Instant::now()) {
                Due::At(deadline) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    std::thread::sleep(left.min(NAP));
                }
                Due::Ticks(ticks) => {
                    self.status.note_skipped(pace.skipped());
                    for tick in 1..=ticks {
                        let wake = if tick == ticks { Wake::Now } else { Wake::WithTheNext };
                        pace.advance();
                        self.tick(&pace, wake);
                    }
                }
            }
        }
    }

    fn tick(&mut self, pace: &Pace, wake: Wake) {
        let began = Instant::now();
        self.drain();
        self.sim.step();
        let mut frame = self.spare_frame();
        match Arc::get_mut(&mut frame) {
            Some(blank) => self.replicator.replicate(&self.sim, &self.early, blank),
            None => unreachable!("a spare frame is held by nobody else"),
        }
        self.news.report(&self.sim, &self.conns, &mut self.link);
        self.sim.forget();
        self.link.publish(&frame, pace.deadline(), pace.period(), wake);
        if self.frames.len() < FRAMES_KEPT {
            self.frames.push(frame);
        }
        let now = Instant::now();
        if now >= pace.deadline() {
            self.status.note_overrun();
        }
        self.status.note_tick(self.sim.tick().0, self.sim.players(), now - began);
    }

    fn drain(&mut self) {
        let Self { link, sim, conns, early, .. } = self;
        let mut controls = Vec::new();
        link.drain(
            |control| controls.push(control),
            |note| {
                if conns.conn(note.you) == Some(note.conn) {
                    take_input(sim, early, note);
                }
            },
        );
        for control in controls {
            self.handle_control(control);
        }
    }

    fn handle_control(&mut self, control: Control) {
        match control {
            Control::Join { conn, name, look } => {
                let newcomer = Newcomer { name: name.into_string(), look };
                let mail = match self.sim.join(newcomer) {
                    Some(you) => {
                        self.conns.insert(conn, you);
                        if self.early.len() <= you.index() {
                            self.early.resize(you.index() + 1, 0);
                        }
                        let tick = self.sim.tick();
                        Mail::Joined { conn, you, tick, welcome: self.welcome(you, tick) }
                    }
                    None => Mail::Refused {
                        conn,
                        code: CloseCode::Full,
                        reason: CloseCode::Full.text(),
                        retry_after_ms: FULL_RETRY_MS,
                    },
                };
                self.link.post(conn.thread, mail);
            }
            Control::Leave { conn } => {
                if let Some(id) = self.conns.remove(conn) {
                    if let Some(it) = self.sim.player(id) {
                        self.status.note_late_inputs(it.late);
                    }
                    self.sim.leave(id);
                }
            }
        }
    }

    fn welcome(&self, you: NetId, tick: Tick) -> Bytes {
        let welcome = Welcome {
            you,
            tick: tick.0,
            tick_hz: self.tick_hz as u8,
            room: self.name.clone(),
            map: self.map.clone(),
        };
        encode(&ServerMessage::Welcome(welcome)).into()
    }

    /// A frame that no thread reads any more, or a new one.
    fn spare_frame(&mut self) -> Arc<TickFrame> {
        let free = self.frames.iter_mut().position(|frame| Arc::get_mut(frame).is_some());
        match free {
            Some(index) => self.frames.swap_remove(index),
            None => Arc::new(TickFrame::blank(self.sim.grid())),
        }
    }
}

/// The one place where a wire input becomes an intent of the simulation.
fn take_input(sim: &mut Sim, early: &mut [i8], note: &InputNote) {
    let Input { tick, heading, thrust, aim, fire, dash, ahead: _ } = note.input;
    let steer = Steer { heading, thrust };
    sim.intend(note.you, Intent { tick: Tick(tick), steer, aim, fire, dash });
    if let Some(early) = early.get_mut(note.you.index()) {
        *early = note.early;
    }
}
