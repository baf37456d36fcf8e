//! Every integration test, in one binary.

mod alternatives;
mod determinism;
#[cfg(target_os = "linux")]
mod door;
mod floods;
mod golden;
mod hostile;
mod load;
mod maps;
mod overload;
mod pair;
mod replication;
mod slow;
mod sockets;
mod steady;
mod tidy;
mod tls;
mod via;
