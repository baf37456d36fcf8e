//! The network edge: HTTP and upgrades at the front, and threads that each own
//! their connections. It knows frames, sessions and budgets, and no game word.

mod admission;
mod budget;
mod calls;
mod candidate;
mod conn;
mod delivery;
mod desk;
mod doorstep;
mod drain;
mod eviction;
mod frames;
mod fresh;
mod front;
mod halls;
mod lag;
mod lane;
mod meter;
mod origin;
mod pipe;
mod places;
#[cfg(feature = "proof")]
pub mod proof;
mod protocol;
mod proxies;
mod reading;
mod returns;
mod ring;
mod scan;
mod scratch;
mod seat;
mod sessions;
mod start;
mod takeover;
mod tally;
mod thread;
mod tls;
mod tongue;
mod travel;
mod turnstile;
mod upgrade;
mod watched;

pub use candidate::Ticket;
pub use fresh::Fresh;
pub use front::{Caller, Door, Front, FrontOptions, Page};
pub use origin::Origin;
pub use proxies::Proxies;
pub use sessions::Sessions;
pub use tally::Tally;
pub use thread::{Handover, NetOptions, NetThread, Newborn};
pub use tls::{Tls, TlsFiles};
pub use tongue::Tongue;
