//! The server's end of one session.

use super::close::CloseCode;
use super::name::Name;
use crate::ids::Tick;
use crate::limits::{
    HELLO_MS, INPUT_AHEAD_TICKS_MAX, INPUT_BEHIND_TICKS_MAX, LOOKS, PING_MS, PROTOCOL_VERSION,
    SERVER_SILENCE_MS,
};
use crate::time::Millis;
use crate::wire::{ClientMessage, Hello, Input, Reason, Resume, SCHEMA_HASH, decode_client};

/// Why a session was refused: the label under which it is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Why {
    Undecodable(Reason),
    TextFrame,
    BeforeHello,
    SecondHello,
    BeforeWelcome,
    WrongVersion,
    WrongSchema,
    BadName,
    BadLook,
    InputFromThePast,
    InputFromTheFuture,
    SeenTheFuture,
    UnknownPong,
    NoHello,
    Silent,
}

impl Why {
    /// The close code, and a sentence for the peer.
    #[must_use]
    pub fn close(self) -> (CloseCode, &'static str) {
        use CloseCode::{
            Decode, NotAuthenticated, Policy, Silent, TextFrame, TooBig, WrongProtocol,
        };
        match self {
            Self::Undecodable(Reason::TooLong) => {
                (TooBig, "the message, or a length in it, is over the limit")
            }
            Self::Undecodable(_) => (Decode, "the message could not be decoded"),
            Self::TextFrame => (TextFrame, TextFrame.text()),
            Self::BeforeHello => (NotAuthenticated, "the first message must be Hello"),
            Self::SecondHello => (Policy, "Hello was said already"),
            Self::BeforeWelcome => (Policy, "the client has to wait for Welcome"),
            Self::WrongVersion => {
                (WrongProtocol, "another version of the protocol: update the client")
            }
            Self::WrongSchema => (WrongProtocol, "other message types: rebuild the client"),
            Self::BadName => {
                (Policy, "a name has 1 to 16 characters, none of them control characters")
            }
            Self::BadLook => (Policy, "a look is a number below 16"),
            Self::InputFromThePast => {
                (Policy, "what an input has seen must not fall, and its tick must be recent")
            }
            Self::InputFromTheFuture => (Policy, "an input is for a tick too far ahead"),
            Self::SeenTheFuture => (Policy, "an input claims a snapshot that was not sent"),
            Self::UnknownPong => (Policy, "a Pong without its Ping"),
            Self::NoHello => (NotAuthenticated, "no Hello came in time"),
            Self::Silent => (Silent, Silent.text()),
        }
    }
}

/// The peer's fault: the session is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub why: Why,
}

/// The newest ticks, as far as one session is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Newest {
    /// Of the newest snapshot sent to this client, or of its Welcome.
    pub sent: Tick,
    /// Of the room.
    pub room: Tick,
}

impl Newest {
    /// A client that was sent the room's newest tick.
    #[must_use]
    pub fn both(tick: Tick) -> Self {
        Self { sent: tick, room: tick }
    }
}

/// What a client asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    Join {
        name: Name,
        look: u8,
        ticket: String,
        resume: Option<Resume>,
    },
    /// The answer to a heartbeat: all ordered events up to this number came.
    Received(u32),
    Input(Input),
    Resync,
    Leave,
}

/// The states of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Until Hello.
    Greeting,
    /// Until the room has answered.
    Joining,
    Playing,
}

impl Phase {
    pub const ALL: [Self; 3] = [Self::Greeting, Self::Joining, Self::Playing];

    /// Whether a client may say this now. What is not listed here is refused, so a new
    /// message is refused everywhere until it is listed.
    #[must_use]
    pub fn allows(self, message: &ClientMessage) -> bool {
        use ClientMessage::{Bye, Hello, Input, Pong, Resync};
        matches!(
            (self, message),
            (Self::Greeting, Hello(_))
                | (Self::Joining, Pong { .. } | Bye)
                | (Self::Playing, Input(_) | Pong { .. } | Resync | Bye)
        )
    }

    /// Why a message that is not allowed now is refused.
    fn out_of_place(self, message: &ClientMessage) -> Why {
        use ClientMessage::{Bye, Hello, Input, Pong, Resync};
        match (self, message) {
            (Self::Greeting, _) => Why::BeforeHello,
            (Self::Joining | Self::Playing, Hello(_)) => Why::SecondHello,
            (Self::Joining | Self::Playing, Input(_) | Pong { .. } | Resync | Bye) => {
                Why::BeforeWelcome
            }
        }
    }
}

/// Decodes frames, holds them against the state of the session, and keeps the
/// heartbeat.
#[derive(Clone, Debug)]
pub struct ServerSession {
    phase: Phase,
    heard: Millis,
    pinged: Millis,
    nonce: u16,
    awaited: bool,
    rtt_ms: u16,
    seen: Tick,
}

