//! Headless client of Throng: a library to write bots with, the brains of the
//! house bots, and the load generator behind `throng bots` and `throng stress`.
//!
//! A [`Player`](player::Player) comes back when its connection is lost. A
//! [`Client`](client::Client) is one player over one byte stream, and a
//! [`View`](view::View) is what it holds of the world. A
//! [`Brain`](brain::Brain) is a function from a view to an intent.

mod brains;
mod calls;
mod comeback;
mod counted;
mod course;
mod link;
mod wish;

pub mod attack;
pub mod bots;
pub mod brain;
pub mod client;
pub mod house;
pub mod load;
pub mod names;
pub mod player;
pub mod report;
pub mod stress;
pub mod target;
pub mod via;
pub mod view;
