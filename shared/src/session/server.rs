//! The server's end of one session.

use super::name::Name;
use super::refusal::{Misplaced, Refusal, Why};
use crate::ids::Tick;
use crate::limits::{
    CLIENT_MESSAGE_BYTES, HELLO_MS, INPUT_AHEAD_TICKS_MAX, INPUT_BEHIND_TICKS_MAX, LOOKS, PING_MS,
    PROTOCOL_VERSION, SERVER_SILENCE_MS, WATCH_PING_MS,
};
use crate::time::Millis;
use crate::wire::{
    Ask, ClientMessage, Hello, Identity, Input, NO_CALL, Resume, SCHEMA_HASH, decode_client,
};

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
        identity: Option<Identity>,
        room: String,
        watch: bool,
    },
    /// Something that is to be answered.
    Ask {
        call: u32,
        ask: Ask,
    },
    /// The answer to a heartbeat: all ordered events up to this number came.
    Received(u32),
    Input(Input),
    Resync,
    Leave,
    /// Something about the room that the client has left, and not heard of yet.
    Stale,
    /// Nothing: it is to be told what was wrong, and goes on.
    Misplaced(Misplaced),
}

/// The heartbeat behind the Welcome of another room: what a client says before it answers
/// that one is about the room before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    Due,
    Sent { nonce: u16 },
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

    /// Whether a client may say this now. What is not listed here ends the session, or is
    /// answered where the client plays, so a new message does nothing until it is listed.
    #[must_use]
    pub fn allows(self, message: &ClientMessage) -> bool {
        use ClientMessage::{Ask, Bye, Hello, Input, Pong, Resync};
        matches!(
            (self, message),
            (Self::Greeting, Hello(_))
                | (Self::Joining, Pong { .. } | Bye)
                | (Self::Playing, Input(_) | Pong { .. } | Resync | Bye | Ask { .. })
        )
    }

    /// What becomes of a message that is not allowed now.
    fn out_of_place(self, message: &ClientMessage) -> Result<Misplaced, Refusal> {
        use ClientMessage::{Ask, Bye, Hello, Input, Pong, Resync};
        let is_hello = match message {
            Hello(_) => true,
            Input(_) | Pong { .. } | Resync | Bye | Ask { .. } => false,
        };
        match self {
            Self::Greeting => Err(Refusal { why: Why::BeforeHello }),
            Self::Joining if is_hello => Err(Refusal { why: Why::SecondHello }),
            Self::Joining => Err(Refusal { why: Why::BeforeWelcome }),
            Self::Playing if is_hello => Ok(Misplaced::SecondHello),
            Self::Playing => Ok(Misplaced::Elsewhere),
        }
    }
}

/// How long a server waits for its client, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For Hello.
    pub hello_ms: u64,
    /// For any word, from then on.
    pub silence_ms: u64,
}

impl Default for Patience {
    fn default() -> Self {
        Self { hello_ms: HELLO_MS, silence_ms: SERVER_SILENCE_MS }
    }
}

/// Decodes frames, holds them against the state of the session, and keeps the
/// heartbeat.
#[derive(Clone, Debug)]
pub struct ServerSession {
    phase: Phase,
    patience: Patience,
    heard: Millis,
    /// When the last heartbeat went out, and when the next may.
    pinged: Millis,
    next_ping: Millis,
    nonce: u16,
    awaited: bool,
    rtt_ms: u16,
    /// Mean difference of round trips, in sixteenths of a millisecond.
    jitter_16: u32,
    seen: Tick,
    mark: Option<Mark>,
    looks_on: bool,
}

impl ServerSession {
    /// A session that waits for Hello since `now`.
    #[must_use]
    pub fn new(now: Millis) -> Self {
        Self {
            phase: Phase::Greeting,
            patience: Patience::default(),
            heard: now,
            pinged: now,
            next_ping: now.plus(PING_MS),
            nonce: 0,
            awaited: false,
            rtt_ms: 0,
            jitter_16: 0,
            seen: Tick(0),
            mark: None,
            looks_on: false,
        }
    }

    /// The same with its first heartbeat so many milliseconds from now, below [`PING_MS`]:
    /// clients that came together are not to answer together.
    #[must_use]
    pub fn staggered(mut self, ms: u64) -> Self {
        self.next_ping = self.heard.plus(ms.min(PING_MS));
        self
    }

    /// The same with another patience.
    #[must_use]
    pub fn patient(mut self, patience: Patience) -> Self {
        self.patience = patience;
        self
    }

