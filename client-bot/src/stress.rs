//! The stress test: how many players a server holds at a tick rate, and what a course
//! of load does to it.
//!
//! It starts a server of its own on one core and makes the load from another, or loads
//! one that runs already. What *held* means, and what voids a step, is in
//! [`verdict`].

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use self::cores::Cores;
use self::courses::Found;
use self::live::Glance;

use self::mix::Mix;
use self::outcome::Reads;
use self::outcome::{Figures, Judged, Outcome, RateResult, Sample, Step, StepKind};
use self::profile::Profile;
use self::server::ServerError;
use self::slo::Slo;
use self::subject::{Ledger, Subject};
use self::verdict::{Expected, Verdict};
use crate::brain::BrainKind;
use crate::load::window::Window;
use crate::load::{self, Bare, Beat, LoadError, Plan, Ports, Stop, allow_open_files};
use crate::report::round;
use crate::target::Target;

pub mod chart;
pub mod churn;
pub(crate) mod cores;
mod courses;
pub mod csv;
pub mod diff;
pub mod drain;
#[cfg(target_os = "linux")]
pub mod floor;
pub mod html;
pub mod live;
mod machine;
#[cfg(test)]
mod made_up;
pub mod mix;
pub mod outcome;
pub mod profile;
pub mod scan;
mod search;
pub(crate) mod server;
pub mod slo;
pub mod spectators;
pub(crate) mod subject;
mod table;
pub mod verdict;
mod watch;
mod workers;

/// Joins a second while a step fills up.
const RAMP_PER_S: f64 = 800.0;
/// Length of a beat, about.
const BEAT: Duration = Duration::from_secs(1);
/// What a step takes besides its ramp and its window, about.
const SETTLE: Duration = Duration::from_secs(3);
/// Above so many bots in one process only a sample decodes and checks everything, one
/// in [`SAMPLE_ONE_IN`].
const DECODE_ALL_MAX: usize = 2000;
const SAMPLE_ONE_IN: usize = 10;
/// Others that a view of `auto` has; an arena for fewer players has no borders to lie
/// behind.
const WORKLOAD_PLAYERS_MIN: usize = 60;

/// What to find out, and how.
#[derive(Clone, Debug)]
pub struct StressOptions {
    /// The `throng` binary: server, bare loop and workers.
    pub program: PathBuf,
    /// A server that runs already, instead of one for each step.
    pub url: Option<String>,
    pub i_run_that_server: bool,
    /// Of the servers that are started.
    pub tick_rates: Vec<u32>,
    pub task: Task,
    pub mix: Mix,
    /// As `serve --arena` takes it; none: sized for the players.
    pub arena: Option<String>,
    pub seed: u64,
    /// Whether servers let everybody in, whatever the load.
    pub doors_open: bool,
    /// The bare loop by which each step is followed.
    pub floor: Option<Reads>,
    pub workers: usize,
    /// One bot in so many decodes everything; none: as many as a core can.
    pub decode_one_in: Option<usize>,
    /// Bots on slow links, and such that stop reading: the last of all.
    pub slow: usize,
    pub stalling: usize,
    /// Whether bots whose connection ended come back, and are no loss.
    pub comeback: bool,
    pub slo: Option<Slo>,
    /// From this moment of a step on, a broken threshold ends it.
    pub abort_after: Option<Duration>,
}

