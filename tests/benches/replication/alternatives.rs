//! Ways to tell clients of one world, to be compared: deltas to the last tick under
//! dead reckoning, deltas to a keyframe, and intents.
//!
//! An encoder that cannot be decoded measures nothing, so each has a reader that must
//! hold exactly the world. The bit-packed ones know gliders only: the product's bytes
//! have room for bolts, shards, deaths and check values besides.

mod bits;
mod intents;
mod keyframed;
mod laws;
mod parts;
mod stepwise;
mod trial;
mod workload;

use throng_shared::cells::Focus;
use throng_shared::ids::NetId;

pub(crate) use intents::Intents;
pub(crate) use keyframed::Keyframed;
pub(crate) use laws::{Packed, Reckoned};
use parts::Seen;
pub(crate) use stepwise::Stepwise;
pub(crate) use trial::{Bytes, Period, bytes, read_back};
pub(crate) use workload::Workload;

/// One way to bring a world to its clients.
pub(crate) trait Replication {
    type Reader: Reader;

    /// A server's end that has told nobody anything.
    fn new(world: &Workload) -> Self;

    /// Encodes the tick that `world` has just made, once for everybody.
    fn encode(&mut self, world: &Workload);

    /// Appends the newest snapshot for `client`, without a frame header.
    fn gather(&mut self, client: NetId, out: &mut Vec<u8>);
}

/// A client's end.
pub(crate) trait Reader {
    /// An end that holds nothing.
    fn new(world: &Workload, you: NetId) -> Self;

    fn read(&mut self, snapshot: &[u8]);

    /// The cells that it holds.
    fn focus(&self) -> Focus;

    /// What it holds in them, by id.
    fn held(&self) -> Vec<Seen>;
}
