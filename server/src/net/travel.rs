//! How a player goes to another room with the same connection and the same session.
//!
//! The connection joins the new room first; from the moment that it is in, there is no way
//! back. Then it departs from the old one, whose messages are taken until its last word,
//! while those of the new room wait. At that word a second Welcome begins, behind it what
//! the new room has said.

use bytes::Bytes;
use throng_shared::ids::{NetId, Tick};
use throng_shared::limits::TRAVEL_MS;
use throng_shared::session::{CloseCode, Misplaced};
use throng_shared::time::Millis;
use throng_shared::wire::{Ask, Event, NO_CALL, Outcome, Problem, encode};

use super::calls::Taken;
use super::halls::RoomSet;
use super::ring::{Depth, Ring};
use super::start::Start;
use super::takeover::Word;
use super::tally::Tally;
use super::thread::{NetThread, Slot, find};
use crate::link::{ConnId, Control, NoRoom, RoomId, Untaken};

/// A player, and the tick and the parts of its Welcome.
pub(super) type Reached = (NetId, Tick, [Bytes; 2]);

/// What a way to another room is told that has not led there in time, or whose connection ended.
const CUT: &str = "The other room did not take you in: you are where you were.";

/// A session on its way to another room.
#[derive(Debug)]
pub(super) struct Travel {
    pub(super) to: RoomId,
    call: u32,
    wish: String,
    since: Millis,
    /// Rooms that were full, and the one that it comes from.
    tried: RoomSet,
    /// The new room's answer.
    reached: Option<Reached>,
    /// Whether the old room was asked to let it go.
    departs: bool,
    /// What it said since.
    ring: Ring,
}

impl Slot {
    /// Takes an ordered message of a room, if it is for whoever is here.
    pub(super) fn post_from(
        &mut self,
        room: RoomId,
        now: Millis,
        tally: &Tally,
        message: Bytes,
    ) -> bool {
        if self.room == Some(room) {
            self.post(now, tally, message);
            return true;
        }
        let travel = self.travel.as_mut().filter(|it| it.to == room && it.reached.is_some());
        if let Some(travel) = travel {
            travel.ring.push(message);
            return true;
        }
        false
    }

    /// A room shows a spectator another glider, and tells it so.
    pub(super) fn watch_from(
        &mut self,
        room: RoomId,
        now: Millis,
        tally: &Tally,
        (who, message): (NetId, Bytes),
    ) {
        if !self.post_from(room, now, tally, message) {
            return;
        }
        if self.room == Some(room) {
            self.look_at(who);
        } else if let Some((you, ..)) = self.travel.as_mut().and_then(|it| it.reached.as_mut()) {
            *you = who;
        }
    }

    /// Where what it asks for is to be answered: nobody goes back from a room that it has
    /// reached.
    fn home(&self) -> Option<RoomId> {
        let reached = self.travel.as_ref().filter(|travel| travel.reached.is_some());
        reached.map(|travel| travel.to).or(self.room)
    }
}

impl NetThread {
    /// Passes on what a client asks for; ways to other rooms are found here.
    pub(super) fn take_asks(&mut self, index: usize, asks: Vec<(u32, Ask)>) {
        let now = self.now();
        for (call, ask) in asks {
            let Some(home) = self.slots[index].home() else { return };
            let Slot { conn, seat, .. } = &mut self.slots[index];
            let (Some((conn, _)), Some(seat)) = (conn, seat) else { return };
            match seat.calls.take(&self.options.limits, call, home) {
                Taken::New => {}
                Taken::Before => continue,
                Taken::Beyond => {
                    // No fault: clients send as many as the protocol allows.
                    let text = "Too many calls of yours wait for their answer.".to_owned();
                    let (problem, retry_after_ms) =
                        (Problem::TooFast, self.options.limits.asks_every_ms);
                    let outcome = Outcome::Refused { problem, text, retry_after_ms };
                    self.answer(index, call, outcome);
                    continue;
                }
                Taken::TooMany => {
                    return conn.close(now, &self.tally, CloseCode::RateLimited, None, 0);
                }
            }
            match ask {
                Ask::Go { room } => self.go(index, call, room),
                Ask::Watch { .. }
                    if let Err(wait_ms) = seat.calls.ask(now, &self.options.limits) =>
                {
                    let text = "You ask for too much at once.";
                    self.refuse_call(index, call, (Problem::TooFast, text, wait_ms));
                }
                Ask::Say { .. }
                | Ask::Subscribe { .. }
                | Ask::Unsubscribe { .. }
                | Ask::Watch { .. }
                | Ask::Mute { .. }
                | Ask::Report { .. }
                | Ask::Order(_) => {
                    let conn = self.id(index);
                    self.controls.push((home, Control::Ask { conn, call, ask }));
                }
            }
        }
    }

