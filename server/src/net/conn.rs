//! One connection: its protocol machine, its session, and what waits for it.

use std::io;

use throng_shared::ids::{NetId, Tick};
use throng_shared::limits::{
    CLOSING_MS, FLOOD_CLOSING_MS, INPUTS_BUFFERED_MAX, LAG_PONG_MS, PING_MS, REASON_BYTES_MAX,
    RESTART_RETRY_MS,
};
use throng_shared::prng::Prng;
use throng_shared::session::{
    CloseCode, Comeback, Misplaced, Newest, Refusal, Request, ServerSession, Why,
};
use throng_shared::time::Millis;
use throng_shared::wire::{
    Ask, ClientMessage, Identity, Reason, ServerMessage, encode_into, splice_number,
};
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode as WsCode;
use tokio_tungstenite::tungstenite::protocol::{Message, WebSocket};

use super::budget::{Budget, Paid, Rates};
use super::candidate::{Candidate, Ticket, Wish};
use super::frames::put_goodbye;
use super::lag::Lag;
use super::pipe::{Flushed, Pipe, Stream};
use super::protocol;
use super::reading::Reading;
use super::ring::Ring;
use super::scratch::Scratch;
use super::start::Start;
use super::tally::Tally;
use super::tongue::{Kind, Misheard, Speaker, Tongue};
use crate::link::{ConnId, InputNote};
use crate::replication::{Cursor, History, Pacer, Rhythm, Viewer};
use crate::tickets::{BadTicket, Stub};

/// Messages read from one connection before the others get their turn.
const READS_PER_TURN: usize = 64;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Open,
    /// A close frame is on its way; until then.
    Closing(Millis),
    /// Nothing more to say or hear.
    Gone,
}

/// What a connection's end means for its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parting {
    /// The player left, or must not come back.
    Final,
    /// It may be taken up again.
    Lost,
}

/// One connection.
#[derive(Debug)]
pub(super) struct Conn {
    id: ConnId,
    is_house: bool,
    socket: WebSocket<Pipe>,
    speaker: Speaker,
    session: ServerSession,
    phase: Phase,
    parting: Option<Parting>,
    /// What came with the handshake.
    ticket: Ticket,
    candidate: Option<Candidate>,
    you: Option<NetId>,
    cursor: Cursor,
    pacer: Pacer,
    /// The snapshot in front of the heartbeat that a spectator is to answer.
    probe: Option<Tick>,
    lag: Lag,
    /// The Welcome that is to be written. Not among the ordered messages: the map in it may
    /// be larger than all of them may be.
    start: Option<Start>,
    /// Number of the newest ordered message that was written.
    sent: u32,
    /// Number of the newest that the client has acknowledged, once it has said anything.
    received: Option<u32>,
    budget: Budget,
    /// The room has been asked to take the player in.
    is_joining: bool,
    /// What it was let in with, and who it is, until its session has both.
    used: Option<Stub>,
    identity: Identity,
    /// What the client asked for in this turn.
    asks: Vec<(u32, Ask)>,
    /// What it said in this turn that had no place.
    misplaced: Vec<Misplaced>,
    /// How long it may take no byte, and since when it has.
    stall_ms: u64,
    stalled: Option<Millis>,
    /// Least time between two times that it gets all keyframes.
    resync_ms: u64,
    wants_resync: bool,
    resynced: Option<Millis>,
    is_fresh: bool,
}

impl Conn {
    /// A connection of that number, which may be a house bot's.
    pub(super) fn new(
        (id, is_house): (ConnId, bool),
        stream: Stream,
        (leftover, ticket, tongue): (Vec<u8>, Ticket, Tongue),
        now: Millis,
        rates: Rates,
    ) -> Self {
        let first_ping_ms = Prng::new(id.serial).below(PING_MS as u32);
        Self {
            id,
            is_house,
            socket: protocol::open(stream, leftover, rates.message_bytes_in(tongue)),
            speaker: Speaker::new(tongue),
            session: ServerSession::new(now)
                .staggered(first_ping_ms.into())
                .patient(rates.patience),
            phase: Phase::Open,
            parting: None,
            ticket,
            candidate: None,
            you: None,
            cursor: Cursor::default(),
            pacer: Pacer::default(),
            probe: None,
            lag: Lag::default(),
            start: None,
            sent: 0,
            received: None,
            budget: Budget::new(now, rates),
            is_joining: false,
            used: None,
            identity: Identity::default(),
            asks: Vec::new(),
            misplaced: Vec::new(),
            stall_ms: rates.stall_ms,
            resync_ms: rates.resync_ms,
            stalled: None,
            wants_resync: false,
            resynced: None,
            is_fresh: true,
        }
    }

