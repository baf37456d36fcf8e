//! A network thread: one loop over the connections that it owns.
//!
//! It wakes for each published tick, writes every client's snapshot in one call
//! each, and a few times between two ticks reads what clients sent, the last time
//! just before the next tick drains it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use crossbeam_channel::{Receiver, Sender, bounded};
use throng_shared::ids::Tick;
use throng_shared::limits::{CLOSING_MS, HANDOVER_MAX, NEWBORNS_PER_TURN};
use throng_shared::session::CloseCode;
use throng_shared::time::Millis;
use throng_shared::wire::{Event, encode};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::sync::OwnedSemaphorePermit;

use super::conn::{Beat, Conn, Reading, Scratch};
use super::drain::{self, Drain};
use super::fresh::Fresh;
use super::meter::{Meter, Moment};
use super::pipe::Stream;
use super::tally::Tally;
use crate::link::{ConnId, Control, Following, Mail, Publication, RoomGone, RoomPort, Untaken};
use crate::replication::{History, Rhythm};
use crate::stop::StopSign;

/// Reads between two ticks.
const READS_PER_TICK: u32 = 2;
/// The last read comes this long before the deadline, at least.
const READ_MARGIN: Duration = Duration::from_micros(1500);
/// Time between reads while no room ticks.
const IDLE_READ: Duration = Duration::from_millis(20);
/// Time between reads while connections close.
const CLOSING_READ: Duration = Duration::from_millis(5);
/// Connections read or written between two looks at whether a tick is due.
const CONNS_AT_ONCE: usize = 16;
/// Times in a row that the room is let go first: a scheduler shares the core among those
/// who ask, however often one gives it away.
const YIELDS_MAX: usize = 8;
/// Fewer clients than this may all have slow links.
const MANY: usize = 8;
/// Sockets that may tell something in one turn; others do in the next.
const IO_EVENTS: usize = 4096;

/// An upgraded connection.
#[derive(Debug)]
pub struct Newborn {
    pub fresh: Fresh,
    /// What the client sent behind its handshake.
    pub leftover: Vec<u8>,
    /// Its place among the connections of the process.
    pub permit: OwnedSemaphorePermit,
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

/// A place for a connection, and which one it had.
#[derive(Debug, Default)]
struct Slot {
    generation: u64,
    conn: Option<(Conn, OwnedSemaphorePermit)>,
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
    index: u16,
    clock: Clock,
    next_read: Instant,
    port: RoomPort,
    newborns: Receiver<Newborn>,
    tally: Arc<Tally>,
    origin: Instant,
    slots: Vec<Slot>,
    free: Vec<usize>,
    inputs: Vec<crate::link::InputNote>,
    history: History,
    beat: Option<Beat>,
    /// Whether more than half of the clients wait, so that it is not for their links.
    many_wait: bool,
    /// The tick that was written last.
    written: Option<Tick>,
    /// Since the server lets everybody go.
    drain: Option<Drain>,
    meter: Meter,
    /// Time not on a core, as far as the thread knows.
    waited: Duration,
    scratch: Scratch,
    /// Connections that are gone, of which the room has not been told.
    leaving: Vec<ConnId>,
}

impl NetThread {
    /// The `index`-th network thread at its end of the link.
    #[must_use]
    pub fn new(index: u16, port: RoomPort, tally: Arc<Tally>) -> (Self, Handover) {
        let (newborns_tx, newborns) = bounded(HANDOVER_MAX);
        let origin = Instant::now();
        let thread = Self {
            index,
            clock: Clock::System,
            next_read: origin + IDLE_READ,
            port,
            newborns,
            tally,
            origin,
            slots: Vec::new(),
            free: Vec::new(),
            inputs: Vec::new(),
            history: History::default(),
            beat: None,
            many_wait: false,
            written: None,
            drain: None,
            meter: Meter::new(Moment { wall: origin, spent: Duration::ZERO }),
            waited: Duration::ZERO,
            scratch: Scratch::default(),
            leaving: Vec::new(),
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
            if self.take_turn(published).is_err() {
                break;
            }
        }
        if stop.is_raised() {
            self.close_for_restart();
        }
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
    ///
    /// # Errors
    /// When the room is gone.
    pub fn turn(&mut self, now: Instant) -> Result<Instant, RoomGone> {
        self.clock = Clock::Told(now);
        loop {
            let published = self.wait(now);
            self.take_turn(published)?;
            if !self.port.has_published() {
                return Ok(self.next_read);
            }
        }
    }

    fn take_turn(
        &mut self,
        published: Result<Option<Publication>, RoomGone>,
    ) -> Result<(), RoomGone> {
        self.take_newborns();
        match published {
            Ok(Some(publication)) => self.take_publications(publication),
            Ok(None) => {}
            Err(RoomGone) => {
                self.close_all(CloseCode::RoomCrashed);
                return Err(RoomGone);
            }
        }
        if self.port.is_draining() {
            self.drain_some();
        }
        // Also after writes that took longer than the time to the next read.
        if self.clock.now() >= self.next_read {
            self.read_all();
            self.next_read = self.next_read(self.clock.now());
        }
        Ok(())
    }

    /// Waits for a published tick, until `deadline` at most. A simulation has published
    /// what there is.
    fn wait(&mut self, deadline: Instant) -> Result<Option<Publication>, RoomGone> {
        let began = Instant::now();
        let published = match self.clock {
            Clock::System => self.port.published(deadline),
            Clock::Told(_) => self.port.published(began),
        };
        self.waited += began.elapsed();
        published
    }

    /// This moment, also in this thread's own time.
    fn moment(&self) -> Moment {
        let wall = self.clock.now();
        let awake = wall.saturating_duration_since(self.origin).saturating_sub(self.waited);
        Moment { wall, spent: own_time().unwrap_or(awake) }
    }

    fn now(&self) -> Millis {
        let elapsed = self.clock.now().saturating_duration_since(self.origin);
        Millis(u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX))
    }

