//! Where rooms and the hub meet: bounded channels on which nobody waits. A room is the
//! courier of its players: what they ask goes through it, and so does every answer, so that
//! a session has one source of ordered messages wherever its connection is.

use std::cell::RefCell;

use bytes::Bytes;
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded, never};
use throng_shared::ids::NetId;
use throng_shared::limits::{HUB_DELIVERIES_A_TICK, HUB_DELIVERIES_MAX, HUB_WORDS_MAX};
use throng_shared::session::CloseCode;
use throng_shared::wire::Ask;
use tokio::sync::mpsc;

use crate::link::{RoomId, Visitor};

/// What a room is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoomInfo {
    pub name: String,
    pub players_max: u16,
    pub tick_hz: u8,
    /// In tiles.
    pub width: u16,
    pub height: u16,
    /// Told of to nobody outside.
    pub is_private: bool,
}

/// The most shards that somebody held at once in a life, and its kills then.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Peak {
    pub shards: u32,
    pub kills: u32,
}

/// A player in the standings of a room: what it has now, and its peak of this life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    pub you: NetId,
    pub shards: u32,
    pub kills: u32,
    pub peak: Peak,
}

/// What a room tells the hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    Opened(RoomInfo),
    Closed,
    Joined {
        you: NetId,
        name: String,
        who: Visitor,
        spectator: bool,
    },
    /// With the peak of the life that ends so.
    Left {
        you: NetId,
        peak: Peak,
    },
    /// A player's connection is lost, or there again.
    Linked {
        you: NetId,
        dead: bool,
    },
    /// What a player is told piles up on its link, or does so no more.
    Lags {
        you: NetId,
        lags: bool,
    },
    Died {
        who: NetId,
        by: NetId,
        peak: Peak,
    },
    Crown {
        holder: Option<NetId>,
    },
    /// Once a second, best first.
    Standings(Vec<Standing>),
    /// To be answered exactly once.
    Asked {
        you: NetId,
        call: u32,
        ask: Ask,
    },
    /// Once a second: the longest work of a tick since the last one, and late ticks since
    /// the room began.
    Pulse {
        players: u16,
        spectators: u16,
        work_us: u32,
        late_ticks: u32,
    },
}

/// What a room is to hand to its players: encoded ordered messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    Event {
        you: NetId,
        message: Bytes,
    },
    /// The same, and the answer to a call.
    Answer {
        you: NetId,
        call: u32,
        message: Bytes,
    },
    Broadcast {
        message: Bytes,
    },
    /// The player has to go, and its session with it.
    Expel {
        you: NetId,
        code: CloseCode,
        reason: String,
    },
}

/// Why nobody listens to a stream of topics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unheard {
    /// These are the topics that there are.
    Unknown { topic: String, topics: Vec<String> },
    /// Too many are asked for at once, or none.
    Count,
    /// Too many listen, or the server stops.
    Busy,
}

/// Somebody who wants to hear topics without playing.
#[derive(Debug)]
pub(super) struct Listening {
    pub(super) topics: Vec<String>,
    /// The id of the last event that it had.
    pub(super) last: Option<String>,
    pub(super) begun: mpsc::Sender<Result<mpsc::Receiver<Bytes>, Unheard>>,
}

/// What the thread of the hub hears.
#[derive(Debug)]
pub(super) enum Word {
    Room(RoomId, Sender<Delivery>),
    Told(RoomId, Report),
    Listen(Listening),
    Restart { at_s: u32 },
}

/// Everybody's way to the hub.
#[derive(Clone, Debug)]
pub struct HubDesk {
    pub(super) words: Sender<Word>,
}

impl HubDesk {
    pub(super) fn new() -> (Self, Receiver<Word>) {
        let (words, heard) = bounded(HUB_WORDS_MAX);
        (Self { words }, heard)
    }