    /// The server itself stood still for so long: nobody is to blame for what was not
    /// heard meanwhile.
    pub fn forgive(&mut self, ms: u64) {
        self.heard = self.heard.plus(ms);
        self.pinged = self.pinged.plus(ms);
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
        if frame.len() > CLIENT_MESSAGE_BYTES {
            return Err(Refusal { why: Why::TooBig });
        }
        let message =
            decode_client(frame).map_err(|e| Refusal { why: Why::Undecodable(e.reason) })?;
        self.handle_message(now, newest, message)
    }

    /// Takes a message, however it was written.
    ///
    /// # Errors
    /// When it is not one for this state and the client does not play yet, or when it says
    /// what cannot be.
    pub fn handle_message(
        &mut self,
        now: Millis,
        newest: Newest,
        message: ClientMessage,
    ) -> Result<Request, Refusal> {
        self.heard = now;
        if !self.phase.allows(&message) {
            return self.phase.out_of_place(&message).map(Request::Misplaced);
        }
        match message {
            ClientMessage::Hello(hello) => self.hello(hello),
            ClientMessage::Bye => Ok(Request::Leave),
            ClientMessage::Pong { nonce, received } => self.pong(now, nonce, received),
            ClientMessage::Input(_) if self.looks_on => Ok(Request::Misplaced(Misplaced::LooksOn)),
            ClientMessage::Input(_) | ClientMessage::Resync if self.mark.is_some() => {
                Ok(Request::Stale)
            }
            ClientMessage::Input(input) => self.input(newest, input),
            ClientMessage::Resync => Ok(Request::Resync),
            ClientMessage::Ask { call: NO_CALL, .. } => {
                Ok(Request::Misplaced(Misplaced::NoCallNumber))
            }
            ClientMessage::Ask { call, ask } => Ok(Request::Ask { call, ask }),
        }
    }

    /// The room took the player in at `tick`; Welcome goes out now.
    pub fn welcome(&mut self, tick: Tick) {
        self.phase = Phase::Playing;
        self.seen = tick;
    }

    /// It is a spectator, who has to send no inputs: what comes through to it is told by its
    /// answers to heartbeats, of which it gets more.
    pub fn look_on(&mut self) {
        self.looks_on = true;
    }

    /// Whether it is a spectator.
    #[must_use]
    pub fn looks_on(&self) -> bool {
        self.looks_on
    }

    /// Another room took the player in at `tick`; its Welcome goes out now. What the client
    /// says of the room before is stale until it has answered the heartbeat behind that.
    pub fn travel(&mut self, tick: Tick) {
        self.welcome(tick);
        self.mark = Some(Mark::Due);
    }

    /// Whether the client has not shown that it knows the room that it is in.
    #[must_use]
    pub fn is_arriving(&self) -> bool {
        self.mark.is_some()
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
        if self.mark == Some(Mark::Due) {
            // One that is awaited already is answered before it.
            let nonce = self.nonce.wrapping_add(1);
            self.mark = Some(Mark::Sent { nonce });
            self.next_ping = now.plus(self.ping_ms());
            return Some((nonce, self.rtt_ms));
        }
        if self.phase != Phase::Playing || self.mark.is_some() || now < self.next_ping {
            return None;
        }
        // A lost heartbeat stays the one that is awaited: its answer is still to come.
        if !self.awaited {
            self.nonce = self.nonce.wrapping_add(1);
            self.awaited = true;
            self.pinged = now;
            self.next_ping = now.plus(self.ping_ms());
            return Some((self.nonce, self.rtt_ms));
        }
        None
    }

