//! What the tests and the xtask runner share.

pub mod json_schema;
pub mod lengths;
pub mod maps;
pub mod schema;

use std::path::{Path, PathBuf};

/// The root of the repository.
#[must_use]
pub fn root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().unwrap_or(tests).to_owned()
}
