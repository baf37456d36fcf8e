//! Where network threads and rooms meet: bounded channels, and a directory of who is there.
//!
//! The network never waits for a room and no room ever waits for the network:
//! every send is a try. Control messages fit because each connection has a credit;
//! inputs are coalesced before they come here.

mod directory;
mod gauge;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TrySendError, bounded};
use throng_shared::ids::{NetId, Tick};
use throng_shared::limits::{
    INPUT_BATCHES_MAX, INPUTS_WAITING_MAX, LINK_PLACES, PUBLISHED_MAX, ROOM_MAIL_MAX,
};
use throng_shared::session::{CloseCode, Name};
use throng_shared::wire::{Ask, Input};

pub use self::directory::{Directory, Listing, NoRoom, Roster, Taken};
pub use self::gauge::{Gauge, RoomGauge, Step, ThreadLoad};
use crate::identity::PlayerId;
use crate::replication::TickFrame;

/// A connection, for as long as the process lives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnId {
    /// Network thread that owns it.
    pub thread: u16,
    /// Unique within the thread.
    pub serial: u64,
}

/// Who somebody is beyond this connection, and what it may do. The default is a guest whom
/// nobody knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Visitor {
    pub player: PlayerId,
    pub operator: bool,
}

/// A room, for as long as the process lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RoomId {
    /// Its place among those that are open, below `ROOMS_MAX`.
    pub place: u16,
    /// Which room it is, among those that had this place.
    pub number: u32,
}

/// What a connection asks of a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Control {
    Join {
        conn: ConnId,
        name: Name,
        look: u8,
        who: Visitor,
        /// To look on, without a glider.
        watch: bool,
        /// Whether it is a house bot.
        house: bool,
    },
    Leave {
        conn: ConnId,
    },
    /// The same for one who goes to another room, and is told when all was said.
    Depart {
        conn: ConnId,
    },
    /// The connection is lost; the session waits for another one.
    Detach {
        conn: ConnId,
    },
    /// What is told to the connection piles up, or does so no more.
    Lag {
        conn: ConnId,
        lags: bool,
    },
    /// The session goes on at another connection.
    Rebind {
        from: ConnId,
        to: ConnId,
    },
    /// To be answered.
    Ask {
        conn: ConnId,
        call: u32,
        ask: Ask,
    },
}

/// An input of one player, and how early it came, in 1/16 tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InputNote {
    pub conn: ConnId,
    pub you: NetId,
    pub input: Input,
    pub early: i16,
}

/// What a room says to one connection, or to all that play, in their order: whatever comes
/// behind `Moved` concerns the session's new connection.
#[derive(Clone, Debug)]
pub enum Mail {
    /// The player is in, or in again: the parts of the Welcome to send, and the tick that it
    /// tells.
    Joined { conn: ConnId, you: NetId, tick: Tick, welcome: [Bytes; 2] },
    /// The player is not let in.
    Refused { conn: ConnId, code: CloseCode, reason: &'static str, retry_after_ms: u32 },
    /// The last word to a connection whose session goes on at another one.
    Moved { conn: ConnId, to: ConnId },
    /// The last word to a connection that goes to another room.
    Departed { conn: ConnId },
    /// An encoded ordered message.
    Event { conn: ConnId, message: Bytes },
    /// The same, which tells a spectator that it sees another glider from now on.
    Watch { conn: ConnId, who: NetId, message: Bytes },
    /// The same, and a call less that waits for its answer. Whether something was wrong in it,
    /// which counts against the session.
    Answer { conn: ConnId, call: u32, is_fault: bool, message: Bytes },
    /// The player has to go, and its session with it.
    Expel { conn: ConnId, code: CloseCode, reason: String },
    /// An encoded ordered message for everybody who plays.
    Broadcast { message: Bytes },
}

/// A tick on its way to a network thread.
#[derive(Clone, Debug)]
pub struct Publication {
    pub room: RoomId,
    pub frame: Arc<TickFrame>,
    pub mail: Vec<Mail>,
    /// When the next tick is due.
    pub next_deadline: Instant,
    pub period: Duration,
    pub following: Following,
    /// What is given up just now.
    pub step: Step,
}

/// When the next publication comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Following {
    /// With this one: the room is catching up, and only the last is worth writing.
    AtOnce,
    /// At its deadline.
    Later,
}

