//! How players come in and how sessions outlive connections, in messages alone: a session
//! has one owner at any time, the network thread whose slot holds its seat.
//!
//! Connection B says a secret of A's session. B's thread finds A's in the registry and
//! sends it a `Claim`; A's thread closes A and asks the room to rebind. The room answers A
//! with `Moved`, the last that concerns A, and B with a Welcome and whatever comes then. At
//! `Moved` the seat goes to B's thread, where what came for B meanwhile is put behind it.
//! Nothing is lost and nothing comes twice, because each thread gets the room's mail in
//! one order, and a seat takes none before its connection is `bound`.

use std::net::IpAddr;

use bytes::Bytes;
use throng_shared::ids::NetId;
use throng_shared::limits::{CALLS_MAX, CLAIMS_MAX, RESTART_RETRY_MS, RETRY_MS, TICKET_SOON_MS};
use throng_shared::session::{CloseCode, Refusal, Why};
use throng_shared::time::Millis;
use throng_shared::wire::Identity;

use super::candidate::{Candidate, Wish};
use super::conn::{Conn, Parting};
use super::halls::RoomSet;
use super::places::Place;
use super::ring::{Depth, Ring};
use super::seat::{Claim, Entrant, Seat};
use super::sessions::Fingerprint;
use super::start::Start;
use super::tally::Tally;
use super::thread::{NetThread, Slot, find};
use super::travel::Reached;
use crate::link::{ConnId, Control, NoRoom, RoomId, Untaken, Visitor};
use crate::tickets::{BadTicket, Bearer, Stub};
use crate::words::FILTER;

/// What network threads say to each other.
#[derive(Debug)]
pub(super) enum Word {
    /// To the owner of a session.
    Claim(Claim),
    /// To whoever claimed it, with the claims that came meanwhile.
    Seat { to: ConnId, seat: Box<Seat>, claims: Vec<Claim> },
    /// There is no such session any more.
    Unknown { to: ConnId },
    /// A newer connection has it.
    Replaced { to: ConnId },
    /// To whom a ticket has let in and who has said nothing yet: `by` has brought it again.
    Evict { of: ConnId, by: ConnId },
    /// The place of that one is free.
    Evicted { to: ConnId },
}

impl Word {
    /// The thread that it is for.
    pub(super) fn thread(&self) -> u16 {
        match self {
            Self::Claim(claim) => claim.of.thread,
            Self::Evict { of, .. } => of.thread,
            Self::Seat { to, .. }
            | Self::Unknown { to }
            | Self::Replaced { to }
            | Self::Evicted { to } => to.thread,
        }
    }
}

/// Why one is sent away from a room that cannot take anybody just now.
const BUSY: &str = "the room is at its limit";
/// Why a ticket may have been used before this process began.
const TOO_SOON: &str = "the server has just started: bring another ticket";

/// Somebody who wants to come into a room.
#[derive(Debug)]
pub(super) struct Joining {
    entrant: Entrant,
    /// Name or code of the room; any will do when it is empty.
    wish: String,
    /// The room that the ticket is for.
    bound: Option<String>,
    /// Rooms that were full.
    tried: RoomSet,
    /// Who had its ticket before, until the room was told that this one is gone.
    pub(super) after: Option<ConnId>,
}

/// A session on its way here.
#[derive(Debug)]
pub(super) struct Coming {
    /// For a fresh join, should it come to that.
    candidate: Candidate,
    used: Fingerprint,
    received: u32,
    /// The room's answer.
    welcome: Option<Reached>,
    /// What came for the connection before the seat did.
    ring: Ring,
    /// Calls that were answered before the seat came.
    answered: Vec<u32>,
    /// The player left meanwhile.
    ends: bool,
    /// The place of a connection that did not wait.
    pub(super) place: Option<Place>,
}

impl Slot {
    /// Takes an ordered message; a client that lets too many pile up unsent is closed.
    pub(super) fn post(&mut self, now: Millis, tally: &Tally, message: Bytes) {
        if !self.bound {
            return;
        }
        if let Some(seat) = &mut self.seat {
            seat.ring.push(message);
            if let Some((conn, _)) = &mut self.conn
                && conn.is_playing()
                && seat.ring.oldest() > conn.sent() + 1
            {
                conn.close(now, tally, CloseCode::SlowConsumer, None, 0);
            }
        } else if let Some(coming) = &mut self.coming {
            coming.ring.push(message);
        }
    }

