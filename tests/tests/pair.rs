//! A client and a server in virtual time: sessions, clock, inputs and prediction
//! over a link with delay, jitter and stalls. No socket, no thread, no sleep.

use std::collections::VecDeque;
use std::sync::Arc;

use throng::config::{ArenaSpec, Config, Settings};
use throng::replication::{Arrived, Cursor, History, Replicator, TickFrame, compose};
use throng::room::intent_of;
use throng::sim::{Newcomer, Sim, SimOptions};
use throng_bot::view::View;
use throng_shared::ids::{NetId, Tick};
use throng_shared::motion::{Body, Steer, step};
use throng_shared::prng::Prng;
use throng_shared::session::{ClientSession, Clock, Newest, Request, ServerSession, Update};
use throng_shared::time::Millis;
use throng_shared::wire::{
    ClientMessage, Hello, Identity, MapRuns, Secret, ServerMessage, Welcome, encode,
};

const TICK_HZ: u32 = 30;
const TICK_US: u64 = 1_000_000 / TICK_HZ as u64;
/// The server reads so often in a tick.
const READS_PER_TICK: u64 = 4;
/// A client whose clock was set back by so many ticks starts its prediction anew.
const SETBACK_TICKS: i32 = 4;

/// Frames on their way, in order: TCP neither loses nor swaps.
#[derive(Default)]
struct Pipe {
    on_the_way: VecDeque<(u64, Vec<u8>)>,
    newest: u64,
}

impl Pipe {
    fn send(&mut self, arrives_us: u64, frame: Vec<u8>) {
        self.newest = self.newest.max(arrives_us);
        self.on_the_way.push_back((self.newest, frame));
    }

    fn receive(&mut self, now_us: u64) -> Option<Vec<u8>> {
        let due = self.on_the_way.front().is_some_and(|&(at, _)| at <= now_us);
        due.then(|| self.on_the_way.pop_front()).flatten().map(|(_, frame)| frame)
    }
}

/// Who stands still: a frozen tab, a paused machine.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stopped {
    Nobody,
    Client,
    Server,
}

struct Server {
    sim: Sim,
    replicator: Replicator,
    history: History,
    cursor: Cursor,
    session: ServerSession,
    you: Option<NetId>,
    arrived: Option<Arrived>,
    /// Deadlines that were skipped: tick n is due at deadline n + skipped.
    skipped: u64,
}

/// What the client predicts: its body after each tick that it has stepped.
struct Prediction {
    bodies: VecDeque<(Tick, Body)>,
    /// Inputs that no snapshot has shown yet.
    pending: VecDeque<(Tick, Steer)>,
    /// The steer in force at the newest snapshot.
    steer: Steer,
}

struct Client {
    session: ClientSession,
    view: Option<View>,
    clock: Option<Clock>,
    prediction: Option<Prediction>,
    sent_us: u64,
    corrections: u32,
    snapshots: u32,
    desyncs: u32,
}

struct Pair {
    now_us: u64,
    chance: Prng,
    delay_us: u64,
    jitter_us: u32,
    up: Pipe,
    down: Pipe,
    server: Server,
    client: Client,
}

fn ms(us: u64) -> f64 {
    us as f64 / 1000.0
}

impl Pair {
    fn new(seed: u64, delay_ms: u64, jitter_ms: u32) -> Self {
        let settings = Settings { arena: Some(ArenaSpec::Tiles(40)), ..Settings::default() };
        let config = Config::new(settings).expect("the settings are allowed");
        let (arena, _) = config.arena().expect("the arena can be made");
        let sim =
            Sim::new(arena, &SimOptions { tick_hz: TICK_HZ, seed, players_max: 8, shards: 0 });
        let (session, hello) = ClientSession::new(Millis(0), Hello::guest("Ada", 1));
        let mut pair = Self {
            now_us: 0,
            chance: Prng::new(seed),
            delay_us: delay_ms * 1000,
            jitter_us: jitter_ms * 1000,
            up: Pipe::default(),
            down: Pipe::default(),
            server: Server {
                replicator: Replicator::new(sim.grid()),
                sim,
                history: History::default(),
                cursor: Cursor::default(),
                session: ServerSession::new(Millis(0)),
                you: None,
                arrived: None,
                skipped: 0,
            },
            client: Client {
                session,
                view: None,
                clock: None,
                prediction: None,
                sent_us: 0,
                corrections: 0,
                snapshots: 0,
                desyncs: 0,
            },
        };
        pair.say(&hello);
        pair
    }

    fn arrival(&mut self) -> u64 {
        self.now_us + self.delay_us + u64::from(self.chance.below(self.jitter_us + 1))
    }

    fn say(&mut self, message: &ClientMessage) {
        let at = self.arrival();
        self.up.send(at, encode(message));
    }

    /// Lets time pass, a millisecond at once.
    fn drive(&mut self, span_ms: u64) {
        self.drive_with(span_ms, Stopped::Nobody);
    }

