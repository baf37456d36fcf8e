//! Every message, in the order of its tag.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

use super::records::{BoltRecord, GliderRecord, ShardRecord};
use super::schema_hash::SCHEMA_HASH;
use super::social::{Ask, Identity, Line, Notification, Outcome, TopicUpdate};
use crate::cells::Focus;
use crate::ids::{BoltId, NetId, ShardId};
use crate::limits::{PROTOCOL_VERSION, SECRET_BYTES, TIME_MS_MAX};

/// What a client says. The first byte of a frame is the tag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ClientMessage {
    /// Tag 0, so that an over-full server can drop inputs by their first byte.
    Input(Input),
    /// The first message of a connection.
    Hello(Hello),
    /// The answer to a `Ping`: its nonce, and the number of the newest ordered event that
    /// came, 0 before the first.
    Pong { nonce: u16, received: u32 },
    /// A check value did not match: the client asks for every keyframe anew.
    Resync,
    /// The player leaves.
    Bye,
    /// Asks for something. Calls of a session ascend by one from 1; one that came before is
    /// not taken again, so a client may repeat what was not answered when it resumes.
    Ask { call: u32, ask: Ask },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// [`PROTOCOL_VERSION`](crate::limits::PROTOCOL_VERSION) of the client.
    pub version: u16,
    /// [`SCHEMA_HASH`](super::SCHEMA_HASH) of the client.
    pub schema: u32,
    pub name: String,
    /// Colour scheme, below [`LOOKS`](crate::limits::LOOKS).
    pub look: u8,
    /// A ticket, or nothing: guests need none where the server asks for none.
    pub ticket: String,
    /// The session to go on with. One that the server does not know any more is begun
    /// anew.
    pub resume: Option<Resume>,
    /// Who the player was on the visit before, if there was one.
    pub identity: Option<Identity>,
    /// Name or code of a room, or nothing: any that has a place.
    pub room: String,
    /// To look on without a body.
    pub watch: bool,
}

impl Hello {
    /// What somebody says who has no ticket and no session, in this build's protocol.
    #[must_use]
    pub fn guest(name: &str, look: u8) -> Self {
        Self {
            version: PROTOCOL_VERSION,
            schema: SCHEMA_HASH,
            name: name.to_owned(),
            look,
            ticket: String::new(),
            resume: None,
            identity: None,
            room: String::new(),
            watch: false,
        }
    }
}

/// A session that a client comes back to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resume {
    /// From the last Welcome.
    pub secret: Secret,
    /// Number of the newest ordered event that came, 0 before the first.
    pub received: u32,
}

/// What proves that a session is one's own. It is never shown.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secret(pub [u8; SECRET_BYTES]);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

/// The intent of a player from `tick` on. It takes the place of those that arrived
/// before it and name the same tick or a later one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// The tick that the input is for.
    pub tick: u32,
    /// `tick` less the newest snapshot tick that the client has seen.
    pub ahead: u16,
    pub heading: u8,
    /// 0 to [`THRUST_MAX`](crate::limits::THRUST_MAX).
    pub thrust: u8,
    /// Heading in which a bolt would fly.
    pub aim: u8,
    /// Counters of presses, wrapping, so that a lost or merged input loses none.
    pub fire: u8,
    pub dash: u8,
}

/// What the server says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ServerMessage {
    Snapshot(Snapshot),
    Welcome(Welcome),
    /// Heartbeat; `rtt_ms` is the last measured round trip, 0 before the first, and
    /// `jitter_ms` how much it varies.
    Ping {
        nonce: u16,
        rtt_ms: u16,
        jitter_ms: u16,
    },
    /// Ordered: each is delivered once, in order, also over a resume. The numbers ascend
    /// by one from 1.
    Event {
        number: u32,
        event: Event,
    },
    /// The last message: the close code that follows, why, and when to come back
    /// (0: as the code says).
    Goodbye {
        code: u16,
        reason: String,
        retry_after_ms: u32,
    },
    /// A snapshot of one tick and nothing else: the commonest message.
    Tick(TickDelta),
}

impl ServerMessage {
    /// The snapshot that this message is, if it is one.
    #[must_use]
    pub fn into_snapshot(self) -> Option<Snapshot> {
        match self {
            Self::Snapshot(snapshot) => Some(snapshot),
            Self::Tick(delta) => Some(delta.into()),
            Self::Welcome(_) | Self::Ping { .. } | Self::Event { .. } | Self::Goodbye { .. } => {
                None
            }
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    /// What the session is resumed with, once.
    pub secret: Secret,
    /// Whether this goes on with the session that Hello named. The ordered events that
    /// the client has not received follow; otherwise their numbers begin anew.
    pub resumed: bool,
    /// Who the player is, to be kept for the next visit.
    pub identity: Identity,
    /// How long the session waits for a client whose connection is lost, in milliseconds.
    pub session_ms: u32,
    /// Unix time in milliseconds by the server's clock, when this was written;
    /// [`TIME_MS_MAX`] at most.
    #[serde(deserialize_with = "time_ms")]
    pub time_ms: u64,
    /// The client's own glider, or that of whoever a spectator looks at.
    pub you: NetId,
    /// The client's own number among the people of the room: a player's is that of its
    /// glider.
    pub own: NetId,
    /// Whether the client only looks on.
    pub watch: bool,
    /// The tick that the room had reached.
    pub tick: u32,
    pub tick_hz: u8,
    pub room: String,
    pub map: MapRuns,
}

/// A time that JavaScript can hold, and so JSON.
fn time_ms<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    let ms = u64::deserialize(from)?;
    let is_held = ms <= TIME_MS_MAX;
    is_held.then_some(ms).ok_or_else(|| D::Error::custom("a time of more than 53 bits"))
}

/// A map as alternating run lengths, floor first, row by row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MapRuns {
    pub width: u16,
    pub height: u16,
    pub runs: Vec<u16>,
}