    /// Where its connection comes from, as far as that is counted.
    fn address(&self) -> Option<IpAddr> {
        self.conn.as_ref().and_then(|(_, place)| place.address())
    }

    /// A spectator is to see another glider in the room where it is, or that it goes on in.
    pub(super) fn look_at(&mut self, who: NetId) {
        if let Some(coming) = &mut self.coming {
            coming.welcome.iter_mut().for_each(|(you, ..)| *you = who);
        } else if let Some((conn, _)) = &mut self.conn {
            conn.look_at(who);
        }
    }

    /// A call of the session is answered. Whether the client is to hear that: nothing is
    /// answered twice.
    pub(super) fn note_answer(&mut self, call: u32) -> bool {
        if let Some(seat) = &mut self.seat {
            return seat.calls.answer(call);
        }
        let Some(coming) = &mut self.coming else { return false };
        let is_first = coming.answered.len() < CALLS_MAX && !coming.answered.contains(&call);
        if is_first {
            coming.answered.push(call);
        }
        is_first
    }

    fn open_conn(&mut self) -> Option<&mut Conn> {
        self.conn.as_mut().map(|(conn, _)| conn).filter(|conn| conn.parting().is_none())
    }
}

impl NetThread {
    /// A connection has said Hello.
    pub(super) fn greet(&mut self, index: usize, candidate: Candidate) {
        let by = self.id(index);
        if let Some(resume) = &candidate.resume {
            let fingerprint = Fingerprint::of(&resume.secret);
            if let Some(of) = self.options.sessions.find(&fingerprint) {
                let received = resume.received;
                let (welcome, ring, ends) =
                    (None, Ring::new(Depth::of(&self.options.limits)), false);
                let used = fingerprint;
                let place = None;
                let answered = Vec::new();
                let coming =
                    Coming { candidate, used, received, welcome, ring, answered, ends, place };
                self.slots[index].coming = Some(Box::new(coming));
                let number = self.slots[index].number;
                self.words.push(Word::Claim(Claim { fingerprint, of, by, number }));
                return;
            }
        }
        self.join_afresh(index, candidate, None);
    }

    /// A new player comes in, if its ticket lets it, or what is left of the one that the
    /// session came in with which it takes the place of.
    fn join_afresh(&mut self, index: usize, candidate: Candidate, stub: Option<Stub>) {
        let (now, conn) = (self.now(), self.id(index));
        let Candidate { name, look, ticket, resume: _, wish } = candidate;
        let Wish { identity, room: wish, watch } = wish;
        let unix_s = self.unix_s();
        let Self { slots, tally, options, .. } = self;
        let address = slots[index].address();
        let bearer = Bearer { conn, number: slots[index].number };
        let Some(it) = slots[index].open_conn() else {
            return options.tickets.give_back(stub);
        };
        let house = it.is_house();
        let who = Visitor::default();
        let mut entrant = Entrant { name, look, who, watch, house, is_bound: false };
        let stub = stub.and_then(|stub| options.tickets.pass_on(stub, bearer));
        let admitted = match stub {
            Some(stub) => Some(Ok((stub, None))),
            None if ticket.0.is_empty() => None,
            None => Some(options.tickets.admit(&ticket.0, unix_s, bearer)),
        };
        let (mut bound, mut before) = (None, None);
        if let Some(admitted) = admitted {
            match admitted {
                Ok((stub, evicted)) => {
                    entrant.name = stub.pass.name.clone();
                    entrant.who.operator = stub.pass.operator;
                    entrant.is_bound = stub.pass.room.is_some();
                    bound = stub.pass.room.clone();
                    before = evicted;
                    it.keep_stub(stub);
                }
                Err(BadTicket::TicketTooSoon) => {
                    return it.close(now, tally, CloseCode::Full, Some(TOO_SOON), TICKET_SOON_MS);
                }
                Err(bad) => return it.refuse_ticket(now, tally, bad),
            }
        } else if options.tickets.are_needed() && !house {
            return it.refuse(now, tally, Refusal { why: Why::NoTicket });
        }
        entrant.name = FILTER.clean_name(entrant.name);
        let mut signed = Identity::default();
        if !house {
            (entrant.who.player, signed) = options.identities.recognise(identity.as_ref());
            let player = entrant.who.player;
            if let Some(ban) = options.store.verdict(player, address) {
                options.tickets.give_back(it.take_stub());
                let sentence = ban.sentence(unix_s);
                it.close(now, tally, CloseCode::Kicked, Some(&sentence), 0);
                // Whose ticket it brought has none any more, and makes way all the same.
                let word = before.map(|it| Word::Evict { of: it.conn, by: conn });
                return self.words.extend(word);
            }
            options.store.greet(player, entrant.name.as_str(), address);
        }
        it.keep_identity(signed);
        let (after, tried) = (before.map(|it| it.conn), RoomSet::default());
        let joining = Box::new(Joining { entrant, wish, bound, tried, after });
        let Some(of) = after else { return self.try_join(index, joining) };
        // Its place is to be free before the room is asked for one.
        it.set_joining(true);
        slots[index].joining = Some(joining);
        self.words.push(Word::Evict { of, by: conn });
    }

