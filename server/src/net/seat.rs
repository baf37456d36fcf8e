//! What survives a connection: the ordered messages that the client has not
//! acknowledged, and what it can be taken up again with.

use throng_shared::session::{CloseCode, Name};
use throng_shared::time::Millis;
use throng_shared::wire::{Event, Identity, Outcome, Problem, Secret, encode};

use super::calls::Calls;
use super::places::Place;
use super::ring::{Depth, Ring};
use super::sessions::{Fingerprint, Sessions, draw};
use crate::link::{ConnId, Control, RoomId, Visitor};
use crate::tickets::Stub;

/// A connection asks for the session of another one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Claim {
    pub(super) fingerprint: Fingerprint,
    /// Who has the session, as far as is known.
    pub(super) of: ConnId,
    pub(super) by: ConnId,
    /// When that one came, among all that came to the process.
    pub(super) number: u64,
}

/// As whom somebody comes into a room.
#[derive(Clone, Debug)]
pub(super) struct Entrant {
    pub(super) name: Name,
    pub(super) look: u8,
    pub(super) who: Visitor,
    /// To look on, without a glider.
    pub(super) watch: bool,
    /// Whether it is a house bot.
    pub(super) house: bool,
    /// Whether its ticket is for that room and no other.
    pub(super) is_bound: bool,
}

impl Entrant {
    /// What asks a room to take it in.
    pub(super) fn join(self, conn: ConnId) -> Control {
        let Self { name, look, who, watch, house, is_bound: _ } = self;
        Control::Join { conn, name, look, who, watch, house }
    }
}

/// One session.
#[derive(Debug)]
pub(super) struct Seat {
    pub(super) ring: Ring,
    pub(super) calls: Calls,
    pub(super) entrant: Entrant,
    /// Where it is played, while it is on its way from one slot to another.
    pub(super) room: Option<RoomId>,
    /// Number of the newest connection that had it or claims it. An older one that was
    /// heard of later must not take it back: its client may have given it up.
    pub(super) number: u64,
    /// Of the secret in the newest Welcome.
    current: Fingerprint,
    /// Of the one that it takes the place of, until the client has shown that it has the
    /// newest: a Welcome may be cut.
    previous: Option<Fingerprint>,
    /// Whether the client has ever said anything as a player.
    is_proven: bool,
    /// Since when it has no connection.
    pub(super) lost: Option<Millis>,
    /// The place of that connection: as long as it may come back, its address has one less.
    pub(super) place: Option<Place>,
    /// Of the ticket that the player came in with, until it has said anything.
    pub(super) stub: Option<Stub>,
    /// Who the player is from one visit to the next.
    pub(super) identity: Identity,
    /// Who is to have it next: the first as soon as the room knows.
    pub(super) claims: Vec<Claim>,
    /// Why the player has to go, wherever the session is by then.
    pub(super) expelled: Option<(CloseCode, String)>,
}

/// What a call is told whose answer was on its way when its room was left.
const LEFT: &str = "You left that room before its answer came: it may have been done or not.";

impl Seat {
    /// A new session of a connection, and its secret.
    pub(super) fn new(
        owner: ConnId,
        number: u64,
        (entrant, depth): (Entrant, Depth),
        sessions: &Sessions,
    ) -> (Self, Secret) {
        let (secret, current) = draw();
        sessions.put(current, owner);
        let seat = Self {
            ring: Ring::new(depth),
            calls: Calls::default(),
            entrant,
            room: None,
            number,
            current,
            previous: None,
            is_proven: false,
            lost: None,
            place: None,
            stub: None,
            identity: Identity::default(),
            claims: Vec::new(),
            expelled: None,
        };
        (seat, secret)
    }

    /// Says to the client what became of a call.
    pub(super) fn answer(&mut self, call: u32, outcome: Outcome) {
        if self.calls.answer(call) {
            self.ring.push(encode(&Event::Answer { call, outcome }).into());
        }
    }

    /// The session is in the room that `call` asked for, which has said `said` since; what
    /// still waits for the room before has its answer now, too.
    pub(super) fn move_on(&mut self, call: u32, before: Option<RoomId>, said: Ring) {
        self.answer(call, Outcome::Done);
        if let Some(before) = before {
            for call in self.calls.give_up(before) {
                let (problem, text) = (Problem::Busy, LEFT.to_owned());
                let outcome = Outcome::Refused { problem, text, retry_after_ms: 0 };
                self.ring.push(encode(&Event::Answer { call, outcome }).into());
            }
        }
        self.ring.append(said);
    }

    /// Whether a secret is this session's.
    pub(super) fn knows(&self, fingerprint: &Fingerprint) -> bool {
        self.current == *fingerprint || self.previous.as_ref() == Some(fingerprint)
    }