/// What changed since the last snapshot of this client.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Present when an input arrived since the last snapshot.
    pub feedback: Option<Feedback>,
    /// One for each tick since the last snapshot, oldest first.
    pub ticks: Vec<TickDelta>,
    /// Present when the held cells change.
    pub refocus: Option<Refocus>,
}

impl From<TickDelta> for Snapshot {
    fn from(delta: TickDelta) -> Self {
        Self { ticks: vec![delta], ..Self::default() }
    }
}

/// How the inputs of a client arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feedback {
    /// Tick of the newest input that arrived, less the tick of this snapshot.
    pub ack: i16,
    /// How long before its tick's deadline it arrived, in 1/16 tick; negative: too
    /// late. Saturates.
    pub early: i16,
}

/// One tick, as far as it cannot be computed from the one before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TickDelta {
    /// New headings of gliders that are in held cells before the step, by cell and
    /// then by id.
    pub steers: Vec<SteerChange>,
    /// What came into held cells from cells that are not held, then all else that
    /// happened in held cells.
    pub cells: Vec<CellDelta>,
}

/// Some of what happened in a cell in one tick.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CellDelta {
    /// The cell's place in the focus, row by row.
    pub slot: u8,
    /// `Thrust` and `Dash` before the step, all others after it.
    pub events: Vec<CellEvent>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SteerChange {
    pub who: NetId,
    pub heading: u8,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CellEvent {
    /// New thrust, before the step.
    Thrust {
        who: NetId,
        thrust: u8,
    },
    /// A dash that starts with the step.
    Dash {
        who: NetId,
    },
    /// A glider begins a life here.
    Enter(GliderRecord),
    /// A player left the game.
    Leave {
        who: NetId,
    },
    /// A glider was shot down.
    Death {
        who: NetId,
        by: NetId,
    },
    /// New health.
    Health {
        who: NetId,
        hp: u8,
    },
    Fire(BoltRecord),
    /// A bolt hit somebody. Walls and age end bolts without a word.
    BoltHit {
        bolt: BoltId,
    },
    Shard(ShardRecord),
    Gathered {
        shard: ShardId,
        by: NetId,
    },
    /// What `check::cell` must give for this cell after this tick.
    Check {
        value: u16,
    },
    /// A glider flew in from a cell that is not held.
    Arrival(GliderRecord),
    /// A bolt did.
    BoltArrival(BoltRecord),
    /// The connection of a player was lost, or is there again.
    Link {
        who: NetId,
        dead: bool,
    },
}

/// The cells that the client holds from now on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refocus {
    /// Present when everything held is to be dropped: the tick of the keyframes.
    pub restart: Option<u32>,
    pub focus: Focus,
    /// One for each cell that was not held before (all, on a restart), row by row.
    pub keyframes: Vec<CellKeyframe>,
}

/// Everything in a cell, after the last tick of the snapshot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CellKeyframe {
    pub gliders: Vec<GliderRecord>,
    pub bolts: Vec<BoltRecord>,
    pub shards: Vec<ShardRecord>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// The client's own score changed.
    Score {
        shards: u32,
        kills: u16,
    },
    /// The leaders, how many play, and the client's own rank (1 is best).
    Board {
        rows: Vec<BoardRow>,
        players: u16,
        rank: u16,
    },
    /// Who wears the crown: nobody, when the name is empty.
    Crown {
        holder: NetId,
        name: String,
    },
    /// Where the crown is, in tiles.
    CrownAt {
        x: u16,
        y: u16,
    },
    /// A kill that concerns the client: its own, its death, or the crown's fall.
    Kill {
        killer: NetId,
        killer_name: String,
        victim: NetId,
        victim_name: String,
        crown: bool,
    },
    Notice {
        text: String,
    },
    /// The answer to the `Ask` of that call; of call 0, to a message that had no place.
    Answer {
        call: u32,
        outcome: Outcome,
    },
    Line(Line),
    Topic(TopicUpdate),
    Notification(Notification),
    /// Whose glider a spectator sees from now on.
    Watching {
        who: NetId,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoardRow {
    pub id: NetId,
    pub name: String,
    pub shards: u32,
}
