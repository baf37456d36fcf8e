//! The bots of docs/bots.md, in their languages, against a release build of the server.

use std::fs;
use std::path::Path;

use crate::command::{executable, program, run};
use crate::python;
use crate::release;
use crate::tally::{self, Tally};

/// What npm and pip install for them.
const FOLDER: &str = "tests/bots";
const REQUIREMENTS: &str = "tests/bots/requirements.txt";
/// A copy of the lock file from which the packages were installed.
const STAMP: &str = "node_modules/.installed-package-lock.json";

/// The SDK as a package, as docs/sdk.md has it made.
const SDK: &str = "../../client-web/sdk/dist";
/// The compiler that the web client is checked with.
const TSC: &str = "../../client-web/node_modules/typescript/bin/tsc";

/// Builds the server and the bots in Rust and TypeScript, sets up the others and runs `tests/bots`.
///
/// # Errors
/// When something does not build, is missing, or a test fails.
pub(crate) fn run_tests(root: &Path) -> Result<Tally, (Tally, String)> {
    let sentence = |text: String| (Tally::default(), text);
    let python = python::environment(root, "bots/venv", REQUIREMENTS).map_err(sentence)?;
    packages(root).map_err(sentence)?;
    typescript(root).map_err(sentence)?;
    let programs = release::build(root).map_err(sentence)?;
    let arguments = ["--test", "--test-reporter=spec", "bots.test.mjs"];
    let mut command = program("node", &root.join(FOLDER), &arguments);
    command
        .env("THRONG_BIN", programs.server)
        .env("THRONG_WANDER", programs.wander)
        .env("THRONG_PYTHON", python.join(executable("python")));
    let ended = run(&mut command).map_err(sentence)?;
    let tally = tally::of_node(&ended.output);
    if ended.ok { Ok(tally) } else { Err((tally, "a bot does not play".to_owned())) }
}

/// The same, for `cargo xtask bots`.
///
/// # Errors
/// When anything of it fails.
pub(crate) fn run_alone(root: &Path) -> Result<(), String> {
    run_tests(root).map(|_| ()).map_err(|(_, sentence)| sentence)
}

fn packages(root: &Path) -> Result<(), String> {
    let folder = root.join(FOLDER);
    let lock = fs::read(folder.join("package-lock.json"))
        .map_err(|error| format!("{FOLDER}/package-lock.json cannot be read: {error}"))?;
    if fs::read(folder.join(STAMP)).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    if !run(&mut program("npm", &folder, &["ci"]))?.ok {
        return Err(format!("npm ci failed in {FOLDER}"));
    }
    fs::write(folder.join(STAMP), lock)
        .map_err(|error| format!("{FOLDER}/{STAMP} cannot be written: {error}"))
}

/// Packs the SDK with the web client's packages, and checks and compiles the bot that uses it.
fn typescript(root: &Path) -> Result<(), String> {
    let (web, folder) = (root.join("client-web"), root.join(FOLDER));
    if !run(&mut program("npm", &web, &["run", "pack:sdk"]))?.ok {
        return Err("the SDK could not be packed".to_owned());
    }
    // npm takes a package of the same version for the same package.
    let installed = folder.join("node_modules/throng-sdk");
    if installed.exists() {
        fs::remove_dir_all(&installed)
            .map_err(|error| format!("{FOLDER}/node_modules/throng-sdk stays: {error}"))?;
    }
    let install =
        ["install", "--no-save", "--no-package-lock", "--offline", "--install-links", SDK];
    if !run(&mut program("npm", &folder, &install))?.ok {
        return Err(format!("the SDK could not be installed in {FOLDER}"));
    }
    if !run(&mut program("node", &folder, &[TSC, "--project", "."]))?.ok {
        return Err(format!("{FOLDER}/wander.ts does not pass the checks of TypeScript"));
    }
    Ok(())
}
