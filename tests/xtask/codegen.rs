//! `cargo xtask codegen`: the files that are written from the wire types.

use std::fs;
use std::path::Path;

use throng_tests::{json_schema, schema};

use crate::typescript;

const CODEC: &str = "client-web/src/wire/codec.ts";
const JSON: &str = "docs/throng.schema.json";
const HASH: &str = "shared/src/wire/schema_hash.rs";

/// Whether the files are written or compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Write,
    Check,
}

/// Writes or compares every generated file.
///
/// # Errors
/// When the types have no TypeScript, a file cannot be written, or one is stale.
pub(crate) fn run(root: &Path, mode: Mode) -> Result<(), String> {
    let registry = schema::trace()?;
    let hash = schema::hash(&registry)?;
    let files = [
        (CODEC, typescript::codec(&registry, hash)?),
        (HASH, rust_hash(hash)),
        (JSON, json_schema::text(&registry)?),
    ];
    for (path, text) in files {
        let found = fs::read_to_string(root.join(path)).unwrap_or_default();
        if found.replace("\r\n", "\n") == text {
            continue;
        }
        match mode {
            Mode::Write => {
                fs::write(root.join(path), text)
                    .map_err(|error| format!("{path} cannot be written: {error}"))?;
                println!("wrote {path}");
            }
            Mode::Check => {
                return Err(format!(
                    "{path} is not what the wire types give: run `cargo xtask codegen` and commit it"
                ));
            }
        }
    }
    Ok(())
}

fn rust_hash(hash: u32) -> String {
    let (high, low) = (hash >> 16, hash & 0xFFFF);
    format!(
        "//! Written by `cargo xtask codegen`.\n\n\
         /// A hash of every wire type; clients built from other types are refused with 4012.\n\
         pub const SCHEMA_HASH: u32 = 0x{high:04X}_{low:04X};\n"
    )
}