    /// The next of the moments that divide the time before the deadline.
    fn next_read(&self, now: Instant) -> Instant {
        let Some(beat) = self.beat else { return now + IDLE_READ };
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

    fn take_newborns(&mut self) {
        let now = self.now();
        // The others wait for the next turn: ticks must not wait for newcomers.
        for _ in 0..NEWBORNS_PER_TURN {
            let Ok(newborn) = self.newborns.try_recv() else { break };
            let stream = match newborn.fresh {
                Fresh::Memory(stream) => Stream::Memory(stream),
                Fresh::Tcp(stream) => match TcpStream::from_std(stream) {
                    Ok(stream) => Stream::Tcp(stream),
                    Err(error) => {
                        tracing::warn!("A connection could not be taken over: {error}.");
                        continue;
                    }
                },
            };
            let index = self.free.pop().unwrap_or_else(|| {
                self.slots.push(Slot::default());
                self.slots.len() - 1
            });
            let slot = &mut self.slots[index];
            slot.generation += 1;
            let id = ConnId { thread: self.index, serial: slot.generation << 32 | index as u64 };
            slot.conn = Some((Conn::new(id, stream, newborn.leftover, now), newborn.permit));
            self.tally.opened();
        }
    }

    fn read_all(&mut self) {
        let now = self.now();
        let instant = self.clock.now();
        let mut work = 0;
        for index in 0..self.slots.len() {
            if !self.slots[index].conn.as_ref().is_some_and(|(conn, _)| conn.has_news()) {
                continue;
            }
            work += 1;
            if work % CONNS_AT_ONCE == 0 && self.is_rooms_turn() {
                self.port.inputs(&mut self.inputs);
                self.give_way();
            }
            let Some((conn, _)) = &mut self.slots[index].conn else { continue };
            conn.read(&mut Reading {
                now,
                instant,
                beat: self.beat,
                many_wait: self.many_wait,
                port: &self.port,
                inputs: &mut self.inputs,
                tally: &self.tally,
            });
            if conn.is_gone() {
                self.remove(index);
            }
        }
        self.port.inputs(&mut self.inputs);
        let Self { leaving, port, .. } = self;
        // A leave that finds no place is said again at the next turn.
        leaving
            .retain(|&conn| matches!(port.control(Control::Leave { conn }), Err(Untaken::Full(_))));
    }

    /// Whether the room has its next tick to run: where both share a core, it has to go
    /// first, so that ticks are on time however many there are to write to.
    fn is_rooms_turn(&self) -> bool {
        self.beat.is_some_and(|beat| self.clock.now() >= beat.next_deadline)
            && !self.port.has_published()
    }

    /// Lets the room go first, if it is its turn.
    fn give_way(&self) {
        for _ in 0..YIELDS_MAX {
            if !self.is_rooms_turn() {
                break;
            }
            std::thread::yield_now();
        }
    }

    fn remove(&mut self, index: usize) {
        let slot = &mut self.slots[index];
        let Some((conn, _)) = slot.conn.take() else { return };
        let id = ConnId { thread: self.index, serial: slot.generation << 32 | index as u64 };
        if conn.has_joined() {
            self.leaving.push(id);
        }
        self.free.push(index);
        self.tally.gone();
    }

    /// Takes every published tick, delivers its mail, and writes the newest to all.
    fn take_publications(&mut self, first: Publication) {
        let mut next = Some(first);
        while let Some(publication) = next {
            let Publication { frame, mail, next_deadline, period, following, step } = publication;
            let next_tick = frame.tick().next();
            let rhythm = Rhythm { period, ticks: step.rhythm() };
            let beat = Beat { next_tick, next_deadline, rhythm };
            self.beat = Some(beat);
            self.history.push(frame);
            for mail in mail {
                self.deliver(mail);
            }
            let wait = match following {
                Following::AtOnce => period,
                Following::Later => Duration::ZERO,
            };
            // A room that is gone is found at the next turn.
            next = self.wait(self.clock.now() + wait).unwrap_or_default();
            if next.is_none() {
                self.write_all(beat);
            }
        }
    }

    fn deliver(&mut self, mail: Mail) {
        let now = self.now();
        let tally = Arc::clone(&self.tally);
        match mail {
            Mail::Joined { conn, you, tick, welcome } => {
                if let Some(conn) = self.conn(conn) {
                    conn.welcome(you, tick, welcome);
                }
            }
            Mail::Refused { conn, code, reason, retry_after_ms } => {
                if let Some(conn) = self.conn(conn) {
                    conn.turn_away(now, &tally, (code, reason, retry_after_ms));
                }
            }
            Mail::Event { conn, message } => {
                if let Some(conn) = self.conn(conn) {
                    conn.post(now, &tally, message);
                }
            }
            Mail::Broadcast { message } => {
                for (conn, _) in self.slots.iter_mut().filter_map(|slot| slot.conn.as_mut()) {
                    conn.post(now, &tally, message.clone());
                }
            }
        }
    }

    fn conn(&mut self, id: ConnId) -> Option<&mut Conn> {
        let slot = self.slots.get_mut((id.serial & 0xFFFF_FFFF) as usize)?;
        (slot.generation == id.serial >> 32).then_some(())?;
        slot.conn.as_mut().map(|(conn, _)| conn)
    }

    /// Writes the newest tick to all whose turn it is, which at the first steps of the
    /// ladder is everybody's.
    fn write_all(&mut self, beat: Beat) {
        let began = self.moment();
        let now = self.now();
        let Beat { next_tick, next_deadline, rhythm } = beat;
        let tick = next_tick.offset(-1);
        // Turns of ticks that were not written are not lost.
        let fresh = self.written.map_or(i32::MAX, |written| tick.since(written));
        self.written = Some(tick);
        let (mut playing, mut waiting) = (0, 0);
        for index in 0..self.slots.len() {
            if index % CONNS_AT_ONCE == 0 {
                self.give_way();
            }
            let Some((conn, _)) = &mut self.slots[index].conn else { continue };
            if let Some(is_suspect) = conn.is_suspect() {
                playing += 1;
                waiting += usize::from(is_suspect);
            }
            let since_turn = (tick.0.wrapping_add(index as u32) % rhythm.ticks).cast_signed();
            if since_turn < fresh {
                conn.write(now, &self.history, rhythm, &self.tally, &mut self.scratch);
            }
        }
        self.many_wait = playing >= MANY && waiting > playing / 2;
        let (bytes_in, bytes_out) = self.scratch.take_counts();
        self.tally.moved(bytes_in, bytes_out);
        let deadline = next_deadline.checked_sub(rhythm.period).unwrap_or(next_deadline);
        self.port.tell(self.meter.wrote(began, self.moment(), deadline, rhythm.period));
    }

    fn close_all(&mut self, code: CloseCode) {
        let now = self.now();
        for (conn, _) in self.slots.iter_mut().filter_map(|slot| slot.conn.as_mut()) {
            conn.close(now, &self.tally, code, None, 0);
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
            let notice = Bytes::from(encode(&Event::Notice { text: drain::NOTICE.to_owned() }));
            for (conn, _) in self.slots.iter_mut().filter_map(|slot| slot.conn.as_mut()) {
                conn.post(ms, &self.tally, notice.clone());
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