    pub(super) fn id(&self) -> ConnId {
        self.id
    }

    /// Whether nobody has said goodbye.
    pub(super) fn is_open(&self) -> bool {
        self.phase == Phase::Open
    }

    /// Whether it can be dropped.
    pub(super) fn is_gone(&self) -> bool {
        self.phase == Phase::Gone
    }

    /// What becomes of its session, once it has ended or is about to.
    pub(super) fn parting(&self) -> Option<Parting> {
        (self.phase != Phase::Open).then_some(self.parting.unwrap_or(Parting::Lost))
    }

    /// Who has just said Hello.
    pub(super) fn take_candidate(&mut self) -> Option<Candidate> {
        self.candidate.take()
    }

    /// Number of the newest ordered message that the client has acknowledged, once it has
    /// said anything as a player.
    pub(super) fn received(&self) -> Option<u32> {
        self.received
    }

    /// Whether the client has shown that the newest Welcome has come.
    pub(super) fn is_proven(&self) -> bool {
        self.received.is_some() && !self.session.is_arriving()
    }

    /// Number of the newest ordered message that was written.
    pub(super) fn sent(&self) -> u32 {
        self.sent
    }

    /// Whether it is in the middle of a game.
    pub(super) fn is_playing(&self) -> bool {
        self.phase == Phase::Open && self.you.is_some()
    }

    /// Whether the room is to answer.
    pub(super) fn is_joining(&self) -> bool {
        self.is_joining
    }

    /// The room is asked, has answered, or need not.
    pub(super) fn set_joining(&mut self, is_joining: bool) {
        self.is_joining = is_joining;
    }

    /// The server stood still for so long, and blames nobody for it.
    pub(super) fn forgive(&mut self, ms: u64) {
        self.session.forgive(ms);
        self.stalled = self.stalled.map(|since| since.plus(ms));
    }

    /// Whether it plays, and whether something has waited for it lately.
    pub(super) fn is_suspect(&self) -> Option<bool> {
        self.you.map(|_| self.pacer.is_suspect())
    }

    /// Whether a turn has anything to do here.
    pub(super) fn has_news(&self) -> bool {
        self.is_fresh || self.phase != Phase::Open || self.socket.get_ref().has_news()
    }

