//! The command line: strict, results on stdout, logs on stderr.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod bots;
mod serve;
mod stress;

/// An authoritative multiplayer arena server.
#[derive(Debug, Parser)]
#[command(name = "throng", version, args_conflicts_with_subcommands = true)]
#[command(after_help = "Without a command, `throng` serves.")]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: serve::ServeArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs a server (the default).
    Serve(serve::ServeArgs),
    /// Plays with headless bots and reports what they saw.
    Bots(bots::BotsArgs),
    /// Finds how many players this machine holds.
    Stress(stress::StressArgs),
}

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let filter = tracing_subscriber::EnvFilter::try_from_env("THRONG_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let result = match cli.command {
        None => serve::run(cli.serve),
        Some(Command::Serve(args)) => serve::run(args),
        Some(Command::Bots(args)) => bots::run(args),
        Some(Command::Stress(args)) => stress::run(args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            eprintln!("throng: {sentence}");
            ExitCode::FAILURE
        }
    }
}
