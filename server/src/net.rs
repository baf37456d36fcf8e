//! The network edge: HTTP and upgrades at the front, and threads that each own
//! their connections. It knows frames, sessions and budgets, and no game word.

mod admission;
mod budget;
mod conn;
mod desk;
mod doorstep;
mod frames;
mod fresh;
mod front;
mod lane;
mod meter;
mod origin;
mod pipe;
mod places;
mod proxies;
mod returns;
mod scan;
mod tally;
mod thread;
mod tls;
mod turnstile;
mod upgrade;

pub use front::{Door, Front, FrontOptions, Page};
pub use origin::Origin;
pub use proxies::Proxies;
pub use tally::Tally;
pub use thread::{Handover, NetThread};
pub use tls::{Tls, TlsFiles};
