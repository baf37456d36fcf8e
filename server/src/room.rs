//! A room: one plain thread that owns a clock and a simulation.

mod blackbox;
mod courier;
mod greeting;
mod ladder;
mod news;
mod overload;
mod pace;
mod status;
mod timing;
mod worker;

pub use ladder::{Ladder, Observation};
pub use pace::{Due, Pace};
pub use status::RoomStatus;
pub use timing::{Quantiles, TickTime, Timing};
pub use worker::{RoomOptions, RoomWorker, intent_of};
