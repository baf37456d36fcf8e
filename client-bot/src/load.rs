//! The load generator: many bots on one thread, and what they saw.
//!
//! Bots join at a rate, settle, are measured for a while, and leave. One task a
//! bot on a current-thread runtime; the tasks count into one tally.

use std::fmt;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};

pub(crate) use self::cpu::CpuMeter;
pub use self::open_files::allow_open_files;
use self::player::{Player, Shared};
use crate::brain::{BrainKind, THINK_EVERY};
use crate::report::{Report, Tally, round};
use crate::target::{Target, TargetError};

mod cpu;
mod open_files;
mod player;

/// Time from the last join to the window: clocks settle, keyframes are over.
const SETTLE: Duration = Duration::from_secs(1);
/// How long joins may take after the last one was begun.
const JOIN_WITHIN: Duration = Duration::from_secs(20);
/// How long all bots together may take to leave.
const LEAVE_WITHIN: Duration = Duration::from_secs(10);
/// How often the state of the joins is looked at.
const GLANCE: Duration = Duration::from_millis(20);
/// Socket events and tasks taken before timers are looked at again: a tick wakes
/// every bot at once, and inputs must not wait for all of them.
const EVENTS_AT_ONCE: usize = 32;

/// What load to make.
#[derive(Clone, Debug)]
pub struct LoadOptions {
    /// `ws://HOST:PORT/ws`
    pub url: String,
    pub count: usize,
    pub brain: BrainKind,
    /// Length of the measured window.
    pub seconds: f64,
    pub ramp_per_s: f64,
    pub seed: u64,
    /// A target that is not on loopback is only loaded when its operator says so.
    pub i_run_that_server: bool,
    /// The server's process, when its CPU time is to be measured too.
    pub server_pid: Option<u32>,
}

/// Why there is no report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoadError {
    Target(TargetError),
    NotYours { url: String },
    OpenFiles { needed: u64, limit: u64 },
    Unreachable { url: String, why: String },
    Runtime(String),
    Interrupted,
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Target(error) => error.fmt(f),
            Self::NotYours { url } => write!(
                f,
                "--url {url} is not on this machine: add --i-run-that-server if you may load it"
            ),
            Self::OpenFiles { needed, limit } => write!(
                f,
                "--count needs {needed} open files and the hard limit is {limit}: \
                 raise it (as root: ulimit -Hn {needed}) or take fewer bots"
            ),
            Self::Unreachable { url, why } => write!(f, "no bot could join {url}: {why}"),
            Self::Runtime(why) => write!(f, "no event loop: {why}"),
            Self::Interrupted => f.write_str("interrupted"),
        }
    }
}

impl std::error::Error for LoadError {}

/// Makes a load on the calling thread, until it is done or the process is told
/// to end. `say` takes lines of progress.
///
/// # Errors
/// When the load cannot be made, or nobody could join.
pub fn run(options: &LoadOptions, say: &dyn Fn(&str)) -> Result<Report, LoadError> {
    let runtime = runtime()?;
    let report = runtime.block_on(async {
        tokio::select! {
            report = drive(options, say) => report,
            () = told_to_end() => Err(LoadError::Interrupted),
        }
    });
    runtime.shutdown_background();
    report
}

pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, LoadError> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_io_events_per_tick(EVENTS_AT_ONCE)
        .event_interval(EVENTS_AT_ONCE as u32)
        .build()
        .map_err(|error| LoadError::Runtime(error.to_string()))
}

