//! A room at work, on whichever thread lends it time: drain, step, replicate, publish.

mod watching;

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use throng_shared::ids::{NetId, Tick};
use throng_shared::limits::{PUBLISHED_MAX, RETRY_MS, RETRY_SPREAD_MS};
use throng_shared::motion::Steer;
use throng_shared::prng::Prng;
use throng_shared::session::CloseCode;
use throng_shared::wire::{Input, MapRuns};

use super::blackbox::{Blackbox, Command, Crash};
use super::clerk::Clerk;
use super::courier::{Courier, Sums};
use super::greeting::Greeting;
use super::news::{Conns, News};
use super::overload::Overload;
use super::pace::{Due, Pace};
use super::status::RoomStatus;
use super::timing::TickTime;
use super::watchers::Watchers;
use crate::config::Limits;
use crate::game::Game;
use crate::hub::{HubPort, Report, RoomInfo};
use crate::link::{ConnId, Control, Fate, Following, InputNote, Mail, RoomLink};
use crate::replication::{Arrived, Replicator, TickFrame};
use crate::sim::{Arena, Intent, Newcomer, Sim, SimOptions};

/// Frames that threads may hold on to: published, in their history, and in hand.
const FRAMES_KEPT: usize = PUBLISHED_MAX * 2;
/// Time between two warnings of the same kind.
const SAY_EVERY: Duration = Duration::from_secs(1);

/// What a room is to be.
#[derive(Clone, Debug)]
pub struct RoomOptions {
    pub name: String,
    /// Whether only those inside are to know of it.
    pub is_private: bool,
    pub sim: SimOptions,
    /// What is played.
    pub game: Game,
    /// How long the glider of a lost connection stays, in milliseconds.
    pub link_hold_ms: u64,
    pub limits: Arc<Limits>,
    /// Cores that the room shares with its network threads.
    pub cores: usize,
    /// Crashes after this tick: a rehearsal.
    pub panic_at: Option<Tick>,
    /// Stands still after this tick, for so long: another one.
    pub stall_at: Option<(Tick, Duration)>,
}

/// A room that is ready to run.
#[derive(Debug)]
pub struct RoomWorker {
    name: String,
    tick_hz: u32,
    joins_per_tick: usize,
    /// Time after which a spectator may look at somebody else, in milliseconds.
    watch_every_ms: u32,
    /// How long the glider of a lost connection stays.
    hold_ticks: i32,
    sim: Sim,
    replicator: Replicator,
    link: RoomLink,
    status: Arc<RoomStatus>,
    conns: Conns,
    watchers: Watchers,
    news: News,
    courier: Courier,
    /// The newest input of each player, by id.
    arrived: Vec<Option<Arrived>>,
    frames: Vec<Arc<TickFrame>>,
    greeting: Greeting,
    overload: Overload,
    /// For what may differ from run to run: when somebody shall come back.
    chance: Prng,
    seed: u64,
    blackbox: Blackbox,
    panic_at: Option<Tick>,
    stall_at: Option<(Tick, Duration)>,
    /// Whether each player is a house bot, by id; and how many are not.
    are_house: Vec<bool>,
    people: usize,
    /// Skipped deadlines that the log tells of, and since when.
    skips_said: u64,
    skips_said_at: Option<Instant>,
}

impl RoomWorker {
    #[must_use]
    pub fn new(
        arena: Arena,
        options: &RoomOptions,
        link: RoomLink,
        status: Arc<RoomStatus>,
        hub: HubPort,
    ) -> Self {
        let map = MapRuns {
            width: arena.map().width() as u16,
            height: arena.map().height() as u16,
            runs: arena.map().runs(),
        };
        let grid = arena.grid();
        let (name, tick_hz) = (options.name.clone(), options.sim.tick_hz);
        let info = RoomInfo {
            name: name.clone(),
            players_max: options.sim.players_max as u16,
            tick_hz: tick_hz as u8,
            width: map.width,
            height: map.height,
            is_private: options.is_private,
        };
        Self {
            greeting: Greeting::new(name.clone(), tick_hz, &map),
            overload: Overload::new(name.clone(), tick_hz, options.cores),
            name,
            tick_hz,
            joins_per_tick: options.limits.joins_per_s.div_ceil(tick_hz) as usize,
            watch_every_ms: options.limits.watch_every_ms,
            hold_ticks: hold_ticks(options.link_hold_ms, tick_hz),
            sim: Sim::playing(options.game, arena, &options.sim),
            replicator: Replicator::new(grid),
            link,
            status,
            conns: Conns::default(),
            watchers: Watchers::new(options.limits.watchers_max as usize),
            news: News::new(options.sim.tick_hz),
            courier: Courier::new(hub, info),
            arrived: Vec::new(),
            frames: Vec::new(),
            chance: Prng::new(options.sim.seed),
            seed: options.sim.seed,
            blackbox: Blackbox::default(),
            panic_at: options.panic_at,
            stall_at: options.stall_at,
            are_house: Vec::new(),
            people: 0,
            skips_said: 0,
            skips_said_at: None,
        }
    }