    fn go(&mut self, index: usize, call: u32, wish: String) {
        let now = self.now();
        let Self { slots, options, .. } = self;
        let seat = slots[index].seat.as_mut();
        let allowed = seat.map(|seat| seat.calls.set_out(now, &options.limits));
        if let Some(Err(wait_ms)) = allowed {
            let text = "You change rooms too often.";
            return self.refuse_call(index, call, (Problem::TooFast, text, wait_ms));
        }
        let Slot { conn, seat, travel, room, bound, .. } = &self.slots[index];
        let is_settled = conn.as_ref().is_some_and(|(conn, _)| conn.is_settled());
        let (Some(from), Some(seat), true) = (*room, seat, is_settled && *bound) else {
            let text = "You are on your way into this room: ask again when you are there.";
            return self.refuse_call(index, call, (Problem::OutOfPlace, text, 0));
        };
        if travel.is_some() || !seat.claims.is_empty() {
            let text = "You are on your way to another room already.";
            return self.refuse_call(index, call, (Problem::OutOfPlace, text, 0));
        }
        if seat.entrant.is_bound && self.options.tickets.are_needed() {
            let text = "Your ticket is for this room and no other.";
            return self.refuse_call(index, call, (Problem::NotAllowed, text, 0));
        }
        let mut tried = RoomSet::default();
        tried.insert(from);
        self.set_out(index, call, wish, tried);
    }

    /// Asks the next room that comes into question to take the player in.
    fn set_out(&mut self, index: usize, call: u32, wish: String, mut tried: RoomSet) {
        let (now, conn) = (self.now(), self.id(index));
        let to = match self.options.directory.find(&wish, tried.0) {
            Ok(to) => to,
            Err(NoRoom::Unknown) => {
                let text = "There is no room of that name or code.";
                return self.refuse_call(index, call, (Problem::NoSuchRoom, text, 0));
            }
            Err(NoRoom::Busy) if wish.is_empty() => {
                let text = "No other room has a place.";
                return self.refuse_call(index, call, (Problem::RoomFull, text, 0));
            }
            Err(NoRoom::Busy) => return self.refuse_busy(index, call),
        };
        if self.slots[index].room == Some(to) {
            return self.answer(index, call, Outcome::Done);
        }
        tried.insert(to);
        self.control();
        let is_behind = self.controls.iter().any(|&(room, _)| room == to);
        let Self { slots, halls, options, .. } = self;
        let slot = &mut slots[index];
        let hall = halls.enter(to, (&options.directory, self.index));
        let (Some(hall), Some(seat)) = (hall.filter(|_| !is_behind), &slot.seat) else {
            return self.refuse_busy(index, call);
        };
        match hall.port.control(seat.entrant.clone().join(conn)) {
            Ok(()) => {
                let (reached, ring) = (None, Ring::new(Depth::of(&options.limits)));
                let (since, departs) = (now, false);
                let travel = Travel { to, call, wish, since, tried, reached, departs, ring };
                slot.travel = Some(Box::new(travel));
                self.travellers.push(index);
            }
            Err(Untaken::Gone | Untaken::Full(_)) => self.refuse_busy(index, call),
        }
    }

    /// The new room has taken the player in: the old one is to let it go.
    pub(super) fn reach(&mut self, conn: ConnId, reached: Reached) {
        let Some((index, slot)) = find(&mut self.slots, conn) else { return };
        let Some(travel) = &mut slot.travel else { return };
        travel.reached = Some(reached);
        self.depart_if_answered(index);
    }

