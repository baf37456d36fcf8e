//! `throng bots`.

use std::io::Write;

use clap::Args;
use throng_bot::bots::{self, BotsOptions};
use throng_bot::stress::mix::Mix;
use throng_bot::via::Spec;
use throng_shared::limits::ROOM_NAME_BYTES;

#[derive(Debug, Args)]
pub(super) struct BotsArgs {
    /// Server to play on
    #[arg(long, value_name = "ws://HOST:PORT/ws", default_value = "ws://127.0.0.1:8080/ws")]
    url: String,
    /// How many bots
    #[arg(long, value_name = "N", default_value = "50", value_parser = count)]
    count: usize,
    /// Room to which all go, by its name or code [default: any that has a place]
    #[arg(long, value_name = "NAME", value_parser = room)]
    room: Option<String>,
    /// Look on, without gliders
    #[arg(long, conflicts_with = "brain")]
    watch: bool,
    /// What they do: idle, walk, wander or hunt, or a mix by weight: walk=3,hunt=1
    #[arg(long, value_name = "BRAINS", default_value = "wander")]
    brain: Mix,
    /// Seconds that are measured, after all have joined; rounded up to whole ones
    #[arg(long, value_name = "S", default_value = "10", value_parser = positive)]
    seconds: f64,
    /// Joins a second
    #[arg(long, value_name = "PER_S", default_value = "200", value_parser = positive)]
    ramp: f64,
    /// Seed of everything random
    #[arg(long, value_name = "N", default_value = "1")]
    seed: u64,
    /// Play over a bad link, any of: latency=80±40 (ms each way; also 80+-40), stall=2s/30s,
    /// rate=40KB (a second), cut=1/60s
    #[arg(long, value_name = "LINK")]
    via: Option<Spec>,
    /// Print the report as one JSON object
    #[arg(long)]
    json: bool,
    /// Allow a target that is not this machine
    #[arg(long)]
    i_run_that_server: bool,
}

pub(super) fn run(args: BotsArgs) -> Result<(), String> {
    let options = BotsOptions {
        url: args.url,
        count: args.count,
        room: args.room.unwrap_or_default(),
        watch: args.watch,
        mix: args.brain,
        seconds: args.seconds,
        ramp_per_s: args.ramp,
        seed: args.seed,
        via: args.via,
        i_run_that_server: args.i_run_that_server,
    };
    let report = bots::run(&options, &|line| tracing::info!("{line}"))
        .map_err(|error| format!("{error}."))?;
    let text = if args.json { report.to_json() + "\n" } else { report.to_string() };
    // A reader that went away wants no report.
    drop(std::io::stdout().write_all(text.as_bytes()));
    Ok(())
}

/// Bots of one load: more than this have no ports to come from.
const COUNT_MAX: usize = 100_000;
/// The longest window and the steepest ramp that anybody could mean.
const POSITIVE_MAX: f64 = 1e6;

pub(super) fn count(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count) if (1..=COUNT_MAX).contains(&count) => Ok(count),
        Ok(_) | Err(_) => Err(format!("it has to be a whole number from 1 to {COUNT_MAX}")),
    }
}

fn room(text: &str) -> Result<String, String> {
    match text.len() {
        1..=ROOM_NAME_BYTES => Ok(text.to_owned()),
        _ => Err(format!("a room's name or code has 1 to {ROOM_NAME_BYTES} bytes")),
    }
}

pub(super) fn positive(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(value) if value > 0.0 && value <= POSITIVE_MAX => Ok(value),
        Ok(_) | Err(_) => Err(format!("it has to be a number above 0, up to {POSITIVE_MAX}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_bounds() {
        assert_eq!(count("7"), Ok(7));
        assert_eq!(positive("2.5"), Ok(2.5));
        assert_eq!(room("arena").as_deref(), Ok("arena"));
        assert!(room("").is_err() && room(&"x".repeat(ROOM_NAME_BYTES + 1)).is_err());
        for wrong in ["0", "-1", "NaN", "inf", "1e9", "many", ""] {
            assert!(count(wrong).is_err(), "because {wrong:?} bots cannot be");
            assert!(positive(wrong).is_err(), "because {wrong:?} seconds cannot be");
        }
    }
}
