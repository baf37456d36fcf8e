//! `throng stress`, its workers and its bare loop.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use throng_bot::load::{Bare, Plan, Step, Stop};
use throng_bot::stress::diff::{self, Diff};
use throng_bot::stress::mix::Mix;
use throng_bot::stress::outcome::Reads;
use throng_bot::stress::profile::{Profile, Stage};
use throng_bot::stress::slo::Slo;
use throng_bot::stress::{self, StressOptions, Task};
use throng_shared::limits::{PLAYERS_MAX, TICK_HZ_MAX, TICK_HZ_MIN};

use super::bots::{count, positive};
use crate::config::ArenaSpec;

mod attack;
mod churn;
mod drain;
mod output;
mod spectators;

pub(super) use self::attack::{RaidArgs, run_raid};
use self::output::{Files, Screen};

/// Exit codes besides 0 and those of every command.
const BROKEN: u8 = 99;
const VOID: u8 = 3;
const INTERRUPTED: u8 = 130;
const DIFFERENT: u8 = 4;
const INCOMPARABLE: u8 = 5;

const CODES: &str = "\
Exit codes:
  0   the test ran, and every threshold of --slo was kept
  1   it could not run; the message says why
  2   the command line is wrong
  3   nothing was found out: the generator or the machine was too slow
  4   `stress diff`: the runs differ beyond noise
  5   `stress diff`: they have nothing in common that could be compared
  99  a threshold of --slo was broken, or an attack, churn or drain showed
      what it should not
  130 it was interrupted; what was finished is printed and written all the same";

#[derive(Debug, Args)]
#[command(after_help = CODES, args_conflicts_with_subcommands = true)]
pub(super) struct StressArgs {
    #[command(subcommand)]
    command: Option<StressCommand>,
    /// The course of the test
    #[arg(long, value_name = "PROFILE", default_value = "find-max")]
    profile: ProfileName,
    /// A stage of a course of your own, again for each: 30s:0..500, then 60s:500
    #[arg(
        long,
        value_name = "TIME:PLAYERS",
        value_parser = Stage::measured,
        conflicts_with_all = ["profile", "players"]
    )]
    stage: Vec<Stage>,
    /// Players of steady (several: one step each), spike and soak
    #[arg(long, value_name = "N", value_delimiter = ',', value_parser = count, default_value = "500")]
    players: Vec<usize>,
    /// Seconds that a step is measured, and that spike and soak last [default: 10, 44, 600]
    #[arg(long, value_name = "S", value_parser = positive)]
    seconds: Option<f64>,
    /// Times that steady goes through its players, and searches of find-max: the median counts
    #[arg(long, value_name = "N", value_parser = count, default_value = "1")]
    repeat: usize,
    /// Players of the first step of find-max
    #[arg(long, value_name = "N", default_value = "256", value_parser = count)]
    start: usize,
    /// Players of its last step at most
    #[arg(long, value_name = "N", default_value = "8192", value_parser = count)]
    max: usize,
    /// Ticks a second of the servers, 10 to 128, one after the other
    #[arg(
        long,
        alias = "tick-rate",
        value_name = "HZ",
        value_delimiter = ',',
        default_value = "30",
        value_parser = tick_rate
    )]
    tick_rates: Vec<u32>,
    /// What bots do: walk, or a mix by weight: walk=3,hunt=1
    #[arg(long, value_name = "BRAINS", default_value = "walk")]
    brain: Mix,
    /// Arena of the servers, as `serve` takes it; without it one sized for the players
    #[arg(long, value_name = "ARENA")]
    arena: Option<ArenaSpec>,
    /// Seed of bots and servers
    #[arg(long, value_name = "N", default_value = "1")]
    seed: u64,
    /// A server that runs already, instead of one for each step
    #[arg(long, value_name = "ws://HOST:PORT/ws", conflicts_with_all = ["tick_rates", "arena", "floor"])]
    url: Option<String>,
    /// Allow a target that is not this machine
    #[arg(long)]
    i_run_that_server: bool,
    /// Generator processes that share the bots
    #[arg(long, value_name = "N", default_value = "1", value_parser = workers)]
    workers: usize,
    /// One bot in N decodes and checks everything, the others read heads of snapshots
    /// [default: 1 up to 2000 bots a worker, 10 above]
    #[arg(long, value_name = "N", value_parser = count)]
    decode_one_in: Option<usize>,
    /// The last N players have a link that carries two thirds of what they are sent, 20 ms
    /// late each way
    #[arg(long, value_name = "N", default_value_t = 0)]
    slow: usize,
    /// The last N players stop reading, four seconds after they joined
    #[arg(long, value_name = "N", default_value_t = 0)]
    stalling: usize,
    /// Bots whose connection ends come back, with growing, jittered delays, and are lost
    /// only when they were told to stay away
    #[arg(long)]
    comeback: bool,
    /// Let the servers take more than they can bear, rather than refuse newcomers in time
    #[arg(long, conflicts_with = "url")]
    doors_open: bool,
    /// Run a bare epoll loop beside each step, and give the ratio to it (Linux)
    #[arg(long, value_name = "READS", num_args = 0..=1, default_missing_value = "on-arrival")]
    floor: Option<FloorReads>,
    /// Thresholds, such as 'tick_p99<10ms,gap_p99<2T,join_p99<250ms,lost==0,desyncs==0'
    #[arg(long, value_name = "THRESHOLDS")]
    slo: Option<Slo>,
    /// End a step whose thresholds are broken so many seconds after its begin
    #[arg(long, value_name = "S", value_parser = positive, requires = "slo")]
    abort_after: Option<f64>,
    #[command(flatten)]
    files: Files,
}