    /// The same, with one of the two standing still.
    fn drive_with(&mut self, span_ms: u64, stopped: Stopped) {
        for _ in 0..span_ms {
            let before = self.now_us;
            self.now_us += 1000;
            let reads = TICK_US / READS_PER_TICK;
            if before / reads != self.now_us / reads && stopped != Stopped::Server {
                self.server_reads();
            }
            if before / TICK_US != self.now_us / TICK_US {
                if stopped == Stopped::Server {
                    self.server.skipped += 1;
                } else {
                    self.server_ticks();
                }
            }
            if stopped == Stopped::Client {
                continue;
            }
            while let Some(frame) = self.down.receive(self.now_us) {
                self.client_hears(&frame);
            }
            self.client_acts();
        }
    }

    fn server_reads(&mut self) {
        while let Some(frame) = self.up.receive(self.now_us) {
            let room = self.server.sim.tick();
            let newest = Newest { sent: self.server.cursor.tick().unwrap_or(room), room };
            let now = Millis(self.now_us / 1000);
            let request = self.server.session.handle_frame(now, newest, &frame);
            match request.expect("an honest client is never refused") {
                Request::Join { name, look, .. } => self.welcome(name.into_string(), look),
                Request::Input(input) => {
                    let due = u64::from(input.tick) + self.server.skipped;
                    let left = (due * TICK_US) as f64 - self.now_us as f64;
                    let early = (left / TICK_US as f64 * 16.0).floor() as i16;
                    self.server.arrived = Some(Arrived { tick: Tick(input.tick), early });
                    self.server.sim.intend(self.server.you.expect("it joined"), intent_of(&input));
                }
                Request::Resync
                | Request::Leave
                | Request::Received(_)
                | Request::Ask { .. }
                | Request::Stale
                | Request::Misplaced(_) => {}
            }
        }
    }

    fn welcome(&mut self, name: String, look: u8) {
        let server = &mut self.server;
        let you = server.sim.join(Newcomer { name, look }).expect("the room has a place");
        server.you = Some(you);
        server.session.welcome(server.sim.tick());
        let map = server.sim.map();
        let (width, height, runs) = (map.width() as u16, map.height() as u16, map.runs());
        let welcome = Welcome {
            secret: Secret::default(),
            resumed: false,
            identity: Identity::default(),
            session_ms: 60_000,
            time_ms: 0,
            watch: false,
            you,
            own: you,
            tick: server.sim.tick().0,
            tick_hz: TICK_HZ as u8,
            room: "pair".to_owned(),
            map: MapRuns { width, height, runs },
        };
        let at = self.arrival();
        self.down.send(at, encode(&ServerMessage::Welcome(welcome)));
    }

    fn server_ticks(&mut self) {
        let server = &mut self.server;
        server.sim.step();
        let mut frame = TickFrame::blank(server.sim.grid());
        server.replicator.replicate(&server.sim, &[server.arrived], &mut frame);
        server.sim.forget();
        server.history.push(Arc::new(frame));
        let Some(you) = server.you else { return };
        let mut bytes = Vec::new();
        if compose(&server.history, &mut server.cursor, you, &mut bytes) {
            let at = self.arrival();
            self.down.send(at, bytes);
        }
    }

    fn client_hears(&mut self, frame: &[u8]) {
        let now_ms = ms(self.now_us);
        let client = &mut self.client;
        match client.session.handle_frame(Millis(self.now_us / 1000), frame) {
            Ok(Update::Welcome(welcome)) => {
                client.view = Some(View::new(&welcome).expect("the map is a map"));
                client.clock = Some(Clock::new(now_ms, welcome.tick, TICK_HZ));
            }
            Ok(Update::Snapshot(snapshot)) => {
                let view = client.view.as_mut().expect("Welcome came first");
                client.snapshots += 1;
                client.desyncs += u32::from(view.apply(&snapshot).is_err());
                if let (Some(feedback), Some(clock)) = (snapshot.feedback, &mut client.clock) {
                    let acked = view.tick().offset(i32::from(feedback.ack));
                    clock.feedback(now_ms, acked, feedback.early);
                }
                client.reconcile();
            }
            Ok(
                Update::Event(_) | Update::Duplicate | Update::Ping { .. } | Update::Goodbye { .. },
            ) => {}
            Err(fault) => panic!("the server speaks the protocol: {fault:?}"),
        }
    }

    fn client_acts(&mut self) {
        let now_ms = ms(self.now_us);
        let client = &mut self.client;
        let (Some(clock), Some(view)) = (&mut client.clock, &client.view) else { return };
        let Some(prediction) = &mut client.prediction else { return };
        let seen = view.tick();
        let tick = clock.input_tick(now_ms, seen);
        let mut message = None;
        // An input is made as its tick begins: later, that tick is stepped already.
        // A clock that was set back begins anew.
        prediction.bodies.retain(|&(at, _)| at == seen || at.since(tick) < SETBACK_TICKS);
        let begins = prediction.bodies.back().is_some_and(|&(last, _)| tick.since(last) > 0);
        if begins && self.now_us - client.sent_us >= 100_000 {
            let steer = Steer { heading: self.chance.next_u8(), thrust: 15 };
            let input = client.session.input(tick, seen, steer, 0, (false, false));
            client.sent_us = self.now_us;
            clock.note_sent(tick);
            prediction.pending.retain(|&(at, _)| at.since(tick) < 0);
            prediction.pending.push_back((tick, steer));
            message = Some(ClientMessage::Input(input));
        }
        prediction.advance(tick, view);
        if let Some(message) = message {
            self.say(&message);
        }
    }
}

