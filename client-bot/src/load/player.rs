//! One bot of a load: a connection that becomes a game.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use glam::IVec2;
use mio::event::Event;
use mio::{Registry, Token};
use throng_shared::ids::Tick;
use throng_shared::limits::LOOKS;
use throng_shared::prng::Prng;
use throng_shared::session::{ClientSession, CloseCode, RESTART_NOTICE, Skimmed, Update};
use throng_shared::time::Millis;
use throng_shared::wire::{ClientMessage, Event as Told, Hello, Resume, SnapshotHead, Welcome};
use tokio_tungstenite::tungstenite::client::client;
use tokio_tungstenite::tungstenite::handshake::client::ClientHandshake;
use tokio_tungstenite::tungstenite::handshake::{HandshakeError, MidHandshake};
use tokio_tungstenite::tungstenite::protocol::WebSocket;
use tokio_tungstenite::tungstenite::protocol::frame::coding::Control;

use super::Bare;
use super::beat::Beat;
use super::frames::{Frame, Pending, cut, farewell};
use super::slow::{FirstSight, LinkKind, RECEIVE_BUFFER_BYTES, STALL_AFTER, SlowLink};
use super::socket::Socket;
use super::swarm::Guest;
use crate::brain::{Blind, Brain, BrainKind};
use crate::client::{Ended, Traffic};
use crate::course::{Course, Held, head_of};
use crate::names;
use crate::target::Target;
use crate::view::{Atlas, View};

/// From a Welcome on: until then clocks settle and keyframes come.
pub(super) const SETTLE: Duration = Duration::from_secs(1);
/// How long a join may take.
const JOIN_WITHIN: Duration = Duration::from_secs(20);
/// Inputs whose acknowledgement is awaited, per bot: a minute of them. An older one
/// counts with its age, so that a server at a standstill cannot hide it.
const AWAITED_MAX: usize = 600;
/// An open gap of more ticks, or an input that waits longer, counts as it stands.
const OPEN_TICKS: u32 = 2;
const OPEN_ACK: Duration = Duration::from_millis(500);
/// Stream of the keys that mask what bots send.
const MASK_STREAM: u64 = 0x3A5C;

/// What all bots of a load have in common.
#[derive(Debug)]
pub(super) struct Common {
    pub(super) url: String,
    pub(super) target: Target,
    pub(super) atlas: Atlas,
    /// Begin of the clock of every session.
    pub(super) origin: Instant,
    pub(super) seed: u64,
    /// Name or code of a room, or nothing.
    pub(super) room: String,
    /// Whether all look on.
    pub(super) watch: bool,
    /// What the bare loop does, for its guests.
    pub(super) bare: Option<Bare>,
}

/// What a bot needs while it has the turn.
pub(super) struct Turn<'a> {
    pub(super) now: Instant,
    pub(super) common: &'a Common,
    pub(super) beat: &'a mut Beat,
    pub(super) ticks: &'a mut FirstSight,
    /// What sockets are read into, one after the other.
    pub(super) scratch: &'a mut Vec<u8>,
}

impl Turn<'_> {
    fn millis(&self) -> Millis {
        let since = self.now.saturating_duration_since(self.common.origin);
        Millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }

    fn ms(&self) -> f64 {
        self.now.saturating_duration_since(self.common.origin).as_secs_f64() * 1000.0
    }
}

/// Who a bot is to be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Role {
    pub(super) number: usize,
    pub(super) brain: BrainKind,
    pub(super) link: LinkKind,
    /// Whether it decodes and checks everything, or reads the heads of snapshots.
    pub(super) decodes: bool,
    /// When its join was due.
    pub(super) due: Instant,
    /// Since when it is away, if it has played before.
    pub(super) away_since: Option<Instant>,
}

/// A connection on its way to a game, or in it.
#[derive(Debug)]
pub(super) struct Player {
    role: Role,
    /// What it goes on with, until it has said Hello.
    resume: Option<Resume>,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Connecting(Socket),
    Shaking(MidHandshake<ClientHandshake<Socket>>),
    Open(Box<Open>),
    /// Between two stages, and after the last.
    Gone,
}