    /// The room that somebody wants to come into.
    fn wanted(&self, joining: &Joining) -> Result<RoomId, Option<NoRoom>> {
        let Joining { wish, bound, tried, .. } = joining;
        let directory = &self.options.directory;
        let Some(bound) = bound else { return Ok(directory.find(wish, tried.0)?) };
        let room =
            directory.named(bound).ok_or(NoRoom::Unknown).or_else(|_| directory.find(bound, 0))?;
        // It may say where it goes, but only if that is there.
        let is_there = wish.is_empty()
            || directory.named(wish) == Some(room)
            || directory.find(wish, 0) == Ok(room);
        if is_there { Ok(room) } else { Err(None) }
    }

    /// Asks the next room that comes into question to take somebody in.
    pub(super) fn try_join(&mut self, index: usize, mut joining: Box<Joining>) {
        let (now, conn) = (self.now(), self.id(index));
        // What others asked for in this turn goes first, and is no reason to refuse anybody.
        self.control();
        let wanted = self.wanted(&joining);
        let is_behind = wanted.is_ok_and(|to| self.controls.iter().any(|&(room, _)| room == to));
        let Self { slots, halls, options, tally, .. } = self;
        let slot = &mut slots[index];
        let Some((it, _)) = slot.conn.as_mut().filter(|(it, _)| it.parting().is_none()) else {
            return;
        };
        let to = match wanted {
            Ok(to) => to,
            Err(why) => {
                let ticket = it.take_stub();
                options.tickets.give_back(ticket);
                return match why {
                    None => it.refuse_ticket(now, tally, BadTicket::TicketForAnotherRoom),
                    Some(NoRoom::Unknown) => {
                        it.close(now, tally, CloseCode::NoSuchRoom, None, 0);
                    }
                    Some(NoRoom::Busy) => {
                        it.close(now, tally, CloseCode::Full, Some(BUSY), RETRY_MS);
                    }
                };
            }
        };
        joining.tried.insert(to);
        let entrant = joining.entrant.clone();
        let hall = halls.enter(to, (&options.directory, self.index));
        let asked = match hall {
            None => Err(Untaken::Gone),
            Some(_) if is_behind => Err(Untaken::Full(Control::Leave { conn })),
            Some(hall) => hall.port.control(entrant.join(conn)),
        };
        match asked {
            Ok(()) => {
                it.set_joining(true);
                slot.room = Some(to);
                slot.joining = Some(joining);
            }
            Err(Untaken::Gone) => {
                options.tickets.give_back(it.take_stub());
                it.close(now, tally, CloseCode::RoomCrashed, None, 0);
            }
            Err(Untaken::Full(_)) => {
                options.tickets.give_back(it.take_stub());
                it.close(now, tally, CloseCode::Full, None, RESTART_RETRY_MS);
            }
        }
    }

