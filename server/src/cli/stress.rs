//! `throng stress`.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use throng_bot::stress::{self, StressOptions};
use throng_shared::limits::{PLAYERS_MAX, TICK_HZ_MAX, TICK_HZ_MIN};

use super::bots::{count, positive};

#[derive(Debug, Args)]
pub(super) struct StressArgs {
    /// Ticks a second of the server, 10 to 128
    #[arg(long, value_name = "HZ", default_value = "30", value_parser = tick_rate)]
    tick_rate: u32,
    /// Seconds that each step is measured
    #[arg(long, value_name = "S", default_value = "10", value_parser = positive)]
    seconds: f64,
    /// Players of the first step
    #[arg(long, value_name = "N", default_value = "256", value_parser = count)]
    start: usize,
    /// Players of the last step at most
    #[arg(long, value_name = "N", default_value = "8192", value_parser = count)]
    max: usize,
    /// Seed of the bots
    #[arg(long, value_name = "N", default_value = "1")]
    seed: u64,
    /// Run a bare epoll loop beside each held step, and give the ratio to it (Linux)
    #[arg(long)]
    floor: bool,
    /// Also write the results as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// The bare loop of `stress --floor`, as a process of its own.
#[derive(Debug, Args)]
pub(super) struct FloorArgs {
    #[arg(long, value_parser = tick_rate)]
    tick_rate: u32,
    #[arg(long, value_parser = count)]
    bytes: usize,
}

#[cfg(target_os = "linux")]
pub(super) fn run_floor(args: FloorArgs) -> Result<(), String> {
    let failed = |error| format!("The bare loop failed: {error}.");
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    super::serve::say_listening(address);
    stress::floor::serve(&listener, args.tick_rate, args.bytes).map_err(failed)
}

#[cfg(not(target_os = "linux"))]
pub(super) fn run_floor(_: FloorArgs) -> Result<(), String> {
    Err("The bare loop stands on epoll, which only Linux has.".to_owned())
}

pub(super) fn run(args: StressArgs) -> Result<(), String> {
    if args.floor && cfg!(not(target_os = "linux")) {
        return Err("--floor stands on epoll, which only Linux has.".to_owned());
    }
    if args.max > PLAYERS_MAX {
        return Err(format!("--max {} is over {PLAYERS_MAX}, all that a room takes.", args.max));
    }
    if args.start > args.max {
        return Err(format!("--start {} is more than --max {}.", args.start, args.max));
    }
    let server = std::env::current_exe()
        .map_err(|error| format!("The path of this program is unknown: {error}."))?;
    // Opened first: nobody wants to hear after the run that it cannot be written.
    let mut file = args
        .json
        .as_ref()
        .map(|path| {
            std::fs::File::create(path)
                .map_err(|error| format!("--json {} cannot be written: {error}.", path.display()))
        })
        .transpose()?;
    let options = StressOptions {
        server,
        tick_hz: args.tick_rate,
        seconds: args.seconds,
        start: args.start,
        max: args.max,
        seed: args.seed,
        floor: args.floor,
    };
    let found = stress::run(&options, &|line| tracing::info!("{line}"))
        .map_err(|error| format!("{error}."))?;
    drop(std::io::stdout().write_all(found.to_string().as_bytes()));
    if let (Some(file), Some(path)) = (&mut file, &args.json) {
        file.write_all((found.to_json() + "\n").as_bytes())
            .map_err(|error| format!("--json {} cannot be written: {error}.", path.display()))?;
    }
    Ok(())
}

fn tick_rate(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(rate) if (TICK_HZ_MIN..=TICK_HZ_MAX).contains(&rate) => Ok(rate),
        Ok(_) | Err(_) => {
            Err(format!("it has to be a whole number from {TICK_HZ_MIN} to {TICK_HZ_MAX}"))
        }
    }
}
