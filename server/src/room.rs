//! A room: a clock and a simulation, and the plain threads that rooms are run by.

mod blackbox;
mod clerk;
mod courier;
mod greeting;
mod ladder;
mod news;
mod overload;
mod pace;
mod peaks;
mod pool;
mod schedule;
mod status;
mod timing;
mod watchers;
mod worker;

pub use clerk::Clerk;
pub use ladder::{Ladder, Observation};
pub use pace::{Due, Pace};
#[cfg(test)]
pub(crate) use pool::StillPool;
pub use pool::{Job, Pool, Turn};
pub use status::RoomStatus;
pub use timing::{Quantiles, TickTime, Timing};
pub use worker::{RoomOptions, RoomWorker, intent_of};
