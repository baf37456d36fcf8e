//! The client's end of one session.

use super::close::CloseCode;
use crate::ids::{NetId, Tick};
use crate::limits::{CLIENT_SILENCE_MS, CLIENT_STALL_MS};
use crate::motion::Steer;
use crate::time::Millis;
use crate::wire::{
    ClientMessage, DecodeError, Event, Hello, Input, Resume, Secret, ServerMessage, Snapshot,
    SnapshotHead, Welcome, decode_server, decode_snapshot_head,
};

/// What a frame of the server means to its client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Update {
    Welcome(Welcome),
    Snapshot(Snapshot),
    Event(Event),
    /// An ordered event that came before.
    Duplicate,
    /// A heartbeat came; `answer` goes back at once.
    Ping {
        answer: ClientMessage,
        rtt_ms: u16,
        jitter_ms: u16,
    },
    /// The server is about to close.
    Goodbye {
        code: u16,
        reason: String,
        retry_after_ms: u32,
    },
}

/// What a frame means to a client that only counts snapshots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Skimmed {
    Snapshot(SnapshotHead),
    Update(Update),
}

/// Why a client gives up on its server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    Undecodable(DecodeError),
    /// A message that has no place in this state.
    Unexpected,
}

/// Decodes what the server says and holds it against the state of the session.
#[derive(Clone, Debug)]
pub struct ClientSession {
    you: Option<NetId>,
    heard: Millis,
    /// When silence was looked for last.
    polled: Millis,
    /// Number of the newest ordered event that came.
    received: u32,
    secret: Option<Secret>,
    fire: u8,
    dash: u8,
}

impl ClientSession {
    /// A session on a connection that begins now with this Hello, whose `resume` is what
    /// [`ClientSession::keep`] gave of the connection before.
    #[must_use]
    pub fn new(now: Millis, hello: Hello) -> (Self, ClientMessage) {
        let resume = hello.resume.as_ref();
        let session = Self {
            you: None,
            heard: now,
            polled: now,
            received: resume.map_or(0, |resume| resume.received),
            secret: resume.map(|resume| resume.secret.clone()),
            fire: 0,
            dash: 0,
        };
        (session, ClientMessage::Hello(hello))
    }

    /// What the next connection goes on with: nothing before the first Welcome.
    #[must_use]
    pub fn keep(&self) -> Option<Resume> {
        self.secret.clone().map(|secret| Resume { secret, received: self.received })
    }

    /// Takes a binary frame.
    ///
    /// # Errors
    /// When it is no message, or not one for this state.
    pub fn handle_frame(&mut self, now: Millis, frame: &[u8]) -> Result<Update, Fault> {
        let message = decode_server(frame).map_err(Fault::Undecodable)?;
        self.heard = now;
        match (message, self.you) {
            // A second one is that of another room, into which the session went on.
            (ServerMessage::Welcome(welcome), you) if you.is_none() || welcome.resumed => {
                self.you = Some(welcome.you);
                self.secret = Some(welcome.secret.clone());
                (self.fire, self.dash) = (0, 0);
                if !welcome.resumed {
                    self.received = 0;
                }
                Ok(Update::Welcome(welcome))
            }
            (ServerMessage::Snapshot(snapshot), Some(_)) => Ok(Update::Snapshot(snapshot)),
            (ServerMessage::Tick(delta), Some(_)) => Ok(Update::Snapshot(delta.into())),
            (ServerMessage::Event { number, event }, Some(_)) => self.event(number, event),
            (ServerMessage::Ping { nonce, rtt_ms, jitter_ms }, Some(_)) => {
                let answer = ClientMessage::Pong { nonce, received: self.received };
                Ok(Update::Ping { answer, rtt_ms, jitter_ms })
            }
            (ServerMessage::Goodbye { code, reason, retry_after_ms }, _) => {
                Ok(Update::Goodbye { code, reason, retry_after_ms })
            }
            (ServerMessage::Welcome(_), _)
            | (
                ServerMessage::Snapshot(_)
                | ServerMessage::Tick(_)
                | ServerMessage::Event { .. }
                | ServerMessage::Ping { .. },
                None,
            ) => Err(Fault::Unexpected),
        }
    }

    fn event(&mut self, number: u32, event: Event) -> Result<Update, Fault> {
        if number <= self.received {
            return Ok(Update::Duplicate);
        }
        if number != self.received + 1 {
            return Err(Fault::Unexpected);
        }
        self.received = number;
        Ok(Update::Event(event))
    }

    /// The same for a client that does not look into snapshots: they come as their
    /// heads.
    ///
    /// # Errors
    /// When it is no message, or not one for this state.
    pub fn skim_frame(&mut self, now: Millis, frame: &[u8]) -> Result<Skimmed, Fault> {
        match decode_snapshot_head(frame).map_err(Fault::Undecodable)? {
            None => self.handle_frame(now, frame).map(Skimmed::Update),
            Some(_) if self.you.is_none() => Err(Fault::Unexpected),
            Some(head) => {
                self.heard = now;
                Ok(Skimmed::Snapshot(head))
            }
        }
    }

    /// The own glider, once welcomed.
    #[must_use]
    pub fn you(&self) -> Option<NetId> {
        self.you
    }

    /// An input for `tick`, which must be after `seen`, the tick of the newest
    /// snapshot. `fire` and `dash` are presses since the last input.
    #[must_use]
    pub fn input(
        &mut self,
        tick: Tick,
        seen: Tick,
        steer: Steer,
        aim: u8,
        (fire, dash): (bool, bool),
    ) -> Input {
        let ahead = u16::try_from(tick.since(seen)).unwrap_or_default();
        self.fire = self.fire.wrapping_add(u8::from(fire));
        self.dash = self.dash.wrapping_add(u8::from(dash));
        Input {
            tick: tick.0,
            ahead,
            heading: steer.heading,
            thrust: steer.thrust,
            aim,
            fire: self.fire,
            dash: self.dash,
        }
    }