/// A WebSocket and the session on it.
#[derive(Debug)]
struct Open {
    socket: Socket,
    pending: Pending,
    masks: Prng,
    /// Between the socket and the bot, where the link is slow.
    slow: Option<Box<SlowLink>>,
    /// From this moment on nothing is read.
    stalls_at: Option<Instant>,
    session: ClientSession,
    game: Option<Game>,
    /// What the server said before it closed: code, reason, when to come back.
    farewell: Option<(u16, String, u32)>,
    leaves: bool,
}

/// A game, from the Welcome on.
#[derive(Debug)]
struct Game {
    link: LinkKind,
    course: Course,
    held: Option<Held>,
    mind: Mind,
    rng: Prng,
    settled: Instant,
    period: Duration,
    last_snapshot: Option<Instant>,
    /// Traffic that has been counted, or came before it was.
    counted: Traffic,
    /// Inputs by their tick: when they were due, and sent.
    awaited: VecDeque<(Tick, Instant, Instant)>,
}

enum Mind {
    Blind(Box<dyn Blind>),
    Seeing(Box<dyn Brain>),
}

impl std::fmt::Debug for Mind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Blind(_) => "Blind",
            Self::Seeing(_) => "Seeing",
        })
    }
}

impl Guest for Player {
    fn connect(
        role: Role,
        resume: Option<Resume>,
        common: &Common,
        source: Option<SocketAddr>,
        registry: &Registry,
        token: Token,
    ) -> io::Result<Self> {
        let buffer = (role.link != LinkKind::Fast).then_some(RECEIVE_BUFFER_BYTES);
        let address = common.target.address();
        let socket = Socket::connect(address, source, buffer, registry, token)?;
        Ok(Self { role, resume, stage: Stage::Connecting(socket) })
    }

    fn is_playing(&self) -> bool {
        matches!(&self.stage, Stage::Open(open) if open.game.is_some())
    }

    fn keep(&mut self) -> Option<Resume> {
        match &self.stage {
            Stage::Open(open) => open.session.keep(),
            Stage::Connecting(_) | Stage::Shaking(_) | Stage::Gone => self.resume.take(),
        }
    }

    fn welcomed_at(&self) -> Option<Instant> {
        let Stage::Open(open) = &self.stage else { return None };
        open.game.as_ref().map(|game| game.settled - SETTLE)
    }

    fn is_leaving(&self) -> bool {
        matches!(&self.stage, Stage::Open(open) if open.leaves)
    }

    fn settled_s(&self, now: Instant, length: Duration) -> f64 {
        match &self.stage {
            Stage::Open(open) => {
                open.game.as_ref().filter(|it| it.is_counted()).map_or(0.0, |game| {
                    now.saturating_duration_since(game.settled).min(length).as_secs_f64()
                })
            }
            Stage::Connecting(_) | Stage::Shaking(_) | Stage::Gone => 0.0,
        }
    }

    fn wake(&mut self, event: &Event, turn: &mut Turn<'_>) -> Result<(), Ended> {
        match &mut self.stage {
            Stage::Connecting(socket) => socket.wake(event),
            Stage::Shaking(shaking) => shaking.get_mut().get_mut().wake(event),
            Stage::Open(open) if open.has_stalled(turn.now) => return Open::hear_end(event),
            Stage::Open(open) => open.socket.wake(event),
            Stage::Gone => {}
        }
        self.go_on(turn)
    }

    fn steer(&mut self, due: Instant, turn: &mut Turn<'_>) -> Result<(), Ended> {
        let Stage::Open(open) = &mut self.stage else { return Ok(()) };
        let steers = !open.leaves && !turn.common.watch;
        // Behind a link that takes nothing inputs would wait, and come as a burst of old ones.
        if steers && open.is_clogged(turn.now)? {
            return Ok(());
        }
        let Some(game) = open.game.as_mut().filter(|_| steers) else { return Ok(()) };
        let intent = match (&mut game.mind, &game.held) {
            (Mind::Blind(mind), _) => mind.act(&mut game.rng),
            (Mind::Seeing(mind), Some(held)) => mind.think(&held.view, &mut game.rng),
            (Mind::Seeing(_), None) => unreachable!("whoever sees decodes"),
        };
        let (tick, input) = game.course.steer(turn.ms(), &mut open.session, intent);
        open.send(&input)?;
        if let Some(game) = &mut open.game {
            game.note_sent(tick, due, turn);
        }
        Ok(())
    }

