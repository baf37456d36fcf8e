//! The wire: messages, records and their bytes.
//!
//! Everything is bincode 2 in its standard configuration, and beside it JSON. This module and
//! its files are the only ones that name bincode, and golden vectors pin the bytes.

mod codec;
mod head;
pub mod json;
mod messages;
mod pack;
mod records;
mod schema_hash;
mod social;
mod splice;

pub use codec::{DecodeError, Reason, decode_client, decode_server, encode, encode_into};
pub use head::{SnapshotHead, decode_snapshot_head};
pub use messages::{
    BoardRow, CellDelta, CellEvent, CellKeyframe, ClientMessage, Event, Feedback, Hello, Input,
    MapRuns, Refocus, Resume, Secret, ServerMessage, Snapshot, SteerChange, TickDelta, Welcome,
};
pub use pack::{Condition, Place, Trim};
pub use records::{BoltRecord, GliderRecord, Motion, ShardRecord};
pub use schema_hash::SCHEMA_HASH;
pub use social::{
    Ask, Audience, Identity, LeaderRow, Line, NO_CALL, News, Notification, Order, Outcome,
    PresenceRow, Priority, Problem, RoomRow, ServerRow, TopicChange, TopicUpdate, Whom,
};
pub use splice::{
    Spliced, Splicer, WELCOME_HEAD_BYTES, WelcomeHead, splice_event, splice_list, splice_number,
    splice_tick, splice_welcome,
};