    /// Whether the server said nothing for so long that the link must be dead. To be asked
    /// every second or more often: what a gap takes longer is a stall of the client's own, in
    /// which messages may have come that it has yet to read, and does not count.
    #[must_use]
    pub fn poll_timeout(&mut self, now: Millis) -> Option<CloseCode> {
        let gap_ms = now.since(self.polled);
        self.polled = now;
        let stalled_ms = gap_ms.saturating_sub(CLIENT_STALL_MS);
        self.heard = self.heard.plus(stalled_ms).min(now);
        (now.since(self.heard) >= CLIENT_SILENCE_MS).then_some(CloseCode::Silent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::SECRET_BYTES;
    use crate::wire::{Identity, MapRuns, encode};

    #[test]
    fn nothing_but_welcome_or_goodbye_may_come_first() {
        let (mut session, _) = ClientSession::new(Millis(0), Hello::guest("a", 0));
        let early = encode(&ServerMessage::Ping { nonce: 1, rtt_ms: 0, jitter_ms: 0 });
        assert_eq!(session.handle_frame(Millis(1), &early), Err(Fault::Unexpected));
    }

    fn hello(resume: Option<Resume>) -> Hello {
        Hello { resume, ..Hello::guest("a", 0) }
    }

    fn welcome(resumed: bool) -> ServerMessage {
        ServerMessage::Welcome(Welcome {
            secret: Secret([3; SECRET_BYTES]),
            resumed,
            identity: Identity::default(),
            session_ms: 60_000,
            time_ms: 0,
            you: NetId(7),
            own: NetId(7),
            watch: false,
            tick: 1,
            tick_hz: 30,
            room: String::new(),
            map: MapRuns { width: 8, height: 8, runs: Vec::new() },
        })
    }

    #[test]
    fn an_event_is_taken_once_and_in_order_over_connections() {
        let now = Millis(1);
        let event = |number: u32| {
            let event = Event::Notice { text: number.to_string() };
            ServerMessage::Event { number, event }
        };
        let take = |session: &mut ClientSession, number| {
            session.handle_frame(now, &encode(&event(number))).map(|it| it != Update::Duplicate)
        };
        let (mut session, _) = ClientSession::new(now, Hello::guest("a", 0));
        assert_eq!(session.keep(), None);
        assert!(session.handle_frame(now, &encode(&welcome(false))).is_ok());
        assert_eq!((take(&mut session, 1), take(&mut session, 2)), (Ok(true), Ok(true)));
        let kept = session.keep();
        assert_eq!(kept.as_ref().map(|kept| kept.received), Some(2));
        let (mut session, _) = ClientSession::new(now, hello(kept.clone()));
        assert!(session.handle_frame(now, &encode(&welcome(true))).is_ok());
        assert_eq!(take(&mut session, 2), Ok(false), "because it came before the cut");
        assert_eq!(take(&mut session, 3), Ok(true));
        assert_eq!(take(&mut session, 5), Err(Fault::Unexpected), "because 4 is lost");
        let (mut session, _) = ClientSession::new(now, hello(kept));
        assert!(session.handle_frame(now, &encode(&welcome(false))).is_ok());
        assert_eq!(take(&mut session, 1), Ok(true), "because the numbers begin anew");
    }

    #[test]
    fn skimming_keeps_to_the_order_of_a_session() {
        let (mut session, _) = ClientSession::new(Millis(0), Hello::guest("a", 0));
        let snapshot = encode(&ServerMessage::Snapshot(Snapshot::default()));
        assert_eq!(session.skim_frame(Millis(1), &snapshot), Err(Fault::Unexpected));
        let goodbye =
            ServerMessage::Goodbye { code: 1012, reason: String::new(), retry_after_ms: 0 };
        let skimmed = session.skim_frame(Millis(1), &encode(&goodbye));
        assert!(matches!(skimmed, Ok(Skimmed::Update(Update::Goodbye { .. }))));
    }

    #[test]
    fn silence_counts_and_an_own_stall_does_not() {
        let (mut session, _) = ClientSession::new(Millis(0), Hello::guest("a", 0));
        let end = (0..).step_by(100).find(|&now| session.poll_timeout(Millis(now)).is_some());
        assert_eq!(end, Some(CLIENT_SILENCE_MS));
        let (mut session, _) = ClientSession::new(Millis(0), Hello::guest("a", 0));
        assert_eq!(session.poll_timeout(Millis(900)), None);
        assert_eq!(session.poll_timeout(Millis(60_000)), None, "because it did not look");
        let end = (60_000..).step_by(100).find(|&now| session.poll_timeout(Millis(now)).is_some());
        assert_eq!(end, Some(60_000 + CLIENT_SILENCE_MS - 1_900), "because those were silent");
    }

    #[test]
    fn presses_are_counted_and_what_was_seen_is_told() {
        let (mut session, _) = ClientSession::new(Millis(0), Hello::guest("a", 0));
        let steer = Steer::default();
        let first = session.input(Tick(5), Tick(3), steer, 0, (true, false));
        let second = session.input(Tick(6), Tick(3), steer, 0, (true, true));
        assert_eq!((first.ahead, first.fire, first.dash), (2, 1, 0));
        assert_eq!((second.ahead, second.fire, second.dash), (3, 2, 1));
    }
}