/// The course of a test.
#[derive(Clone, Debug)]
pub enum Task {
    /// Doubles the players, then bisects, to find how many are held.
    /// Several searches: the later ones around what the first one found.
    FindMax { start: usize, max: usize, seconds: f64, repeat: usize },
    /// One step for each of these numbers, all of them so often.
    Steady { players: Vec<usize>, seconds: f64, repeat: usize },
    /// One load whose players come and go: `spike`, `soak` or `stages`.
    Stages { name: &'static str, profile: Profile },
}

/// What is told while a test runs.
#[derive(Clone, Debug)]
pub enum Progress {
    Line(String),
    /// A second of a load.
    Second(Box<Glance>),
}

/// Why nothing was found out.
#[derive(Debug)]
pub enum StressError {
    Server(ServerError),
    Load {
        players: usize,
        error: LoadError,
    },
    /// Not all came in time who were to play; and what the first met who could not.
    NotThere {
        there: usize,
        all: usize,
        failure: Option<String>,
    },
}

impl StressError {
    /// Whether the operator ended it.
    #[must_use]
    pub fn is_interrupt(&self) -> bool {
        matches!(self, Self::Load { error: LoadError::Interrupted, .. })
    }
}

impl fmt::Display for StressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server(error) => error.fmt(f),
            Self::Load { error: LoadError::Interrupted, .. } => LoadError::Interrupted.fmt(f),
            Self::Load { players, error } => write!(f, "the load of {players} players: {error}"),
            Self::NotThere { there, all, failure } => {
                write!(f, "{there} of {all} players came in time")?;
                match failure {
                    Some(why) => write!(f, "; the first who could not play met this: {why}"),
                    None => f.write_str("; none of the others met a reason why not"),
                }
            }
        }
    }
}

impl std::error::Error for StressError {}

/// Runs a test on the calling thread until it is done or the process is told to end: then
/// the outcome has what was finished, and says so. Every server that it starts is ended.
/// `tell` takes progress.
///
/// # Errors
/// When no server could be started or loaded, or it was interrupted before anything was
/// finished.
pub fn run(
    options: &StressOptions,
    tell: &mut dyn FnMut(Progress),
) -> Result<Outcome, StressError> {
    let most = options.players_max();
    let in_load = |error| StressError::Load { players: most, error };
    // The server inherits the limit that it needs too.
    allow_open_files(most).map_err(in_load)?;
    let target = options.url.as_deref().unwrap_or("ws://127.0.0.1:1/ws");
    if let Ok(target) = Target::resolve(target)
        && let Some(ports) = Ports::towards(&target)
    {
        ports.allow(most, target.sources()).map_err(in_load)?;
    }
    // Asked before this thread is put on one of them.
    let machine = machine::this();
    let cores = if options.url.is_none() { Cores::split(options.workers) } else { None };
    if cores.is_none() && options.url.is_none() {
        tell(Progress::Line("server and bots share the cores: they cannot be pinned here".into()));
    }
    let stop = Stop::at_signals().map_err(in_load)?;
    let pinned = cores.is_some();
    let mut bench = Bench { options, cores, stop, tell };
    let mut results = Vec::new();
    let mut interrupt = None;
    for &tick_hz in &options.tick_rates {
        let mut found = Found::new(tick_hz);
        let ended = bench.course(&mut found);
        results.extend(found.result());
        match ended {
            Ok(()) => {}
            Err(error) if error.is_interrupt() => {
                interrupt = Some(error);
                break;
            }
            Err(error) => return Err(error),
        }
    }
    let interrupted = interrupt.is_some();
    if let Some(error) = interrupt.filter(|_| results.is_empty()) {
        return Err(error);
    }
    let thresholds = options.slo.as_ref().map_or_else(Vec::new, |slo| {
        results.iter().flat_map(|it| judged(slo, it, &options.task)).collect()
    });
    Ok(Outcome {
        format: outcome::FORMAT,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        machine,
        profile: options.task.name().to_owned(),
        brains: options.mix.to_string(),
        arena: options.arena.clone().unwrap_or_else(|| "auto".to_owned()),
        url: options.url.clone(),
        seed: options.seed,
        seconds: options.task.seconds(),
        pinned,
        workers: options.workers,
        floor: options.floor,
        interrupted,
        results,
        thresholds,
    })
}