    fn poll_timeout(&mut self, turn: &Turn<'_>) -> Option<Ended> {
        match &mut self.stage {
            Stage::Open(open) if open.has_stalled(turn.now) => None,
            Stage::Open(open) if open.game.is_some() => {
                open.session.poll_timeout(turn.millis()).map(|_| Ended::Silent)
            }
            Stage::Connecting(_) | Stage::Shaking(_) | Stage::Open(_) => {
                (turn.now.saturating_duration_since(self.role.due) > JOIN_WITHIN)
                    .then_some(Ended::NoWelcome)
            }
            Stage::Gone => None,
        }
    }

    fn leave(&mut self) -> bool {
        let Stage::Open(open) = &mut self.stage else { return false };
        open.leaves = true;
        open.game.is_some() && open.send(&ClientMessage::Bye).is_ok()
    }

    fn tell_open(&self, turn: &mut Turn<'_>) {
        let Stage::Open(open) = &self.stage else { return };
        if let Some(game) = open.game.as_ref().filter(|game| game.is_counted()) {
            game.tell_open(turn);
        }
    }

    fn go_slowly(&mut self, turn: &mut Turn<'_>) -> Result<(), Ended> {
        self.read(turn)
    }

    fn stalled_since(&self) -> Option<Instant> {
        let Stage::Open(open) = &self.stage else { return None };
        open.stalls_at
    }
}

impl Player {
    fn go_on(&mut self, turn: &mut Turn<'_>) -> Result<(), Ended> {
        match std::mem::replace(&mut self.stage, Stage::Gone) {
            Stage::Connecting(mut socket) => {
                let connected = socket.poll_connected();
                if !connected.map_err(|error| Ended::Handshake(error.to_string()))? {
                    self.stage = Stage::Connecting(socket);
                    return Ok(());
                }
                socket.expect_head();
                self.shake(client(&turn.common.url, socket), turn)
            }
            Stage::Shaking(shaking) => self.shake(shaking.handshake(), turn),
            Stage::Open(open) => {
                self.stage = Stage::Open(open);
                self.read(turn)
            }
            Stage::Gone => Ok(()),
        }
    }

    fn shake<R>(
        &mut self,
        shaken: Result<(WebSocket<Socket>, R), HandshakeError<ClientHandshake<Socket>>>,
        turn: &mut Turn<'_>,
    ) -> Result<(), Ended> {
        let mut socket = match shaken {
            // The library read the head of the answer and no more, so nothing is lost.
            Ok((socket, _)) => socket.into_inner(),
            Err(HandshakeError::Interrupted(shaking)) => {
                self.stage = Stage::Shaking(shaking);
                return Ok(());
            }
            Err(HandshakeError::Failure(error)) => {
                return Err(Ended::Handshake(error.to_string()));
            }
        };
        socket.reset_traffic();
        let number = self.role.number;
        let look = (number % usize::from(LOOKS)) as u8;
        let name = names::load_bot(self.role.brain.name(), number);
        let resume = self.resume.take();
        let (room, watch) = (turn.common.room.clone(), turn.common.watch);
        let hello = Hello { resume, room, watch, ..Hello::guest(&name, look) };
        let (session, hello) = ClientSession::new(turn.millis(), hello);
        let open = Open {
            socket,
            pending: Pending::default(),
            masks: Prng::stream(turn.common.seed ^ MASK_STREAM, number as u64),
            slow: None,
            stalls_at: None,
            session,
            game: None,
            farewell: None,
            leaves: false,
        };
        self.stage = Stage::Open(Box::new(open));
        let Stage::Open(open) = &mut self.stage else { unreachable!("it was just put there") };
        open.send(&hello)?;
        self.read(turn)
    }