    /// The refusal of a peer that said nothing for too long.
    #[must_use]
    pub fn poll_timeout(&self, now: Millis) -> Option<Refusal> {
        match self.phase {
            // Nothing is heard here but what ends this state, or the session.
            Phase::Greeting if now.since(self.heard) >= self.patience.hello_ms => {
                Some(Refusal { why: Why::NoHello })
            }
            Phase::Joining | Phase::Playing
                if now.since(self.heard) >= self.patience.silence_ms =>
            {
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

    /// For how many milliseconds longer than the last one a heartbeat has not been answered.
    #[must_use]
    pub fn overdue_ms(&self, now: Millis) -> u64 {
        let waited = if self.awaited { now.since(self.pinged) } else { 0 };
        waited.saturating_sub(self.rtt_ms.into())
    }

    /// How much round trips vary, in milliseconds: the smoothed difference of one to the
    /// next, as RFC 3550 has it for packets.
    #[must_use]
    pub fn jitter_ms(&self) -> u16 {
        u16::try_from(self.jitter_16 >> 4).unwrap_or(u16::MAX)
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
        let Hello { look, ticket, resume, identity, room, watch, .. } = hello;
        Ok(Request::Join { name, look, ticket, resume, identity, room, watch })
    }

    /// From one heartbeat to the next.
    fn ping_ms(&self) -> u64 {
        if self.looks_on { WATCH_PING_MS } else { PING_MS }
    }

    fn pong(&mut self, now: Millis, nonce: u16, received: u32) -> Result<Request, Refusal> {
        if !self.awaited && self.mark == Some(Mark::Sent { nonce }) {
            self.mark = None;
            self.nonce = nonce;
            return Ok(Request::Received(received));
        }
        if !self.awaited || nonce != self.nonce {
            return match self.phase {
                Phase::Greeting | Phase::Joining => Err(Refusal { why: Why::UnknownPong }),
                Phase::Playing => Ok(Request::Misplaced(Misplaced::UnknownPong)),
            };
        }
        self.awaited = false;
        let rtt_ms = u16::try_from(now.since(self.pinged)).unwrap_or(u16::MAX).max(1);
        if self.rtt_ms != 0 {
            let difference = u32::from(rtt_ms.abs_diff(self.rtt_ms));
            self.jitter_16 += difference;
            self.jitter_16 -= (self.jitter_16 - difference + 8) >> 4;
        }
        self.rtt_ms = rtt_ms;
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
    use crate::session::CloseCode;
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
    fn who_plays_is_told_what_has_no_place_and_plays_on() {
        let mut session = playing();
        let stray = ClientMessage::Pong { nonce: 9, received: 0 };
        let ask = ClientMessage::Ask { call: 0, ask: Ask::Go { room: String::new() } };
        let cases = [
            (hello(), Misplaced::SecondHello),
            (stray, Misplaced::UnknownPong),
            (ask, Misplaced::NoCallNumber),
        ];
        for (message, what) in cases {
            let told = session.handle_frame(Millis(2), Newest::both(Tick(100)), &encode(&message));
            assert_eq!(told, Ok(Request::Misplaced(what)));
        }
        assert_eq!(why(&mut session, 100, &input(102, 2)), None);
        session.look_on();
        let told =
            session.handle_frame(Millis(2), Newest::both(Tick(100)), &encode(&input(103, 2)));
        assert_eq!(told, Ok(Request::Misplaced(Misplaced::LooksOn)));
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
    fn only_a_frame_that_is_too_long_is_too_big_and_a_length_in_it_is_undecodable() {
        let close = |frame: &[u8]| {
            let newest = Newest::both(Tick(0));
            let refused = ServerSession::new(Millis(0)).handle_frame(Millis(0), newest, frame);
            refused.expect_err("it is no message").why.close().0
        };
        assert_eq!(close(&[0; CLIENT_MESSAGE_BYTES]), CloseCode::Decode);
        assert_eq!(close(&[0; CLIENT_MESSAGE_BYTES + 1]), CloseCode::TooBig);
        // A Hello whose name claims more than a message has, and more than there can be.
        for claim in [&[251, 0, 8][..], &[252, 255, 255, 255, 255], &[253; 9]] {
            assert_eq!(close(&[&[1, 1, 0], claim].concat()), CloseCode::Decode, "{claim:?}");
        }
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
        let refusal = session.poll_timeout(Millis(HELLO_MS)).expect("its time is over");
        assert_eq!((refusal.why, refusal.why.close().0), (Why::NoHello, CloseCode::Silent));
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

    #[test]
    fn who_looks_on_has_more_heartbeats_one_at_a_time() {
        let beats = |session: &mut ServerSession| {
            let mut beats = 0;
            for ms in (0..10_000).step_by(10) {
                let Some((nonce, _)) = session.poll_ping(Millis(ms)) else { continue };
                beats += 1;
                assert_eq!(session.poll_ping(Millis(ms + 5_000)), None, "because one is awaited");
                let pong = ClientMessage::Pong { nonce, received: 0 };
                let heard = session.handle_message(Millis(ms), Newest::both(Tick(100)), pong);
                assert_eq!(heard, Ok(Request::Received(0)));
            }
            beats
        };
        let (mut plays, mut watches) = (playing(), playing());
        watches.look_on();
        assert_eq!(beats(&mut plays) as u64, 10_000 / PING_MS - 1);
        let least = (10_000 - PING_MS) / WATCH_PING_MS;
        assert_eq!(beats(&mut watches) as u64, least);
    }

    #[test]
    fn a_heartbeat_is_overdue_until_it_is_answered() {
        let mut session = measured(&[200, 200]);
        let at = Millis(100_000);
        let (nonce, _) = session.poll_ping(at).expect("one is due");
        assert_eq!(session.overdue_ms(at.plus(150)), 0, "because the way takes that");
        assert_eq!(session.overdue_ms(at.plus(1_200)), 1_000);
        let pong = ClientMessage::Pong { nonce, received: 0 };
        let heard = session.handle_message(at.plus(1_300), Newest::both(Tick(100)), pong);
        assert_eq!((heard, session.overdue_ms(at.plus(5_000))), (Ok(Request::Received(0)), 0));
    }

    #[test]
    fn first_heartbeats_are_spread_over_the_interval() {
        for ms in [0, 700, PING_MS] {
            let mut session = ServerSession::new(Millis(10)).staggered(ms);
            let newest = Newest::both(Tick(0));
            assert!(session.handle_frame(Millis(10), newest, &encode(&hello())).is_ok());
            session.welcome(Tick(1));
            if ms > 0 {
                assert_eq!(session.poll_ping(Millis(9 + ms)), None);
            }
            assert!(session.poll_ping(Millis(10 + ms)).is_some());
        }
    }

    #[test]
    fn what_is_said_of_the_room_before_is_stale_until_the_new_one_is_known() {
        for is_awaited in [false, true] {
            let mut session = playing();
            let mut now = PING_MS;
            let mut answers = Vec::new();
            if is_awaited {
                answers.extend(session.poll_ping(Millis(now)));
            }
            session.travel(Tick(9_000));
            now += 1;
            answers.extend(session.poll_ping(Millis(now)));
            assert_eq!(session.poll_ping(Millis(now + PING_MS)), None, "because one is enough");
            // From the room before, where ticks have other numbers.
            let newest = Newest::both(Tick(9_001));
            for message in [input(102, 1), ClientMessage::Resync] {
                let told = session.handle_frame(Millis(now), newest, &encode(&message));
                assert_eq!(told, Ok(Request::Stale));
            }
            for (nonce, _) in answers {
                assert!(session.is_arriving());
                let pong = encode(&ClientMessage::Pong { nonce, received: 4 });
                let told = session.handle_frame(Millis(now), newest, &pong);
                assert_eq!(told, Ok(Request::Received(4)));
            }
            let told = session.handle_frame(Millis(now), newest, &encode(&input(9_002, 1)));
            assert!(matches!(told, Ok(Request::Input(_))), "{told:?}");
            assert!(session.poll_ping(Millis(now + PING_MS)).is_some());
        }
    }

    /// A session whose heartbeats were answered after so many milliseconds each.
    fn measured(round_trips_ms: &[u64]) -> ServerSession {
        let mut session = playing();
        let mut now = Millis(0);
        for &ms in round_trips_ms {
            now = now.plus(PING_MS);
            let (nonce, _) = session.poll_ping(now).expect("the last one was answered");
            now = now.plus(ms);
            let pong = encode(&ClientMessage::Pong { nonce, received: 0 });
            assert!(session.handle_frame(now, Newest::both(Tick(100)), &pong).is_ok());
        }
        session
    }

    #[test]
    fn jitter_is_how_much_round_trips_differ() {
        assert_eq!(measured(&[80; 50]).jitter_ms(), 0, "because a long way is no jitter");
        let uneven: Vec<u64> = (0..200).map(|n| if n % 2 == 0 { 60 } else { 100 }).collect();
        let jitter_ms = measured(&uneven).jitter_ms();
        assert!((38..=40).contains(&jitter_ms), "because each differs by 40 ms: {jitter_ms}");
    }

    #[test]
    fn a_stall_of_the_server_ends_no_session() {
        let mut session = ServerSession::new(Millis(0));
        session.forgive(60_000);
        assert_eq!(session.poll_timeout(Millis(60_000 + HELLO_MS - 1)), None);
        session = playing();
        let (nonce, _) = session.poll_ping(Millis(PING_MS)).expect("a ping is due");
        let stall_ms = 2 * SERVER_SILENCE_MS;
        session.forgive(stall_ms);
        let late = Millis(PING_MS + 40 + stall_ms);
        assert_eq!(session.poll_timeout(late), None, "because it was the server that slept");
        let pong = encode(&ClientMessage::Pong { nonce, received: 0 });
        assert!(session.handle_frame(late, Newest::both(Tick(100)), &pong).is_ok());
        assert_eq!(session.rtt_ms(), 40, "because the link was not slow");
        let silent = late.plus(SERVER_SILENCE_MS);
        assert_eq!(session.poll_timeout(silent).map(|r| r.why), Some(Why::Silent));
    }
}