/// What became of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Open,
    /// It was closed: nobody was there.
    Closed,
    Crashed,
}

/// A room's fate, which both ends see.
#[derive(Clone, Debug, Default)]
struct Sign(Arc<AtomicU8>);

impl Sign {
    fn read(&self) -> Fate {
        match self.0.load(Ordering::Acquire) {
            0 => Fate::Open,
            1 => Fate::Closed,
            _ => Fate::Crashed,
        }
    }

    /// Ends the room, if it has not ended.
    fn end(&self, fate: Fate) {
        let fate = match fate {
            Fate::Open => return,
            Fate::Closed => 1,
            Fate::Crashed => 2,
        };
        // The first to end it says why.
        let _ = self.0.compare_exchange(0, fate, Ordering::AcqRel, Ordering::Acquire);
    }
}

/// Where a network thread hears of all rooms.
#[derive(Debug)]
pub struct Inbox {
    thread: u16,
    gauge: Arc<Gauge>,
    published: Receiver<Publication>,
}

impl Inbox {
    /// Which thread it is.
    #[must_use]
    pub fn thread(&self) -> u16 {
        self.thread
    }

    /// Tells everybody what this thread does with its time.
    pub fn tell(&self, load: ThreadLoad) {
        self.gauge.tell(self.thread, load);
    }

    /// Waits for the next tick that a room publishes, until `deadline` at most.
    #[must_use]
    pub fn published(&self, deadline: Instant) -> Option<Publication> {
        match self.published.recv_deadline(deadline) {
            Ok(publication) => Some(publication),
            Err(RecvTimeoutError::Timeout) => None,
            // Nobody can open a room any more: there is nothing to wait for but time.
            Err(RecvTimeoutError::Disconnected) => {
                std::thread::sleep(deadline.saturating_duration_since(Instant::now()));
                None
            }
        }
    }

    /// Whether the server lets everybody go.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.gauge.is_draining()
    }

    /// Whether a published tick waits.
    #[must_use]
    pub fn has_published(&self) -> bool {
        !self.published.is_empty()
    }
}

/// A network thread's way to one room.
#[derive(Clone, Debug)]
pub struct RoomPort {
    id: RoomId,
    control: Sender<Control>,
    inputs: Sender<Vec<InputNote>>,
    spares: Receiver<Vec<InputNote>>,
    /// Ticks that wait for the thread.
    waiting: Arc<AtomicUsize>,
    sign: Sign,
}

/// Why the room did not take a control message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Untaken {
    Gone,
    /// It stands still; the message may be tried again.
    Full(Control),
}

impl RoomPort {
    #[must_use]
    pub fn id(&self) -> RoomId {
        self.id
    }

    /// What became of the room.
    #[must_use]
    pub fn fate(&self) -> Fate {
        self.sign.read()
    }

    /// A tick of this room was taken from the inbox.
    pub fn note_taken(&self) {
        self.waiting.fetch_sub(1, Ordering::AcqRel);
    }

    /// Asks for something, within the connection's credit.
    ///
    /// # Errors
    /// When the room is gone, or takes nothing just now.
    pub fn control(&self, control: Control) -> Result<(), Untaken> {
        self.control.try_send(control).map_err(|error| match error {
            TrySendError::Full(control) => Untaken::Full(control),
            TrySendError::Disconnected(_) => Untaken::Gone,
        })
    }

