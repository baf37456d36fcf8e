//! What players ask for and are told beside the game: chat, presence, topics, notifications,
//! and what operators decide. All of it is decided by a plain structure that takes reports
//! and gives deliveries; it knows no clock, thread or connection.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use throng_shared::ids::NetId;
use throng_shared::limits::HUB_OUTBOX_MAX;
use throng_shared::time::Millis;
use throng_shared::wire::{Event, Problem, ServerRow, TopicUpdate, encode};

mod asks;
mod bans;
mod ears;
mod ends;
mod keeper;
mod lines;
mod listeners;
mod members;
mod news;
mod orders;
mod port;
mod publish;
mod scores;
mod slow;
#[cfg(test)]
mod tests;
mod text;
mod thread;
mod topics;

use crate::allowance;
use crate::config::Limits;
use crate::link::RoomId;
pub use keeper::{AuditLine, Keeper, Span};
pub use listeners::ListenerId;
pub use port::{Delivery, HubDesk, HubPort, Peak, Report, RoomInfo, Standing, Unheard, Untold};
pub use thread::HubThread;

use self::listeners::Listener;
use self::members::{Habits, Room};
use self::publish::Places;
use self::topics::Feed;
use crate::identity::PlayerId;

/// This moment, on the hub's own clock and in seconds of Unix time.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    pub ms: Millis,
    pub unix_s: u32,
}

/// What the edge moved since the start.
#[derive(Clone, Copy, Debug, Default)]
pub struct Traffic {
    pub connections: usize,
    pub bytes_in: u64,
    pub bytes_out: u64,
}

/// Takes the words out of a line that others are not to read.
pub type Clean = Box<dyn Fn(&str) -> String + Send>;

/// Why something is not done.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Refused {
    problem: Problem,
    text: String,
    retry_after_ms: u32,
}

impl Refused {
    fn new(problem: Problem, text: impl Into<String>) -> Self {
        Self { problem, text: text.into(), retry_after_ms: 0 }
    }

    fn too_fast(text: &str, retry_after_ms: u32) -> Self {
        Self { problem: Problem::TooFast, text: text.to_owned(), retry_after_ms }
    }
}

/// Whom something stands for that outlasts neither the visit nor, where the player is
/// known, the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Person {
    Player(PlayerId),
    Glider(RoomId, NetId),
}

/// All that is asked for and told.
pub struct Hub {
    rooms: BTreeMap<RoomId, Room>,
    feeds: BTreeMap<String, Feed>,
    /// Of the newest boards.
    places: Places,
    /// Where the versions of the next topic begin: behind those of all that are gone.
    next_version: u32,
    listeners: BTreeMap<ListenerId, Listener>,
    /// What known players who left bring back with them.
    absent: VecDeque<(PlayerId, Habits)>,
    /// Who is banned, and has to go.
    ending: VecDeque<(RoomId, NetId)>,
    /// For whom what is said waits.
    expectant: VecDeque<(RoomId, NetId)>,
    /// Who is not heard, until that second of Unix time.
    silenced: BTreeMap<Person, u32>,
    limits: Arc<Limits>,
    clean: Clean,
    keeper: Box<dyn Keeper>,
    works: bool,
    /// Bests that are on their way to the disk: number, whose, and what.
    bests: VecDeque<(u64, PlayerId, u32)>,
    /// Tells this process's versions from those of one before.
    epoch: u32,
    began: Option<Now>,
    /// When the topics are looked at again.
    next_round: Millis,
    next_record: Millis,
    traffic: (Traffic, Millis),
    server: ServerRow,
    out: VecDeque<(RoomId, Delivery)>,
    /// What listeners are to be told; nothing: that it is over.
    told: VecDeque<(ListenerId, Option<Bytes>)>,
    /// Deliveries that found no place.
    dropped: u64,
}

impl std::fmt::Debug for Hub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hub").field("rooms", &self.rooms.keys()).finish_non_exhaustive()
    }
}