    /// A port for a room that is about to open.
    #[must_use]
    pub fn port(&self, room: RoomId) -> HubPort {
        let (outlet, deliveries) = bounded(HUB_DELIVERIES_MAX);
        let unsaid = RefCell::new(Some(outlet));
        HubPort { hub: Some((room, self.words.clone())), unsaid, deliveries }
    }

    /// The server stops, and may be there again at that second of Unix time.
    pub fn restart(&self, at_s: u32) {
        drop(self.words.try_send(Word::Restart { at_s }));
    }

    /// Listens to topics from behind the event of that id on.
    ///
    /// # Errors
    /// When there is no such topic, or no place.
    pub async fn listen(
        &self,
        topics: Vec<String>,
        last: Option<String>,
    ) -> Result<mpsc::Receiver<Bytes>, Unheard> {
        let (begun, mut answer) = mpsc::channel(1);
        let listening = Listening { topics, last, begun };
        self.words.try_send(Word::Listen(listening)).map_err(|_| Unheard::Busy)?;
        answer.recv().await.unwrap_or(Err(Unheard::Busy))
    }
}

/// Why a report was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Untold {
    /// There is no hub.
    Nobody,
    /// It has too much to do; the report may be tried again.
    Full(Report),
}

/// A room's way to the hub. When it goes, the room is closed.
#[derive(Debug)]
pub struct HubPort {
    hub: Option<(RoomId, Sender<Word>)>,
    /// The way back, until the hub has taken it: it goes before the first report.
    unsaid: RefCell<Option<Sender<Delivery>>>,
    deliveries: Receiver<Delivery>,
}

impl HubPort {
    /// For a room without a hub: what is asked there is not allowed.
    #[must_use]
    pub fn none() -> Self {
        Self { hub: None, unsaid: RefCell::new(None), deliveries: never() }
    }

    /// Whether there is a hub.
    #[must_use]
    pub fn is_some(&self) -> bool {
        self.hub.is_some()
    }

    /// Tells the hub something.
    ///
    /// # Errors
    /// When there is none, or it takes nothing just now.
    pub fn tell(&self, report: Report) -> Result<(), Untold> {
        let Some((room, words)) = &self.hub else { return Err(Untold::Nobody) };
        if let Some(outlet) = self.unsaid.take() {
            match words.try_send(Word::Room(*room, outlet)) {
                Ok(()) => {}
                Err(TrySendError::Full(Word::Room(_, outlet))) => {
                    self.unsaid.replace(Some(outlet));
                    return Err(Untold::Full(report));
                }
                Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                    return Err(Untold::Nobody);
                }
            }
        }
        words.try_send(Word::Told(*room, report)).map_err(|error| match error {
            TrySendError::Full(Word::Told(_, report)) => Untold::Full(report),
            TrySendError::Full(_) | TrySendError::Disconnected(_) => Untold::Nobody,
        })
    }

    /// What there is to deliver in this tick.
    pub fn take(&self) -> impl Iterator<Item = Delivery> + '_ {
        self.deliveries.try_iter().take(HUB_DELIVERIES_A_TICK)
    }
}

impl Drop for HubPort {
    fn drop(&mut self) {
        drop(self.tell(Report::Closed));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_that_opens_while_the_hub_is_busy_is_heard_later() {
        let (desk, heard) = HubDesk::new();
        while desk.words.try_send(Word::Restart { at_s: 1 }).is_ok() {}
        let room = RoomId { place: 1, number: 1 };
        let port = desk.port(room);
        let opened = || Report::Opened(RoomInfo::default());
        assert_eq!(port.tell(opened()), Err(Untold::Full(opened())));
        heard.try_iter().for_each(drop);
        assert_eq!(port.tell(opened()), Ok(()));
        let Ok(Word::Room(of, outlet)) = heard.try_recv() else { panic!("the way back is first") };
        assert_eq!(of, room);
        assert!(matches!(heard.try_recv(), Ok(Word::Told(_, Report::Opened(_)))));
        outlet.try_send(Delivery::Broadcast { message: Bytes::new() }).expect("there is place");
        assert_eq!(port.take().count(), 1);
    }
}
