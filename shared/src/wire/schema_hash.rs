//! Written by `cargo xtask codegen`.

/// A hash of every wire type; clients built from other types are refused with 4012.
pub const SCHEMA_HASH: u32 = 0x5CB2_14B9;
