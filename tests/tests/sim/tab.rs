//! A player's end: the client's session, its view, and the rule by which it comes back.

use std::time::Duration;

use throng_bot::brain::{Brain, BrainKind, THINK_EVERY};
use throng_bot::view::View;
use throng_shared::ids::Tick;
use throng_shared::motion::Steer;
use throng_shared::prng::Prng;
use throng_shared::session::{ClientSession, Clock, CloseCode, Reconnect, Stage, Update};
use throng_shared::time::Millis;
use throng_shared::wire::{
    Ask, Audience, ClientMessage, Event, Hello, Outcome, Resume, Snapshot, Welcome, encode,
};
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::protocol::{Message, Role, WebSocket, WebSocketConfig};

use super::faults::Fake;
use super::link::Mem;
use super::transition::{Answer, LineId, TabId, Transition, Word};

/// Bytes read at once. The library's default would be written over at every read.
const READ_BYTES: usize = 2 << 10;

pub(crate) type Socket = WebSocket<Mem>;

/// A client's socket.
pub(crate) fn socket() -> Socket {
    let config = WebSocketConfig::default().read_buffer_size(READ_BYTES);
    WebSocket::from_raw_socket(Mem::default(), Role::Client, Some(config))
}

/// What a tab does.
#[derive(Debug)]
pub(crate) enum State {
    /// It comes back when its plan says so.
    Waiting,
    Linked(Box<Game>),
    /// It was told to stay away, or left.
    Over,
}

/// One line of a tab.
pub(crate) struct Game {
    pub(crate) line: LineId,
    session: ClientSession,
    view: Option<View>,
    clock: Option<Clock>,
    /// Tick of the newest snapshot in this room, once there was one; and when it came.
    seen: Option<Tick>,
    seen_at: Option<Duration>,
    welcomed: Option<Tick>,
    thinks_at: Duration,
    farewell: Option<(u16, u32)>,
}

impl std::fmt::Debug for Game {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Game").field("line", &self.line).finish_non_exhaustive()
    }
}

/// A tab.
pub(crate) struct Tab {
    pub(crate) id: TabId,
    pub(crate) name: String,
    pub(crate) state: State,
    kept: Option<Resume>,
    /// Calls of its session.
    calls: u32,
    /// What an intruder comes with.
    pub(crate) fake: Option<Fake>,
    plan: Reconnect,
    brain: Option<Box<dyn Brain>>,
    chance: Prng,
    /// Reads nothing until then.
    pub(crate) deaf_until: Duration,
}

/// What a tab wants done with its line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    GoOn,
    HangUp,
}

impl Tab {
    /// A tab that connects at once, with a view or without.
    pub(crate) fn new(
        now: Duration,
        id: TabId,
        name: String,
        (seed, brain): (u64, Option<BrainKind>),
    ) -> Self {
        Self {
            id,
            name,
            state: State::Waiting,
            kept: None,
            calls: 0,
            fake: None,
            plan: Reconnect::new(millis(now)),
            brain: brain.map(BrainKind::brain),
            chance: Prng::stream(seed, 1000 + u64::from(id.0)),
            deaf_until: Duration::ZERO,
        }
    }

    /// A second tab that goes on with the same session; none before there is one.
    pub(crate) fn twin(&self, now: Duration, id: TabId, seed: u64) -> Option<Self> {
        let kept = match &self.state {
            State::Linked(game) => game.session.keep(),
            State::Waiting | State::Over => self.kept.clone(),
        }?;
        let brain = self.brain.as_ref().map(|_| BrainKind::Hunt);
        let twin = Self::new(now, id, self.name.clone(), (seed, brain));
        Some(Self { kept: Some(kept), calls: self.calls, ..twin })
    }

    /// Whether it goes on with a session at its next line.
    pub(crate) fn resumes(&self) -> bool {
        self.kept.is_some()
    }

    pub(crate) fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    pub(crate) fn line(&self) -> Option<LineId> {
        match &self.state {
            State::Linked(game) => Some(game.line),
            State::Waiting | State::Over => None,
        }
    }

    /// When the newest snapshot came of the line that it has.
    pub(crate) fn seen_at(&self) -> Option<Duration> {
        match &self.state {
            State::Linked(game) => game.seen_at,
            State::Waiting | State::Over => None,
        }
    }

    /// A line is there: says Hello on it, with a ticket or an empty one.
    pub(crate) fn connect(
        &mut self,
        now: Duration,
        (line, ticket): (LineId, String),
        socket: &mut Socket,
    ) {
        let resume = self.kept.clone();
        let hello = Hello { resume, ticket, ..Hello::guest(&self.name, 3) };
        let (session, hello) = ClientSession::new(millis(now), hello);
        say(socket, &hello);
        self.state = State::Linked(Box::new(Game {
            line,
            session,
            view: None,
            clock: None,
            seen: None,
            seen_at: None,
            welcomed: None,
            thinks_at: now,
            farewell: None,
        }));
    }