    /// Reads what came, and writes what waits.
    pub(super) fn read(&mut self, reading: &mut Reading<'_>) {
        let before = reading.inputs.len();
        if self.phase != Phase::Open {
            self.await_end(reading.now, reading.tally);
            return;
        }
        self.socket.get_mut().begin_turn();
        if let Some(beat) = reading.beat {
            self.budget.keep_pace(beat.rhythm.period);
        }
        let mut paid = Paid::Covered;
        for turn in 0..=READS_PER_TURN {
            // What came with the handshake, or was too much for a turn, is with the
            // protocol machine already.
            self.is_fresh = turn == READS_PER_TURN;
            if self.is_fresh {
                break;
            }
            let read = self.socket.read();
            let passed = self.socket.get_mut().take_passed();
            if passed.is_too_big {
                self.close(reading.now, reading.tally, CloseCode::TooBig, None, 0);
                return;
            }
            // What came is paid for here; frames that are messages, one by one.
            paid = paid.max(self.budget.pay(reading.now, passed.fragments, passed.bytes));
            match read {
                Ok(message) => self.handle_message(reading, before, (&message, paid)),
                Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                    let is_over = paid != Paid::Covered && passed.fragments > 0;
                    if is_over || paid == Paid::OverTooLong {
                        self.close(reading.now, reading.tally, CloseCode::RateLimited, None, 0);
                        return;
                    }
                    break;
                }
                Err(error) => self.handle_error(reading, &error),
            }
            if self.phase != Phase::Open {
                return;
            }
        }
        // Of several inputs the newest counts: a server that came late is no slow link.
        if let (true, Some(beat)) = (reading.inputs.len() > before, reading.beat) {
            self.pacer.note_seen(reading.now, self.session.seen(), beat.rhythm);
            if reading.many_wait {
                self.pacer.acquit();
            }
        }
        self.flush(reading.now, reading.tally);
    }

    /// The close frame goes out, the peer answers and ends; or its time is up.
    fn await_end(&mut self, now: Millis, tally: &Tally) {
        if self.flush(now, tally) {
            self.socket.get_mut().finish();
        }
        if self.socket.get_mut().discard() {
            self.phase = Phase::Gone;
        }
    }

    /// A message, and whether the bytes that it came with are paid for.
    fn handle_message(
        &mut self,
        reading: &mut Reading<'_>,
        before: usize,
        (message, paid): (&Message, Paid),
    ) {
        if let Message::Close(_) = message {
            reading.tally.closed("peer closed".to_owned());
            let said =
                matches!(message, Message::Close(Some(frame)) if frame.code == WsCode::Normal);
            self.parting.get_or_insert(if said { Parting::Final } else { Parting::Lost });
            // The machine has queued the answer; one try to send it, and the end.
            drop(self.socket.flush());
            drop(self.socket.get_mut().flush_out());
            self.phase = Phase::Gone;
            return;
        }
        // Over budget, inputs are dropped unread, and anything else is the end.
        let paid = paid.max(self.budget.pay(reading.now, 1, 0));
        if paid != Paid::Covered {
            match self.speaker.kind(message) {
                Kind::Input if paid != Paid::OverTooLong => return,
                // The answer to the one heartbeat that is awaited, behind what waited on a
                // link that stood still; a second one ends the session.
                Kind::Pong if paid != Paid::OverTooLong => {}
                Kind::Input | Kind::Pong | Kind::Other => {
                    self.close(reading.now, reading.tally, CloseCode::RateLimited, None, 0);
                    return;
                }
            }
        }
        match self.speaker.hear(message) {
            Some(Ok(said)) => self.handle_said(reading, before, (said, paid)),
            Some(Err(Misheard::Refused(refusal))) => {
                self.refuse(reading.now, reading.tally, refusal);
            }
            Some(Err(Misheard::BadJson(bad))) => {
                let why = Why::Undecodable(Reason::Malformed);
                self.refuse_because(reading.now, reading.tally, why, &bad.to_string());
            }
            None => {}
        }
    }

    fn handle_said(
        &mut self,
        reading: &mut Reading<'_>,
        before: usize,
        (said, paid): (ClientMessage, Paid),
    ) {
        let room = reading.beat.map_or(Tick(0), |beat| beat.next_tick.offset(-1));
        let newest = Newest { sent: self.cursor.tick().unwrap_or(room), room };
        let request = self.session.handle_message(reading.now, newest, said);
        // What has no place shows nothing: it may have been said before Welcome came.
        let is_said = request.as_ref().is_ok_and(|it| !matches!(it, Request::Misplaced(_)));
        if is_said && self.is_playing() {
            self.received.get_or_insert(0);
        }
        match request {
            Err(refusal) => self.refuse(reading.now, reading.tally, refusal),
            Ok(Request::Received(number)) if number > self.sent => {
                let refusal = Refusal { why: Why::ReceivedTheFuture };
                self.refuse(reading.now, reading.tally, refusal);
            }
            Ok(Request::Received(number)) => {
                self.received = self.received.max(Some(number));
                self.pacer.note_pong();
                if let (Some(tick), Some(beat)) = (self.probe.take(), reading.beat) {
                    self.pacer.note_seen(reading.now, tick, beat.rhythm);
                    if reading.many_wait {
                        self.pacer.acquit();
                    }
                }
            }
            Ok(Request::Resync) => self.wants_resync = true,
            Ok(Request::Stale) => {}
            Ok(Request::Misplaced(what)) if paid == Paid::Covered => self.misplaced.push(what),
            Ok(Request::Misplaced(_)) => {
                self.close(reading.now, reading.tally, CloseCode::RateLimited, None, 0);
            }
            Ok(Request::Leave) => {
                self.close(reading.now, reading.tally, CloseCode::Left, None, 0);
            }
            Ok(Request::Ask { call, ask }) => self.asks.push((call, ask)),
            Ok(Request::Join { name, look, ticket, resume, identity, room, watch }) => {
                let url = std::mem::take(&mut self.ticket);
                let ticket = if ticket.is_empty() { url } else { Ticket(ticket) };
                let wish = Wish { identity, room, watch };
                self.candidate = Some(Candidate { name, look, ticket, resume, wish });
            }
            Ok(Request::Input(input)) => {
                let (Some(you), Some(beat)) = (self.you, reading.beat) else { return };
                let early = beat.early(reading.instant, Tick(input.tick));
                let note = InputNote { conn: self.id, you, input, early };
                // One turn brings at most what the simulation would buffer.
                if reading.inputs.len() - before >= INPUTS_BUFFERED_MAX {
                    reading.inputs.pop();
                }
                reading.inputs.push(note);
            }
        }
    }

    /// What the client asked for, in order.
    pub(super) fn take_asks(&mut self) -> Vec<(u32, Ask)> {
        std::mem::take(&mut self.asks)
    }

    /// What it said that had no place, in order.
    pub(super) fn take_misplaced(&mut self) -> Vec<Misplaced> {
        std::mem::take(&mut self.misplaced)
    }

    fn handle_error(&mut self, reading: &Reading<'_>, error: &Error) {
        match protocol::code(error) {
            // The library stops reading after an error, so only the close is left.
            Some(code) => self.close(reading.now, reading.tally, code, None, 0),
            None => {
                reading.tally.closed("connection lost".to_owned());
                self.phase = Phase::Gone;
            }
        }
    }

    /// The player is in.
    pub(super) fn welcome(&mut self, start: Start) {
        self.is_joining = false;
        self.you = Some(start.you);
        self.session.welcome(start.tick);
        if start.watch {
            self.session.look_on();
        }
        (self.cursor, self.pacer) = begin(&start);
        self.sent = start.resumed.unwrap_or(0);
        self.start = Some(start);
    }

    /// The player is in another room: what was held of the one before is of no use.
    pub(super) fn arrive(&mut self, start: Start) {
        self.you = Some(start.you);
        self.session.travel(start.tick);
        (self.cursor, self.pacer) = begin(&start);
        self.probe = None;
        // The new room has not been told of it.
        self.lag = Lag::default();
        self.wants_resync = false;
        self.start = Some(start);
    }

    /// A spectator sees another glider from now on.
    pub(super) fn look_at(&mut self, who: NetId) {
        if self.you.is_some() {
            self.you = Some(who);
        }
    }

    /// Whether the hub is to tell it topics again, or no more until it is, if that is news:
    /// after each turn of its, with what it has not acknowledged.
    pub(super) fn poll_lag(&mut self, now: Millis, ring: &Ring, rhythm: Rhythm) -> Option<bool> {
        if !self.is_playing() {
            return None;
        }
        let is_overdue = self.session.overdue_ms(now) >= LAG_PONG_MS;
        let is_late = is_overdue || self.pacer.is_late(rhythm);
        let is_behind = self.stalled.is_some() || is_late || ring.is_long();
        self.lag.note(now, is_behind)
    }

    /// Whether it knows the room that it is in, and may go to another one.
    pub(super) fn is_settled(&self) -> bool {
        self.is_playing() && self.start.is_none() && !self.session.is_arriving()
    }

    /// Lets time pass for a connection that no tick is written to.
    pub(super) fn tend(&mut self, now: Millis, tally: &Tally) {
        if self.phase == Phase::Open
            && self.flush(now, tally)
            && let Some(refusal) = self.session.poll_timeout(now)
        {
            self.refuse(now, tally, refusal);
        }
    }

    /// Its ticket was taken, for a player who is not there yet.
    pub(super) fn keep_stub(&mut self, stub: Stub) {
        self.used = Some(stub);
    }

    pub(super) fn take_stub(&mut self) -> Option<Stub> {
        self.used.take()
    }

    /// It was recognised, and is to be told so.
    pub(super) fn keep_identity(&mut self, identity: Identity) {
        self.identity = identity;
    }

    pub(super) fn take_identity(&mut self) -> Identity {
        std::mem::take(&mut self.identity)
    }

    /// Whether it is a house bot.
    pub(super) fn is_house(&self) -> bool {
        self.is_house
    }

    /// The room does not take the player in.
    pub(super) fn turn_away(
        &mut self,
        now: Millis,
        tally: &Tally,
        (code, reason, retry_after_ms): (CloseCode, &str, u32),
    ) {
        self.is_joining = false;
        self.close(now, tally, code, Some(reason), retry_after_ms);
    }

    /// Writes what this tick has for the client, in one go: the ordered messages of its
    /// `ring` that it was not sent, the newest snapshot, and a heartbeat if one is due; and
    /// lets time pass for the session. A client whose last bytes still wait, or that does not acknowledge, gets
    /// no snapshot: latest wins.
    pub(super) fn write(
        &mut self,
        now: Millis,
        (history, ring): (&History, Option<&Ring>),
        rhythm: Rhythm,
        tally: &Tally,
        scratch: &mut Scratch,
    ) {
        let (bytes_in, bytes_out) = self.socket.get_mut().take_counts();
        scratch.bytes_in += bytes_in;
        scratch.bytes_out += bytes_out;
        self.pacer.note_turn(rhythm);
        if self.pacer.is_stalled(rhythm, self.stall_ms) {
            self.close(now, tally, CloseCode::SlowConsumer, None, 0);
        }
        if self.phase != Phase::Open || !self.flush(now, tally) {
            self.pacer.note_full();
            return;
        }
        if let Some(refusal) = self.session.poll_timeout(now) {
            self.refuse(now, tally, refusal);
            return;
        }
        scratch.frames.clear();
        if let Some(start) = self.start.take() {
            let pieces = start.pieces(now, &mut scratch.message);
            self.speaker.put(&mut scratch.frames, &pieces);
        }
        if let Some(ring) = ring.filter(|ring| self.you.is_some() && ring.newest() > self.sent) {
            for message in ring.after(self.sent) {
                self.sent += 1;
                scratch.message.clear();
                splice_number(&mut scratch.message, self.sent);
                self.speaker.put(&mut scratch.frames, &[&scratch.message, message]);
            }
        }
        let may_resync = self.resynced.is_none_or(|at| now.since(at) >= self.resync_ms);
        if self.wants_resync && may_resync {
            self.wants_resync = false;
            self.resynced = Some(now);
            self.cursor.restart();
        }
        if let Some(id) = self.you {
            scratch.message.clear();
            let viewer = Viewer { history, cursor: &mut self.cursor, id };
            let before = scratch.frames.len();
            if let Some(split) = self.pacer.compose(rhythm, viewer, before, &mut scratch.message) {
                for message in [&scratch.message[..split], &scratch.message[split..]] {
                    if !message.is_empty() {
                        self.speaker.put(&mut scratch.frames, &[message]);
                    }
                }
            }
        }
        // Behind the snapshot, so that its answer says that this has come.
        let ping = self.session.poll_ping(now);
        if let Some((nonce, rtt_ms)) = ping {
            scratch.message.clear();
            let jitter_ms = self.session.jitter_ms();
            encode_into(&mut scratch.message, &ServerMessage::Ping { nonce, rtt_ms, jitter_ms });
            self.speaker.put(&mut scratch.frames, &[&scratch.message]);
        }
        if !scratch.frames.is_empty() {
            let sent = self.socket.get_mut().send(&scratch.frames);
            // Until the client knows the room that it is in, its answers are of the one before.
            if ping.is_some() && self.session.looks_on() && !self.session.is_arriving() {
                self.probe = self.cursor.tick();
                self.pacer.note_probe();
            }
            self.pacer.note_sent(now, scratch.frames.len(), self.cursor.tick());
            self.end_if_dead(tally, &sent);
        }
    }

    /// Tries to write what waits. True when nothing is left.
    fn flush(&mut self, now: Millis, tally: &Tally) -> bool {
        let flushed = self.socket.get_mut().flush_out();
        self.end_if_dead(tally, &flushed);
        match flushed {
            Err(_) => return false,
            Ok(Flushed::All) => self.stalled = None,
            Ok(Flushed::Some) => self.stalled = Some(now),
            Ok(Flushed::Nothing) => {
                let since = *self.stalled.get_or_insert(now);
                if self.phase == Phase::Open && now.since(since) >= self.stall_ms {
                    self.close(now, tally, CloseCode::SlowConsumer, None, 0);
                }
            }
        }
        if let Phase::Closing(end) = self.phase
            && now >= end
        {
            self.phase = Phase::Gone;
        }
        flushed.is_ok_and(|flushed| flushed == Flushed::All)
    }

    fn end_if_dead<T>(&mut self, tally: &Tally, result: &io::Result<T>) {
        if result.is_err() && self.phase != Phase::Gone {
            if self.phase == Phase::Open {
                tally.closed("connection lost".to_owned());
            }
            self.phase = Phase::Gone;
        }
    }

    /// The ticket is no good, for a reason that only the operator hears of.
    pub(super) fn refuse_ticket(&mut self, now: Millis, tally: &Tally, bad: BadTicket) {
        let (code, reason) = Why::BadTicket.close();
        tally.closed(format!("{} {bad:?}", code.number()));
        self.say_goodbye(now, code, reason, 0);
    }

    pub(super) fn refuse(&mut self, now: Millis, tally: &Tally, refusal: Refusal) {
        self.refuse_because(now, tally, refusal.why, refusal.why.close().1);
    }

    /// The same with a sentence of its own, of which what is too long is cut off.
    fn refuse_because(&mut self, now: Millis, tally: &Tally, why: Why, sentence: &str) {
        let code = why.close().0;
        tally.closed(format!("{} {why:?}", code.number()));
        let end = sentence.floor_char_boundary(REASON_BYTES_MAX);
        self.say_goodbye(now, code, &sentence[..end], 0);
    }

    /// Ends the connection with a code.
    pub(super) fn close(
        &mut self,
        now: Millis,
        tally: &Tally,
        code: CloseCode,
        reason: Option<&str>,
        retry_after_ms: u32,
    ) {
        if self.phase == Phase::Open {
            tally.closed(format!("{} {code:?}", code.number()));
            self.say_goodbye(now, code, reason.unwrap_or(code.text()), retry_after_ms);
        }
    }

    /// The server stops.
    pub(super) fn close_for_restart(&mut self, now: Millis, tally: &Tally) {
        self.close(now, tally, CloseCode::Restart, None, RESTART_RETRY_MS);
    }

    fn say_goodbye(&mut self, now: Millis, code: CloseCode, reason: &str, retry_after_ms: u32) {
        let mut frames = Vec::new();
        put_goodbye(&mut frames, self.speaker.tongue(), code, (reason, retry_after_ms));
        self.start = None;
        self.parting.get_or_insert(match code.comeback() {
            Comeback::Retry => Parting::Lost,
            Comeback::Never => Parting::Final,
        });
        self.phase = match self.socket.get_mut().send(&frames) {
            // A flood goes on, and is no answer to wait for.
            Ok(()) if code == CloseCode::RateLimited => Phase::Closing(now.plus(FLOOD_CLOSING_MS)),
            Ok(()) => Phase::Closing(now.plus(CLOSING_MS)),
            Err(_) => Phase::Gone,
        };
    }
}

/// A client that holds nothing, at the end of a link of which nothing is known.
fn begin(start: &Start) -> (Cursor, Pacer) {
    if start.watch {
        (Cursor::looking_on(), Pacer::probed())
    } else {
        (Cursor::default(), Pacer::default())
    }
}
