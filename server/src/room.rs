//! A room: one plain thread that owns a clock and a simulation.

mod news;
mod pace;
mod status;
mod worker;

pub use pace::{Due, Pace};
pub use status::{RoomStatus, Work};
pub use worker::{RoomOptions, RoomWorker, intent_of};
