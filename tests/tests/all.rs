//! Every integration test, in one binary.

mod determinism;
mod golden;
mod hostile;
mod maps;
mod overload;
mod pair;
mod replication;
mod sockets;
mod steady;
mod tidy;
