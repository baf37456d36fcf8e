//! `cargo xtask fuzz`: looks for bytes that break what reads them, guided by the code that
//! they reach.
//!
//! libFuzzer comes as a crate that builds it from its sources. The counters that guide it
//! are put in by the stable compiler: this program stands before `rustc` for the crates of
//! the workspace and adds the flags, so that what they depend on is built once for all.

mod seeds;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::command::{cargo, program, run, target};
use crate::tally::Tally;

/// Tells this program that it was started in the place of `rustc`.
const IS_RUSTC: &str = "THRONG_FUZZ_RUSTC";
/// One folder a target.
const CORPUS: &str = "tests/fuzz/corpus";
/// Time that all targets together have in `cargo xtask test`.
const SECONDS: u64 = 60;
/// Time that each target has in `cargo xtask test --long`.
const LONG_SECONDS: u64 = 30 * 60;
/// Longest input, in bytes: four times what a client may send.
const INPUT_BYTES: u32 = 4096;
/// Builds the fuzzer. The stages before name it too: cargo unites the features of what is
/// built, and with others it would build anew what the workspace depends on.
pub(crate) const FEATURE: &str = "throng-tests/fuzz";
const FLAGS: [&str; 6] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Ccodegen-units=1",
];

/// Whether this program was started in the place of `rustc`, with its path and arguments.
pub(crate) fn is_rustc() -> bool {
    std::env::var_os(IS_RUSTC).is_some()
}

/// Runs `rustc` with the flags.
pub(crate) fn rustc(words: &[String]) -> ExitCode {
    let Some((rustc, arguments)) = words.split_first() else { return ExitCode::FAILURE };
    let ended = Command::new(rustc).args(arguments).args(FLAGS).status();
    if ended.is_ok_and(|status| status.success()) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs every target for its part of a minute.
///
/// # Errors
/// When the fuzzer does not build, or an input broke something; the sentence names its file.
pub(crate) fn run_tests(root: &Path) -> Result<Tally, (Tally, String)> {
    let count = names(root).map_err(|sentence| (Tally::default(), sentence))?.len();
    run_each(root, SECONDS / count.max(1) as u64)
}

/// Runs every target for half an hour.
///
/// # Errors
/// As above.
pub(crate) fn run_long(root: &Path) -> Result<Tally, (Tally, String)> {
    run_each(root, LONG_SECONDS)
}

fn run_each(root: &Path, seconds: u64) -> Result<Tally, (Tally, String)> {
    let mut tally = Tally::default();
    let names = names(root).map_err(|sentence| (tally, sentence))?;
    let fuzzer = build(root).map_err(|sentence| (tally, sentence))?;
    let mut failures = Vec::new();
    for name in &names {
        match fuzz(root, &fuzzer, name, seconds) {
            Ok(()) => tally.passed += 1,
            Err(sentence) => {
                tally.failed += 1;
                failures.push(sentence);
            }
        }
    }
    if failures.is_empty() { Ok(tally) } else { Err((tally, failures.join("; "))) }
}

/// The same, for `cargo xtask fuzz`.
///
/// # Errors
/// When anything of it fails.
pub(crate) fn run_all(root: &Path) -> Result<(), String> {
    run_tests(root).map(|_| ()).map_err(|(_, sentence)| sentence)
}

/// Runs one target, for `cargo xtask fuzz TARGET`.
///
/// # Errors
/// When there is no such target or time, or an input broke something.
pub(crate) fn run_alone(root: &Path, name: &str, seconds: &str) -> Result<(), String> {
    known(root, name)?;
    let seconds = seconds.parse().ok().filter(|&seconds| seconds > 0).ok_or_else(|| {
        format!("`{seconds}` is no time: --seconds takes a whole number from 1 on")
    })?;
    fuzz(root, &build(root)?, name, seconds)
}

/// Takes what was found into the committed corpus, as far as it reaches more code.
///
/// # Errors
/// When there is no such target, or the fuzzer fails.
pub(crate) fn keep(root: &Path, name: &str) -> Result<(), String> {
    known(root, name)?;
    let mut fuzzer = fuzzer(root, &build(root)?, name)?;
    // By the code that is reached alone, not by how often or with which numbers: a committed
    // corpus has to stay small.
    fuzzer.args(["-use_counters=0", "-use_cmp=0"]);
    fuzzer.args(["-merge=1".as_ref(), corpus(root, name).as_os_str(), found(name)?.as_os_str()]);
    if run(&mut fuzzer)?.ok { Ok(()) } else { Err(format!("the corpus of {name} was not merged")) }
}

fn fuzz(root: &Path, fuzzer_path: &Path, name: &str, seconds: u64) -> Result<(), String> {
    let found = found(name)?;
    seeds::write(root, name, &found)?;
    let artifacts = target()?.join("fuzz").join(format!("{name}-"));
    println!("{name}: {seconds} s");
    let mut fuzzer = fuzzer(root, fuzzer_path, name)?;
    fuzzer.args(["-verbosity=0", "-print_final_stats=1", "-timeout=60"]);
    fuzzer.arg(format!("-max_total_time={seconds}"));
    fuzzer.arg(format!("-artifact_prefix={}", artifacts.display()));
    fuzzer.args([found, corpus(root, name)]);
    if run(&mut fuzzer)?.ok {
        return Ok(());
    }
    Err(format!(
        "{name} broke on an input; it lies in {}… and belongs into {CORPUS}/{name} once the fault \
         is mended",
        artifacts.display()
    ))
}

fn fuzzer(root: &Path, path: &Path, name: &str) -> Result<Command, String> {
    let mut fuzzer = program(path, root, &[]);
    fuzzer.env("THRONG_FUZZ_TARGET", name).arg(format!("-max_len={INPUT_BYTES}"));
    Ok(fuzzer)
}

fn build(root: &Path) -> Result<PathBuf, String> {
    // Not the path of this process: the stages before may have built xtask anew, and then
    // the file that it was started from is gone.
    let me = target()?.join("debug").join(format!("xtask{}", std::env::consts::EXE_SUFFIX));
    let arguments = ["build", "--workspace", "--bin", "fuzz", "--features", FEATURE];
    let mut build = cargo(root, &arguments);
    build.env("RUSTC_WORKSPACE_WRAPPER", me).env(IS_RUSTC, "1");
    if run(&mut build)?.ok {
        Ok(target()?.join("debug").join(format!("fuzz{}", std::env::consts::EXE_SUFFIX)))
    } else {
        Err("the fuzzer does not build; it needs a C++ compiler besides Rust".to_owned())
    }
}

/// Where inputs are gathered that are not committed.
fn found(name: &str) -> Result<PathBuf, String> {
    let found = target()?.join("fuzz").join(name);
    fs::create_dir_all(&found)
        .map_err(|error| format!("{} cannot be made: {error}", found.display()))?;
    Ok(found)
}

fn corpus(root: &Path, name: &str) -> PathBuf {
    root.join(CORPUS).join(name)
}

/// The targets, by their folders.
fn names(root: &Path) -> Result<Vec<String>, String> {
    let unreadable = |error| format!("{CORPUS} cannot be read: {error}");
    let mut names = Vec::new();
    for entry in fs::read_dir(root.join(CORPUS)).map_err(unreadable)? {
        names.push(entry.map_err(unreadable)?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

fn known(root: &Path, name: &str) -> Result<(), String> {
    let names = names(root)?;
    if names.iter().any(|known| known == name) {
        return Ok(());
    }
    Err(format!("`{name}` is no target of the fuzzer; there are {}", names.join(", ")))
}
