//! `throng stress spectators`.

use std::process::ExitCode;

use clap::Args;
use throng_bot::stress::spectators::{self, SpectatorsOptions};
use throng_shared::limits::{PLAYERS_MAX, WATCHERS_MAX};

use super::super::bots::{count, positive};
use super::{INTERRUPTED, output};

#[derive(Debug, Args)]
pub(super) struct SpectatorsArgs {
    /// Players that are there to be seen; as many more play, and then as many look on
    #[arg(long, value_name = "N", default_value = "400", value_parser = count)]
    players: usize,
    /// How long each of the three times is measured
    #[arg(long, value_name = "S", default_value = "20", value_parser = positive)]
    seconds: f64,
    /// Seed of bots and server
    #[arg(long, value_name = "N", default_value = "1")]
    seed: u64,
    /// Print the report as one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: SpectatorsArgs) -> Result<ExitCode, String> {
    let most = WATCHERS_MAX.min(PLAYERS_MAX / 2);
    if args.players > most {
        let players = args.players;
        return Err(format!("--players {players} is over {most}: a room takes no more of a kind."));
    }
    let options = SpectatorsOptions {
        program: std::env::current_exe()
            .map_err(|error| format!("The path of this program is unknown: {error}."))?,
        players: args.players,
        seconds: args.seconds,
        seed: args.seed,
    };
    let compared = spectators::run(&options, &mut |beat| {
        tracing::info!("{} more are there", beat.players);
    });
    let compared = match compared {
        Err(error) if error.is_interrupt() => return Ok(ExitCode::from(INTERRUPTED)),
        compared => compared.map_err(|error| format!("{error}."))?,
    };
    output::print(&if args.json { compared.to_json() + "\n" } else { compared.to_string() });
    Ok(ExitCode::SUCCESS)
}
