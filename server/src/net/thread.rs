//! A network thread: one loop over the connections that it owns.
//!
//! It wakes for each tick that a room publishes, writes the snapshots of all its clients
//! there, in one call each, and a few times between two ticks reads what clients sent, the
//! last time just before the next tick drains it.

use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use crossbeam_channel::{Receiver, Sender, bounded};
use throng_shared::limits::{
    CLOSING_MS, HANDOVER_MAX, NEWBORNS_PER_TURN, SLIP_MS, STALL_FORGIVEN_MS, WORDS_MAX,
};
use throng_shared::session::{CloseCode, RESTART_NOTICE};
use throng_shared::time::Millis;
use throng_shared::wire::{Event, encode};
use tokio::io::DuplexStream;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::sync::OwnedSemaphorePermit;

use super::budget::Rates;
use super::candidate::Ticket;
use super::conn::Conn;
use super::drain::Drain;
use super::fresh::Fresh;
use super::halls::Halls;
use super::meter::{Meter, Moment};
use super::pipe::Stream;
use super::places::Place;
use super::reading::{Beat, Reading};
use super::scratch::Scratch;
use super::seat::Seat;
use super::sessions::Sessions;
use super::start::Present;
use super::takeover::{Coming, Joining, Word};
use super::tally::Tally;
use super::tongue::Tongue;
use super::travel::Travel;
use crate::config::Limits;
use crate::identity::Identities;
use crate::link::{ConnId, Control, Directory, Inbox, Publication, RoomId};
use crate::stop::StopSign;
use crate::store::Store;
use crate::tickets::Tickets;
use crate::words::FILTER;

/// Reads between two ticks.
const READS_PER_TICK: u32 = 2;
/// The last read comes this long before the deadline, at least.
const READ_MARGIN: Duration = Duration::from_micros(1500);
/// Time between reads while no room ticks.
const IDLE_READ: Duration = Duration::from_millis(20);
/// Time between reads while connections close.
const CLOSING_READ: Duration = Duration::from_millis(5);
/// Connections read or written between two looks at whether a tick is due.
pub(super) const CONNS_AT_ONCE: usize = 16;
/// Times in a row that the room is let go first: a scheduler shares the core among those
/// who ask, however often one gives it away.
const YIELDS_MAX: usize = 8;
/// A room whose tick is so late is not given way to.
const STANDS_STILL: Duration = Duration::from_millis(SLIP_MS);
/// Sockets that may tell something in one turn; others do in the next.
const IO_EVENTS: usize = 4096;

/// An upgraded connection.
#[derive(Debug)]
pub struct Newborn {
    pub fresh: Fresh,
    /// What the client sent behind its handshake.
    pub leftover: Vec<u8>,
    /// When it came, among all that came: the newer of two has a session.
    pub number: u64,
    /// What it brought in its handshake.
    pub ticket: Ticket,
    /// What was agreed in it.
    pub tongue: Tongue,
    /// Its place among the connections of the process.
    pub place: Place,
    /// What it may send.
    pub rates: Rates,
    /// Whether it is a house bot, which needs no ticket.
    pub is_house: bool,
}

impl Newborn {
    /// A client of this process, as the `number`-th that came: it has no address, and said
    /// nothing behind its handshake.
    #[must_use]
    pub fn near(stream: DuplexStream, number: u64, permit: OwnedSemaphorePermit) -> Self {
        Self {
            fresh: Fresh::Memory(stream),
            leftover: Vec::new(),
            number,
            ticket: Ticket::default(),
            tongue: Tongue::default(),
            place: Place { _permit: permit, presence: None },
            rates: Rates::of(&Limits::default()),
            is_house: true,
        }
    }
}

/// The front's way to a network thread.
#[derive(Clone, Debug)]
pub struct Handover(Sender<Newborn>);

impl Handover {
    /// Gives a connection away, to be taken at the thread's next turn; it is dropped
    /// when too many wait.
    pub fn give(&self, newborn: Newborn) -> bool {
        self.0.try_send(newborn).is_ok()
    }
}

