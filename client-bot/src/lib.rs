//! Headless client of Throng: a library to write bots with, the brains of the
//! house bots, and the load generator behind `throng bots`.
//!
//! [`View`](view::View) is what a client holds of the world. A
//! [`Brain`](brain::Brain) is a function from a view to an intent.

pub mod view;