#[derive(Debug, Subcommand)]
enum StressCommand {
    /// Tell whether two runs, written with --json, differ beyond noise.
    Diff { a: PathBuf, b: PathBuf },
    /// Attack a server of this machine, and tell what it, and 200 honest bots beside, made of it.
    Attack(attack::AttackArgs),
    /// Let players come and go for a long time, and tell what they leave behind.
    Churn(churn::ChurnArgs),
    /// Tell a server that is full of players to stop, and tell what it said to whom, and when it
    /// was gone.
    Drain(drain::DrainArgs),
    /// Tell what somebody costs who looks on, beside somebody who plays.
    Spectators(spectators::SpectatorsArgs),
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ProfileName {
    /// How many players are held: doubling, then bisecting
    FindMax,
    /// So many players, all the time
    Steady,
    /// A quarter of the players, suddenly all, and a quarter again
    Spike,
    /// So many players for a long time
    Soak,
}

/// When the bare loop of `--floor` reads.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum FloorReads {
    /// Each input as it comes, as a loop around epoll_wait does
    OnArrival,
    /// All inputs once a tick, asleep between: the cheapest loop there is
    OnceATick,
}

impl FloorReads {
    fn reads(self) -> Reads {
        match self {
            Self::OnArrival => Reads::OnArrival,
            Self::OnceATick => Reads::OnceATick,
        }
    }
}

/// Part of a load, as a process of its own.
#[derive(Debug, Args)]
pub(super) struct WorkerArgs {
    #[arg(long)]
    url: String,
    #[arg(long)]
    stage: Vec<Stage>,
    #[arg(long)]
    brain: Mix,
    #[arg(long)]
    seed: u64,
    #[arg(long)]
    decode_one_in: usize,
    #[arg(long)]
    worker: usize,
    #[arg(long)]
    workers: usize,
    #[arg(long)]
    i_run_that_server: bool,
    #[arg(long)]
    slow: usize,
    #[arg(long)]
    stalling: usize,
    #[arg(long)]
    joining_max: usize,
    #[arg(long)]
    comeback: bool,
    #[arg(long)]
    bare_bytes: Option<usize>,
    #[arg(long)]
    bare_tick_rate: Option<u8>,
}

