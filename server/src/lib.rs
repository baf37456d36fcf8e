//! The Throng server: network edge, rooms, simulation and replication.
//!
//! `sim` and `game` know no wire type and no connection, `net` knows no game word;
//! they meet at `link`. See `ARCHITECTURE.md` for the house.

mod allowance;
pub mod cli;
pub mod config;
pub mod game;
pub mod hub;
pub mod identity;
pub mod link;
mod log;
pub mod maps;
pub mod net;
pub mod replication;
pub mod room;
pub mod rooms;
pub mod serve;
pub mod sim;
pub mod stop;
pub mod store;
pub mod tickets;
pub mod web;
pub mod words;