impl ServerSession {
    /// A session that waits for Hello since `now`.
    #[must_use]
    pub fn new(now: Millis) -> Self {
        Self {
            phase: Phase::Greeting,
            heard: now,
            pinged: now,
            nonce: 0,
            awaited: false,
            rtt_ms: 0,
            seen: Tick(0),
        }
    }

    /// Takes a binary frame. `newest` is what the newest ticks are: it is what an
    /// input is held against.
    ///
    /// # Errors
    /// When the frame is no message, or not one for this state.
    pub fn handle_frame(
        &mut self,
        now: Millis,
        newest: Newest,
        frame: &[u8],
    ) -> Result<Request, Refusal> {
        let message =
            decode_client(frame).map_err(|e| Refusal { why: Why::Undecodable(e.reason) })?;
        self.heard = now;
        if !self.phase.allows(&message) {
            return Err(Refusal { why: self.phase.out_of_place(&message) });
        }
        match message {
            ClientMessage::Hello(hello) => self.hello(hello),
            ClientMessage::Bye => Ok(Request::Leave),
            ClientMessage::Pong { nonce, received } => self.pong(now, nonce, received),
            ClientMessage::Input(input) => self.input(newest, input),
            ClientMessage::Resync => Ok(Request::Resync),
        }
    }

    /// What a text frame gets.
    #[must_use]
    pub fn handle_text(&self) -> Refusal {
        Refusal { why: Why::TextFrame }
    }

    /// The room took the player in at `tick`; Welcome goes out now.
    pub fn welcome(&mut self, tick: Tick) {
        self.phase = Phase::Playing;
        self.seen = tick;
    }

    /// The state that it is in.
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// Whether Welcome was said.
    #[must_use]
    pub fn is_playing(&self) -> bool {
        self.phase == Phase::Playing
    }

    /// Nonce and last round trip of a Ping to send now, if one is due.
    #[must_use]
    pub fn poll_ping(&mut self, now: Millis) -> Option<(u16, u16)> {
        if self.phase != Phase::Playing || now.since(self.pinged) < PING_MS {
            return None;
        }
        // A lost heartbeat stays the one that is awaited: its answer is still to come.
        if !self.awaited {
            self.nonce = self.nonce.wrapping_add(1);
            self.awaited = true;
            self.pinged = now;
            return Some((self.nonce, self.rtt_ms));
        }
        None
    }

    /// The refusal of a peer that said nothing for too long.
    #[must_use]
    pub fn poll_timeout(&self, now: Millis) -> Option<Refusal> {
        match self.phase {
            // Nothing is heard here but what ends this state, or the session.
            Phase::Greeting if now.since(self.heard) >= HELLO_MS => {
                Some(Refusal { why: Why::NoHello })
            }
            Phase::Joining | Phase::Playing if now.since(self.heard) >= SERVER_SILENCE_MS => {
                Some(Refusal { why: Why::Silent })
            }
            Phase::Greeting | Phase::Joining | Phase::Playing => None,
        }
    }

    /// The newest snapshot that the client says it has seen.
    #[must_use]
    pub fn seen(&self) -> Tick {
        self.seen
    }

    /// Last measured round trip, 0 before the first.
    #[must_use]
    pub fn rtt_ms(&self) -> u16 {
        self.rtt_ms
    }

    fn hello(&mut self, hello: Hello) -> Result<Request, Refusal> {
        if hello.version != PROTOCOL_VERSION {
            return Err(Refusal { why: Why::WrongVersion });
        }
        if hello.schema != SCHEMA_HASH {
            return Err(Refusal { why: Why::WrongSchema });
        }
        if hello.look >= LOOKS {
            return Err(Refusal { why: Why::BadLook });
        }
        let name = Name::parse(&hello.name).map_err(|_| Refusal { why: Why::BadName })?;
        self.phase = Phase::Joining;
        let Hello { look, ticket, resume, .. } = hello;
        Ok(Request::Join { name, look, ticket, resume })
    }

    fn pong(&mut self, now: Millis, nonce: u16, received: u32) -> Result<Request, Refusal> {
        if !self.awaited || nonce != self.nonce {
            return Err(Refusal { why: Why::UnknownPong });
        }
        self.awaited = false;
        self.rtt_ms = u16::try_from(now.since(self.pinged)).unwrap_or(u16::MAX).max(1);
        Ok(Request::Received(received))
    }