    /// Reads until nothing more waits.
    fn read(&mut self, turn: &mut Turn<'_>) -> Result<(), Ended> {
        let Stage::Open(open) = &mut self.stage else { return Ok(()) };
        let mut scratch = std::mem::take(turn.scratch);
        let read = if open.slow.is_some() {
            open.read_slowly(self.role, &mut scratch, turn)
        } else {
            open.read(self.role, &mut scratch, turn)
        };
        *turn.scratch = scratch;
        read
    }
}

impl Open {
    fn read(&mut self, role: Role, scratch: &mut [u8], turn: &mut Turn<'_>) -> Result<(), Ended> {
        loop {
            let count = match self.socket.read(scratch) {
                Ok(0) => return Err(self.closed()),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(self.ended(&error)),
            };
            self.take_bytes(role, &scratch[..count], turn)?;
            if self.slow.is_some() || self.has_stalled(turn.now) {
                return Ok(());
            }
        }
    }

    /// The same where a slow link is between.
    fn read_slowly(
        &mut self,
        role: Role,
        scratch: &mut [u8],
        turn: &mut Turn<'_>,
    ) -> Result<(), Ended> {
        let Some(link) = &mut self.slow else { return Ok(()) };
        let carried = link.carry(&mut self.socket, scratch, turn.now);
        // What arrived before the end is taken first: it may say why.
        while let Some(bytes) = self.slow.as_mut().and_then(|link| link.receive(turn.now)) {
            self.take_bytes(role, &bytes, turn)?;
        }
        carried.map_err(|error| self.ended(&error))
    }

    fn take_bytes(&mut self, role: Role, came: &[u8], turn: &mut Turn<'_>) -> Result<(), Ended> {
        if self.pending.partial.is_empty() {
            let used = self.take_all(role, came, turn)?;
            self.pending.partial.extend_from_slice(&came[used..]);
        } else {
            let mut whole = std::mem::take(&mut self.pending.partial);
            whole.extend_from_slice(came);
            let used = self.take_all(role, &whole, turn)?;
            if used < whole.len() {
                whole.drain(..used);
                self.pending.partial = whole;
            }
        }
        Ok(())
    }

    fn has_stalled(&self, now: Instant) -> bool {
        self.stalls_at.is_some_and(|at| now >= at)
    }

    /// Whoever does not read still learns that there is nothing more to come.
    fn hear_end(event: &Event) -> Result<(), Ended> {
        if event.is_error() || event.is_read_closed() || event.is_write_closed() {
            return Err(Ended::Broken(CloseCode::Lost.text().to_owned()));
        }
        Ok(())
    }

    /// Takes all frames that are whole; says how many bytes they have.
    fn take_all(&mut self, role: Role, bytes: &[u8], turn: &mut Turn<'_>) -> Result<usize, Ended> {
        let mut used = 0;
        while let Some((frame, len)) = cut(&bytes[used..]).map_err(Ended::Broken)? {
            used += len;
            match frame {
                Frame::Binary(message) => {
                    if let Some(welcome) = self.take(message, turn)? {
                        self.game = Some(Game::new(role, &welcome, turn)?);
                        match role.link {
                            LinkKind::Fast => {}
                            LinkKind::Slow => self.slow = Some(Box::new(SlowLink::new(turn.now))),
                            LinkKind::Stalling => self.stalls_at = Some(turn.now + STALL_AFTER),
                        }
                    }
                }
                Frame::Close(payload) => {
                    if let (Some((code, reason)), None) = (farewell(payload), &self.farewell) {
                        self.farewell = Some((code, reason, 0));
                    }
                    let ended = self.closed();
                    // One try will do: whoever closes may be gone already.
                    let _ = self.control(Control::Close, payload);
                    return Err(ended);
                }
                Frame::Ping(payload) => self.control(Control::Pong, payload)?,
                Frame::Pong => {}
            }
        }
        Ok(used)
    }