/// The bare loop of `stress --floor`, as a process of its own.
#[derive(Debug, Args)]
pub(super) struct FloorArgs {
    #[arg(long, value_parser = tick_rate)]
    tick_rate: u32,
    #[arg(long, value_parser = count)]
    bytes: usize,
    /// Read what came once a tick, and sleep between.
    #[arg(long)]
    once_a_tick: bool,
    #[arg(long)]
    until_stdin_ends: bool,
}

#[cfg(target_os = "linux")]
pub(super) fn run_floor(args: FloorArgs) -> Result<(), String> {
    if args.until_stdin_ends {
        super::end_with_stdin();
    }
    let failed = |error| format!("The bare loop failed: {error}.");
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    super::serve::say_listening("http", address);
    let reads = if args.once_a_tick { Reads::OnceATick } else { Reads::OnArrival };
    stress::floor::serve(&listener, args.tick_rate, args.bytes, reads).map_err(failed)
}

#[cfg(not(target_os = "linux"))]
pub(super) fn run_floor(_: FloorArgs) -> Result<(), String> {
    Err("The bare loop stands on epoll, which only Linux has.".to_owned())
}

/// Makes its part of a load, and prints each beat as a line of JSON.
pub(super) fn run_worker(args: WorkerArgs) -> Result<(), String> {
    let said = |error: &dyn std::fmt::Display| format!("{error}.");
    let profile = Profile::new(args.stage).map_err(|error| said(&error))?;
    let plan = Plan {
        decode_one_in: args.decode_one_in.max(1),
        slow: args.slow,
        stalling: args.stalling,
        worker: args.worker,
        workers: args.workers.max(1),
        i_run_that_server: args.i_run_that_server,
        joining_max: args.joining_max,
        comeback: args.comeback,
        bare: args
            .bare_bytes
            .zip(args.bare_tick_rate)
            .map(|(frame_bytes, tick_hz)| Bare { frame_bytes, tick_hz }),
        ..Plan::plain(args.url, profile, args.brain, args.seed)
    };
    let stop = Stop::at_signals().map_err(|error| said(&error))?;
    let over = Stop::default();
    std::thread::spawn({
        let over = over.clone();
        move || {
            // Whoever started us closes our input when it has heard enough, or is gone.
            let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
            over.ask();
        }
    });
    let run = plan.run(&stop, &mut |beat| {
        let told = output::line(&serde_json::to_string(&beat).unwrap_or_default());
        if told && !over.is_asked() { Step::Continue } else { Step::Stop }
    });
    run.map_err(|error| said(&error))
}

pub(super) fn run(args: StressArgs) -> Result<ExitCode, String> {
    match args.command {
        Some(StressCommand::Diff { a, b }) => return tell_apart(&a, &b),
        Some(StressCommand::Attack(args)) => return attack::run(args),
        Some(StressCommand::Churn(args)) => return churn::run(args),
        Some(StressCommand::Drain(args)) => return drain::run(args),
        Some(StressCommand::Spectators(args)) => return spectators::run(args),
        None => {}
    }
    if args.floor.is_some() && cfg!(not(target_os = "linux")) {
        return Err("--floor stands on epoll, which only Linux has.".to_owned());
    }
    let task = args.task()?;
    // Opened first: nobody wants to hear after the run that they cannot be written.
    let mut files = args.files.open()?;
    let program = std::env::current_exe()
        .map_err(|error| format!("The path of this program is unknown: {error}."))?;
    let options = StressOptions {
        program,
        url: args.url,
        i_run_that_server: args.i_run_that_server,
        tick_rates: args.tick_rates,
        task,
        mix: args.brain,
        arena: args.arena.map(|arena| arena.to_string()),
        seed: args.seed,
        doors_open: args.doors_open,
        floor: args.floor.map(FloorReads::reads),
        workers: args.workers,
        decode_one_in: args.decode_one_in,
        slow: args.slow,
        stalling: args.stalling,
        comeback: args.comeback,
        slo: args.slo,
        abort_after: args.abort_after.map(Duration::from_secs_f64),
    };
    let mut screen = Screen::new();
    let outcome = stress::run(&options, &mut |progress| screen.show(progress));
    screen.clear();
    let outcome = match outcome {
        Err(error) if error.is_interrupt() => {
            eprintln!("throng: Interrupted before anything was finished.");
            return Ok(ExitCode::from(INTERRUPTED));
        }
        outcome => outcome.map_err(|error| format!("{error}."))?,
    };
    output::print(&outcome.to_string());
    files.write(&outcome)?;
    let broken = outcome.thresholds.iter().any(|judged| !judged.kept);
    let void = outcome.results.iter().any(|result| result.void);
    if outcome.interrupted {
        return Ok(ExitCode::from(INTERRUPTED));
    }
    Ok(ExitCode::from(match (broken, void) {
        (_, true) => VOID,
        (true, false) => BROKEN,
        (false, false) => 0,
    }))
}

