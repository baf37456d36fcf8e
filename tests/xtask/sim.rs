//! `cargo xtask sim`: one seed of the simulation, by the test that replays it.

use std::path::Path;

use crate::command::{self, cargo};

/// Plays a seed and prints its transitions.
///
/// # Errors
/// When the seed is no number, the tests do not build, or something was not as it must be.
pub(crate) fn run(root: &Path, seed: &str) -> Result<(), String> {
    if seed.parse::<u64>().is_err() {
        return Err(format!("`{seed}` is no seed: take a number from 0 to {}", u64::MAX));
    }
    let arguments = [
        "test",
        "--quiet",
        "--package",
        "throng-tests",
        "--test",
        "all",
        "sim::one_seed_is_one_run",
        "--",
        "--exact",
        "--nocapture",
    ];
    let mut command = cargo(root, &arguments);
    if command::run(command.env("THRONG_SIM_SEED", seed))?.ok {
        return Ok(());
    }
    Err(format!("the run of seed {seed} did not hold what it has to"))
}