impl Task {
    fn name(&self) -> &'static str {
        match self {
            Self::FindMax { .. } => "find-max",
            Self::Steady { .. } => "steady",
            Self::Stages { name, .. } => name,
        }
    }

    fn seconds(&self) -> f64 {
        match self {
            Self::FindMax { seconds, .. } | Self::Steady { seconds, .. } => *seconds,
            Self::Stages { profile, .. } => profile.length().as_secs_f64(),
        }
    }
}

impl StressOptions {
    fn players_max(&self) -> usize {
        match &self.task {
            Task::FindMax { max, .. } => *max,
            Task::Steady { players, .. } => players.iter().copied().max().unwrap_or_default(),
            Task::Stages { profile, .. } => profile.players_max(),
        }
    }

    /// Whether figures are of the workload that all published ones refer to.
    fn is_workload(&self, players: usize) -> bool {
        self.url.is_none()
            && self.arena.is_none()
            && self.mix == Mix::from(BrainKind::Walk)
            && self.slow + self.stalling == 0
            && players >= WORKLOAD_PLAYERS_MIN
    }
}

/// A load that was made.
struct Made {
    sum: Beat,
    figures: Figures,
    samples: Vec<Sample>,
}

struct Bench<'a> {
    options: &'a StressOptions,
    cores: Option<Cores>,
    stop: Stop,
    tell: &'a mut dyn FnMut(Progress),
}