impl Prediction {
    /// Steps up to `tick`, each tick with the steer that is in force for it.
    fn advance(&mut self, tick: Tick, view: &View) {
        while let Some(&(last, mut body)) = self.bodies.back() {
            if tick.since(last) <= 0 {
                return;
            }
            let next = last.next();
            let due = self.pending.iter().rfind(|(at, _)| at.since(next) <= 0);
            let steer = due.map_or(self.steer, |&(_, steer)| steer);
            step(&mut body, steer, false, next, view.rules(), view.map());
            self.bodies.push_back((next, body));
        }
    }
}

impl Client {
    /// Holds the prediction against what the server says, and starts anew where
    /// they differ.
    fn reconcile(&mut self) {
        let Some(view) = &self.view else { return };
        let Some(own) = view.own() else { return };
        let now = view.tick();
        if let Some(prediction) = &mut self.prediction {
            while prediction.bodies.front().is_some_and(|&(tick, _)| tick.since(now) < 0) {
                prediction.bodies.pop_front();
            }
            prediction.steer = own.steer;
            prediction.pending.retain(|(tick, _)| tick.since(now) > 0);
            let is_right = prediction.bodies.front() == Some(&(now, own.body));
            if !is_right {
                self.corrections += 1;
                prediction.bodies = VecDeque::from([(now, own.body)]);
            }
            return;
        }
        let bodies = VecDeque::from([(now, own.body)]);
        self.prediction = Some(Prediction { bodies, pending: VecDeque::new(), steer: own.steer });
    }
}

#[test]
fn prediction_is_exact_on_any_steady_link() {
    for delay_ms in [0, 10, 40, 120, 250] {
        let mut pair = Pair::new(delay_ms, delay_ms, 2);
        pair.drive(12_000);
        let settled = pair.client.corrections;
        pair.drive(20_000);
        let client = &pair.client;
        assert_eq!(client.desyncs, 0, "because what a client holds is exact");
        assert!(client.snapshots > 800, "because every tick brings a snapshot");
        assert_eq!(
            client.corrections - settled,
            0,
            "because inputs name their tick and arrive in time ({delay_ms} ms)"
        );
    }
}

#[test]
fn a_jittery_link_still_brings_most_inputs_in_time() {
    let mut pair = Pair::new(3, 30, 40);
    pair.drive(12_000);
    let settled = pair.client.corrections;
    pair.drive(30_000);
    let corrections = pair.client.corrections - settled;
    assert_eq!(pair.client.desyncs, 0);
    assert!(corrections < 30, "because the clock keeps a margin: {corrections} of 300 inputs");
}

#[test]
fn a_stalled_link_heals() {
    let mut pair = Pair::new(5, 20, 2);
    pair.drive(5_000);
    pair.delay_us = 900_000;
    pair.drive(400);
    pair.delay_us = 20_000;
    pair.drive(8_000);
    let healed = pair.client.corrections;
    pair.drive(10_000);
    assert_eq!(pair.client.desyncs, 0, "because TCP brings everything in the end");
    assert_eq!(pair.client.corrections, healed, "because a stall leaves no trace");
}

#[test]
fn a_client_that_froze_plays_on() {
    for frozen_ms in [300, 2_000, 12_000] {
        let mut pair = Pair::new(frozen_ms, 20, 2);
        pair.drive(5_000);
        pair.drive_with(frozen_ms, Stopped::Client);
        pair.drive(3_000);
        pair.assert_fresh(frozen_ms);
    }
}

#[test]
fn a_server_that_stood_still_is_followed_at_once() {
    for stopped_ms in [300, 1_500, 4_000, 15_000] {
        let mut pair = Pair::new(stopped_ms, 20, 2);
        pair.drive(5_000);
        pair.drive_with(stopped_ms, Stopped::Server);
        pair.drive(3_000);
        pair.assert_fresh(stopped_ms);
    }
}

impl Pair {
    /// Inputs come in time again, and prediction is exact.
    fn assert_fresh(&mut self, after_ms: u64) {
        let arrived = self.server.arrived.expect("inputs came");
        let lead = arrived.tick.since(self.server.sim.tick());
        assert!((-4..=6).contains(&lead), "because clocks follow: {lead} after {after_ms} ms");
        let unseen = self.server.sim.tick().since(self.server.session.seen());
        assert!(unseen < 8, "because snapshots are acknowledged: {unseen} after {after_ms} ms");
        let corrections = self.client.corrections;
        self.drive(5_000);
        assert_eq!(self.client.corrections, corrections, "because {after_ms} ms leave no trace");
        assert_eq!(self.client.desyncs, 0, "because what a client holds is exact");
    }
}
