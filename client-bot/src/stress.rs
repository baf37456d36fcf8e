//! How many players a machine holds: a server of its own on one core, bots on
//! another, and a search over the number of players.
//!
//! What *held* means, and what voids a run, is stated here once, in [`Verdict`].

use std::path::PathBuf;
use std::{fmt, io};

use serde::Serialize;

use self::cores::Cores;
use self::search::Search;
use self::server::{ServerChild, ServerError};
use crate::brain::BrainKind;
use crate::load::{self, CpuMeter, LoadError, LoadOptions, allow_open_files};
use crate::report::{Report, Spread, round};

pub mod chart;
mod cores;
pub mod csv;
pub mod diff;
#[cfg(target_os = "linux")]
pub mod floor;
pub mod html;
pub mod live;
#[cfg(test)]
mod made_up;
pub mod mix;
pub mod outcome;
pub mod profile;
mod raw;
pub mod scan;
mod search;
mod server;
pub mod slo;

/// Joins a second.
const RAMP_PER_S: f64 = 400.0;
/// Part of the rate that has to be delivered.
const DELIVERED_MIN: f64 = 0.95;
/// Ticks that the p99 gap may last.
const GAP_TICKS_MAX: f64 = 2.0;
/// Others in view that make the figures comparable.
const OTHERS_IN_VIEW: std::ops::RangeInclusive<f64> = 48.0..=52.0;
/// What the generator may use of its core, and how late it may be.
const OWN_CPU_MAX: f64 = 0.8;
const OWN_LATENESS_MS_MAX: f64 = 5.0;

/// What to find out.
#[derive(Clone, Debug)]
pub struct StressOptions {
    /// The `throng` binary.
    pub server: PathBuf,
    pub tick_hz: u32,
    /// Length of the window of each step.
    pub seconds: f64,
    /// Players of the first and, at most, of the last step.
    pub start: usize,
    pub max: usize,
    pub seed: u64,
    /// Whether each step is followed by one of the bare loop.
    pub floor: bool,
}

/// Why nothing was found out.
#[derive(Debug)]
pub enum StressError {
    Server(ServerError),
    Load { players: usize, error: LoadError },
    Floor { players: usize, error: io::Error },
}

impl fmt::Display for StressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server(error) => error.fmt(f),
            Self::Load { error: LoadError::Interrupted, .. } => LoadError::Interrupted.fmt(f),
            Self::Load { players, error } => write!(f, "the step of {players} players: {error}"),
            Self::Floor { players, error } => {
                write!(f, "the bare loop for {players} sockets: {error}")
            }
        }
    }
}

impl std::error::Error for StressError {}

/// What a step showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Held,
    /// The server was too slow, and in which way.
    NotHeld(String),
    /// The figures say nothing about the server, and why.
    Void(String),
}

impl Verdict {
    /// Judges a report of the workload at `tick_hz`.
    #[must_use]
    pub fn of(report: &Report, tick_hz: u32) -> Self {
        let rate = f64::from(tick_hz);
        let gap_max = GAP_TICKS_MAX * 1000.0 / rate;
        let cpu = report.own_cpu_share.unwrap_or_default();
        if cpu > OWN_CPU_MAX {
            Self::Void(format!("the bots used {:.0} % of their core", cpu * 100.0))
        } else if report.own_lateness_ms_p99 > OWN_LATENESS_MS_MAX {
            Self::Void(format!("the bots were {:.1} ms late", report.own_lateness_ms_p99))
        } else if report.joined < report.bots {
            Self::NotHeld(format!("{} of {} joined", report.joined, report.bots))
        } else if report.lost > 0 {
            Self::NotHeld(format!("{} were lost", report.lost))
        } else if report.delivered_hz < rate * DELIVERED_MIN {
            Self::NotHeld(format!("{:.1} of {rate} Hz delivered", report.delivered_hz))
        } else if report.gap_ms.p99 > gap_max {
            Self::NotHeld(format!("p99 gap over {gap_max:.0} ms"))
        } else if !OTHERS_IN_VIEW.contains(&report.others_in_view) {
            Self::Void(format!("{:.1} others in view", report.others_in_view))
        } else {
            Self::Held
        }
    }

    fn why(&self) -> &str {
        match self {
            Self::Held => "",
            Self::NotHeld(why) | Self::Void(why) => why,
        }
    }
}

/// One step of the search.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Step {
    pub tick_rate: u32,
    pub players: usize,
    pub held: bool,
    pub void: bool,
    /// Why it was not held or is void; empty when held.
    pub why: String,
    pub delivered_hz: f64,
    pub gap_ms: Spread,
    pub input_ack_ms: Spread,
    /// None where the system does not tell the CPU time of another process.
    pub cpu_us_per_client_tick: Option<f64>,
    /// The same over what the bare loop took for as many bytes to as many sockets
    /// right after; none without `--floor`.
    pub floor_ratio: Option<f64>,
    pub bytes_per_snapshot: Option<f64>,
    pub bytes_per_entity_tick: Option<f64>,
    pub others_in_view: f64,
    pub desyncs: u64,
    pub lost: usize,
    pub own_lateness_ms_p99: f64,
    pub own_cpu_share: Option<f64>,
}