/// A place for a connection and its session, each of which may be there without the other.
#[derive(Debug, Default)]
pub(super) struct Slot {
    /// Which connection it is, among those that had this place.
    pub(super) generation: u64,
    /// When its connection came, among all that came to the process.
    pub(super) number: u64,
    pub(super) conn: Option<(Conn, Place)>,
    pub(super) seat: Option<Box<Seat>>,
    /// The session that the connection takes over.
    pub(super) coming: Option<Box<Coming>>,
    /// Where it plays or wants to.
    pub(super) room: Option<RoomId>,
    /// As whom it wants to.
    pub(super) joining: Option<Box<Joining>>,
    /// Its way to another room.
    pub(super) travel: Option<Box<Travel>>,
    /// Whether the room's ordered messages are for it.
    pub(super) bound: bool,
}

impl Slot {
    fn is_empty(&self) -> bool {
        self.conn.is_none() && self.seat.is_none() && self.coming.is_none()
    }
}

/// What all network threads need.
#[derive(Clone, Debug)]
pub struct NetOptions {
    pub tally: Arc<Tally>,
    pub tickets: Arc<Tickets>,
    pub identities: Arc<Identities>,
    /// Who is banned; and who came is told to it.
    pub store: Store,
    pub directory: Arc<Directory>,
    pub sessions: Arc<Sessions>,
    pub limits: Arc<Limits>,
    /// How long the glider of a lost connection stays, and how long its session waits, in
    /// milliseconds.
    pub link_hold_ms: u64,
    pub session_ms: u64,
}

/// What a thread takes for now.
#[derive(Clone, Copy, Debug)]
enum Clock {
    System,
    /// The moment that a simulation made up for this turn.
    Told(Instant),
}

impl Clock {
    fn now(self) -> Instant {
        match self {
            Self::System => Instant::now(),
            Self::Told(now) => now,
        }
    }
}

/// A network thread that is ready to run.
#[derive(Debug)]
pub struct NetThread {
    pub(super) index: u16,
    clock: Clock,
    next_read: Instant,
    pub(super) inbox: Inbox,
    pub(super) halls: Halls,
    newborns: Receiver<Newborn>,
    /// What other threads say, and what is to be said to them.
    pub(super) heard: Receiver<Word>,
    pub(super) peers: Vec<Sender<Word>>,
    pub(super) words: Vec<Word>,
    pub(super) tally: Arc<Tally>,
    pub(super) options: NetOptions,
    origin: Instant,
    /// When it was last awake.
    awake: Millis,
    pub(super) slots: Vec<Slot>,
    free: Vec<usize>,
    /// Slots whose session is on its way to another room.
    pub(super) travellers: Vec<usize>,
    /// The next deadline of a room with clients here.
    pub(super) next_due: Option<Instant>,
    /// Since the server lets everybody go.
    drain: Option<Drain>,
    pub(super) meter: Meter,
    /// Time not on a core, as far as the thread knows.
    waited: Duration,
    pub(super) scratch: Scratch,
    /// What rooms have not been told.
    pub(super) controls: Vec<(RoomId, Control)>,
}

impl NetThread {
    /// A network thread at each of these inboxes, and the ways to them.
    #[must_use]
    pub fn all(inboxes: Vec<Inbox>, options: &NetOptions) -> (Vec<Self>, Vec<Handover>) {
        // No turn has the time to read lists.
        LazyLock::force(&FILTER);
        let (peers, ears): (Vec<_>, Vec<_>) = inboxes.iter().map(|_| bounded(WORDS_MAX)).unzip();
        inboxes
            .into_iter()
            .zip(ears)
            .map(|(inbox, heard)| Self::new(inbox, (heard, peers.clone()), options.clone()))
            .unzip()
    }

    fn new(
        inbox: Inbox,
        (heard, peers): (Receiver<Word>, Vec<Sender<Word>>),
        options: NetOptions,
    ) -> (Self, Handover) {
        let (newborns_tx, newborns) = bounded(HANDOVER_MAX);
        let origin = Instant::now();
        let thread = Self {
            index: inbox.thread(),
            clock: Clock::System,
            next_read: origin + IDLE_READ,
            inbox,
            halls: Halls::default(),
            newborns,
            heard,
            peers,
            words: Vec::new(),
            tally: Arc::clone(&options.tally),
            options,
            origin,
            awake: Millis(0),
            slots: Vec::new(),
            free: Vec::new(),
            travellers: Vec::new(),
            next_due: None,
            drain: None,
            meter: Meter::new(Moment { wall: origin, spent: Duration::ZERO }),
            waited: Duration::ZERO,
            scratch: Scratch::default(),
            controls: Vec::new(),
        };
        (thread, Handover(newborns_tx))
    }

