//! Every integration test, in one binary.

mod alternatives;
mod answers;
#[cfg(target_os = "linux")]
mod capacity;
#[cfg(target_os = "linux")]
mod door;
mod floods;
mod fuzz;
mod golden;
mod hostile;
mod json;
mod lengths;
mod load;
mod maps;
mod matrix;
mod overload;
mod pair;
mod player;
mod replication;
mod resume;
mod rooms;
mod sim;
mod slow;
mod social;
mod sockets;
mod spectate;
mod steady;
mod tag;
mod tickets;
mod tidy;
mod tls;
mod via;
