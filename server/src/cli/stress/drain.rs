//! `throng stress drain`.

use std::process::ExitCode;

use clap::Args;
use throng_bot::stress::drain::{self, DrainOptions};
use throng_shared::limits::PLAYERS_MAX;

use super::super::bots::{count, positive};
use super::{BROKEN, INTERRUPTED, output};

#[derive(Debug, Args)]
pub(super) struct DrainArgs {
    /// Players, none of whom comes back
    #[arg(long, value_name = "N", default_value = "200", value_parser = count)]
    players: usize,
    /// Bots of the server's own beside them
    #[arg(long, value_name = "N", default_value_t = 0)]
    house_bots: usize,
    /// How long all of them play before the server is told to stop
    #[arg(long, value_name = "S", default_value = "3", value_parser = positive)]
    seconds_before: f64,
    /// Seed of bots and server
    #[arg(long, value_name = "N", default_value = "1")]
    seed: u64,
    /// Print the report as one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: DrainArgs) -> Result<ExitCode, String> {
    if cfg!(not(unix)) {
        return Err("`stress drain` sends SIGTERM, which only Unix has.".to_owned());
    }
    let all = args.players.saturating_add(args.house_bots);
    if all > PLAYERS_MAX {
        return Err(format!(
            "--players and --house-bots are {all} together, over {PLAYERS_MAX}, all that a room \
             takes."
        ));
    }
    let options = DrainOptions {
        program: std::env::current_exe()
            .map_err(|error| format!("The path of this program is unknown: {error}."))?,
        players: args.players,
        house_bots: args.house_bots,
        seconds_before: args.seconds_before,
        seed: args.seed,
    };
    let drained = drain::run(&options, &mut |beat| tracing::info!("{} play", beat.players));
    let drained = match drained {
        Err(error) if error.is_interrupt() => return Ok(ExitCode::from(INTERRUPTED)),
        drained => drained.map_err(|error| format!("{error}."))?,
    };
    output::print(&if args.json { drained.to_json() + "\n" } else { drained.to_string() });
    Ok(if drained.is_kept() { ExitCode::SUCCESS } else { ExitCode::from(BROKEN) })
}