    /// Takes a message; the Welcome is for the caller.
    fn take(&mut self, frame: &[u8], turn: &mut Turn<'_>) -> Result<Option<Welcome>, Ended> {
        let now = turn.millis();
        let skims = self.game.as_ref().is_some_and(|game| game.held.is_none());
        let skimmed = if skims {
            self.session.skim_frame(now, frame)
        } else {
            self.session.handle_frame(now, frame).map(Skimmed::Update)
        };
        let update = match skimmed.map_err(Ended::Fault)? {
            Skimmed::Snapshot(head) => {
                self.take_head(head, turn);
                return Ok(None);
            }
            Skimmed::Update(update) => update,
        };
        match update {
            Update::Welcome(welcome) => return Ok(Some(welcome)),
            Update::Snapshot(snapshot) => {
                let Some(game) = &mut self.game else { return Ok(None) };
                let desync = game.held.as_mut().is_some_and(|held| {
                    let before = held.view.checks();
                    let desync = held.take(&snapshot).is_err();
                    turn.beat.checks += held.view.checks() - before;
                    desync
                });
                if desync {
                    turn.beat.desyncs += 1;
                    self.send(&ClientMessage::Resync)?;
                }
                self.take_head(head_of(&snapshot), turn);
            }
            Update::Ping { answer, .. } => self.send(&answer)?,
            Update::Goodbye { code, reason, retry_after_ms } => {
                self.farewell = Some((code, reason, retry_after_ms));
            }
            Update::Event(Told::Notice { text }) if text == RESTART_NOTICE => {
                turn.beat.forewarned += 1;
            }
            Update::Event(_) | Update::Duplicate => {}
        }
        Ok(None)
    }

    fn take_head(&mut self, head: SnapshotHead, turn: &mut Turn<'_>) {
        let traffic = self.socket.traffic();
        let has_settled = self.slow.as_ref().is_some_and(|link| link.has_settled(turn.now));
        if let Some(game) = &mut self.game {
            game.course.take(turn.ms(), head);
            game.count(has_settled, traffic, turn);
        }
    }

    fn send(&mut self, message: &ClientMessage) -> Result<(), Ended> {
        let mask = self.masks.next_u32().to_ne_bytes();
        let sent = match &mut self.slow {
            None => self.pending.send(&mut self.socket, message, mask),
            Some(link) => {
                let mut bytes = Vec::new();
                let written = self.pending.send(&mut bytes, message, mask);
                link.send(Instant::now(), bytes);
                written
            }
        };
        sent.map_err(|error| self.ended(&error))
    }

    /// Whether what is sent now would wait behind what the socket does not take.
    fn is_clogged(&mut self, now: Instant) -> Result<bool, Ended> {
        if let Some(link) = &self.slow {
            return Ok(link.is_clogged(now));
        }
        let flushed = self.pending.flush(&mut self.socket);
        flushed.map(|is_all| !is_all).map_err(|error| self.ended(&error))
    }

    fn control(&mut self, control: Control, payload: &[u8]) -> Result<(), Ended> {
        let mask = self.masks.next_u32().to_ne_bytes();
        let sent = self.pending.control(&mut self.socket, control, payload, mask);
        sent.map_err(|error| self.ended(&error))
    }

    fn ended(&mut self, error: &io::Error) -> Ended {
        if self.farewell.is_some() { self.closed() } else { Ended::Broken(error.to_string()) }
    }

    fn closed(&mut self) -> Ended {
        match self.farewell.take() {
            Some((code, reason, retry_after_ms)) => Ended::Closed { code, reason, retry_after_ms },
            None => Ended::Broken(CloseCode::Lost.text().to_owned()),
        }
    }
}

