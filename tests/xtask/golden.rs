//! `cargo xtask golden`: the golden vectors, by the tests that compare them.

use std::path::Path;

use crate::codegen::Mode;
use crate::command::{self, cargo};

/// Writes or compares everything in `tests/golden`.
///
/// # Errors
/// When the tests do not build, or a committed file is stale.
pub(crate) fn run(root: &Path, mode: Mode) -> Result<(), String> {
    let mut command =
        cargo(root, &["test", "--package", "throng-tests", "--test", "all", "golden::"]);
    match mode {
        Mode::Write => command.env("UPDATE_GOLDEN", "1"),
        Mode::Check => command.env_remove("UPDATE_GOLDEN"),
    };
    if command::run(&mut command)?.ok {
        return Ok(());
    }
    Err(match mode {
        Mode::Write => "the golden vectors were not all written".to_owned(),
        Mode::Check => "a golden vector is not what the code gives".to_owned(),
    })
}