    /// Runs until stopped, on this thread. It waits for ticks and for the moments to
    /// read, never for a socket: what came meanwhile is taken in at the next turn, so
    /// a thousand inputs do not wake it a thousand times.
    ///
    /// # Errors
    /// When the operating system gives no event queue.
    pub fn run(mut self, stop: &StopSign) -> std::io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .max_io_events_per_tick(IO_EVENTS)
            .build()?;
        let _entered = runtime.enter();
        while !stop.is_raised() {
            let published = self.wait(self.next_read);
            turn(&runtime);
            self.take_turn(published);
        }
        self.close_for_restart();
        self.drain_closing(&runtime);
        Ok(())
    }

    /// The same thread in a simulation whose time begins at `origin`.
    #[must_use]
    pub fn beginning_at(mut self, origin: Instant) -> Self {
        self.origin = origin;
        self.next_read = origin + IDLE_READ;
        self.meter = Meter::new(Moment { wall: origin, spent: Duration::ZERO });
        self
    }

    /// The turns of [`NetThread::run`] that fall to a moment which a simulation made up,
    /// without waiting for anything; when it wants the next one, if no tick comes before.
    pub fn turn(&mut self, now: Instant) -> Instant {
        self.clock = Clock::Told(now);
        loop {
            let published = self.wait(now);
            self.take_turn(published);
            if !self.inbox.has_published() {
                return self.next_read;
            }
        }
    }

    fn take_turn(&mut self, published: Option<Publication>) {
        self.take_newborns();
        self.take_words();
        if let Some(publication) = published {
            self.take_publications(publication);
        }
        self.leave_rooms_that_ended();
        if self.inbox.is_draining() {
            self.drain_some();
        }
        // Also after writes that took longer than the time to the next read.
        if self.instant() >= self.next_read {
            self.read_all();
            self.next_read = self.next_read(self.instant());
        }
    }

    /// Waits for a published tick, until `deadline` at most. A simulation has published
    /// what there is.
    pub(super) fn wait(&mut self, deadline: Instant) -> Option<Publication> {
        let began = Instant::now();
        let published = match self.clock {
            Clock::System => self.inbox.published(deadline),
            Clock::Told(_) => self.inbox.published(began),
        };
        self.waited += began.elapsed();
        published
    }

    pub(super) fn instant(&self) -> Instant {
        self.clock.now()
    }

    /// This moment, also in this thread's own time.
    pub(super) fn moment(&self) -> Moment {
        let wall = self.clock.now();
        let awake = wall.saturating_duration_since(self.origin).saturating_sub(self.waited);
        Moment { wall, spent: own_time().unwrap_or(awake) }
    }

    pub(super) fn now(&self) -> Millis {
        let elapsed = self.clock.now().saturating_duration_since(self.origin);
        Millis(u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX))
    }

    /// This moment in Unix time, which in a simulation begins with it.
    fn unix(&self) -> Duration {
        match self.clock {
            Clock::System => SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default(),
            Clock::Told(now) => now.saturating_duration_since(self.origin),
        }
    }

    /// The same in seconds.
    pub(super) fn unix_s(&self) -> u64 {
        self.unix().as_secs()
    }

    /// What a Welcome tells that is made now.
    pub(super) fn present(&self) -> Present {
        Present {
            now: self.now(),
            unix_ms: u64::try_from(self.unix().as_millis()).unwrap_or(u64::MAX),
            session_ms: self.options.session_ms,
        }
    }

    /// This moment. If the thread was not awake for long, that is nobody's fault: all that
    /// is due is due as much later.
    pub(super) fn wake(&mut self) -> Millis {
        let now = self.now();
        let asleep_ms = now.since(self.awake);
        self.awake = now;
        if asleep_ms > STALL_FORGIVEN_MS {
            for slot in &mut self.slots {
                if let Some((conn, _)) = &mut slot.conn {
                    conn.forgive(asleep_ms);
                }
                if let Some(lost) = slot.seat.as_mut().and_then(|seat| seat.lost.as_mut()) {
                    *lost = lost.plus(asleep_ms);
                }
            }
        }
        now
    }

    /// Whoever has or had this place.
    pub(super) fn id(&self, index: usize) -> ConnId {
        let generation = self.slots[index].generation;
        ConnId { thread: self.index, serial: generation << 32 | index as u64 }
    }

    /// The next moment to read, of all that divide the time before the rooms' deadlines.
    fn next_read(&self, now: Instant) -> Instant {
        let visited = self.halls.iter().filter(|hall| hall.is_visited);
        let beats = visited.filter_map(|hall| hall.beat);
        beats.map(|beat| read_before(beat, now)).min().unwrap_or(now + IDLE_READ)
    }

    fn take_newborns(&mut self) {
        let now = self.now();
        // The others wait for the next turn: ticks must not wait for newcomers.
        for _ in 0..NEWBORNS_PER_TURN {
            let Ok(newborn) = self.newborns.try_recv() else { break };
            let stream = match newborn.fresh {
                Fresh::Memory(stream) => Ok(Stream::Memory(stream)),
                Fresh::Tcp(stream) => TcpStream::from_std(stream).map(Stream::Tcp),
                Fresh::Tls(stream) => stream.into_stream().map(Stream::Tls),
            };
            let stream = match stream {
                Ok(stream) => stream,
                Err(error) => {
                    tracing::warn!("A connection could not be taken over: {error}.");
                    continue;
                }
            };
            let index = self.free.pop().unwrap_or_else(|| {
                self.slots.push(Slot::default());
                self.slots.len() - 1
            });
            self.slots[index].generation += 1;
            self.slots[index].number = newborn.number;
            self.slots[index].room = None;
            let brought = (newborn.leftover, newborn.ticket, newborn.tongue);
            let whose = (self.id(index), newborn.is_house);
            let conn = Conn::new(whose, stream, brought, now, newborn.rates);
            self.slots[index].conn = Some((conn, newborn.place));
            self.tally.opened();
        }
    }

    pub(super) fn read_all(&mut self) {
        let now = self.wake();
        let instant = self.clock.now();
        let NetOptions { link_hold_ms, session_ms, .. } = self.options;
        let mut work = 0;
        let mut nowhere = Vec::new();
        for index in 0..self.slots.len() {
            let Slot { conn, seat, .. } = &mut self.slots[index];
            let has_news = match (conn, seat) {
                (Some((conn, _)), _) => {
                    if !conn.is_playing() {
                        conn.tend(now, &self.tally);
                    }
                    conn.has_news()
                }
                (None, Some(seat)) => seat.is_expired(now, link_hold_ms, session_ms),
                (None, None) => false,
            };
            if !has_news {
                continue;
            }
            work += 1;
            if work % CONNS_AT_ONCE == 0 && self.is_rooms_turn() {
                self.hand_in_inputs();
                self.give_way();
            }
            let Self { slots, halls, tally, options, .. } = self;
            let Slot { conn, seat, room, .. } = &mut slots[index];
            let Some((conn, _)) = conn else {
                options.tickets.give_back(seat.as_mut().and_then(|seat| seat.stub.take()));
                self.end(index);
                continue;
            };
            let (beat, many_wait, inputs) = match room.and_then(|room| halls.of_mut(room)) {
                Some(hall) => (hall.beat, hall.many_wait, &mut hall.inputs),
                None => (None, false, &mut nowhere),
            };
            let before = inputs.len();
            conn.read(&mut Reading { now, instant, beat, many_wait, inputs, tally });
            if let (Some(seat), Some(received)) = (seat, conn.received()) {
                if conn.is_proven() && !seat.prove(&options.sessions) {
                    // Whoever brought the same ticket plays now, and nobody else.
                    inputs.truncate(before);
                    drop((conn.take_asks(), conn.take_misplaced()));
                    conn.close(now, tally, CloseCode::Replaced, None, 0);
                }
                seat.ring.acknowledge(received);
            }
            let (asks, candidate) = (conn.take_asks(), conn.take_candidate());
            let misplaced = conn.take_misplaced();
            let (is_gone, has_parted) = (conn.is_gone(), conn.parting().is_some());
            self.take_asks(index, asks);
            self.tell_misplaced(index, misplaced);
            if let Some(candidate) = candidate {
                self.greet(index, candidate);
            }
            if has_parted {
                self.part(index, now);
            }
            if is_gone {
                self.remove(index);
            }
        }
        self.hand_in_inputs();
        self.hurry_travellers(now);
        self.control();
        self.speak();
    }

    fn hand_in_inputs(&mut self) {
        for hall in self.halls.iter_mut() {
            hall.port.inputs(&mut hall.inputs);
        }
    }

    /// Whether a room has its next tick to run: where both share a core, it has to go
    /// first, so that ticks are on time however many there are to write to. One that stands
    /// still is not waited for.
    fn is_rooms_turn(&self) -> bool {
        self.next_due.is_some_and(|due| {
            let now = self.clock.now();
            now >= due && now.duration_since(due) < STANDS_STILL
        }) && !self.inbox.has_published()
    }

    /// Lets the room go first, if it is its turn.
    pub(super) fn give_way(&self) {
        for _ in 0..YIELDS_MAX {
            if !self.is_rooms_turn() {
                break;
            }
            std::thread::yield_now();
        }
    }

    fn remove(&mut self, index: usize) {
        let Slot { conn, seat, coming, .. } = &mut self.slots[index];
        // Whoever may come back keeps its place, or an address could fill the room with
        // players who are not there.
        let place = conn.take().map(|(_, place)| place);
        if let Some(seat) = seat {
            seat.place = place;
        } else if let Some(coming) = coming {
            coming.place = place;
        }
        self.tally.gone();
        self.free_if_empty(index);
    }

    /// Gives a place away again that something has just gone from, if it was the last.
    pub(super) fn free_if_empty(&mut self, index: usize) {
        if self.slots[index].is_empty() {
            self.slots[index].room = None;
            self.free.push(index);
        }
    }

    fn close_for_restart(&mut self) {
        let now = self.now();
        for (conn, _) in self.slots.iter_mut().filter_map(|slot| slot.conn.as_mut()) {
            conn.close_for_restart(now, &self.tally);
        }
    }

    /// Tells everybody that the server stops; from then on closes those whose turn it is.
    fn drain_some(&mut self) {
        let (now, ms) = (self.clock.now(), self.now());
        let Some(drain) = &mut self.drain else {
            self.drain = Some(Drain::new(now, self.tally.open(), u64::from(self.index)));
            let notice = Bytes::from(encode(&Event::Notice { text: RESTART_NOTICE.to_owned() }));
            for slot in &mut self.slots {
                slot.post(ms, &self.tally, notice.clone());
            }
            return;
        };
        for (conn, _) in self.slots.iter_mut().filter_map(|slot| slot.conn.as_mut()) {
            if !conn.is_open() {
                continue;
            }
            let Some(retry_after_ms) = drain.next(now) else { break };
            conn.close(ms, &self.tally, CloseCode::Restart, None, retry_after_ms);
        }
    }

    /// Gives peers their time to answer a close.
    fn drain_closing(&mut self, runtime: &Runtime) {
        let end = Instant::now() + Duration::from_millis(CLOSING_MS);
        while Instant::now() < end && self.slots.iter().any(|slot| slot.conn.is_some()) {
            turn(runtime);
            self.read_all();
            std::thread::sleep(CLOSING_READ);
        }
    }
}