    /// A secret for the next connection, which came with the one that `used` is of.
    pub(super) fn renew(
        &mut self,
        used: Fingerprint,
        owner: ConnId,
        sessions: &Sessions,
    ) -> Secret {
        let (secret, current) = draw();
        for held in [Some(self.current), self.previous].into_iter().flatten() {
            if held != used {
                sessions.forget(&held);
            }
        }
        self.previous = Some(used);
        self.current = current;
        sessions.put(current, owner);
        secret
    }

    /// A secret for the next room of the same connection.
    pub(super) fn rotate(&mut self, owner: ConnId, sessions: &Sessions) -> Secret {
        self.renew(self.current, owner, sessions)
    }

    /// The client said something that shows that it has the newest secret. False when
    /// somebody came in with its ticket before it did: then this session is over.
    pub(super) fn prove(&mut self, sessions: &Sessions) -> bool {
        if !self.use_up_ticket() {
            return false;
        }
        self.is_proven = true;
        self.stub = None;
        if let Some(previous) = self.previous.take() {
            sessions.forget(&previous);
        }
        true
    }

    /// From now on nobody comes in with its ticket, if it had one. False when somebody has.
    pub(super) fn use_up_ticket(&self) -> bool {
        self.stub.as_ref().is_none_or(Stub::use_up)
    }

    /// The secrets that it can be taken up with.
    pub(super) fn fingerprints(&self) -> impl Iterator<Item = Fingerprint> + use<> {
        [Some(self.current), self.previous].into_iter().flatten()
    }

    /// The session is over.
    pub(super) fn retire(self, sessions: &Sessions) {
        self.fingerprints().for_each(|fingerprint| sessions.forget(&fingerprint));
    }

    /// Whether nobody has come for it in time. A client that never said a word as a
    /// player gets no longer than its glider, unless it may have no ticket any more to come
    /// in with again.
    pub(super) fn is_expired(&self, now: Millis, link_hold_ms: u64, session_ms: u64) -> bool {
        let has_ticket = self.stub.as_ref().is_some_and(|stub| !stub.is_replaced());
        let is_awaited = self.is_proven || has_ticket;
        let patience_ms = if is_awaited { session_ms } else { session_ms.min(link_hold_ms) };
        self.claims.is_empty() && self.lost.is_some_and(|at| now.since(at) >= patience_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Limits;

    const OWNER: ConnId = ConnId { thread: 0, serial: 1 };

    fn ada() -> Entrant {
        let name = Name::parse("Ada").expect("it is a name");
        Entrant {
            name,
            look: 0,
            who: Visitor::default(),
            watch: false,
            house: false,
            is_bound: false,
        }
    }

    #[test]
    fn the_secret_before_is_good_until_the_newest_was_shown_to_have_come() {
        let sessions = Sessions::default();
        let (mut seat, first) =
            Seat::new(OWNER, 1, (ada(), Depth::of(&Limits::default())), &sessions);
        let first = Fingerprint::of(&first);
        let knows = |seat: &Seat, fingerprint: &Fingerprint| {
            assert_eq!(seat.knows(fingerprint), sessions.find(fingerprint).is_some());
            seat.knows(fingerprint)
        };
        let cut = Fingerprint::of(&seat.renew(first, OWNER, &sessions));
        assert!(knows(&seat, &first) && knows(&seat, &cut));
        let second = Fingerprint::of(&seat.renew(first, OWNER, &sessions));
        assert!(knows(&seat, &first), "because its Welcome may be cut again");
        assert!(!knows(&seat, &cut), "because nobody has it who came with the first");
        seat.prove(&sessions);
        assert!(knows(&seat, &second) && !knows(&seat, &first));
        seat.retire(&sessions);
        assert_eq!(sessions.find(&second), None, "because a session that is over leaves nothing");
    }

    #[test]
    fn a_session_waits_longer_for_who_has_played() {
        let sessions = Sessions::default();
        let (mut seat, _) = Seat::new(OWNER, 1, (ada(), Depth::of(&Limits::default())), &sessions);
        assert!(!seat.is_expired(Millis(99_999), 10, 60), "because it has a connection");
        seat.lost = Some(Millis(100));
        assert!(!seat.is_expired(Millis(109), 10, 60) && seat.is_expired(Millis(110), 10, 60));
        seat.prove(&sessions);
        assert!(!seat.is_expired(Millis(159), 10, 60) && seat.is_expired(Millis(160), 10, 60));
    }

    #[test]
    fn nothing_secret_is_shown() {
        let (seat, secret) =
            Seat::new(OWNER, 1, (ada(), Depth::of(&Limits::default())), &Sessions::default());
        let shown = format!("{seat:?} {secret:?}");
        assert!(shown.contains("Fingerprint") && shown.ends_with("Secret"), "{shown}");
    }
}