    /// Asks the old room to let a player go whom the new one has, once nothing waits for an
    /// answer but the call that brought it here: answers go by the room that was asked.
    pub(super) fn depart_if_answered(&mut self, index: usize) {
        let slot = &mut self.slots[index];
        let is_answered = slot.seat.as_ref().is_some_and(|seat| seat.calls.unanswered() <= 1);
        if is_answered && slot.travel.as_ref().is_some_and(|travel| travel.reached.is_some()) {
            self.ask_to_depart(index);
        }
    }

    fn ask_to_depart(&mut self, index: usize) {
        let conn = self.id(index);
        let slot = &mut self.slots[index];
        let (Some(travel), Some(from)) = (&mut slot.travel, slot.room) else { return };
        if !travel.departs {
            travel.departs = true;
            self.controls.push((from, Control::Depart { conn }));
            self.control();
        }
    }

    /// The old room has said its last word.
    pub(super) fn depart(&mut self, room: RoomId, conn: ConnId) {
        let Some((index, slot)) = find(&mut self.slots, conn) else { return };
        if slot.room == Some(room) {
            self.arrive(index);
        }
    }

    fn arrive(&mut self, index: usize) {
        let (owner, present) = (self.id(index), self.present());
        let slot = &mut self.slots[index];
        let Some(travel) = slot.travel.take_if(|travel| travel.reached.is_some()) else { return };
        let Travel { to, call, reached, ring, .. } = *travel;
        let before = slot.room.replace(to);
        if let Some(hall) = self.halls.of_mut(to) {
            hall.is_visited = true;
        }
        let (Some(seat), Some(reached)) = (&mut slot.seat, reached) else { return };
        seat.move_on(call, before, ring);
        if let Some((conn, _)) = &mut slot.conn
            && conn.is_open()
        {
            let secret = seat.rotate(owner, &self.options.sessions);
            let resumed = Some(conn.sent());
            conn.arrive(Start::new(present, reached, (secret, seat), resumed));
        }
    }

    /// Decides where a session is that was on its way, because its connection is not to go
    /// on: where it was, unless the new room has it. Each of its calls that nobody answers any
    /// more has its answer now.
    pub(super) fn settle(&mut self, index: usize) {
        let conn = self.id(index);
        if self.slots[index].travel.as_ref().is_some_and(|travel| travel.reached.is_some()) {
            self.ask_to_depart(index);
        }
        let slot = &mut self.slots[index];
        let Some(travel) = slot.travel.take() else { return };
        let Travel { to, call, reached, ring, .. } = *travel;
        if reached.is_none() {
            self.controls.push((to, Control::Leave { conn }));
            if let Some(seat) = &mut slot.seat {
                let (problem, text) = (Problem::Busy, CUT.to_owned());
                let retry_after_ms = TRAVEL_MS as u32;
                seat.answer(call, Outcome::Refused { problem, text, retry_after_ms });
            }
            return;
        }
        let before = slot.room.replace(to);
        if let Some(hall) = self.halls.of_mut(to) {
            hall.is_visited = true;
        }
        if let Some(seat) = &mut slot.seat {
            seat.move_on(call, before, ring);
        }
    }

    /// A room does not take in somebody who travels: the next one, or it stays.
    pub(super) fn stay(&mut self, index: usize, retry_after_ms: u32) {
        let Some(travel) = self.slots[index].travel.take() else { return };
        let Travel { call, wish, tried, .. } = *travel;
        if wish.is_empty() {
            self.set_out(index, call, wish, tried);
        } else {
            let text = "That room is full.";
            self.refuse_call(index, call, (Problem::RoomFull, text, retry_after_ms));
        }
    }

    /// Gives up on rooms that do not answer.
    pub(super) fn hurry_travellers(&mut self, now: Millis) {
        let mut at = 0;
        while let Some(&index) = self.travellers.get(at) {
            let travel = self.slots[index].travel.as_ref();
            let Some(travel) = travel.filter(|it| now.since(it.since) >= TRAVEL_MS) else {
                if travel.is_some() {
                    at += 1;
                } else {
                    self.travellers.swap_remove(at);
                }
                continue;
            };
            if travel.reached.is_some() {
                // The old room stands still, or somebody does not answer: what is to come from
                // there is not waited for.
                self.ask_to_depart(index);
                self.arrive(index);
            } else {
                self.settle(index);
            }
        }
    }

