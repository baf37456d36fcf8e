//! What rooms publish: mail is delivered, and the newest tick of each is written to all who
//! play there.

use std::sync::Arc;
use std::time::Duration;

use throng_shared::limits::{PUBLISHED_MAX, ROOMS_MAX};
use throng_shared::session::CloseCode;

use super::halls::Halls;
use super::reading::Beat;
use super::thread::{CONNS_AT_ONCE, NetThread, Slot, find};
use crate::link::{ConnId, Control, Fate, Following, Mail, Publication, RoomId};
use crate::replication::Rhythm;

/// Fewer clients than this may all have slow links.
const MANY: usize = 8;
/// Ticks that are taken before what came is written.
const PUBLICATIONS_AT_ONCE: usize = PUBLISHED_MAX + ROOMS_MAX;

impl NetThread {
    /// Takes every published tick, delivers its mail, and writes the newest of each room to
    /// all who are there.
    pub(super) fn take_publications(&mut self, first: Publication) {
        let mut next = Some(first);
        for _ in 0..PUBLICATIONS_AT_ONCE {
            let Some(publication) = next else { break };
            let wait = match publication.following {
                Following::AtOnce => publication.period,
                Following::Later => Duration::ZERO,
            };
            self.take_publication(publication);
            next = self.wait(self.instant() + wait);
        }
        if let Some(publication) = next {
            self.take_publication(publication);
        }
        self.next_due = self.halls.next_deadline();
        while let Some(room) = self.halls.due() {
            self.write_all(room);
        }
        self.next_due = self.halls.next_deadline();
    }

    fn take_publication(&mut self, publication: Publication) {
        let Publication { room, frame, mail, next_deadline, period, following: _, step } =
            publication;
        // A room that has ended has nothing more to say.
        let Self { halls, options, .. } = self;
        let Some(hall) = halls.hear(room, (&options.directory, self.index)) else {
            // Or its place is that of one that has ended, whose players are yet to be told. It
            // has to know that this was taken, or it would wait for that for good.
            if let Some(port) = options.directory.port(room, self.index) {
                port.note_taken();
            }
            return;
        };
        hall.port.note_taken();
        let next_tick = frame.tick().next();
        let rhythm = Rhythm { period, ticks: step.rhythm() };
        hall.beat = Some(Beat { next_tick, next_deadline, rhythm });
        hall.history.push(frame);
        hall.is_due = true;
        for mail in mail {
            self.deliver(room, mail);
        }
    }

    fn deliver(&mut self, room: RoomId, mail: Mail) {
        let now = self.now();
        let tally = Arc::clone(&self.tally);
        match mail {
            Mail::Joined { conn, you, tick, welcome } => {
                let travel = self.slot(conn).and_then(|slot| slot.travel.as_ref());
                let is_reached = travel.is_some_and(|travel| travel.to == room);
                if is_reached {
                    self.reach(conn, (you, tick, welcome));
                } else {
                    self.welcome(room, conn, (you, tick, welcome));
                }
            }
            Mail::Moved { conn, to } => self.give_seat(conn, to),
            Mail::Refused { conn, code, reason, retry_after_ms } => {
                self.turn_away(room, conn, (code, reason, retry_after_ms));
            }
            Mail::Departed { conn } => self.depart(room, conn),
            Mail::Event { conn, message } => {
                if let Some(slot) = self.slot(conn) {
                    slot.post_from(room, now, &tally, message);
                }
            }
            Mail::Watch { conn, who, message } => {
                if let Some(slot) = self.slot(conn) {
                    slot.watch_from(room, now, &tally, (who, message));
                }
            }
            Mail::Answer { conn, call, is_fault, message } => {
                if let Some((index, slot)) = find(&mut self.slots, conn) {
                    // One of the room before is an answer all the same, unless it comes too late.
                    if slot.note_answer(call) && !slot.post_from(room, now, &tally, message.clone())
                    {
                        slot.post(now, &tally, message);
                    }
                    if is_fault {
                        self.note_fault(index);
                    }
                    self.depart_if_answered(index);
                }
            }
            Mail::Expel { conn, code, reason } => self.expel(conn, code, &reason),
            Mail::Broadcast { message } => {
                for slot in &mut self.slots {
                    if slot.room == Some(room) || slot.travel.is_some() {
                        slot.post_from(room, now, &tally, message.clone());
                    }
                }
            }
        }
    }