    /// Hands over a batch and leaves an empty one in its place. When the room has
    /// no place for it, the batch stays for the next try; one that has grown too long
    /// by then is of no use to anybody.
    pub fn inputs(&self, batch: &mut Vec<InputNote>) {
        if batch.is_empty() {
            return;
        }
        let spare = self.spares.try_recv().unwrap_or_default();
        let full = std::mem::replace(batch, spare);
        if let Err(TrySendError::Full(full) | TrySendError::Disconnected(full)) =
            self.inputs.try_send(full)
        {
            *batch = full;
            if batch.len() >= INPUTS_WAITING_MAX {
                batch.clear();
            }
        }
    }
}

/// The room's way to one network thread.
#[derive(Debug)]
struct Outlet {
    published: Sender<Publication>,
    /// Ticks of this room that wait there, `PUBLISHED_MAX` at most.
    waiting: Arc<AtomicUsize>,
    /// Mail that waits for the next publication.
    mail: Vec<Mail>,
}

/// The room's end. When it is dropped without having been closed, the room has crashed.
#[derive(Debug)]
pub struct RoomLink {
    id: RoomId,
    control: Receiver<Control>,
    inputs: Receiver<Vec<InputNote>>,
    spares: Sender<Vec<InputNote>>,
    outlets: Vec<Outlet>,
    gauge: Arc<Gauge>,
    sign: Sign,
    stalled: Arc<AtomicBool>,
    mail_dropped: u64,
}

impl Drop for RoomLink {
    fn drop(&mut self) {
        self.sign.end(Fate::Crashed);
        self.gauge.room(self.id.place).set_open(false);
    }
}

impl RoomLink {
    /// A link of a new room to the inboxes of all network threads, with so many places for
    /// what is asked of it; and a port for each of them.
    fn new(
        id: RoomId,
        inboxes: &[Sender<Publication>],
        places: usize,
        gauge: Arc<Gauge>,
    ) -> (Self, Vec<RoomPort>) {
        let (control_tx, control) = bounded(places);
        let (inputs_tx, inputs) = bounded(INPUT_BATCHES_MAX);
        let (spares, spares_rx) = bounded(INPUT_BATCHES_MAX);
        let sign = Sign::default();
        gauge.room(id.place).set_open(true);
        let (ports, outlets) = inboxes
            .iter()
            .map(|published| {
                let waiting = Arc::<AtomicUsize>::default();
                let port = RoomPort {
                    id,
                    control: control_tx.clone(),
                    inputs: inputs_tx.clone(),
                    spares: spares_rx.clone(),
                    waiting: Arc::clone(&waiting),
                    sign: sign.clone(),
                };
                (port, Outlet { published: published.clone(), waiting, mail: Vec::new() })
            })
            .unzip();
        let stalled = Arc::default();
        let link =
            Self { id, control, inputs, spares, outlets, gauge, sign, stalled, mail_dropped: 0 };
        (link, ports)
    }

    #[must_use]
    pub fn id(&self) -> RoomId {
        self.id
    }

    /// The board on which everybody tells of the load.
    #[must_use]
    pub fn gauge(&self) -> &Arc<Gauge> {
        &self.gauge
    }

    /// The room's own place on it.
    #[must_use]
    pub fn room_gauge(&self) -> &RoomGauge {
        self.gauge.room(self.id.place)
    }

    /// What became of the room.
    #[must_use]
    pub fn fate(&self) -> Fate {
        self.sign.read()
    }

    /// Whether the room stands still, which whoever runs it tells.
    #[must_use]
    pub fn stalled(&self) -> &Arc<AtomicBool> {
        &self.stalled
    }

    /// Takes the control messages that wait, up to so many joins, then all inputs.
    pub fn drain(
        &self,
        joins_max: usize,
        mut on_control: impl FnMut(Control),
        mut on_input: impl FnMut(&InputNote),
    ) {
        let mut joins = 0;
        // Bounded by what the channels hold, so a flood cannot keep the room here.
        let places = self.control.capacity().unwrap_or(LINK_PLACES);
        for control in self.control.try_iter().take(places) {
            joins += usize::from(matches!(control, Control::Join { .. } | Control::Rebind { .. }));
            on_control(control);
            // What is behind it waits, leaves too: a connection's messages stay in order.
            if joins >= joins_max {
                break;
            }
        }
        for mut batch in self.inputs.try_iter().take(INPUT_BATCHES_MAX) {
            batch.iter().for_each(&mut on_input);
            batch.clear();
            // A full spare box means that enough are around.
            drop(self.spares.try_send(batch));
        }
    }

