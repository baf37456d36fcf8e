//! `cargo xtask sim`: one seed of the simulation, by the test that replays it.

use std::path::Path;
use std::process::Command;

use crate::command::{self, cargo};

/// Clients of the whole ledger.
const CLIENTS: &str = "1000";

/// Kills a thousand clients twenty times each, and says what became of their events.
///
/// # Errors
/// When the tests do not build, or an event was lost or came twice.
pub(crate) fn run_ledger(root: &Path) -> Result<(), String> {
    let test = "sim::no_event_is_lost_or_doubled_when_each_client_is_killed_20_times";
    let ended = command::run(of(root, test).env("THRONG_SIM_CLIENTS", CLIENTS))?;
    if ended.ok {
        // What came of it stands last, behind what the test runner says.
        let sums = ended.output.lines().find(|line| line.ends_with(" duplicated"));
        println!("{}", sums.ok_or("the ledger did not say what it came to")?);
        return Ok(());
    }
    Err("the ledger of ordered events does not add up".to_owned())
}

/// Plays a seed and prints its transitions.
///
/// # Errors
/// When the seed is no number, the tests do not build, or something was not as it must be.
pub(crate) fn run(root: &Path, seed: &str) -> Result<(), String> {
    if seed.parse::<u64>().is_err() {
        return Err(format!("`{seed}` is no seed: take a number from 0 to {}", u64::MAX));
    }
    if command::run(of(root, "sim::one_seed_is_one_run").env("THRONG_SIM_SEED", seed))?.ok {
        return Ok(());
    }
    Err(format!("the run of seed {seed} did not hold what it has to"))
}

/// One test by its whole name, with what it prints.
fn of(root: &Path, test: &str) -> Command {
    let package = ["test", "--quiet", "--package", "throng-tests", "--test", "all"];
    cargo(root, &[&package[..], &[test, "--", "--exact", "--nocapture"]].concat())
}
