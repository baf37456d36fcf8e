//! From the world to the wire: who holds which cells, each cell encoded once,
//! and a client's snapshot put together from shared bytes.
//!
//! What goes over the wire is the *intent*, not the motion: every end runs the
//! same step, so a cell says nothing while its gliders fly on as they were.

mod compose;
mod encode;
mod fit;
mod frame;
mod pacer;

pub use compose::{Cursor, History, compose};
pub use encode::Replicator;
pub use fit::{Fitted, Viewer};
pub use frame::{Arrived, Seat, TickFrame};
pub use pacer::{Pacer, Rhythm};