    fn slot(&mut self, id: ConnId) -> Option<&mut Slot> {
        find(&mut self.slots, id).map(|(_, slot)| slot)
    }

    /// Writes a room's newest tick to all there whose turn it is, which at the first steps of
    /// the ladder is everybody's.
    fn write_all(&mut self, room: RoomId) {
        let began = self.moment();
        let now = self.wake();
        let Some(mut hall) = self.halls.take(room) else { return };
        hall.is_due = false;
        let Some(Beat { next_tick, next_deadline, rhythm }) = hall.beat else {
            self.halls.put_back(hall);
            return;
        };
        let tick = next_tick.offset(-1);
        // Turns of ticks that were not written are not lost.
        let fresh = hall.written.map_or(i32::MAX, |written| tick.since(written));
        hall.written = Some(tick);
        if !hall.is_visited {
            self.halls.put_back(hall);
            return;
        }
        let (mut playing, mut waiting) = (0, 0);
        hall.is_visited = false;
        for index in 0..self.slots.len() {
            if index % CONNS_AT_ONCE == 0 {
                self.give_way();
            }
            let Slot { conn, seat, room: at, .. } = &mut self.slots[index];
            if *at != Some(room) {
                continue;
            }
            let Some((conn, _)) = conn else { continue };
            hall.is_visited = true;
            if let Some(is_suspect) = conn.is_suspect() {
                playing += 1;
                waiting += usize::from(is_suspect);
            }
            let since_turn = (tick.0.wrapping_add(index as u32) % rhythm.ticks).cast_signed();
            if since_turn < fresh {
                let told = (&hall.history, seat.as_ref().map(|seat| &seat.ring));
                conn.write(now, told, rhythm, &self.tally, &mut self.scratch);
                let ring = seat.as_ref().map(|seat| &seat.ring);
                if let Some(lags) = ring.and_then(|ring| conn.poll_lag(now, ring, rhythm)) {
                    let conn = conn.id();
                    self.controls.push((room, Control::Lag { conn, lags }));
                }
            }
        }
        hall.many_wait = playing >= MANY && waiting > playing / 2;
        self.halls.put_back(hall);
        let (bytes_in, bytes_out) = self.scratch.take_counts();
        self.tally.moved(bytes_in, bytes_out);
        let deadline = next_deadline.checked_sub(rhythm.period).unwrap_or(next_deadline);
        self.inbox.tell(self.meter.wrote(began, self.moment(), deadline, rhythm.period));
    }

    /// Closes those whose room crashed or was closed. Nobody goes on with a session there.
    pub(super) fn leave_rooms_that_ended(&mut self) {
        let is_over = |fate: Fate| fate != Fate::Open;
        let look = |halls: &Halls| {
            let mut fates = halls.iter().map(|hall| (hall.port.id(), hall.port.fate()));
            fates.find(|&(_, fate)| is_over(fate))
        };
        while let Some((room, fate)) = look(&self.halls) {
            drop(self.halls.take(room));
            self.controls.retain(|&(to, _)| to != room);
            let code = match fate {
                Fate::Open | Fate::Crashed => CloseCode::RoomCrashed,
                Fate::Closed => CloseCode::NoSuchRoom,
            };
            for index in 0..self.slots.len() {
                self.leave_room(index, room, code);
            }
            self.next_due = self.halls.next_deadline();
        }
    }
}