impl Bench<'_> {
    fn say(&mut self, line: String) {
        (self.tell)(Progress::Line(line));
    }

    /// So many players for a while, on a server of their own.
    fn step(
        &mut self,
        tick_hz: u32,
        players: usize,
        seconds: f64,
        seed: u64,
    ) -> Result<Step, StressError> {
        let subject = self.subject(tick_hz, players)?;
        let expected = Expected {
            tick_hz: subject.tick_hz(),
            players,
            is_workload: self.options.is_workload(players),
        };
        let plan = Plan { seed, ..self.plan(&subject, players, seconds, None)? };
        let made = self.fill_and_hold(&subject, &plan, players, seconds)?;
        let mut verdict = Verdict::of(&made.figures, made.sum.joined, expected);
        if let (Verdict::Held, Some(slo)) = (&verdict, &self.options.slo) {
            let judged = slo.judge(&made.figures, expected.tick_hz);
            if let Some(broken) = judged.iter().find(|judged| !judged.kept) {
                verdict = Verdict::NotHeld(format!("{} is broken", broken.threshold));
            }
        }
        Ok(made.step(players, StepKind::Search, &verdict))
    }

    /// A step of the bare loop with as many sockets and bytes, if the bytes are known,
    /// whose CPU time gives the step its ratio.
    fn floor_beside(
        &mut self,
        tick_hz: u32,
        step: &mut Step,
        seconds: f64,
    ) -> Result<Option<Step>, StressError> {
        let Some(bytes) = frame_bytes(step) else { return Ok(None) };
        let floor = self.floor_step(tick_hz, step.players, seconds, bytes)?;
        let cpu = step.figures.cpu_us_per_client_tick.zip(floor.figures.cpu_us_per_client_tick);
        let ratio = cpu.filter(|_| !floor.void).map(|(own, floor)| round(own / floor));
        step.figures.floor_ratio = ratio;
        Ok(Some(floor))
    }

    fn floor_step(
        &mut self,
        tick_hz: u32,
        players: usize,
        seconds: f64,
        frame_bytes: usize,
    ) -> Result<Step, StressError> {
        let program = &self.options.program;
        let reads = self.options.floor.unwrap_or(Reads::OnArrival);
        let subject =
            Subject::start_bare(program, frame_bytes, tick_hz, reads, self.cores.as_ref())
                .map_err(StressError::Server)?;
        let bare = Bare { frame_bytes, tick_hz: u8::try_from(tick_hz).unwrap_or(u8::MAX) };
        let plan = self.plan(&subject, players, seconds, Some(bare))?;
        let made = self.fill_and_hold(&subject, &plan, players, seconds)?;
        let expected = Expected { tick_hz, players, is_workload: false };
        let verdict = Verdict::of(&made.figures, made.sum.joined, expected);
        Ok(made.step(players, StepKind::Floor, &verdict))
    }

    /// Fills up, settles, and measures for `seconds`.
    fn fill_and_hold(
        &mut self,
        subject: &Subject,
        plan: &Plan,
        players: usize,
        seconds: f64,
    ) -> Result<Made, StressError> {
        let mut window = Window::new(players, players as f64 / RAMP_PER_S, seconds);
        let mut filling = Ledger::open(subject);
        let mut measured: Option<Ledger<'_>> = None;
        let mut made = None;
        let tick_hz = subject.tick_hz();
        let abort = self.options.abort_after.zip(self.options.slo.clone());
        let name = match plan.bare {
            None => format!("{players} players"),
            Some(_) => format!("{players} sockets of the bare loop"),
        };
        let total = Duration::from_secs_f64(players as f64 / RAMP_PER_S + seconds) + SETTLE;
        self.load(plan, players, &mut |bench, beat| {
            let at_s = f64::from(beat.number) + beat.seconds;
            let mut step = window.take(beat);
            let sample = measured.as_mut().unwrap_or(&mut filling).add(at_s, beat);
            bench.tell_second(tick_hz, name.clone(), plan, total, sample);
            if let (Some(ledger), Some((after, slo))) = (&measured, &abort)
                && at_s >= after.as_secs_f64()
                && is_broken(slo, &ledger.so_far(), tick_hz)
            {
                step = load::Step::Stop;
            }
            if step == load::Step::Stop {
                // Before anybody leaves: the figures are of those who play.
                let sum = window.sum();
                let ledger = measured.as_ref().unwrap_or(&filling);
                let (mut figures, samples) = (ledger.close(Some(&sum)), ledger.samples.clone());
                subject.count_ports(&mut figures);
                made = Some(Made { sum, figures, samples });
            } else if window.is_open() && measured.is_none() {
                measured = Some(Ledger::open(subject));
            }
            step
        })?;
        made.ok_or_else(|| StressError::Load {
            players,
            error: LoadError::Runtime("the load ended before its window".to_owned()),
        })
    }

    fn load(
        &mut self,
        plan: &Plan,
        players: usize,
        on_beat: &mut dyn FnMut(&mut Self, &Beat) -> load::Step,
    ) -> Result<(), StressError> {
        let stop = self.stop.clone();
        let program = self.options.program.clone();
        let mut on_beat = |beat: Beat| on_beat(self, &beat);
        let made = if plan.workers == 1 {
            plan.run(&stop, &mut on_beat)
        } else {
            workers::run(plan, &program, &stop, &mut on_beat)
        };
        made.map_err(|error| StressError::Load { players, error })
    }

    /// Tells of the second that ended `at_s` seconds after the begin of a load.
    fn tell_second(
        &mut self,
        tick_hz: u32,
        stage: String,
        plan: &Plan,
        total: Duration,
        sample: Sample,
    ) {
        let elapsed = Duration::from_secs_f64(sample.at_s);
        (self.tell)(Progress::Second(Box::new(Glance {
            elapsed,
            total: Some(total),
            stage,
            tick_rate: tick_hz,
            players: sample.players,
            wanted: plan.profile.players_at(elapsed),
            sample,
            bytes_s: sample.bytes_per_client_s * sample.players as f64,
        })));
    }

    fn subject(&self, tick_hz: u32, players: usize) -> Result<Subject, StressError> {
        let options = self.options;
        if let Some(url) = &options.url {
            let target = Target::resolve(url)
                .map_err(|error| StressError::Load { players, error: LoadError::Target(error) })?;
            if !target.is_loopback() && !options.i_run_that_server {
                let error = LoadError::NotYours { url: url.clone() };
                return Err(StressError::Load { players, error });
            }
            return Subject::at(url, target.address()).map_err(|error| StressError::Load {
                players,
                error: LoadError::Unreachable { url: url.clone(), why: no_rooms(&error) },
            });
        }
        let arena = options.arena.clone().unwrap_or_else(|| format!("auto:{players}"));
        let arguments = [
            ["serve", "--listen", "127.0.0.1:0"].map(str::to_owned).to_vec(),
            ["--house-bots", "0", "--net-threads", "1"].map(str::to_owned).to_vec(),
            vec!["--tick-rate".to_owned(), tick_hz.to_string()],
            vec!["--arena".to_owned(), arena],
            vec!["--players-max".to_owned(), players.to_string()],
            vec!["--seed".to_owned(), options.seed.to_string()],
            options.doors_open.then(|| "--unsafe-doors-open".to_owned()).into_iter().collect(),
        ]
        .concat();
        Subject::start(&options.program, &arguments, tick_hz, self.cores.as_ref())
            .map_err(StressError::Server)
    }

    fn plan(
        &self,
        subject: &Subject,
        players: usize,
        seconds: f64,
        bare: Option<Bare>,
    ) -> Result<Plan, StressError> {
        let options = self.options;
        let profile = Plan::ramp_and_hold(players, RAMP_PER_S, seconds)
            .map_err(|error| StressError::Load { players, error: LoadError::Profile(error) })?;
        let all_decode = players.div_ceil(options.workers) <= DECODE_ALL_MAX;
        Ok(Plan {
            decode_one_in: options.decode_one_in.unwrap_or(if all_decode {
                1
            } else {
                SAMPLE_ONE_IN
            }),
            slow: if bare.is_none() { options.slow } else { 0 },
            stalling: if bare.is_none() { options.stalling } else { 0 },
            workers: options.workers,
            i_run_that_server: options.i_run_that_server,
            comeback: options.comeback,
            bare,
            ..Plan::plain(subject.url().to_owned(), profile, options.mix.clone(), options.seed)
        })
    }
}