impl Step {
    fn new(report: &Report, tick_hz: u32) -> Self {
        let verdict = Verdict::of(report, tick_hz);
        let client_ticks = report.joined as f64 * report.seconds * f64::from(tick_hz);
        let cpu = report.server_cpu_s.map(|s| round(s * 1e6 / client_ticks));
        Self {
            tick_rate: tick_hz,
            players: report.bots,
            held: verdict == Verdict::Held,
            void: matches!(verdict, Verdict::Void(_)),
            why: verdict.why().to_owned(),
            delivered_hz: report.delivered_hz,
            gap_ms: report.gap_ms,
            input_ack_ms: report.input_ack_ms,
            cpu_us_per_client_tick: cpu,
            floor_ratio: None,
            bytes_per_snapshot: (report.snapshots > 0)
                .then(|| round(report.bytes_in as f64 / report.snapshots as f64)),
            bytes_per_entity_tick: report.bytes_per_entity_tick,
            others_in_view: report.others_in_view,
            desyncs: report.desyncs,
            lost: report.lost,
            own_lateness_ms_p99: report.own_lateness_ms_p99,
            own_cpu_share: report.own_cpu_share,
        }
    }
}

/// What a whole search found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Found {
    /// Whether server and bots each had a core of their own.
    pub pinned: bool,
    /// The most players that were held; none when no step was.
    pub held_players: Option<usize>,
    /// Whether the next larger step was void, twice: then the bots or the machine
    /// set this limit, and the server may hold more.
    pub void_above: bool,
    pub tick_rate: u32,
    pub seconds: f64,
    pub seed: u64,
    pub results: Vec<Step>,
}

/// Searches on the calling thread until the limit is found or the process is
/// told to end. Every server that it starts is ended. `say` takes progress.
///
/// # Errors
/// When no server could be started or loaded.
pub fn run(options: &StressOptions, say: &dyn Fn(&str)) -> Result<Found, StressError> {
    let in_load = |players, error| StressError::Load { players, error };
    let runtime = load::runtime().map_err(|error| in_load(options.start, error))?;
    let found = runtime.block_on(async {
        // First, so that a signal during a step finds somebody who listens.
        tokio::select! {
            biased;
            () = load::told_to_end() => Err(in_load(options.start, LoadError::Interrupted)),
            found = find(options, say) => found,
        }
    });
    runtime.shutdown_background();
    found
}

async fn find(options: &StressOptions, say: &dyn Fn(&str)) -> Result<Found, StressError> {
    // The server inherits the limit that it needs too.
    allow_open_files(options.max)
        .or_else(|_| allow_open_files(options.start))
        .map_err(|error| StressError::Load { players: options.start, error })?;
    let cores = Cores::two();
    if cores.is_none() {
        say("server and bots share the cores: they cannot be pinned here");
    }
    let mut found = Found {
        pinned: cores.is_some(),
        held_players: None,
        void_above: false,
        tick_rate: options.tick_hz,
        seconds: options.seconds,
        seed: options.seed,
        results: Vec::new(),
    };
    let mut search = Search::new(options.start, options.max);
    while let Some(players) = search.next_players() {
        let mut step = take_step(options, cores.as_ref(), players, options.seed, say).await?;
        if step.void {
            say(&format!("{players} players: void, as {}; once more", step.why));
            found.results.push(step);
            step = take_step(options, cores.as_ref(), players, options.seed + 1, say).await?;
        }
        say(&format!("{players} players: {}", if step.held { "held" } else { step.why.as_str() }));
        if options.floor && step.held {
            let cpu = floor_us(options, cores.as_ref(), &step).await?;
            step.floor_ratio =
                step.cpu_us_per_client_tick.zip(cpu).map(|(own, floor)| round(own / floor));
        }
        search.tell(players, step.held);
        if !step.held {
            found.void_above = step.void;
        }
        found.results.push(step);
    }
    found.held_players = search.held();
    Ok(found)
}

async fn take_step(
    options: &StressOptions,
    cores: Option<&Cores>,
    players: usize,
    seed: u64,
    say: &dyn Fn(&str),
) -> Result<Step, StressError> {
    let server = ServerChild::start(options, players, cores).map_err(StressError::Server)?;
    let load = LoadOptions {
        url: format!("ws://{}/ws", server.address()),
        count: players,
        brain: BrainKind::Walk,
        seconds: options.seconds,
        ramp_per_s: RAMP_PER_S,
        seed,
        i_run_that_server: false,
        server_pid: Some(server.pid()),
    };
    let report = load::drive(&load, say).await;
    let report = report.map_err(|error| StressError::Load { players, error })?;
    Ok(Step::new(&report, options.tick_hz))
}

