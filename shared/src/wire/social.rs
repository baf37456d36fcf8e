//! What players ask for and are told beside the game: calls and their answers, chat,
//! topics, notifications.

use serde::{Deserialize, Serialize};

use crate::ids::NetId;
use crate::limits::IDENTITY_BYTES;

/// Who a guest is from one visit to the next: a number that the server gave out, and its
/// signature. It is kept by the client and never shown.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity(pub [u8; IDENTITY_BYTES]);

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Identity")
    }
}

/// What a client may ask for while it plays. Each is answered by an
/// [`Answer`](super::Event::Answer).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ask {
    Say {
        to: Audience,
        text: String,
    },
    Subscribe {
        topic: String,
    },
    Unsubscribe {
        topic: String,
    },
    /// To another room with the same session: by its name or its code, or to any when empty.
    /// A second Welcome says that it has come to that.
    Go {
        room: String,
    },
    /// Whom a spectator looks at.
    Watch {
        whom: Whom,
    },
    /// To hear nothing more of somebody, or to hear again. It is kept.
    Mute {
        who: NetId,
        on: bool,
    },
    /// To tell the operators of somebody.
    Report {
        who: NetId,
        text: String,
    },
    /// What operators alone may ask for.
    Order(Order),
}

/// Who is to hear a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Audience {
    /// Everybody in the room.
    Room,
    /// One player of the room.
    Player { who: NetId },
    /// Everybody in every room: operators only.
    Everyone,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Whom {
    /// Whoever wears the crown.
    Crown,
    Player {
        who: NetId,
    },
}

/// What an operator decides. Each is written down with its reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Order {
    /// Nothing that somebody says is heard for so many minutes; 0: it is again.
    Mute { who: NetId, minutes: u32, reason: String },
    /// Out of the server, but free to come back.
    Kick { who: NetId, reason: String },
    /// Out of the server for so many minutes.
    Ban { who: NetId, minutes: u32, reason: String },
    /// Lets a banned player in again, by the number that the audit log names.
    Pardon { player: u32 },
    /// Seconds between two lines of one player in this room; 0: as usual.
    Slow { seconds: u16 },
}

/// The number under which is answered what was no call, but had no place: calls ascend from 1.
pub const NO_CALL: u32 = 0;

/// What became of an [`Ask`], or of a message that had no place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    Done,
    Refused {
        problem: Problem,
        /// A sentence that names what was wrong and what would be right.
        text: String,
        /// When it may be tried again, where time is all that is missing; else 0.
        retry_after_ms: u32,
    },
}

/// Why something was not done: for programs. The sentence beside it is for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Problem {
    UnknownTopic,
    TooManyTopics,
    NotSubscribed,
    NoSuchRoom,
    RoomFull,
    NoSuchPlayer,
    Empty,
    TooLong,
    TooFast,
    Muted,
    Banned,
    /// Not for players, or not for spectators.
    NotAllowed,
    /// Not in this state of the session.
    OutOfPlace,
    /// The server has too much to do just now.
    Busy,
}

/// A line of chat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Ascends within a room.
    pub number: u32,
    /// Whoever said it, who may have left since.
    pub who: NetId,
    pub name: String,
    pub operator: bool,
    pub to: Audience,
    pub text: String,
    /// When, in seconds of Unix time.
    pub at_s: u32,
}

/// What became of a topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopicUpdate {
    pub topic: String,
    /// Ascends with each change.
    pub version: u32,
    /// The version that this is the difference to; 0: this is everything.
    pub since: u32,
    pub change: TopicChange,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TopicChange {
    /// Places whose row is another one, how many places there are, and the client's own
    /// (0: none).
    Leaders {
        set: Vec<LeaderRow>,
        places: u8,
        own: u32,
    },
    /// Rooms that are new or changed, and those that are gone, by name.
    Rooms {
        set: Vec<RoomRow>,
        gone: Vec<String>,
    },
    /// Players who came or changed, and those who left.
    Presence {
        set: Vec<PresenceRow>,
        gone: Vec<NetId>,
    },
    Server(ServerRow),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaderRow {
    /// From 1.
    pub place: u8,
    pub name: String,
    /// Shards held at once, at best.
    pub score: u32,
    pub kills: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomRow {
    pub name: String,
    pub players: u16,
    pub players_max: u16,
    pub spectators: u16,
    pub tick_hz: u8,
    pub width: u16,
    pub height: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresenceRow {
    pub who: NetId,
    pub name: String,
    pub link_dead: bool,
    pub spectator: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerRow {
    pub rooms: u16,
    pub players: u32,
    pub spectators: u32,
    pub connections: u32,
    /// Longest work of a tick in the last second, of all rooms, in microseconds.
    pub work_us: u32,
    /// Ticks that were published late or skipped since the start.
    pub late_ticks: u32,
    /// Bytes a second from and to clients.
    pub bytes_in: u32,
    pub bytes_out: u32,
    pub uptime_s: u32,
}

/// Something that a player may want to know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notification {
    pub priority: Priority,
    /// When, in seconds of Unix time.
    pub at_s: u32,
    pub news: News,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Priority {
    Low,
    Normal,
    High,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum News {
    Joined {
        name: String,
    },
    Left {
        name: String,
    },
    KilledBy {
        name: String,
    },
    /// The client took the crown, or lost it to somebody.
    TookCrown,
    LostCrown {
        name: String,
    },
    PersonalBest {
        score: u32,
    },
    /// The server will restart, in seconds of Unix time.
    Restart {
        at_s: u32,
    },
    /// An operator did something about the client: in a sentence.
    Operator {
        text: String,
    },
    /// Somebody was reported: for operators. `who` is its number in that room.
    Reported {
        room: String,
        who: NetId,
        name: String,
        by: String,
        text: String,
    },
    /// Scores cannot be kept just now, or can again.
    Storage {
        works: bool,
    },
}