impl Hub {
    #[must_use]
    pub fn new(epoch: u32, limits: Arc<Limits>, clean: Clean, keeper: Box<dyn Keeper>) -> Self {
        let works = keeper.works();
        let mut hub = Self {
            rooms: BTreeMap::new(),
            feeds: BTreeMap::new(),
            places: Places::default(),
            next_version: 1,
            listeners: BTreeMap::new(),
            absent: VecDeque::new(),
            ending: VecDeque::new(),
            expectant: VecDeque::new(),
            silenced: BTreeMap::new(),
            limits,
            clean,
            keeper,
            works,
            bests: VecDeque::new(),
            epoch,
            began: None,
            next_round: Millis(0),
            next_record: Millis(0),
            traffic: (Traffic::default(), Millis(0)),
            server: ServerRow::default(),
            out: VecDeque::new(),
            told: VecDeque::new(),
            dropped: 0,
        };
        hub.open_feeds();
        hub
    }

    /// A room has something to tell.
    pub fn handle_report(&mut self, now: Now, room: RoomId, report: Report) {
        match report {
            Report::Opened(info) => self.open(room, info),
            Report::Closed => self.close(now, room),
            Report::Joined { you, name, who, spectator } => {
                self.join(now, (room, you), name, who, spectator);
            }
            Report::Left { you, peak } => self.leave(now, (room, you), peak),
            Report::Linked { you, dead } => self.link(now, (room, you), dead),
            Report::Lags { you, lags } => self.lag((room, you), lags),
            Report::Died { who, by, peak } => self.note_death(now, (room, who), by, peak),
            Report::Crown { holder } => self.note_crown(now, room, holder),
            Report::Standings(standings) => self.note_standings(room, standings),
            Report::Asked { you, call, ask } => self.take_ask(now, (room, you), call, ask),
            Report::Pulse { players, spectators, work_us, late_ticks } => {
                if let Some(room) = self.rooms.get_mut(&room) {
                    room.pulse = members::Pulse { players, spectators, work_us, late_ticks };
                }
            }
        }
    }

    /// Lets time pass: now and then the topics are looked at.
    pub fn turn(&mut self, now: Now, traffic: Traffic) {
        self.began.get_or_insert(now);
        self.tell_bests(now);
        self.release_all_lines(now);
        self.expel_banned(now);
        if now.ms >= self.next_round {
            self.next_round = now.ms.plus(self.limits.topic_ms.into());
            self.go_round(now, traffic);
        }
    }

    /// What is to be delivered next.
    #[must_use]
    pub fn poll_delivery(&mut self) -> Option<(RoomId, Delivery)> {
        self.out.pop_front()
    }

    /// Deliveries that a room could not take in.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// A delivery found no place in its room: what its player follows begins anew.
    pub fn note_dropped(&mut self, room: RoomId, delivery: &Delivery) {
        self.dropped += 1;
        if let Delivery::Event { you, .. } = delivery
            && let Some(habits) = self.habits((room, *you))
        {
            habits.topics.values_mut().for_each(|followed| followed.held = 0);
        }
    }

    /// Whether no more is to be made than has to be.
    fn is_behind(&self) -> bool {
        self.out.len() >= HUB_OUTBOX_MAX
    }

    fn deliver(&mut self, room: RoomId, delivery: Delivery) {
        let must = matches!(delivery, Delivery::Answer { .. } | Delivery::Expel { .. });
        // Answers have places of their own: each client has so many calls.
        if must || !self.is_behind() {
            self.out.push_back((room, delivery));
        } else {
            self.note_dropped(room, &delivery);
        }
    }

    fn tell(&mut self, (room, you): (RoomId, NetId), event: &Event) {
        self.deliver(room, Delivery::Event { you, message: packed(event) });
    }
}

fn packed(event: &Event) -> Bytes {
    encode(event).into_boxed_slice().into()
}

/// An update for one client, whose own place is the last field of a board.
fn update_for(update: &TopicUpdate, own: u32) -> Bytes {
    let mut update = update.clone();
    if let throng_shared::wire::TopicChange::Leaders { own: place, .. } = &mut update.change {
        *place = own;
    }
    packed(&Event::Topic(update))
}