/// The next of the moments that divide the time before a deadline.
fn read_before(beat: Beat, now: Instant) -> Instant {
    let period = beat.rhythm.period;
    let margin = READ_MARGIN.max(period / 8);
    let last = beat.next_deadline.checked_sub(margin).unwrap_or(now);
    let part = period / READS_PER_TICK;
    (0..READS_PER_TICK)
        .rev()
        .filter_map(|back| last.checked_sub(part * back))
        .find(|&moment| moment > now)
        // The tick is about to be published, which wakes us; this is the fallback.
        .unwrap_or_else(|| (last + part).max(now + part))
}

/// The slot of a connection, as long as anything of it is there.
pub(super) fn find(slots: &mut [Slot], conn: ConnId) -> Option<(usize, &mut Slot)> {
    let index = (conn.serial & 0xFFFF_FFFF) as usize;
    let slot = slots.get_mut(index).filter(|slot| slot.generation == conn.serial >> 32)?;
    Some((index, slot))
}

/// Time that the calling thread was on a core, where the system tells.
fn own_time() -> Option<Duration> {
    #[cfg(any(target_os = "linux", target_os = "android", target_os = "macos"))]
    {
        use nix::time::{ClockId, clock_gettime};
        clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).ok().map(Duration::from)
    }
    #[cfg(not(any(target_os = "linux", target_os = "android", target_os = "macos")))]
    None
}

/// Takes in what the sockets have to tell, without waiting.
fn turn(runtime: &Runtime) {
    runtime.block_on(tokio::task::yield_now());
}

#[cfg(test)]
mod tests;
