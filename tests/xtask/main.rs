//! `cargo xtask`: everything around the build that is not the build.

mod bots;
mod browser;
mod capacity;
mod codegen;
mod command;
mod conformance;
mod dist;
mod fuzz;
mod golden;
mod node;
mod python;
mod release;
mod sim;
mod stages;
mod tally;
mod typescript;

use std::process::ExitCode;

use capacity::{Length, Mode};
use stages::Extent;

const HELP: &str = "\
Usage: cargo xtask COMMAND

  test                 run every test there is; the last line counts them
  test --long          the same, and for five hours more: players who come and go, kills, the
                       whole ledger, every attack at full size, and the fuzzer
  codegen [--check]    write, or compare, what is generated from the wire types
  golden [--check]     write, or compare, the golden vectors in tests/golden
  capacity             measure what this machine holds, for half an hour and more, and write
                       docs/capacity.md, its charts and the README's figures
  capacity --quick     try it in a few minutes, and print the page instead
  capacity --render    write them anew from what was measured last
  sim SEED             play one seed of the simulation, and print what happens in it
  sim ledger           kill 1000 clients 20 times each, and hold their events to account
  browser              run the browser tests alone, against a release build
  bots                 run the bots of docs/bots.md alone, in Rust, TypeScript and Python
  fuzz                 look for bytes that break a target, a minute for all in tests/fuzz
  fuzz TARGET --seconds N
                       the same for one target, as long as you like
  fuzz TARGET --keep   take what was found into the committed corpus
  conformance          run the WebSocket conformance suite alone

Needs Rust, a C++ compiler, Node 20 or newer with npm, Python 3.10 or newer with venv
and pip, and Chromium; THRONG_CHROMIUM names one that is not in PATH.

  --help               show this";

fn main() -> ExitCode {
    let typed: Vec<String> = std::env::args().skip(1).collect();
    if fuzz::is_rustc() {
        return fuzz::rustc(&typed);
    }
    let words: Vec<&str> = typed.iter().map(String::as_str).collect();
    let root = throng_tests::root();
    let outcome = match words.as_slice() {
        ["--help" | "-h" | "help"] | [_, "--help" | "-h"] => {
            println!("{HELP}");
            Ok(())
        }
        [] => Err("xtask needs a command; see `cargo xtask --help`".to_owned()),
        ["test"] => return stages::run(&root, Extent::Usual),
        ["test", "--long"] => return stages::run(&root, Extent::Long),
        ["codegen"] => codegen::run(&root, codegen::Mode::Write),
        ["codegen", "--check"] => codegen::run(&root, codegen::Mode::Check),
        ["golden"] => golden::run(&root, codegen::Mode::Write),
        ["golden", "--check"] => golden::run(&root, codegen::Mode::Check),
        ["capacity"] => capacity::write(&root, Mode::Measure(Length::Full)),
        ["capacity", "--quick"] => capacity::write(&root, Mode::Measure(Length::Quick)),
        ["capacity", "--render"] => capacity::write(&root, Mode::Render),
        ["sim", "ledger"] => sim::run_ledger(&root),
        ["sim", seed] => sim::run(&root, seed),
        ["sim"] => Err("sim needs a seed: take any number, as in `cargo xtask sim 7`".to_owned()),
        ["browser"] => node::prepare(&root).and_then(|()| browser::run_alone(&root)),
        ["bots"] => node::prepare(&root).and_then(|()| bots::run_alone(&root)),
        ["fuzz"] => fuzz::run_all(&root),
        ["fuzz", target, "--seconds", seconds] => fuzz::run_alone(&root, target, seconds),
        ["fuzz", target, "--keep"] => fuzz::keep(&root, target),
        ["conformance"] => conformance::run_alone(&root),
        unknown => {
            Err(format!("`{}` is no command of xtask; see `cargo xtask --help`", unknown.join(" ")))
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            eprintln!("error: {sentence}");
            ExitCode::FAILURE
        }
    }
}
