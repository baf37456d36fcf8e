//! `cargo xtask test`: every stage in order, and one line that sums them up.

use std::path::Path;
use std::process::{Command, ExitCode};

use crate::codegen::{self, Mode};
use crate::command::{cargo, program, run as run_program};
use crate::tally::{self, Tally};
use crate::{bots, browser, conformance, dist, fuzz, node, release, sim};

/// What a stage found: its tests, and a sentence when it failed.
struct Outcome {
    tally: Tally,
    failure: Option<String>,
}

type Stage = (&'static str, fn(&Path) -> Outcome);

const STAGES: &[Stage] = &[
    ("rustfmt", format),
    ("clippy", clippy),
    ("generated code", generated),
    ("packages of the web client", packages),
    ("types of the web client", types),
    ("tests of the web client", web_tests),
    ("build of the web client", web_build),
    ("Rust tests", rust_tests),
    ("determinism in release", release_tests),
    ("a minute of churn", churn_briefly),
    ("WebSocket conformance", conformance_tests),
    ("fuzzing, a minute", fuzzing),
    ("bots in three languages", bot_tests),
    ("browser tests", browser_tests),
];

/// Those that take longer than anybody waits for.
const LONG_STAGES: &[Stage] = &[
    ("ten minutes of churn", churn),
    ("two hundred kills while scores are written", kills),
    ("the ledger of a thousand clients", ledger),
    ("every attack at full size", attacks),
    ("fuzzing, half an hour a target", long_fuzzing),
];

/// Which stages are run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    Usual,
    Long,
}

/// Runs every stage, whatever the ones before it found.
pub(crate) fn run(root: &Path, extent: Extent) -> ExitCode {
    let long = if extent == Extent::Long { LONG_STAGES } else { &[] };
    let count = STAGES.len() + long.len();
    let mut tally = Tally::default();
    let mut failures = Vec::new();
    for (number, (name, stage)) in STAGES.iter().chain(long).enumerate() {
        println!("\n== {} of {}: {name}", number + 1, count);
        let mut outcome = stage(root);
        if let Some(sentence) = outcome.failure {
            // A stage may fail without a failed test: it does not compile, or a tool is missing.
            outcome.tally.failed = outcome.tally.failed.max(1);
            println!("FAILED: {sentence}");
            failures.push(format!("{name}: {sentence}"));
        }
        tally += outcome.tally;
    }
    println!();
    for failure in &failures {
        println!("FAILED {failure}");
    }
    println!("{} passed, {} failed, {} skipped", tally.passed, tally.failed, tally.skipped);
    if failures.is_empty() && tally.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn format(root: &Path) -> Outcome {
    plain(&mut cargo(root, &["fmt", "--all", "--check"]), "run `cargo fmt --all`")
}

fn clippy(root: &Path) -> Outcome {
    let arguments = [
        "clippy",
        "--workspace",
        "--all-targets",
        "--features",
        fuzz::FEATURE,
        "--",
        "-D",
        "warnings",
    ];
    plain(&mut cargo(root, &arguments), "clippy has something to say")
}

fn generated(root: &Path) -> Outcome {
    checked(codegen::run(root, Mode::Check))
}

fn packages(root: &Path) -> Outcome {
    checked(node::prepare(root))
}

fn types(root: &Path) -> Outcome {
    let web = root.join("client-web");
    plain(&mut program("npm", &web, &["run", "check"]), "the TypeScript types do not fit")
}

fn web_tests(root: &Path) -> Outcome {
    let web = root.join("client-web");
    counted(
        &mut program("npm", &web, &["test"]),
        tally::of_vitest,
        "a test of the web client failed",
    )
}

fn web_build(root: &Path) -> Outcome {
    checked(dist::check(root))
}

fn rust_tests(root: &Path) -> Outcome {
    let mut command =
        cargo(root, &["test", "--workspace", "--features", fuzz::FEATURE, "--no-fail-fast"]);
    counted(command.env_remove("UPDATE_GOLDEN"), tally::of_cargo, "a Rust test failed")
}

fn release_tests(root: &Path) -> Outcome {
    tallied(release::run_tests(root))
}

/// Five hundred who come and go, on what is shipped: a build that is not optimised could lose
/// some by being slow.
fn churn_briefly(root: &Path) -> Outcome {
    churn_for(root, "60")
}

fn churn(root: &Path) -> Outcome {
    churn_for(root, "600")
}

fn churn_for(root: &Path, seconds: &str) -> Outcome {
    let programs = match release::build(root) {
        Ok(programs) => programs,
        Err(sentence) => return checked(Err(sentence)),
    };
    let mut command = program(programs.server, root, &["stress", "churn", "--seconds", seconds]);
    let sentence = "players who came and went left something behind";
    let outcome = plain(command.env("THRONG_LOG", "warn"), sentence);
    let passed = usize::from(outcome.failure.is_none());
    Outcome { tally: Tally { passed, ..Tally::default() }, ..outcome }
}

fn kills(root: &Path) -> Outcome {
    let arguments = ["test", "--package", "throng", "--test", "process", "store::nothing"];
    let mut command = cargo(root, &arguments);
    let sentence = "a score that was acknowledged is lost";
    counted(command.env("THRONG_TEST_KILLS", "200"), tally::of_cargo, sentence)
}

fn ledger(root: &Path) -> Outcome {
    checked(sim::run_ledger(root))
}

fn attacks(root: &Path) -> Outcome {
    let arguments = ["run", "--release", "--package", "throng", "--", "stress", "attack", "all"];
    plain(&mut cargo(root, &arguments), "an attack harmed somebody, or was not kept in its bounds")
}

fn long_fuzzing(root: &Path) -> Outcome {
    tallied(fuzz::run_long(root))
}

fn browser_tests(root: &Path) -> Outcome {
    tallied(browser::run_tests(root))
}

fn bot_tests(root: &Path) -> Outcome {
    tallied(bots::run_tests(root))
}

fn conformance_tests(root: &Path) -> Outcome {
    tallied(conformance::run_tests(root))
}

fn fuzzing(root: &Path) -> Outcome {
    tallied(fuzz::run_tests(root))
}

fn tallied(result: Result<Tally, (Tally, String)>) -> Outcome {
    match result {
        Ok(tally) => Outcome { tally, failure: None },
        Err((tally, sentence)) => Outcome { tally, failure: Some(sentence) },
    }
}

/// A stage that has no tests of its own.
fn plain(command: &mut Command, sentence: &str) -> Outcome {
    counted(command, |_| Tally::default(), sentence)
}

fn checked(result: Result<(), String>) -> Outcome {
    Outcome { tally: Tally::default(), failure: result.err() }
}

fn counted(command: &mut Command, count: fn(&str) -> Tally, sentence: &str) -> Outcome {
    match run_program(command) {
        Ok(ended) => Outcome {
            tally: count(&ended.output),
            failure: (!ended.ok).then(|| sentence.to_owned()),
        },
        Err(unstarted) => Outcome { tally: Tally::default(), failure: Some(unstarted) },
    }
}