    /// Leaves for good.
    pub(crate) fn leave(&mut self, socket: &mut Socket) {
        say(socket, &ClientMessage::Bye);
    }

    /// Asks for a way to another room, by its name or to any: the call, if it plays.
    pub(crate) fn go(&mut self, room: &str, socket: &mut Socket) -> Option<u32> {
        let State::Linked(game) = &self.state else { return None };
        if game.welcomed.is_none() || game.farewell.is_some() {
            return None;
        }
        if self.chance.one_in(2) {
            // Nobody goes before the room has answered that.
            self.calls += 1;
            let ask = Ask::Say { to: Audience::Room, text: "farewell".to_owned() };
            say(socket, &ClientMessage::Ask { call: self.calls, ask });
        }
        self.calls += 1;
        let ask = Ask::Go { room: room.to_owned() };
        say(socket, &ClientMessage::Ask { call: self.calls, ask });
        Some(self.calls)
    }

    /// The system says that the network is there again, as a browser's `online` does.
    pub(crate) fn hint(&mut self, now: Duration) {
        self.plan.handle_hint(millis(now));
    }

    /// Whether it tries to connect now, for the first time or again; if so, it has begun.
    pub(crate) fn tries(&mut self, now: Duration) -> bool {
        self.plan.stage() == Stage::Trying || self.plan.poll(millis(now))
    }

    /// No line came of that.
    pub(crate) fn miss(&mut self, now: Duration) {
        self.come_back(now, CloseCode::Lost, 0);
    }

    /// When it tries again, while it waits for that.
    pub(crate) fn tries_at(&self) -> Option<Duration> {
        match self.plan.stage() {
            Stage::Waiting { at, .. } => Some(Duration::from_millis(at.0)),
            Stage::Trying | Stage::Up(_) | Stage::Over => None,
        }
    }

    /// Takes what came, and does what is due.
    pub(crate) fn run(
        &mut self,
        now: Duration,
        socket: &mut Socket,
        out: &mut Vec<Transition>,
    ) -> Wish {
        if now >= self.deaf_until {
            while socket.get_ref().has_news() {
                match socket.read() {
                    Ok(Message::Binary(frame)) => self.take(now, &frame, socket, out),
                    Ok(Message::Close(frame)) => {
                        let State::Linked(game) = &mut self.state else { return Wish::HangUp };
                        let code = frame.map_or(1005, |frame| frame.code.into());
                        game.farewell.get_or_insert((code, 0));
                        // The library has its answer ready.
                        drop(socket.flush());
                        self.end(now, out);
                        return Wish::HangUp;
                    }
                    Ok(_) => {}
                    Err(Error::Io(error)) if error.kind() == std::io::ErrorKind::WouldBlock => {
                        break;
                    }
                    Err(_) => {
                        self.end(now, out);
                        return Wish::HangUp;
                    }
                }
            }
        }
        let State::Linked(game) = &mut self.state else { return Wish::HangUp };
        if game.session.poll_timeout(millis(now)).is_some() {
            self.end(now, out);
            return Wish::HangUp;
        }
        self.think(now, socket, out);
        Wish::GoOn
    }

    /// The line is over: comes back or not, as the code says.
    fn end(&mut self, now: Duration, out: &mut Vec<Transition>) {
        let State::Linked(game) = &self.state else { return };
        let tab = self.id;
        self.kept = game.session.keep();
        let (code, retry_after_ms) = match game.farewell {
            Some((number, retry)) => {
                out.push(match CloseCode::of(number) {
                    Some(CloseCode::Replaced) => Transition::Replaced { tab },
                    Some(_) | None => Transition::Told { tab, code: number, retry_after_ms: retry },
                });
                (CloseCode::of(number).unwrap_or(CloseCode::Lost), retry)
            }
            None => {
                out.push(Transition::Lost { tab });
                (CloseCode::Lost, 0)
            }
        };
        self.come_back(now, code, retry_after_ms);
    }

    /// By the rule that all clients share.
    fn come_back(&mut self, now: Duration, code: CloseCode, retry_after_ms: u32) {
        let chance = self.chance.next_u32();
        self.plan.handle_end(millis(now), code.comeback(), retry_after_ms, chance);
        self.state = match self.plan.stage() {
            Stage::Over => State::Over,
            Stage::Trying | Stage::Up(_) | Stage::Waiting { .. } => State::Waiting,
        };
    }