    /// Has a clerk report what the room was told before it crashed, and waits for nothing:
    /// there are other rooms on this thread.
    pub fn report_crash(&mut self, panic: &dyn Any, clerk: &Clerk) {
        let text = panic.downcast_ref::<&str>().copied();
        let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        let crash = Crash {
            room: self.name.clone(),
            seed: self.seed,
            tick_hz: self.tick_hz,
            tick: self.sim.tick(),
            message: text.unwrap_or("without a message").to_owned(),
        };
        clerk.report(self.blackbox.take(), crash);
    }

    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    #[must_use]
    pub fn tick_hz(&self) -> u32 {
        self.tick_hz
    }

    /// Whether it was closed, and has nothing more to do.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.link.fate() != Fate::Open
    }

    /// Whether it stands still, which whoever runs it tells.
    #[must_use]
    pub fn stalled(&self) -> &Arc<AtomicBool> {
        self.link.stalled()
    }

    /// Runs the ticks that are due at `now`, which a simulation may have made up, and says
    /// what was due.
    pub fn turn(&mut self, pace: &mut Pace, now: Instant) -> Due {
        let due = pace.poll(now);
        if let Due::Ticks(ticks) = due {
            let mut skipped = self.note_skipped(pace);
            for tick in 1..=ticks {
                let following = if tick == ticks { Following::Later } else { Following::AtOnce };
                pace.advance();
                self.tick(pace, following, std::mem::take(&mut skipped));
            }
        }
        due
    }

    /// The world as the last tick left it.
    #[must_use]
    pub fn sim(&self) -> &Sim {
        &self.sim
    }

    /// Counts the deadlines that were skipped just now, and says so at most once a
    /// second.
    fn note_skipped(&mut self, pace: &Pace) -> u32 {
        let just_now = pace.skipped() - self.status.skipped();
        let unsaid = pace.skipped() - self.skips_said;
        if unsaid == 0 {
            return 0;
        }
        self.status.note_skipped(pace.skipped());
        let now = Instant::now();
        if self.skips_said_at.is_none_or(|at| now - at >= SAY_EVERY) {
            tracing::warn!("The room {} fell behind and skipped {unsaid} ticks.", self.name);
            self.skips_said = pace.skipped();
            self.skips_said_at = Some(now);
        }
        u32::try_from(just_now).unwrap_or(u32::MAX)
    }

    /// Runs one tick, before which `skipped` deadlines were left out.
    fn tick(&mut self, pace: &Pace, following: Following, skipped: u32) {
        let began = Instant::now();
        self.drain();
        assert!(self.panic_at != Some(self.sim.tick()), "a rehearsal was asked for");
        if let Some((_, time)) = self.stall_at.take_if(|(at, _)| *at == self.sim.tick()) {
            std::thread::sleep(time);
        }
        self.sim.step();
        let mut frame = self.spare_frame();
        match Arc::get_mut(&mut frame) {
            Some(blank) => self.replicator.replicate(&self.sim, &self.arrived, blank),
            None => unreachable!("a spare frame is held by nobody else"),
        }
        self.follow();
        self.news.report(&self.sim, (&self.conns, &self.watchers), &mut self.link);
        let spectators = u16::try_from(self.watchers.len()).unwrap_or(u16::MAX);
        let sums = Sums { spectators, late_ticks: self.status.late_ticks() };
        self.courier.report(&self.sim, self.news.standings(), sums);
        self.courier.deliver((&self.conns, &self.watchers), &mut self.link);
        self.sim.forget();
        let step = self.overload.step();
        self.link.publish(&frame, pace.deadline(), pace.period(), following, step);
        if self.frames.len() < FRAMES_KEPT {
            self.frames.push(frame);
        }
        let now = Instant::now();
        self.status.note_mail_dropped(self.link.mail_dropped());
        let micros = |time: Duration| u32::try_from(time.as_micros()).unwrap_or(u32::MAX);
        let time = TickTime {
            work_us: micros(now - began),
            late_us: micros(began.saturating_duration_since(pace.last_deadline())),
            skipped,
            overran: now >= pace.deadline(),
        };
        self.courier.note_work(time.work_us);
        let tick = self.sim.tick().0;
        let players = self.sim.players();
        self.status.note_tick(tick, players, time);
        // One who was lost must find the door open; the room still counts places.
        let is_full = self.sim.seats() >= self.status.players_max;
        let gauge = self.link.room_gauge();
        gauge.set_full(is_full && self.sim.limbo().is_empty());
        gauge.set_crowded(self.watchers.is_full());
        gauge.set_people(self.people);
        gauge.set_onlookers(self.watchers.len());
        self.overload.note(tick, time, pace.period(), &mut self.link);
    }

    fn drain(&mut self) {
        let Self { link, sim, conns, arrived, blackbox, .. } = self;
        let mut controls = Vec::new();
        link.drain(
            self.joins_per_tick,
            |control| controls.push(control),
            |note| {
                if conns.conn(note.you) == Some(note.conn) {
                    let intent = intent_of(&note.input);
                    blackbox.note(sim.tick(), Command::Intend { you: note.you, intent });
                    take_input(sim, arrived, (note, intent));
                }
            },
        );
        for control in controls {
            self.handle_control(control);
        }
    }

    fn handle_control(&mut self, control: Control) {
        match control {
            Control::Join { conn, name, who, watch: true, .. } => {
                self.take_spectator(conn, &name, who);
            }
            Control::Join { conn, name, look, who, watch: false, house } => {
                let newcomer = Newcomer { name: name.into_string(), look };
                let name = newcomer.name.as_str().into();
                let called = newcomer.name.clone();
                let mail = match self.sim.join(newcomer) {
                    Some(you) => {
                        self.blackbox.note(self.sim.tick(), Command::Join { you, name, look });
                        self.count_in(you, house);
                        let spectator = false;
                        self.courier.tell(Report::Joined { you, name: called, who, spectator });
                        self.seat(conn, you)
                    }
                    None => Mail::Refused {
                        conn,
                        code: CloseCode::Full,
                        reason: CloseCode::Full.text(),
                        retry_after_ms: RETRY_MS + self.chance.below(RETRY_SPREAD_MS),
                    },
                };
                self.link.post(conn.thread, mail);
            }
            Control::Detach { conn } => {
                if let Some(you) = self.conns.id(conn) {
                    let now = self.sim.tick();
                    let until = now.offset(self.hold_ticks);
                    self.blackbox.note(now, Command::Unlink { you, until });
                    self.sim.unlink(you, until);
                    self.courier.tell(Report::Linked { you, dead: true });
                } else {
                    self.detach_spectator(conn);
                }
            }
            Control::Lag { conn, lags } => {
                if let Some(you) = self.conns.id(conn).or_else(|| self.watchers.id(conn)) {
                    self.courier.tell(Report::Lags { you, lags });
                }
            }
            Control::Rebind { from, to } => {
                // Only a connection that has joined gives its session away.
                let Some(id) = self.conns.remove(from) else {
                    return self.rebind_spectator(from, to);
                };
                self.blackbox.note(self.sim.tick(), Command::Relink { you: id });
                self.sim.relink(id);
                self.link.post(from.thread, Mail::Moved { conn: from, to });
                let mail = self.seat(to, id);
                self.link.post(to.thread, mail);
                self.courier.tell(Report::Linked { you: id, dead: false });
            }
            Control::Ask { conn, call, ask } => {
                if let Some(you) = self.watchers.id(conn) {
                    return self.ask_as_spectator((conn, you), call, ask);
                }
                let asker = (conn, self.conns.id(conn));
                self.courier.ask(&mut self.link, asker, call, ask);
            }
            Control::Leave { conn } => self.leave(conn),
            Control::Depart { conn } => {
                self.leave(conn);
                self.link.post(conn.thread, Mail::Departed { conn });
            }
        }
    }

    fn leave(&mut self, conn: ConnId) {
        let Some(id) = self.conns.remove(conn) else { return self.dismiss_spectator(conn) };
        if let Some(it) = self.sim.player(id) {
            self.status.note_late_inputs(it.buffer.late());
        }
        self.blackbox.note(self.sim.tick(), Command::Leave { you: id });
        self.sim.leave(id);
        self.courier.let_go(id);
        self.people -= usize::from(!self.are_house[id.index()]);
    }

    fn count_in(&mut self, you: NetId, house: bool) {
        if self.are_house.len() <= you.index() {
            self.are_house.resize(you.index() + 1, false);
        }
        self.are_house[you.index()] = house;
        self.people += usize::from(!house);
    }

    /// Lets a connection play a player; its Welcome.
    fn seat(&mut self, conn: ConnId, you: NetId) -> Mail {
        self.conns.insert(conn, you);
        if self.arrived.len() <= you.index() {
            self.arrived.resize(you.index() + 1, None);
        }
        self.arrived[you.index()] = None;
        let tick = self.sim.tick();
        Mail::Joined { conn, you, tick, welcome: self.greeting.welcome(you, tick) }
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

fn hold_ticks(hold_ms: u64, tick_hz: u32) -> i32 {
    i32::try_from(hold_ms * u64::from(tick_hz) / 1000).unwrap_or(i32::MAX).max(1)
}

fn take_input(
    sim: &mut Sim,
    arrived: &mut [Option<Arrived>],
    (note, intent): (&InputNote, Intent),
) {
    sim.intend(note.you, intent);
    if let Some(arrived) = arrived.get_mut(note.you.index()) {
        *arrived = Some(Arrived { tick: intent.tick, early: note.early });
    }
}

/// The one place where a wire input becomes an intent of the simulation.
#[must_use]
pub fn intent_of(input: &Input) -> Intent {
    let Input { tick, heading, thrust, aim, fire, dash, ahead: _ } = *input;
    Intent { tick: Tick(tick), steer: Steer { heading, thrust }, aim, fire, dash }
}