impl StressArgs {
    fn task(&self) -> Result<Task, String> {
        if self.max > PLAYERS_MAX {
            return Err(format!(
                "--max {} is over {PLAYERS_MAX}, all that a room takes.",
                self.max
            ));
        }
        if self.start > self.max {
            return Err(format!("--start {} is more than --max {}.", self.start, self.max));
        }
        let most = self.players.iter().copied().max().unwrap_or_default();
        if most > PLAYERS_MAX {
            return Err(format!("--players {most} is over {PLAYERS_MAX}, all that a room takes."));
        }
        let within = |default: f64| Duration::from_secs_f64(self.seconds.unwrap_or(default));
        let stages = |name, profile: Result<Profile, _>| match profile {
            Ok(profile) if let Some((number, stage)) = profile.unmeasured() => Err(format!(
                "Stage {number} of {name} ({stage}) is too short: figures come once a second. \
                 Give --seconds more."
            )),
            Ok(profile) if profile.players_max() <= PLAYERS_MAX => {
                Ok(Task::Stages { name, profile })
            }
            Ok(profile) => Err(format!(
                "The stages have {} players, and a room takes {PLAYERS_MAX}.",
                profile.players_max()
            )),
            Err(error) => Err(format!("The stages are no load: {error}.")),
        };
        if !self.stage.is_empty() {
            return stages("stages", Profile::new(self.stage.clone()));
        }
        let seconds = self.seconds.unwrap_or(10.0);
        match self.profile {
            ProfileName::FindMax => {
                let (start, max, repeat) = (self.start, self.max, self.repeat);
                Ok(Task::FindMax { start, max, seconds, repeat })
            }
            ProfileName::Steady => {
                Ok(Task::Steady { players: self.players.clone(), seconds, repeat: self.repeat })
            }
            ProfileName::Spike => stages("spike", Profile::spike(most, within(44.0))),
            ProfileName::Soak => stages("soak", Profile::soak(most, within(600.0))),
        }
    }
}

fn tell_apart(a: &Path, b: &Path) -> Result<ExitCode, String> {
    let read = |path: &Path| {
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("{} cannot be read: {error}.", path.display()))?;
        diff::read(&text).map_err(|error| format!("{}: {error}.", path.display()))
    };
    let diff = Diff::between(&read(a)?, &read(b)?);
    output::print(&diff.to_string());
    Ok(ExitCode::from(match (diff.differs(), diff.is_conclusive()) {
        (true, _) => DIFFERENT,
        (false, true) => 0,
        (false, false) => INCOMPARABLE,
    }))
}

fn tick_rate(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(rate) if (TICK_HZ_MIN..=TICK_HZ_MAX).contains(&rate) => Ok(rate),
        Ok(_) | Err(_) => {
            Err(format!("it has to be a whole number from {TICK_HZ_MIN} to {TICK_HZ_MAX}"))
        }
    }
}

fn workers(text: &str) -> Result<usize, String> {
    match usize::from_str(text) {
        Ok(workers) if (1..=64).contains(&workers) => Ok(workers),
        Ok(_) | Err(_) => Err("it has to be a whole number from 1 to 64".to_owned()),
    }
}
