//! `throng stress churn`.

use std::process::ExitCode;

use clap::Args;
use throng_bot::stress::churn::{self, ChurnOptions};
use throng_shared::limits::PLAYERS_MAX;

use super::super::bots::{count, positive};
use super::{BROKEN, INTERRUPTED, output};

#[derive(Debug, Args)]
pub(super) struct ChurnArgs {
    /// Players at once
    #[arg(long, value_name = "N", default_value = "500", value_parser = count)]
    players: usize,
    /// Players that leave in a second, each for a new one
    #[arg(long, value_name = "PER_S", default_value = "10", value_parser = positive)]
    rate: f64,
    /// How long
    #[arg(long, value_name = "S", default_value = "600", value_parser = positive)]
    seconds: f64,
    /// Seed of bots and server
    #[arg(long, value_name = "N", default_value = "1")]
    seed: u64,
    /// Print the report as one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: ChurnArgs) -> Result<ExitCode, String> {
    if args.players > PLAYERS_MAX {
        let players = args.players;
        return Err(format!("--players {players} is over {PLAYERS_MAX}, all that a room takes."));
    }
    let options = ChurnOptions {
        program: std::env::current_exe()
            .map_err(|error| format!("The path of this program is unknown: {error}."))?,
        players: args.players,
        per_s: args.rate,
        seconds: args.seconds,
        seed: args.seed,
    };
    let churned = churn::run(&options, &mut |beat| {
        tracing::info!("{} play, {} came", beat.players, beat.joined);
    });
    let churned = match churned {
        Err(error) if error.is_interrupt() => return Ok(ExitCode::from(INTERRUPTED)),
        churned => churned.map_err(|error| format!("{error}."))?,
    };
    output::print(&if args.json { churned.to_json() + "\n" } else { churned.to_string() });
    Ok(if churned.broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(BROKEN) })
}
