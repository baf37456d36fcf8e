//! What every end of Throng must agree on: ids, limits, the integer lattice,
//! the movement rule, the wire format and the session machines.
//!
//! Pure on purpose: no sockets, threads, wall clock or unseeded randomness.
//! Time is a [`Tick`](ids::Tick) or a [`Millis`](time::Millis) argument.

pub mod cells;
pub mod check;
pub mod ids;
pub mod lattice;
pub mod limits;
pub mod map;
pub mod motion;
pub mod prng;
pub mod session;
pub mod time;
pub mod wire;
