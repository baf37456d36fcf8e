//! The network edge: HTTP and upgrades at the front, and threads that each own
//! their connections. It knows frames, sessions and budgets, and no game word.

mod budget;
mod conn;
mod frames;
mod front;
mod pipe;
mod tally;
mod thread;
mod upgrade;

pub use front::{Door, Front, FrontOptions, Page};
pub use tally::Tally;
pub use thread::{Handover, NetThread};