    fn input(&mut self, newest: Newest, input: Input) -> Result<Request, Refusal> {
        let tick = Tick(input.tick);
        let ahead = tick.since(newest.room);
        if ahead < -INPUT_BEHIND_TICKS_MAX {
            return Err(Refusal { why: Why::InputFromThePast });
        }
        if ahead > INPUT_AHEAD_TICKS_MAX {
            return Err(Refusal { why: Why::InputFromTheFuture });
        }
        let seen = tick.offset(-i32::from(input.ahead));
        if seen.since(newest.sent) > 0 {
            return Err(Refusal { why: Why::SeenTheFuture });
        }
        // Frames come in order, so what a client has seen never falls.
        if seen.since(self.seen) < 0 {
            return Err(Refusal { why: Why::InputFromThePast });
        }
        self.seen = seen;
        Ok(Request::Input(input))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::encode;

    fn hello() -> ClientMessage {
        ClientMessage::Hello(Hello::guest("Ada", 3))
    }

    fn playing() -> ServerSession {
        let mut session = ServerSession::new(Millis(0));
        let joined = session.handle_frame(Millis(1), Newest::both(Tick(0)), &encode(&hello()));
        assert!(matches!(joined, Ok(Request::Join { .. })), "because Hello joins");
        session.welcome(Tick(100));
        session
    }

    fn why(session: &mut ServerSession, newest: u32, message: &ClientMessage) -> Option<Why> {
        session
            .handle_frame(Millis(2), Newest::both(Tick(newest)), &encode(message))
            .err()
            .map(|r| r.why)
    }

    fn input(tick: u32, ahead: u16) -> ClientMessage {
        ClientMessage::Input(Input { tick, ahead, ..Input::default() })
    }

    #[test]
    fn only_hello_may_come_first() {
        for message in
            [input(1, 0), ClientMessage::Bye, ClientMessage::Pong { nonce: 0, received: 0 }]
        {
            let mut session = ServerSession::new(Millis(0));
            assert_eq!(why(&mut session, 0, &message), Some(Why::BeforeHello), "{message:?}");
        }
    }

    #[test]
    fn hello_is_checked() {
        let ClientMessage::Hello(good) = hello() else { unreachable!("built above") };
        let cases = [
            (Hello { version: 9, ..good.clone() }, Why::WrongVersion),
            (Hello { schema: !SCHEMA_HASH, ..good.clone() }, Why::WrongSchema),
            (Hello { look: LOOKS, ..good.clone() }, Why::BadLook),
            (Hello { name: "\u{202E}".to_owned(), ..good }, Why::BadName),
        ];
        for (bad, expected) in cases {
            let mut session = ServerSession::new(Millis(0));
            assert_eq!(why(&mut session, 0, &ClientMessage::Hello(bad)), Some(expected));
        }
    }

    #[test]
    fn inputs_stay_near_the_present() {
        let mut session = playing();
        assert_eq!(why(&mut session, 100, &input(102, 2)), None);
        assert_eq!(why(&mut session, 100, &input(102, 2)), None, "because it may be replaced");
        assert_eq!(why(&mut session, 100, &input(600, 500)), Some(Why::InputFromTheFuture));
        assert_eq!(why(&mut session, 100, &input(103, 1)), Some(Why::SeenTheFuture));
        assert_eq!(why(&mut session, 110, &input(111, 1)), None);
        assert_eq!(
            why(&mut session, 120, &input(112, 5)),
            Some(Why::InputFromThePast),
            "because what was seen cannot be unseen"
        );
        let old = u32::try_from(INPUT_BEHIND_TICKS_MAX).expect("it is positive") + 200;
        assert_eq!(why(&mut session, old, &input(150, 1)), Some(Why::InputFromThePast));
    }

    #[test]
    fn a_client_that_froze_may_come_back() {
        let mut session = playing();
        let newest = Newest { sent: Tick(110), room: Tick(700) };
        let late = encode(&input(110 + 256, 256));
        assert!(session.handle_frame(Millis(2), newest, &late).is_ok());
    }

    #[test]
    fn silence_ends_a_session_and_heartbeats_keep_it() {
        let mut session = ServerSession::new(Millis(0));
        assert_eq!(session.poll_timeout(Millis(HELLO_MS - 1)), None);
        assert_eq!(session.poll_timeout(Millis(HELLO_MS)).map(|r| r.why), Some(Why::NoHello));
        session = playing();
        let (nonce, rtt) = session.poll_ping(Millis(PING_MS)).expect("a ping is due");
        assert_eq!(rtt, 0, "because nothing was measured yet");
        assert_eq!(session.poll_ping(Millis(PING_MS * 3)), None, "because one is on its way");
        let pong = encode(&ClientMessage::Pong { nonce, received: 9 });
        assert_eq!(
            session.handle_frame(Millis(PING_MS + 40), Newest::both(Tick(100)), &pong),
            Ok(Request::Received(9))
        );
        assert_eq!(session.rtt_ms(), 40);
        let late = Millis(PING_MS + 40 + SERVER_SILENCE_MS);
        assert_eq!(session.poll_timeout(late).map(|r| r.why), Some(Why::Silent));
    }
}