    /// Queues mail for one connection's thread, unless there is too much already. Answers
    /// always find a place: connections have a credit of what they may ask.
    pub fn post(&mut self, thread: u16, mail: Mail) -> bool {
        let Some(outlet) = self.outlets.get_mut(usize::from(thread)) else { return false };
        let is_answer = match mail {
            Mail::Joined { .. }
            | Mail::Refused { .. }
            | Mail::Moved { .. }
            | Mail::Departed { .. }
            | Mail::Answer { .. }
            | Mail::Expel { .. } => true,
            Mail::Event { .. } | Mail::Watch { .. } | Mail::Broadcast { .. } => false,
        };
        let has_place = is_answer || outlet.mail.len() < ROOM_MAIL_MAX;
        if has_place {
            outlet.mail.push(mail);
        } else {
            self.mail_dropped += 1;
        }
        has_place
    }

    /// Queues a message for everybody who plays.
    pub fn broadcast(&mut self, message: &Bytes) {
        for thread in 0..self.outlets.len() {
            self.post(thread as u16, Mail::Broadcast { message: message.clone() });
        }
    }

    /// Hands a tick to every network thread. A thread that has no place left gets its
    /// mail with a later tick, and its clients keyframes.
    pub fn publish(
        &mut self,
        frame: &Arc<TickFrame>,
        next_deadline: Instant,
        period: Duration,
        following: Following,
        step: Step,
    ) {
        for outlet in &mut self.outlets {
            if outlet.waiting.load(Ordering::Acquire) >= PUBLISHED_MAX {
                continue;
            }
            let publication = Publication {
                room: self.id,
                frame: Arc::clone(frame),
                mail: std::mem::take(&mut outlet.mail),
                next_deadline,
                period,
                following,
                step,
            };
            outlet.waiting.fetch_add(1, Ordering::AcqRel);
            if let Err(error) = outlet.published.try_send(publication) {
                outlet.waiting.fetch_sub(1, Ordering::AcqRel);
                outlet.mail = error.into_inner().mail;
            }
        }
    }

    /// Messages that were dropped because a network thread stood still.
    #[must_use]
    pub fn mail_dropped(&self) -> u64 {
        self.mail_dropped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_storm_of_joins_is_taken_a_few_a_tick_and_in_order() {
        let (directory, _inboxes) = Directory::new(1);
        let link = directory.open(Listing::sole("arena")).expect("there is a place");
        let port = directory.port(link.id(), 0).expect("it is open");
        let conn = |serial| ConnId { thread: 0, serial };
        let name = Name::parse("Ada").expect("it is a name");
        for serial in 0..5 {
            let (name, who) = (name.clone(), Visitor::default());
            let (watch, house) = (false, false);
            let join = Control::Join { conn: conn(serial), name, look: 0, who, watch, house };
            assert_eq!(port.control(join), Ok(()));
        }
        assert_eq!(port.control(Control::Leave { conn: conn(0) }), Ok(()));
        let mut ticks = Vec::new();
        for _ in 0..4 {
            let mut taken = Vec::new();
            let take = |control| match control {
                Control::Join { conn, .. } => taken.push((conn.serial, true)),
                Control::Leave { conn } => taken.push((conn.serial, false)),
                Control::Depart { .. }
                | Control::Detach { .. }
                | Control::Lag { .. }
                | Control::Rebind { .. }
                | Control::Ask { .. } => {}
            };
            link.drain(2, take, |_| {});
            ticks.push(taken);
        }
        let joins = |serials: &[u64]| serials.iter().map(|&serial| (serial, true)).collect();
        let last = vec![(4, true), (0, false)];
        assert_eq!(ticks, [joins(&[0, 1]), joins(&[2, 3]), last, Vec::new()]);
    }
}