    fn take(
        &mut self,
        now: Duration,
        frame: &[u8],
        socket: &mut Socket,
        out: &mut Vec<Transition>,
    ) {
        let State::Linked(game) = &mut self.state else { return };
        let (tab, line) = (self.id, game.line);
        match game.session.handle_frame(millis(now), frame) {
            Err(_) => out.push(Transition::Nonsense { tab }),
            Ok(Update::Welcome(welcome)) => {
                let you = welcome.you;
                if game.welcomed.is_none() {
                    self.plan.handle_welcome(millis(now));
                }
                if !welcome.resumed {
                    self.calls = 0;
                }
                out.push(match (game.welcomed, welcome.resumed) {
                    (Some(_), _) => Transition::Arrived { tab, you },
                    (None, true) => Transition::Resumed { tab, line, you },
                    (None, false) => Transition::JoinedAfresh { tab, line, you },
                });
                game.begin(now, &welcome, self.brain.is_some());
            }
            Ok(Update::Snapshot(snapshot)) => {
                if game.see(now, &snapshot).is_err() {
                    out.push(Transition::Desynced { tab });
                }
            }
            Ok(Update::Event(event)) => {
                let number = game.session.keep().map_or(0, |kept| kept.received);
                let what = super::fingerprint(&encode(&event));
                let answer = if let Event::Answer { call, outcome } = event {
                    Some(Answer { call, is_there: outcome == Outcome::Done })
                } else {
                    None
                };
                out.push(Transition::EventReceived { tab, number, what, answer });
            }
            Ok(Update::Duplicate) => out.push(Transition::Doubled { tab }),
            Ok(Update::Ping { answer, .. }) => {
                say(socket, &answer);
                out.push(Transition::ClientSent { tab, word: Word::Pong });
            }
            Ok(Update::Goodbye { code, retry_after_ms, .. }) => {
                game.farewell = Some((code, retry_after_ms));
            }
        }
    }

    fn think(&mut self, now: Duration, socket: &mut Socket, out: &mut Vec<Transition>) {
        let State::Linked(game) = &mut self.state else { return };
        let (Some(clock), Some(seen)) = (&mut game.clock, game.seen) else { return };
        if now < game.thinks_at || game.farewell.is_some() {
            return;
        }
        game.thinks_at = now + THINK_EVERY;
        let intent = match (&mut self.brain, &game.view) {
            (Some(brain), Some(view)) => brain.think(view, &mut self.chance),
            _ => throng_bot::brain::Intent::default(),
        };
        let tick = clock.input_tick(ms(now), seen);
        let steer = Steer { heading: intent.heading, thrust: intent.thrust };
        let presses = (intent.fire, intent.dash);
        let input = game.session.input(tick, seen, steer, intent.aim, presses);
        clock.note_sent(tick);
        say(socket, &ClientMessage::Input(input));
        out.push(Transition::ClientSent { tab: self.id, word: Word::Input });
    }

    /// What it would go on with at its next line, for who looks for repeated secrets.
    pub(crate) fn secret(&self) -> Option<[u8; throng_shared::limits::SECRET_BYTES]> {
        match &self.state {
            State::Linked(game) => game.session.keep().map(|kept| kept.secret.0),
            State::Waiting | State::Over => None,
        }
    }
}

impl Game {
    fn begin(&mut self, now: Duration, welcome: &Welcome, has_eyes: bool) {
        self.welcomed = Some(Tick(welcome.tick));
        self.seen = None;
        self.clock = Some(Clock::new(ms(now), welcome.tick, u32::from(welcome.tick_hz)));
        if has_eyes {
            self.view = Some(View::new(welcome).expect("the server's map is one"));
        }
    }

    fn see(&mut self, now: Duration, snapshot: &Snapshot) -> Result<(), ()> {
        let restart = snapshot.refocus.as_ref().and_then(|refocus| refocus.restart);
        let before = self.seen.or(self.welcomed).unwrap_or_default();
        let seen = match restart {
            Some(tick) => Tick(tick),
            None => before.offset(snapshot.ticks.len() as i32),
        };
        self.seen = Some(seen);
        self.seen_at = Some(now);
        if let (Some(feedback), Some(clock)) = (snapshot.feedback, &mut self.clock) {
            clock.feedback(ms(now), seen.offset(i32::from(feedback.ack)), feedback.early);
        }
        match &mut self.view {
            Some(view) => view.apply(snapshot).map_err(|_| ()),
            None => Ok(()),
        }
    }
}

fn say(socket: &mut Socket, message: &ClientMessage) {
    // A line that has ended says so at the next read.
    drop(socket.send(Message::binary(encode(message))));
}

fn millis(now: Duration) -> Millis {
    Millis(now.as_millis() as u64)
}

fn ms(now: Duration) -> f64 {
    now.as_secs_f64() * 1000.0
}