/// CPU time of the bare loop, in µs a client and tick, with the bytes of a step.
async fn floor_us(
    options: &StressOptions,
    cores: Option<&Cores>,
    step: &Step,
) -> Result<Option<f64>, StressError> {
    let Some(bytes) = step.bytes_per_snapshot else { return Ok(None) };
    let floor = ServerChild::start_floor(options, bytes.round() as usize, cores);
    let floor = floor.map_err(StressError::Server)?;
    let in_floor = |error| StressError::Floor { players: step.players, error };
    let address =
        floor.address().parse().map_err(|_| in_floor(io::ErrorKind::InvalidData.into()))?;
    let meter = || CpuMeter::start(Some(floor.pid()));
    let meter = raw::run(address, step.players, options.seconds, meter).await.map_err(in_floor)?;
    let client_ticks = step.players as f64 * options.seconds * f64::from(options.tick_hz);
    Ok(meter.stop(options.seconds).server.map(|s| s * 1e6 / client_ticks))
}

impl Found {
    /// The result as one JSON object.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("plain numbers and names are always JSON")
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:>7} {:>9} {:>8} {:>8} {:>10} {:>7} {:>9} {:>8} {:>8}  held",
            "players",
            "delivered",
            "gap p99",
            "gap max",
            "server",
            "over",
            "bytes per",
            "others",
            "bots"
        )?;
        writeln!(
            f,
            "{:>7} {:>9} {:>8} {:>8} {:>10} {:>7} {:>9} {:>8} {:>8}",
            "", "Hz", "ms", "ms", "us/cl-tick", "floor", "ent-tick", "in view", "late ms"
        )?;
        let number = |value: Option<f64>| value.map_or("-".to_owned(), |v| format!("{v:.2}"));
        for step in &self.results {
            let verdict = match (step.held, step.void) {
                (true, _) => "yes".to_owned(),
                (false, true) => format!("void: {}", step.why),
                (false, false) => format!("no: {}", step.why),
            };
            writeln!(
                f,
                "{:>7} {:>9.2} {:>8.1} {:>8.1} {:>10} {:>7} {:>9} {:>8.1} {:>8.2}  {verdict}",
                step.players,
                step.delivered_hz,
                step.gap_ms.p99,
                step.gap_ms.max,
                number(step.cpu_us_per_client_tick),
                number(step.floor_ratio),
                number(step.bytes_per_entity_tick),
                step.others_in_view,
                step.own_lateness_ms_p99,
            )?;
        }
        let pinned = if self.pinned { "a core each" } else { "cores shared, not pinned" };
        let players = self.held_players.map_or("none of these".to_owned(), |n| n.to_string());
        writeln!(f, "held: {players} players at {} Hz ({pinned})", self.tick_rate)?;
        if self.void_above {
            writeln!(f, "The next larger step was void: the server may hold more than this.")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Report {
        Report {
            bots: 100,
            brain: "walk",
            seed: 1,
            joined: 100,
            lost: 0,
            seconds: 10.0,
            tick_hz: 30,
            snapshots: 30_000,
            delivered_hz: 30.0,
            gap_ms: Spread { p50: 33.0, p99: 40.0, max: 60.0 },
            input_ack_ms: Spread::default(),
            bytes_in: 3_000_000,
            bytes_out: 100_000,
            entity_ticks: 1_500_000,
            bytes_per_entity_tick: Some(2.0),
            others_in_view: 50.0,
            desyncs: 0,
            checks: 1,
            own_lateness_ms_p99: 1.0,
            own_cpu_share: Some(0.5),
            server_cpu_s: Some(0.3),
        }
    }

    #[test]
    fn held_void_and_not_held_are_told_apart() {
        let verdict = |report: Report| match Verdict::of(&report, 30) {
            Verdict::Held => "held",
            Verdict::NotHeld(_) => "not held",
            Verdict::Void(_) => "void",
        };
        assert_eq!(verdict(good()), "held");
        assert_eq!(verdict(Report { delivered_hz: 28.4, ..good() }), "not held");
        assert_eq!(verdict(Report { lost: 1, ..good() }), "not held");
        assert_eq!(verdict(Report { joined: 99, ..good() }), "not held");
        let gap_ms = Spread { p99: 67.0, ..good().gap_ms };
        assert_eq!(verdict(Report { gap_ms, ..good() }), "not held");
        assert_eq!(verdict(Report { others_in_view: 47.9, ..good() }), "void");
        assert_eq!(verdict(Report { own_cpu_share: Some(0.81), ..good() }), "void");
        let late = Report { own_lateness_ms_p99: 5.1, delivered_hz: 20.0, ..good() };
        assert_eq!(verdict(late), "void", "because slow bots prove nothing about the server");
    }

    #[test]
    fn server_cpu_is_spread_over_clients_and_ticks() {
        let step = Step::new(&good(), 30);
        assert_eq!(step.cpu_us_per_client_tick, Some(10.0));
    }
}