    /// A room has ended: whoever is there is closed, and whoever was on the way is not.
    pub(super) fn leave_room(&mut self, index: usize, room: RoomId, code: CloseCode) {
        let now = self.now();
        let travel = self.slots[index].travel.as_ref();
        let (to, is_reached) =
            travel.map_or((None, false), |travel| (Some(travel.to), travel.reached.is_some()));
        if to == Some(room) {
            if !is_reached {
                let Some(travel) = self.slots[index].travel.take() else { return };
                let text = "There is no room of that name or code.";
                self.refuse_call(index, travel.call, (Problem::NoSuchRoom, text, 0));
                return;
            }
            // It is over there, and over here as well.
            self.ask_to_depart(index);
            self.slots[index].room = Some(room);
            self.slots[index].travel = None;
        } else if self.slots[index].room == Some(room) && is_reached {
            return self.arrive(index);
        }
        if self.slots[index].room != Some(room) {
            return;
        }
        self.settle(index);
        let Self { slots, words, options, tally, .. } = self;
        let slot = &mut slots[index];
        (slot.room, slot.bound, slot.joining) = (None, false, None);
        slot.coming = None;
        if let Some(mut seat) = slot.seat.take() {
            options.tickets.give_back(seat.stub.take());
            for claim in &seat.claims {
                words.push(Word::Unknown { to: claim.by });
            }
            seat.retire(&options.sessions);
        }
        if let Some((conn, _)) = &mut slot.conn {
            conn.set_joining(false);
            options.tickets.give_back(conn.take_stub());
            conn.close(now, tally, code, None, 0);
        }
        self.free_if_empty(index);
    }

    fn refuse_busy(&mut self, index: usize, call: u32) {
        let text = "That room has too much to do just now.";
        self.refuse_call(index, call, (Problem::Busy, text, TRAVEL_MS as u32));
    }

    fn refuse_call(
        &mut self,
        index: usize,
        call: u32,
        (problem, text, retry_after_ms): (Problem, &str, u32),
    ) {
        let text = text.to_owned();
        self.answer(index, call, Outcome::Refused { problem, text, retry_after_ms });
        self.note_fault(index);
    }

    /// A call was refused. Who asks too often for what cannot be done has to go.
    pub(super) fn note_fault(&mut self, index: usize) {
        let now = self.now();
        let Slot { conn, seat, .. } = &mut self.slots[index];
        if let (Some((conn, _)), Some(seat)) = (conn, seat)
            && seat.calls.refuse(now, &self.options.limits)
        {
            conn.close(now, &self.tally, CloseCode::RateLimited, None, 0);
        }
    }

    /// Answers what a client said that had no place, under the number that no call has. Who
    /// keeps saying such things has to go.
    pub(super) fn tell_misplaced(&mut self, index: usize, misplaced: Vec<Misplaced>) {
        let now = self.now();
        for what in misplaced {
            let slot = &mut self.slots[index];
            let (problem, text) = what.problem();
            let outcome = Outcome::Refused { problem, text: text.to_owned(), retry_after_ms: 0 };
            slot.post(now, &self.tally, encode(&Event::Answer { call: NO_CALL, outcome }).into());
            let (Some((conn, _)), Some(seat)) = (&mut slot.conn, &mut slot.seat) else { return };
            if seat.calls.refuse(now, &self.options.limits) {
                let reason = Some("too many messages that had no place");
                return conn.close(now, &self.tally, CloseCode::RateLimited, reason, 0);
            }
        }
    }

    fn answer(&mut self, index: usize, call: u32, outcome: Outcome) {
        let (now, message) = (self.now(), encode(&Event::Answer { call, outcome }).into());
        let slot = &mut self.slots[index];
        if slot.note_answer(call) {
            slot.post(now, &self.tally, message);
        }
    }
}