/// Resolves at SIGINT or SIGTERM.
pub(crate) async fn told_to_end() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Makes a load on the current runtime; dropping the future ends the bots.
///
/// # Errors
/// When the load cannot be made, or nobody could join.
pub async fn drive(options: &LoadOptions, say: &dyn Fn(&str)) -> Result<Report, LoadError> {
    let target = Target::resolve(&options.url).await.map_err(LoadError::Target)?;
    if !target.is_loopback() && !options.i_run_that_server {
        return Err(LoadError::NotYours { url: options.url.clone() });
    }
    allow_open_files(options.count)?;
    let shared = Arc::new(Shared::new(target));
    let mut bots = JoinSet::new();
    ramp_up(options, &shared, &mut bots, say).await?;
    let joined = shared.joined.load(Ordering::Relaxed);
    let failed = shared.first_failure();
    if joined == 0 {
        let why = failed.unwrap_or_else(|| "none was welcomed in time".to_owned());
        return Err(LoadError::Unreachable { url: options.url.clone(), why });
    }
    if let Some(why) = failed {
        say(&format!("{} of {} joined; the first that did not: {why}", joined, options.count));
    } else {
        say(&format!("{joined} joined"));
    }
    sleep(SETTLE).await;

    let playing = joined - shared.lost.load(Ordering::Relaxed).min(joined);
    let meter = CpuMeter::start(options.server_pid);
    let began = Instant::now();
    shared.measure(began);
    sleep(Duration::from_secs_f64(options.seconds)).await;
    shared.leave();
    let seconds = began.elapsed().as_secs_f64();
    let cpu = meter.stop(seconds);
    say("leaving");
    if timeout(LEAVE_WITHIN, async { while bots.join_next().await.is_some() {} }).await.is_err() {
        say(&format!("{} did not leave in time", bots.len()));
    }
    let tally = shared.tally.lock().unwrap_or_else(PoisonError::into_inner);
    let outcome = Outcome { joined, playing, seconds, own_cpu: cpu.own, server_cpu: cpu.server };
    Ok(report(options, &shared, &tally, outcome))
}

/// Starts the bots one by one and waits until each has joined or failed.
async fn ramp_up(
    options: &LoadOptions,
    shared: &Arc<Shared>,
    bots: &mut JoinSet<()>,
    say: &dyn Fn(&str),
) -> Result<(), LoadError> {
    let began = Instant::now();
    let mut told = began;
    for number in 0..options.count {
        sleep_until(began + Duration::from_secs_f64(number as f64 / options.ramp_per_s)).await;
        // The first bot shows whether there is a server at all.
        if shared.joined.load(Ordering::Relaxed) == 0 && shared.first_failure().is_some() {
            return Ok(());
        }
        if told.elapsed() >= Duration::from_secs(1) {
            told = Instant::now();
            say(&format!("{number} of {} started", options.count));
        }
        let share = number as f64 / options.count as f64;
        let player = Player {
            number,
            brain: options.brain,
            seed: options.seed,
            first_input: began + THINK_EVERY.mul_f64(share),
        };
        bots.spawn(player.play(Arc::clone(shared)));
    }
    let deadline = Instant::now() + JOIN_WITHIN;
    while shared.settled.load(Ordering::Relaxed) < options.count && Instant::now() < deadline {
        sleep(GLANCE).await;
    }
    Ok(())
}

struct Outcome {
    joined: usize,
    playing: usize,
    seconds: f64,
    own_cpu: Option<f64>,
    server_cpu: Option<f64>,
}

fn report(options: &LoadOptions, shared: &Shared, tally: &Tally, outcome: Outcome) -> Report {
    // Bots lost in the window count with all of it: silence is not delivery.
    let figures = tally.figures(outcome.playing, outcome.seconds);
    Report {
        bots: options.count,
        brain: options.brain.name(),
        seed: options.seed,
        joined: outcome.joined,
        lost: shared.lost.load(Ordering::Relaxed),
        seconds: round(outcome.seconds),
        tick_hz: shared.tick_hz.load(Ordering::Relaxed),
        snapshots: tally.snapshots,
        delivered_hz: figures.delivered_hz,
        gap_ms: figures.gap_ms,
        input_ack_ms: figures.input_ack_ms,
        bytes_in: tally.bytes_in,
        bytes_out: tally.bytes_out,
        entity_ticks: tally.entity_ticks,
        bytes_per_entity_tick: figures.bytes_per_entity_tick,
        others_in_view: figures.others_in_view,
        desyncs: shared.desyncs.load(Ordering::Relaxed),
        checks: shared.checks.load(Ordering::Relaxed),
        own_lateness_ms_p99: figures.own_lateness_ms_p99,
        own_cpu_share: outcome.own_cpu.map(round),
        server_cpu_s: outcome.server_cpu,
    }
}
