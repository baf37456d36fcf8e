//! Every integration test, in one binary.

mod golden;
mod maps;
mod replication;
mod tidy;
