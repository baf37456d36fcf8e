//! One connection: its protocol machine, its session, and what waits for it.

use std::collections::VecDeque;
use std::io;
use std::time::Instant;

use bytes::Bytes;
use throng_shared::ids::{NetId, Tick};
use throng_shared::limits::{
    CLIENT_MESSAGE_BYTES, CLOSING_MS, CONTROL_CREDIT, EVENTS_BYTES_MAX, EVENTS_MAX,
    FLOOD_CLOSING_MS, INPUTS_BUFFERED_MAX, READ_BUFFER_BYTES, RESYNC_MS, STALLED_MS,
};
use throng_shared::session::{CloseCode, Newest, Refusal, Request, ServerSession};
use throng_shared::time::Millis;
use throng_shared::wire::{Secret, ServerMessage, encode_into, splice_number, splice_welcome};
use tokio_tungstenite::tungstenite::error::CapacityError;
use tokio_tungstenite::tungstenite::protocol::{Message, Role, WebSocket, WebSocketConfig};
use tokio_tungstenite::tungstenite::{self, Error};

use super::budget::{Budget, Paid, Rates};
use super::frames::{put_binary, put_binary_of, put_goodbye};
use super::pipe::{Flushed, Pipe, Stream};
use super::tally::Tally;
use crate::link::{ConnId, Control, InputNote, RoomPort, Untaken};
use crate::replication::{Cursor, History, Pacer, Rhythm, Viewer};

/// Messages read from one connection before the others get their turn.
const READS_PER_TURN: usize = 64;
/// Tag of an Input: over budget, only these may be dropped.
const INPUT_TAG: u8 = 0;
/// Bytes of replies that the protocol machine keeps: a pong or two.
const REPLIES_BYTES_MAX: usize = 256;
/// What a client waits when the server restarts, in milliseconds.
const RESTART_RETRY_MS: u32 = 1_000;

/// The rhythm of the room, as far as the edge has to know it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Beat {
    pub(super) next_tick: Tick,
    pub(super) next_deadline: Instant,
    pub(super) rhythm: Rhythm,
}

impl Beat {
    /// How long before the deadline of `tick` it is now, in 1/16 tick, saturating.
    fn early(&self, now: Instant, tick: Tick) -> i16 {
        let period = self.rhythm.period.as_secs_f64();
        let left = self.next_deadline.saturating_duration_since(now).as_secs_f64()
            - now.saturating_duration_since(self.next_deadline).as_secs_f64();
        let ticks = f64::from(tick.since(self.next_tick)) + left / period;
        (ticks * 16.0).floor().clamp(f64::from(i16::MIN), f64::from(i16::MAX)) as i16
    }
}

/// What a connection needs from its thread to be read.
#[derive(Debug)]
pub(super) struct Reading<'a> {
    pub(super) now: Millis,
    pub(super) instant: Instant,
    pub(super) beat: Option<Beat>,
    /// Whether so many clients wait that it is not for their links.
    pub(super) many_wait: bool,
    pub(super) port: &'a RoomPort,
    pub(super) inputs: &'a mut Vec<InputNote>,
    pub(super) tally: &'a Tally,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Open,
    /// A close frame is on its way; until then.
    Closing(Millis),
    /// Nothing more to say or hear.
    Gone,
}

/// One connection.
#[derive(Debug)]
pub(super) struct Conn {
    id: ConnId,
    socket: WebSocket<Pipe>,
    session: ServerSession,
    phase: Phase,
    you: Option<NetId>,
    cursor: Cursor,
    pacer: Pacer,
    /// Not among the events: the map in it may be larger than all of them may be.
    welcome: Option<[Bytes; 2]>,
    events: VecDeque<Bytes>,
    events_bytes: usize,
    /// Number of the newest ordered event that was written.
    numbered: u32,
    budget: Budget,
    /// Control messages that the room has not answered.
    outstanding: usize,
    stalled: Option<Millis>,
    wants_resync: bool,
    resynced: Option<Millis>,
    is_fresh: bool,
}