    /// A room has no place for somebody: the next one is asked, if any will do.
    pub(super) fn turn_away(
        &mut self,
        room: RoomId,
        conn: ConnId,
        told: (CloseCode, &'static str, u32),
    ) {
        let now = self.now();
        let Some((index, slot)) = find(&mut self.slots, conn) else { return };
        if slot.travel.as_ref().is_some_and(|travel| travel.to == room) {
            return self.stay(index, told.2);
        }
        if slot.room != Some(room) {
            return;
        }
        let Slot { conn: Some((it, _)), joining, .. } = slot else { return };
        let joining = joining.take().filter(|it| it.wish.is_empty() && it.bound.is_none());
        let is_next =
            joining.as_ref().is_some_and(|it| self.options.directory.find("", it.tried.0).is_ok());
        if let (Some(joining), true) = (joining, is_next && it.is_joining()) {
            return self.try_join(index, joining);
        }
        it.turn_away(now, &self.tally, told);
        self.options.tickets.give_back(it.take_stub());
    }

    /// A room took a player in, or in again.
    pub(super) fn welcome(&mut self, room: RoomId, conn: ConnId, reached: Reached) {
        let present = self.present();
        let sessions = &self.options.sessions;
        let depth = Depth::of(&self.options.limits);
        let Some((index, slot)) = find(&mut self.slots, conn) else { return };
        let number = slot.number;
        if let Some(coming) = &mut slot.coming {
            slot.bound = true;
            slot.room = Some(room);
            coming.welcome = Some(reached);
            self.try_resume(index);
        } else if slot.room != Some(room) {
            // It has given up waiting for this one.
        } else if slot.seat.is_some() {
            // It has gone on to another connection, or was lost again.
            slot.bound = true;
        } else if let Some(joining) = slot.joining.take()
            && let Some(it) = slot.open_conn().filter(|it| it.is_joining())
        {
            let (mut seat, secret) = Seat::new(conn, number, (joining.entrant, depth), sessions);
            seat.stub = it.take_stub();
            seat.identity = it.take_identity();
            it.welcome(Start::new(present, reached, (secret, &seat), None));
            slot.seat = Some(Box::new(seat));
            slot.bound = true;
        }
    }

    /// Goes on with a session once both its seat and the room's answer are here.
    fn try_resume(&mut self, index: usize) {
        let (owner, present) = (self.id(index), self.present());
        let (now, unix_s) = (self.now(), self.unix_s());
        let Self { slots, options, tally, .. } = self;
        let slot = &mut slots[index];
        let address = slot.address();
        // One that has parted meanwhile is settled when it is found so.
        if slot.open_conn().is_none() {
            return;
        }
        let Some(coming) = slot.coming.take_if(|coming| coming.welcome.is_some()) else { return };
        let Some(seat) = &mut slot.seat else {
            slot.coming = Some(coming);
            return;
        };
        // Who was sent away, or is not to come in, does not come back.
        let ban = options.store.verdict(seat.entrant.who.player, address);
        let ban = ban.map(|ban| (CloseCode::Kicked, ban.sentence(unix_s)));
        if let Some((code, reason)) = seat.expelled.take().or(ban) {
            if let Some((conn, _)) = &mut slot.conn {
                conn.close(now, tally, code, Some(&reason), 0);
            }
            return self.end(index);
        }
        let Coming { candidate, used, received, welcome, .. } = *coming;
        if let (true, Some(reached)) = (seat.ring.reaches(received), welcome) {
            let secret = seat.renew(used, owner, &options.sessions);
            if let Some((conn, _)) = &mut slot.conn {
                conn.welcome(Start::new(present, reached, (secret, seat), Some(received)));
            }
            return;
        }
        // Something is lost that the client has not received.
        let stub = seat.stub.take();
        self.end(index);
        self.join_afresh(index, candidate, stub);
    }

    /// Hears what other threads have to say.
    pub(super) fn take_words(&mut self) {
        let now = self.now();
        while let Ok(word) = self.heard.try_recv() {
            match word {
                Word::Claim(claim) => self.take_claim(claim),
                Word::Seat { to, seat, claims } => self.take_seat(to, seat, claims),
                Word::Unknown { to } => {
                    let Some((index, slot)) = find(&mut self.slots, to) else { continue };
                    let Some(coming) = slot.coming.take() else { continue };
                    self.join_afresh(index, coming.candidate, None);
                    self.free_if_empty(index);
                }
                Word::Replaced { to } => {
                    let Some((index, slot)) = find(&mut self.slots, to) else { continue };
                    if slot.coming.take().is_none() {
                        continue;
                    }
                    if let Some((conn, _)) = &mut slot.conn {
                        conn.close(now, &self.tally, CloseCode::Replaced, None, 0);
                    }
                    self.free_if_empty(index);
                }
                Word::Evict { of, by } => self.make_way(of, by),
                Word::Evicted { to } => self.step_in(to),
            }
        }
        self.speak();
    }

    fn take_claim(&mut self, claim: Claim) {
        let now = self.now();
        let Claim { fingerprint, of, by, number } = claim;
        if let Some((index, _)) = find(&mut self.slots, of).filter(|(_, slot)| {
            let is_known = slot.seat.as_ref().is_some_and(|seat| seat.knows(&fingerprint));
            is_known && slot.travel.is_some()
        }) {
            self.settle(index);
        }
        let Self { slots, controls, words, options, tally, .. } = self;
        let seat = find(slots, of).and_then(|(_, slot)| {
            let Slot { conn, seat, room, .. } = slot;
            let seat = seat.as_mut().filter(|seat| seat.knows(&fingerprint))?;
            // Who knows the secret needs no ticket; unless somebody has come in with it.
            Some((conn, Some(seat).filter(|seat| seat.use_up_ticket())?, (*room)?))
        });
        let Some((conn, seat, room)) = seat else {
            // It has moved on, or it is over.
            let elsewhere = options.sessions.find(&fingerprint).filter(|&now| now != of);
            // The registry learns of a seat's way when it is said; one that waits to be
            // said is in front of what is pushed here.
            let leaving = words.iter().find_map(|word| match word {
                Word::Seat { to, seat, .. } if seat.knows(&fingerprint) => Some(*to),
                Word::Claim(_)
                | Word::Seat { .. }
                | Word::Unknown { .. }
                | Word::Replaced { .. }
                | Word::Evict { .. }
                | Word::Evicted { .. } => None,
            });
            words.push(match elsewhere.or(leaving) {
                Some(of) => Word::Claim(Claim { of, ..claim }),
                None => Word::Unknown { to: by },
            });
            return;
        };
        if number < seat.number {
            words.push(Word::Replaced { to: by });
            return;
        }
        if seat.claims.len() >= CLAIMS_MAX {
            words.push(Word::Unknown { to: by });
            return;
        }
        if seat.claims.is_empty() {
            controls.push((room, Control::Rebind { from: of, to: by }));
        }
        seat.claims.push(claim);
        seat.number = number;
        if let Some((conn, _)) = conn {
            conn.close(now, tally, CloseCode::Replaced, None, 0);
        }
    }

    /// The room has said its last word to a connection whose session goes on at another.
    pub(super) fn give_seat(&mut self, from: ConnId, to: ConnId) {
        let Some((index, slot)) = find(&mut self.slots, from) else { return };
        let Some(mut seat) = slot.seat.take() else { return };
        slot.bound = false;
        slot.coming = None;
        seat.room = slot.room.take();
        let mut claims = std::mem::take(&mut seat.claims);
        claims.retain(|claim| claim.by != to);
        seat.lost = None;
        seat.place = None;
        self.words.push(Word::Seat { to, seat, claims });
        self.free_if_empty(index);
    }

    fn take_seat(&mut self, to: ConnId, mut seat: Box<Seat>, claims: Vec<Claim>) {
        let now = self.now();
        let room = seat.room.take();
        let is_there = room.is_some_and(|room| {
            let way = (&*self.options.directory, self.index);
            self.halls.enter(room, way).is_some()
        });
        // A slot is kept until what comes has come.
        let Some((index, slot)) = find(&mut self.slots, to) else { return };
        if !is_there {
            // The room has ended meanwhile.
            self.words.extend(claims.iter().map(|claim| Word::Unknown { to: claim.by }));
            let (expelled, stub) = (seat.expelled.take(), seat.stub.take());
            seat.retire(&self.options.sessions);
            slot.bound = false;
            let Some(coming) = slot.coming.take() else {
                return self.options.tickets.give_back(stub);
            };
            match (expelled, slot.open_conn()) {
                (Some((code, reason)), Some(conn)) => {
                    conn.close(now, &self.tally, code, Some(&reason), 0);
                }
                (Some(_), None) => {}
                (None, _) => self.join_afresh(index, coming.candidate, stub),
            }
            return self.free_if_empty(index);
        }
        let Some(coming) = &mut slot.coming else { return };
        slot.room = room;
        seat.ring.append(coming.ring.take());
        for call in std::mem::take(&mut coming.answered) {
            seat.calls.answer(call);
        }
        let ends = coming.ends;
        seat.place = coming.place.take();
        slot.seat = Some(seat);
        if slot.open_conn().is_some() {
            self.try_resume(index);
        } else {
            slot.coming = None;
            self.part_from(index, now, if ends { Parting::Final } else { Parting::Lost });
        }
        // Each is newer than the one before.
        for claim in claims {
            self.take_claim(Claim { of: to, ..claim });
        }
    }

    /// Settles what becomes of a session whose connection has ended or is about to.
    pub(super) fn part(&mut self, index: usize, now: Millis) {
        let conn = self.id(index);
        self.settle(index);
        let slot = &mut self.slots[index];
        let Some((it, _)) = &mut slot.conn else { return };
        let Some(parting) = it.parting() else { return };
        if it.is_joining() {
            it.set_joining(false);
            slot.joining = None;
            self.options.tickets.give_back(it.take_stub());
            if let Some(room) = slot.room {
                self.controls.push((room, Control::Leave { conn }));
            }
        }
        if slot.seat.is_some() {
            slot.coming = None;
            self.part_from(index, now, parting);
        } else if let Some(coming) = &mut slot.coming {
            coming.ends |= parting == Parting::Final;
        }
    }

    fn part_from(&mut self, index: usize, now: Millis, parting: Parting) {
        let conn = self.id(index);
        let Slot { seat: Some(seat), room: Some(room), .. } = &mut self.slots[index] else {
            return;
        };
        let room = *room;
        // Others come for it, or it has been lost before.
        if !seat.claims.is_empty() || seat.lost.is_some() {
            return;
        }
        let parting = if seat.expelled.is_some() { Parting::Final } else { parting };
        match parting {
            Parting::Final => {
                seat.use_up_ticket();
                self.end(index);
            }
            // Its Welcome may never have come, and with it what to come back with: until it is
            // there, whoever brings its ticket takes its place.
            Parting::Lost => {
                seat.lost = Some(now);
                self.controls.push((room, Control::Detach { conn }));
            }
        }
    }

    /// Ends a session for good.
    pub(super) fn end(&mut self, index: usize) {
        let conn = self.id(index);
        self.settle(index);
        let slot = &mut self.slots[index];
        let Some(seat) = slot.seat.take() else { return };
        seat.retire(&self.options.sessions);
        slot.bound = false;
        if let Some(room) = slot.room {
            self.controls.push((room, Control::Leave { conn }));
        }
        self.control();
        self.free_if_empty(index);
    }

    /// The player has to go, whether its connection is there or not.
    pub(super) fn expel(&mut self, conn: ConnId, code: CloseCode, reason: &str) {
        let now = self.now();
        let Some((index, slot)) = find(&mut self.slots, conn) else { return };
        // Another connection may be about to have the session: then it ends there.
        if let Some(seat) = &mut slot.seat {
            seat.expelled = Some((code, reason.to_owned()));
            seat.use_up_ticket();
        }
        if let Some(it) = slot.open_conn() {
            it.close(now, &self.tally, code, Some(reason), 0);
        } else if slot.seat.as_ref().is_some_and(|seat| seat.claims.is_empty()) {
            self.end(index);
        } else if let Some(coming) = &mut slot.coming {
            coming.ends = true;
        }
    }

    /// Says to rooms what waits to be said, to each in order. What finds no place is said
    /// again at the next turn.
    pub(super) fn control(&mut self) {
        let Self { controls, halls, .. } = self;
        let mut full = RoomSet::default();
        controls.retain(|(room, control)| {
            let Some(hall) = halls.of(*room) else { return false };
            if !full.has(*room)
                && matches!(hall.port.control(control.clone()), Err(Untaken::Full(_)))
            {
                full.insert(*room);
            }
            full.has(*room)
        });
    }

    /// Says to other threads what waits to be said. Whoever finds a session's new owner in
    /// the registry finds its seat there, because that is said first.
    pub(super) fn speak(&mut self) {
        let Self { words, peers, options, .. } = self;
        for word in std::mem::take(words) {
            let owner = match &word {
                Word::Seat { to, seat, .. } => Some((*to, seat.fingerprints())),
                Word::Claim(_)
                | Word::Unknown { .. }
                | Word::Replaced { .. }
                | Word::Evict { .. }
                | Word::Evicted { .. } => None,
            };
            let Some(peer) = peers.get(usize::from(word.thread())) else { continue };
            let said = match owner {
                Some((to, fingerprints)) => {
                    options.sessions.hand_over(fingerprints, to, || peer.try_send(word))
                }
                None => peer.try_send(word),
            };
            if let Err(error) = said {
                words.push(error.into_inner());
            }
        }
    }
}
