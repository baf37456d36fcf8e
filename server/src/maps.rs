//! Arenas: Tiled map files, generated ones, and the open field of the workload.

mod generate;
mod tiled;

pub use generate::{disc, open_field, pillars};
pub use tiled::{MapFileError, load, parse};