impl Game {
    fn new(role: Role, welcome: &Welcome, turn: &mut Turn<'_>) -> Result<Self, Ended> {
        let held = role
            .decodes
            .then(|| View::sharing(welcome, &turn.common.atlas).map(Held::new))
            .transpose()
            .map_err(|error| Ended::BadMap(error.to_string()))?;
        turn.beat.tick_hz = welcome.tick_hz;
        match role.away_since {
            None => {
                turn.beat.joined += 1;
                turn.beat.join.add(turn.now.saturating_duration_since(role.due));
            }
            Some(since) => {
                turn.beat.resumed += usize::from(welcome.resumed);
                turn.beat.rejoined += usize::from(!welcome.resumed);
                turn.beat.back.add(turn.now.saturating_duration_since(since));
            }
        }
        Ok(Self {
            link: role.link,
            course: Course::new(turn.ms(), welcome),
            held,
            mind: match role.brain.blind() {
                Some(blind) => Mind::Blind(blind),
                None => Mind::Seeing(role.brain.brain()),
            },
            rng: Prng::stream(turn.common.seed, role.number as u64),
            settled: turn.now + SETTLE,
            period: Duration::from_secs(1) / u32::from(welcome.tick_hz.max(1)),
            last_snapshot: None,
            counted: Traffic::default(),
            awaited: VecDeque::new(),
        })
    }

    /// Whether it is one of those whose gaps and inputs are measured: the others show
    /// what their links do.
    fn is_counted(&self) -> bool {
        self.link == LinkKind::Fast
    }

    fn note_sent(&mut self, tick: Tick, due: Instant, turn: &mut Turn<'_>) {
        if turn.now >= self.settled {
            turn.beat.lateness.add(turn.now.saturating_duration_since(due));
        }
        if !self.is_counted() {
            return;
        }
        // A newer input takes the place of those that name a later tick, so they are
        // in force when it is.
        for (later, ..) in self.awaited.iter_mut().rev().take_while(|(it, ..)| it.since(tick) > 0) {
            *later = tick;
        }
        if self.awaited.len() == AWAITED_MAX {
            self.acknowledge_first(turn);
        }
        self.awaited.push_back((tick, due, turn.now));
    }

    /// Counts the snapshot that just came.
    fn count(&mut self, has_settled: bool, traffic: Traffic, turn: &mut Turn<'_>) {
        let age = turn.ticks.of(self.course.seen(), turn.now);
        if !self.is_counted() {
            if let Some(age) = age.filter(|_| has_settled) {
                turn.beat.age.add(age);
            }
            return;
        }
        let before = self.last_snapshot.replace(turn.now);
        let bytes_in = traffic.bytes_in - self.counted.bytes_in;
        let bytes_out = traffic.bytes_out - self.counted.bytes_out;
        self.counted = traffic;
        while let (Some(in_force), Some(&(tick, ..))) =
            (self.course.in_force(), self.awaited.front())
            && in_force.since(tick) >= 0
        {
            self.acknowledge_first(turn);
        }
        if turn.now < self.settled {
            return;
        }
        let beat = &mut *turn.beat;
        beat.snapshots += 1;
        beat.bytes_in += bytes_in;
        beat.bytes_out += bytes_out;
        if let Some(before) = before.filter(|&before| before >= self.settled) {
            let gap = turn.now - before;
            beat.gap.add(gap);
            beat.gap_corrected.add_corrected(gap, self.period);
        }
        if let Some(held) = &self.held {
            beat.decoded += 1;
            beat.decoded_bytes += bytes_in;
            for other in held.view.others_in_view() {
                beat.others += 1;
                beat.entity_ticks += u64::from(other.body.vel != IVec2::ZERO);
            }
        }
    }

    /// Takes the oldest input off the list, and counts how long it took.
    fn acknowledge_first(&mut self, turn: &mut Turn<'_>) {
        let Some((_, due, sent)) = self.awaited.pop_front() else { return };
        if due >= self.settled {
            turn.beat.input_ack.add(turn.now.saturating_duration_since(due));
            turn.beat.input_ack_raw.add(turn.now.saturating_duration_since(sent));
        }
    }

    fn tell_open(&self, turn: &mut Turn<'_>) {
        let since = self.last_snapshot.unwrap_or(self.settled).max(self.settled);
        let gap = turn.now.saturating_duration_since(since);
        if gap > self.period * OPEN_TICKS {
            turn.beat.open_gap.add_corrected(gap, self.period);
        }
        for &(_, due, _) in &self.awaited {
            let age = turn.now.saturating_duration_since(due);
            if due >= self.settled && age > OPEN_ACK {
                turn.beat.open_ack.add(age);
            }
        }
    }
}