impl Made {
    fn step(self, players: usize, kind: StepKind, verdict: &Verdict) -> Step {
        Step {
            players,
            kind,
            held: *verdict == Verdict::Held,
            void: matches!(verdict, Verdict::Void(_)),
            why: verdict.why().to_owned(),
            figures: self.figures,
            samples: self.samples,
        }
    }
}

fn no_rooms(error: &std::io::Error) -> String {
    format!("what listens there does not tell of its rooms at /api/rooms ({error})")
}

/// The thresholds at one tick rate: of what was held at most by a search, of the whole
/// of stages, and of every step where each was asked for.
fn judged(slo: &Slo, result: &RateResult, task: &Task) -> Vec<Judged> {
    let best = slo.judge(&result.figures, result.tick_rate);
    if !matches!(task, Task::Steady { .. }) {
        return best;
    }
    let servers = result.steps.iter().filter(|step| step.kind != StepKind::Floor);
    let each = servers.flat_map(|step| slo.judge(&step.figures, result.tick_rate));
    let broken: Vec<Judged> = each.filter(|judged| !judged.kept).collect();
    let worst = |judged: Judged| {
        broken.iter().find(|it| it.threshold == judged.threshold).cloned().unwrap_or(judged)
    };
    best.into_iter().map(worst).collect()
}

/// Whether a threshold that can be judged while the load runs is broken.
fn is_broken(slo: &Slo, figures: &Figures, tick_hz: u32) -> bool {
    slo.judge(figures, tick_hz).iter().any(|judged| judged.found.is_some() && !judged.kept)
}

fn told(step: &Step) -> String {
    let verdict = if step.held { "held" } else { step.why.as_str() };
    format!("{} players: {verdict}", step.players)
}

/// A snapshot of a step, as the bare loop would write it.
fn frame_bytes(step: &Step) -> Option<usize> {
    step.figures.bytes_per_snapshot.map(|bytes| (bytes.round() as usize).max(1))
}