impl Conn {
    pub(super) fn new(
        id: ConnId,
        stream: Stream,
        leftover: Vec<u8>,
        now: Millis,
        rates: Rates,
    ) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER_BYTES)
            .write_buffer_size(0)
            .max_write_buffer_size(REPLIES_BYTES_MAX)
            .max_message_size(Some(CLIENT_MESSAGE_BYTES))
            .max_frame_size(Some(CLIENT_MESSAGE_BYTES));
        let pipe = Pipe::new(stream, &leftover);
        Self {
            id,
            socket: WebSocket::from_partially_read(pipe, leftover, Role::Server, Some(config)),
            session: ServerSession::new(now),
            phase: Phase::Open,
            you: None,
            cursor: Cursor::default(),
            pacer: Pacer::default(),
            welcome: None,
            events: VecDeque::new(),
            events_bytes: 0,
            numbered: 0,
            budget: Budget::new(now, rates),
            outstanding: 0,
            stalled: None,
            wants_resync: false,
            resynced: None,
            is_fresh: true,
        }
    }

    /// Whether it can be dropped.
    pub(super) fn is_gone(&self) -> bool {
        self.phase == Phase::Gone
    }

    /// The player that it plays, to take leave of.
    pub(super) fn has_joined(&self) -> bool {
        self.you.is_some() || self.outstanding > 0
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
                    if paid != Paid::Covered && passed.fragments > 0 {
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
            // The machine has queued the answer; one try to send it, and the end.
            drop(self.socket.flush());
            drop(self.socket.get_mut().flush_out());
            self.phase = Phase::Gone;
            return;
        }
        // Over budget, inputs are dropped unread, and anything else is the end.
        let paid = paid.max(self.budget.pay(reading.now, 1, 0));
        if paid != Paid::Covered {
            let is_input =
                matches!(message, Message::Binary(bytes) if bytes.first() == Some(&INPUT_TAG));
            if !is_input || paid == Paid::OverTooLong {
                self.close(reading.now, reading.tally, CloseCode::RateLimited, None, 0);
            }
            return;
        }
        match message {
            Message::Binary(bytes) => self.handle_binary(reading, before, bytes),
            Message::Text(_) => {
                let refusal = self.session.handle_text();
                self.refuse(reading.now, reading.tally, refusal);
            }
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) | Message::Close(_) => {}
        }
    }

    fn handle_binary(&mut self, reading: &mut Reading<'_>, before: usize, bytes: &[u8]) {
        let room = reading.beat.map_or(Tick(0), |beat| beat.next_tick.offset(-1));
        let newest = Newest { sent: self.cursor.tick().unwrap_or(room), room };
        match self.session.handle_frame(reading.now, newest, bytes) {
            Err(refusal) => self.refuse(reading.now, reading.tally, refusal),
            Ok(Request::Received(_)) => self.pacer.note_pong(),
            Ok(Request::Resync) => self.wants_resync = true,
            Ok(Request::Leave) => {
                self.close(reading.now, reading.tally, CloseCode::Left, None, 0);
            }
            Ok(Request::Join { name, look, ticket: _, resume: _ }) => {
                if self.outstanding >= CONTROL_CREDIT {
                    self.close(reading.now, reading.tally, CloseCode::RateLimited, None, 0);
                    return;
                }
                self.outstanding += 1;
                let conn = self.id;
                match reading.port.control(Control::Join { conn, name, look }) {
                    Ok(()) => {}
                    Err(Untaken::Gone) => {
                        self.close(reading.now, reading.tally, CloseCode::RoomCrashed, None, 0);
                    }
                    Err(Untaken::Full(_)) => {
                        self.outstanding = 0;
                        let retry = RESTART_RETRY_MS;
                        self.close(reading.now, reading.tally, CloseCode::Full, None, retry);
                    }
                }
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

    fn handle_error(&mut self, reading: &Reading<'_>, error: &Error) {
        let code = match error {
            Error::Protocol(tungstenite::error::ProtocolError::ResetWithoutClosingHandshake) => {
                None
            }
            Error::Capacity(CapacityError::MessageTooLong { .. }) => Some(CloseCode::TooBig),
            Error::Protocol(_) => Some(CloseCode::Protocol),
            Error::Utf8(_) => Some(CloseCode::NotUtf8),
            Error::ConnectionClosed
            | Error::AlreadyClosed
            | Error::Io(_)
            | Error::Tls(_)
            | Error::Capacity(_)
            | Error::WriteBufferFull(_)
            | Error::AttackAttempt
            | Error::Url(_)
            | Error::Http(_)
            | Error::HttpFormat(_) => None,
        };
        match code {
            // The library stops reading after an error, so only the close is left.
            Some(code) => self.close(reading.now, reading.tally, code, None, 0),
            None => {
                reading.tally.closed("connection lost".to_owned());
                self.phase = Phase::Gone;
            }
        }
    }

    /// The room took the player in.
    pub(super) fn welcome(&mut self, you: NetId, tick: Tick, welcome: [Bytes; 2]) {
        self.outstanding = self.outstanding.saturating_sub(1);
        self.you = Some(you);
        self.session.welcome(tick);
        self.welcome = Some(welcome);
    }

    /// The room does not take the player in.
    pub(super) fn turn_away(
        &mut self,
        now: Millis,
        tally: &Tally,
        (code, reason, retry_after_ms): (CloseCode, &str, u32),
    ) {
        self.outstanding = 0;
        self.close(now, tally, code, Some(reason), retry_after_ms);
    }

    /// Queues an ordered message; a client that lets too many pile up is closed.
    pub(super) fn post(&mut self, now: Millis, tally: &Tally, message: Bytes) {
        if self.phase != Phase::Open || !self.session.is_playing() {
            return;
        }
        self.events_bytes += message.len();
        self.events.push_back(message);
        if self.events.len() > EVENTS_MAX || self.events_bytes > EVENTS_BYTES_MAX {
            self.close(now, tally, CloseCode::SlowConsumer, None, 0);
        }
    }

    /// Writes what this tick has for the client, in one go: ordered messages, a
    /// heartbeat if one is due, and the newest snapshot; and lets time pass for the
    /// session. A client whose last bytes still wait, or that does not acknowledge, gets
    /// no snapshot: latest wins.
    pub(super) fn write(
        &mut self,
        now: Millis,
        history: &History,
        rhythm: Rhythm,
        tally: &Tally,
        scratch: &mut Scratch,
    ) {
        let (bytes_in, bytes_out) = self.socket.get_mut().take_counts();
        scratch.bytes_in += bytes_in;
        scratch.bytes_out += bytes_out;
        self.pacer.note_turn(rhythm);
        if self.pacer.is_stalled(rhythm) {
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
        if let Some([own, shared]) = self.welcome.take() {
            scratch.message.clear();
            splice_welcome(&mut scratch.message, &Secret([0; 16]), false);
            put_binary_of(&mut scratch.frames, &[&scratch.message, &own, &shared]);
        }
        while let Some(message) = self.events.pop_front() {
            self.numbered += 1;
            scratch.message.clear();
            splice_number(&mut scratch.message, self.numbered);
            put_binary_of(&mut scratch.frames, &[&scratch.message, &message]);
        }
        self.events_bytes = 0;
        if let Some((nonce, rtt_ms)) = self.session.poll_ping(now) {
            scratch.message.clear();
            encode_into(&mut scratch.message, &ServerMessage::Ping { nonce, rtt_ms, jitter_ms: 0 });
            put_binary(&mut scratch.frames, &scratch.message);
        }
        let may_resync = self.resynced.is_none_or(|at| now.since(at) >= RESYNC_MS);
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
                        put_binary(&mut scratch.frames, message);
                    }
                }
            }
        }
        if !scratch.frames.is_empty() {
            let sent = self.socket.get_mut().send(&scratch.frames);
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
                if self.phase == Phase::Open && now.since(since) >= STALLED_MS {
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

    fn refuse(&mut self, now: Millis, tally: &Tally, refusal: Refusal) {
        let (code, reason) = refusal.why.close();
        tally.closed(format!("{} {:?}", code.number(), refusal.why));
        self.say_goodbye(now, code, reason, 0);
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
        put_goodbye(&mut frames, code, reason, retry_after_ms);
        self.welcome = None;
        self.events.clear();
        self.events_bytes = 0;
        self.phase = match self.socket.get_mut().send(&frames) {
            // A flood goes on, and is no answer to wait for.
            Ok(()) if code == CloseCode::RateLimited => Phase::Closing(now.plus(FLOOD_CLOSING_MS)),
            Ok(()) => Phase::Closing(now.plus(CLOSING_MS)),
            Err(_) => Phase::Gone,
        };
    }
}

/// Buffers that a thread lends to the connection that it writes.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    frames: Vec<u8>,
    message: Vec<u8>,
    bytes_in: u64,
    bytes_out: u64,
}

impl Scratch {
    /// Bytes that all connections moved since the last call.
    pub(super) fn take_counts(&mut self) -> (u64, u64) {
        (std::mem::take(&mut self.bytes_in), std::mem::take(&mut self.bytes_out))
    }
}
