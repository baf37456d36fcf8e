//! The network edge: HTTP and upgrades at the front, and threads that each own
//! their connections. It knows frames, sessions and budgets, and no game word.

mod admission;
mod budget;
mod calls;
mod conn;
mod desk;
mod doorstep;
mod drain;
mod frames;
mod fresh;
mod front;
mod lane;
mod meter;
mod origin;
mod pipe;
mod places;
#[cfg(feature = "proof")]
pub mod proof;
mod protocol;
mod proxies;
mod returns;
mod ring;
mod scan;
mod seat;
mod sessions;
mod takeover;
mod tally;
mod thread;
mod tls;
mod tongue;
mod turnstile;
mod upgrade;
mod watched;

pub use conn::Ticket;
pub use fresh::Fresh;
pub use front::{Door, Front, FrontOptions, Page};
pub use origin::Origin;
pub use proxies::Proxies;
pub use sessions::Sessions;
pub use tally::Tally;
pub use thread::{Handover, NetOptions, NetThread, Newborn};
pub use tls::{Tls, TlsFiles};
pub use tongue::Tongue;
