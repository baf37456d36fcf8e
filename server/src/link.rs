//! Where network threads and a room meet: bounded channels, and nothing else.
//!
//! The network never waits for the room and the room never waits for the network:
//! every send is a try. Control messages fit because each connection has a credit;
//! inputs are coalesced before they come here.

mod gauge;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TrySendError, bounded};
use throng_shared::ids::{NetId, Tick};
use throng_shared::limits::{
    INPUT_BATCHES_MAX, INPUTS_WAITING_MAX, LINK_PLACES, PUBLISHED_MAX, ROOM_MAIL_MAX,
};
use throng_shared::session::{CloseCode, Name};
use throng_shared::wire::{Ask, Input};

pub use self::gauge::{Gauge, Step, ThreadLoad};
use crate::identity::PlayerId;
use crate::replication::TickFrame;

/// A connection, for as long as the process lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
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
    },
    Leave {
        conn: ConnId,
    },
    /// The connection is lost; the session waits for another one.
    Detach {
        conn: ConnId,
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
    /// An encoded ordered message.
    Event { conn: ConnId, message: Bytes },
    /// The same, and a call less that waits for its answer.
    Answer { conn: ConnId, message: Bytes },
    /// The player has to go, and its session with it.
    Expel { conn: ConnId, code: CloseCode, reason: String },
    /// An encoded ordered message for everybody who plays.
    Broadcast { message: Bytes },
}

/// A tick on its way to a network thread.
#[derive(Clone, Debug)]
pub struct Publication {
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

/// The network's end: one for each network thread.
#[derive(Debug)]
pub struct RoomPort {
    thread: u16,
    gauge: Arc<Gauge>,
    control: Sender<Control>,
    inputs: Sender<Vec<InputNote>>,
    spares: Receiver<Vec<InputNote>>,
    published: Receiver<Publication>,
}

/// The room is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoomGone;

/// Why the room did not take a control message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Untaken {
    Gone,
    /// It stands still; the message may be tried again.
    Full(Control),
}

impl RoomPort {
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

    /// Tells the room what this thread does with its time.
    pub fn tell(&self, load: ThreadLoad) {
        self.gauge.tell(self.thread, load);
    }

    /// Waits for the next published tick, until `deadline` at most.
    ///
    /// # Errors
    /// When the room is gone.
    pub fn published(&self, deadline: Instant) -> Result<Option<Publication>, RoomGone> {
        match self.published.recv_deadline(deadline) {
            Ok(publication) => Ok(Some(publication)),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(RoomGone),
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

/// The room's way to one network thread.
#[derive(Debug)]
struct Outlet {
    published: Sender<Publication>,
    /// Mail that waits for the next publication.
    mail: Vec<Mail>,
}

/// The room's end.
#[derive(Debug)]
pub struct RoomLink {
    control: Receiver<Control>,
    inputs: Receiver<Vec<InputNote>>,
    spares: Sender<Vec<InputNote>>,
    outlets: Vec<Outlet>,
    gauge: Arc<Gauge>,
    mail_dropped: u64,
}

impl RoomLink {
    /// The two ends of a link to `net_threads` network threads.
    #[must_use]
    pub fn new(net_threads: usize) -> (Self, Vec<RoomPort>) {
        let (control_tx, control) = bounded(LINK_PLACES);
        let (inputs_tx, inputs) = bounded(INPUT_BATCHES_MAX);
        let (spares, spares_rx) = bounded(INPUT_BATCHES_MAX);
        let gauge = Arc::new(Gauge::new(net_threads));
        let (ports, outlets) = (0_u16..)
            .take(net_threads)
            .map(|thread| {
                let (published_tx, published) = bounded(PUBLISHED_MAX);
                let port = RoomPort {
                    thread,
                    gauge: Arc::clone(&gauge),
                    control: control_tx.clone(),
                    inputs: inputs_tx.clone(),
                    spares: spares_rx.clone(),
                    published,
                };
                (port, Outlet { published: published_tx, mail: Vec::new() })
            })
            .unzip();
        (Self { control, inputs, spares, outlets, gauge, mail_dropped: 0 }, ports)
    }

    /// The board on which threads tell of their load, and the room of its steps.
    #[must_use]
    pub fn gauge(&self) -> &Arc<Gauge> {
        &self.gauge
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
        for control in self.control.try_iter().take(LINK_PLACES) {
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

    /// Queues mail for one connection's thread. Answers always find a place: connections
    /// have a credit of what they may ask.
    pub fn post(&mut self, thread: u16, mail: Mail) {
        let Some(outlet) = self.outlets.get_mut(usize::from(thread)) else { return };
        let is_answer = match mail {
            Mail::Joined { .. }
            | Mail::Refused { .. }
            | Mail::Moved { .. }
            | Mail::Answer { .. }
            | Mail::Expel { .. } => true,
            Mail::Event { .. } | Mail::Broadcast { .. } => false,
        };
        if is_answer || outlet.mail.len() < ROOM_MAIL_MAX {
            outlet.mail.push(mail);
        } else {
            self.mail_dropped += 1;
        }
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
            let publication = Publication {
                frame: Arc::clone(frame),
                mail: std::mem::take(&mut outlet.mail),
                next_deadline,
                period,
                following,
                step,
            };
            if let Err(TrySendError::Full(unsent)) = outlet.published.try_send(publication) {
                outlet.mail = unsent.mail;
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
        let (link, ports) = RoomLink::new(1);
        let conn = |serial| ConnId { thread: 0, serial };
        let name = Name::parse("Ada").expect("it is a name");
        for serial in 0..5 {
            let (name, who) = (name.clone(), Visitor::default());
            let join = Control::Join { conn: conn(serial), name, look: 0, who, watch: false };
            assert_eq!(ports[0].control(join), Ok(()));
        }
        assert_eq!(ports[0].control(Control::Leave { conn: conn(0) }), Ok(()));
        let mut ticks = Vec::new();
        for _ in 0..4 {
            let mut taken = Vec::new();
            let take = |control| match control {
                Control::Join { conn, .. } => taken.push((conn.serial, true)),
                Control::Leave { conn } => taken.push((conn.serial, false)),
                Control::Detach { .. } | Control::Rebind { .. } | Control::Ask { .. } => {}
            };
            link.drain(2, take, |_| {});
            ticks.push(taken);
        }
        let joins = |serials: &[u64]| serials.iter().map(|&serial| (serial, true)).collect();
        let last = vec![(4, true), (0, false)];
        assert_eq!(ticks, [joins(&[0, 1]), joins(&[2, 3]), last, Vec::new()]);
    }
}
