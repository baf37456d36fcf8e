//! The session machines: what each end may say when. Sans-io: frames and time go
//! in, requests and messages come out, and the shells own sockets and clocks.

mod client;
mod clock;
mod close;
mod name;
mod reconnect;
mod refusal;
mod server;

pub use client::{ClientSession, Fault, Skimmed, Update};
pub use clock::Clock;
pub use close::{CloseCode, Comeback, RESTART_NOTICE};
pub use name::{Name, NameError};
pub use reconnect::{Reconnect, Stage};
pub use refusal::{Misplaced, Refusal, Why};
pub use server::{Newest, Patience, Phase, Request, ServerSession};
