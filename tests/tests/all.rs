//! Every integration test, in one binary.

mod alternatives;
mod determinism;
mod golden;
mod hostile;
mod load;
mod maps;
mod overload;
mod pair;
mod replication;
mod resume;
mod sim;
mod slow;
mod sockets;
mod steady;
mod tickets;
mod tidy;
