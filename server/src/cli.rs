//! The command line: strict, results on stdout, logs on stderr.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod bots;
mod ends;
mod keep;
mod serve;
mod stress;
mod via;

/// An authoritative multiplayer arena server.
#[derive(Debug, Parser)]
#[command(name = "throng", version, args_conflicts_with_subcommands = true)]
#[command(
    after_help = "Without a command, `throng` serves. Every setting can be given by a variable too, \
    --tick-rate\nby THRONG_TICK_RATE and so on: flags win over variables, variables over the file.\n\
    THRONG_LOG filters the log on stderr, as in THRONG_LOG=debug."
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: serve::ServeArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs a server (the default).
    Serve(Box<serve::ServeArgs>),
    /// Plays with headless bots and reports what they saw.
    Bots(bots::BotsArgs),
    /// Leads connections to a server over a bad link.
    Via(via::ViaArgs),
    /// Finds how many players this machine holds.
    Stress(Box<stress::StressArgs>),
    #[command(hide = true)]
    Worker(stress::WorkerArgs),
    #[command(hide = true)]
    Floor(stress::FloorArgs),
    #[command(hide = true)]
    Raid(stress::RaidArgs),
    #[command(hide = true)]
    StoreWriter(keep::StoreWriterArgs),
}

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Err(sentence) = crate::log::begin() {
        return ended(Err(sentence));
    }
    let result = match cli.command {
        None => serve::run(cli.serve),
        Some(Command::Serve(args)) => serve::run(*args),
        Some(Command::Bots(args)) => bots::run(args),
        Some(Command::Via(args)) => via::run(args),
        Some(Command::Stress(args)) => return ended(stress::run(*args)),
        Some(Command::Worker(args)) => stress::run_worker(args),
        Some(Command::Floor(args)) => stress::run_floor(args),
        Some(Command::Raid(args)) => stress::run_raid(args),
        Some(Command::StoreWriter(args)) => keep::run(args),
    };
    ended(result.map(|()| ExitCode::SUCCESS))
}

/// Ends this process when its input does: whoever started it holds the other end, and
/// lets go of it however it ends itself.
fn end_with_stdin() {
    std::thread::spawn(|| {
        // An input that cannot be read has ended, too.
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        std::process::exit(0);
    });
}

fn ended(result: Result<ExitCode, String>) -> ExitCode {
    match result {
        Ok(code) => code,
        Err(sentence) => {
            eprintln!("throng: {sentence}");
            ExitCode::FAILURE
        }
    }
}
