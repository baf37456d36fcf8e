//! What a stress test found, as data: printed as a table, and written as JSON, CSV
//! and HTML. `stress diff` reads the JSON back.

use serde::{Deserialize, Serialize};

use crate::report::Spread;

/// Counted up when a field changes its meaning.
pub const FORMAT: u32 = 1;

/// Everything that one run of `throng stress` found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// [`FORMAT`] of the writer.
    pub format: u32,
    /// Version of the tool.
    pub version: String,
    pub machine: Machine,
    /// `find-max`, `steady`, `spike`, `soak` or `stages`.
    pub profile: String,
    /// As given: `walk`, or `walk=3,hunt=1`.
    pub brains: String,
    /// `auto`, or the arena as given.
    pub arena: String,
    /// The server, when it was not started by the tool.
    pub url: Option<String>,
    pub seed: u64,
    /// Length of the window of a step, in seconds.
    pub seconds: f64,
    /// Whether server and bots each had a core of their own.
    pub pinned: bool,
    /// Generator processes.
    pub workers: usize,
    /// The bare loop that the server was compared with.
    pub floor: Option<Reads>,
    /// Whether the operator ended it: then the results are what was finished.
    #[serde(default)]
    pub interrupted: bool,
    /// One for each tick rate.
    pub results: Vec<RateResult>,
    /// The thresholds that were asked for, and whether they were kept.
    pub thresholds: Vec<Judged>,
}

impl Outcome {
    /// The outcome as one JSON object.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("plain numbers and names are always JSON")
    }
}

/// What the figures were measured on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// The processor's name, as the system tells it.
    pub cpu: String,
    /// Cores that the tool may use.
    pub cores: usize,
    pub memory_gib: u64,
    /// Name and release of the operating system's kernel.
    pub kernel: String,
}

/// When a bare loop reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reads {
    /// Each input when it comes, as a loop around `epoll_wait` does.
    OnArrival,
    /// All of them once a tick: it sleeps between two, since nothing that comes is of
    /// use before the next. The cheapest loop there is.
    OnceATick,
}

/// What was found at one tick rate. The flattened figures are those of the largest
/// step that was held, or of the last one when none was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RateResult {
    pub tick_rate: u32,
    /// The most players that were held; none when no step was.
    pub held_players: Option<usize>,
    /// What each search of find-max held: `held_players` is their median.
    #[serde(default)]
    pub searches: Vec<Option<usize>>,
    /// The same of the bare loop, with `--floor`.
    pub floor_held_players: Option<usize>,
    /// Whether the bare loop's next larger step was void: then it may hold more.
    pub floor_void_above: bool,
    /// Whether the next larger step was void: then the bots or the machine set this
    /// limit, and the server may hold more.
    pub void_above: bool,
    pub void: bool,
    #[serde(flatten)]
    pub figures: Figures,
    pub steps: Vec<Step>,
}

impl RateResult {
    /// What each search held: `3 searches: 1280, 1344, none`.
    #[must_use]
    pub fn told_searches(&self) -> String {
        let held = |held: &Option<usize>| held.map_or("none".to_owned(), |held| held.to_string());
        let all: Vec<String> = self.searches.iter().map(held).collect();
        format!("{} searches: {}", all.len(), all.join(", "))
    }
}

/// One load: a number of players, or one stage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Players at its end.
    pub players: usize,
    /// `bare loop` steps are of the floor, others of the server.
    pub kind: StepKind,
    pub held: bool,
    pub void: bool,
    /// Why it was not held or is void; empty when held.
    pub why: String,
    #[serde(flatten)]
    pub figures: Figures,
    pub samples: Vec<Sample>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepKind {
    Search,
    Stage,
    Floor,
}

/// The figures of a window. `Option`s are none where nobody could tell.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Snapshots a player and second.
    pub delivered_hz: f64,
    /// Between two snapshots of one bot, as they came.
    pub gap_ms: Spread,
    /// The same with the snapshots that a stall swallowed counted as late.
    pub gap_corrected_ms: Spread,
    /// From the moment at which an input was due to the snapshot that acknowledges it.
    pub input_ack_ms: Spread,
    /// The same from the moment at which it was really sent.
    pub input_ack_raw_ms: Spread,
    /// From the moment at which a join was due to its Welcome.
    pub join_ms: Spread,
    /// Age of the snapshots that slow links carried: since any bot saw the tick.
    pub slow_age_ms: Option<Spread>,
    /// Stalled readers whose connection ended, and how long after they stopped.
    pub stalled_gone: usize,
    pub stalled_gone_ms: Option<Spread>,
    /// Drain to publish, as the server tells it.
    pub tick_work_ms: Option<Spread>,
    pub ticks: Option<TickCounts>,
    /// Server CPU, in µs a client and tick.
    pub cpu_us_per_client_tick: Option<f64>,
    /// Server CPU, of one core.
    pub server_cpu_share: Option<f64>,
    /// `cpu_us_per_client_tick` over what the bare loop took for as many bytes to as
    /// many sockets right after.
    pub floor_ratio: Option<f64>,
    pub bytes_per_snapshot: Option<f64>,
    pub bytes_per_entity_tick: Option<f64>,
    /// WebSocket bytes that a client received in a second.
    pub bytes_per_client_s: f64,
    pub others_in_view: f64,
    /// Resident memory of the server less that before the first client, a client.
    pub resident_kib_per_client: Option<f64>,
    pub desyncs: u64,
    /// Check values that were compared.
    pub checks: u64,
    /// Part of the bots that decoded and checked everything.
    pub decoded_share: f64,
    /// Bots that came back after their connection had ended: into their session, and into
    /// a new one; how long they were away, and how many still were at the end.
    #[serde(default)]
    pub resumed: usize,
    #[serde(default)]
    pub rejoined: usize,
    #[serde(default)]
    pub back_ms: Option<Spread>,
    #[serde(default)]
    pub away: usize,
    /// Players whose game ended before its time, and who do not come back.
    pub lost: usize,
    /// Players that were told that there is no place.
    pub refused: usize,
    pub own: Own,
}

/// What the server counted in a window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TickCounts {
    pub run: u64,
    /// Published after the next deadline.
    pub overruns: u64,
    /// Deadlines skipped.
    pub skipped: u64,
    /// Standard deviation of the time between two ticks' beginnings, in ms.
    pub interval_deviation_ms: f64,
}

/// What the generator says of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Own {
    /// How late inputs were against their schedule.
    pub lateness_ms: Spread,
    /// CPU of all workers, of the cores that they have.
    pub cpu_share: Option<f64>,
    /// Part of the machine's time that its host gave to others.
    pub steal_share: Option<f64>,
    /// Open files of all workers together, and the limit of one.
    pub open_files: u64,
    pub open_files_max: u64,
    /// Ports that connections to the server hold, those of closed ones included, and how
    /// many there are for all source addresses. Counted at the end of a load.
    #[serde(default)]
    pub ports: Option<u64>,
    #[serde(default)]
    pub ports_max: Option<u64>,
}

/// One second of a window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// Seconds since the begin of the run.
    pub at_s: f64,
    pub players: usize,
    pub delivered_hz: f64,
    pub gap_p50_ms: f64,
    pub gap_p99_ms: f64,
    pub gap_max_ms: f64,
    pub input_ack_p99_ms: f64,
    pub bytes_per_client_s: f64,
    pub tick_work_p99_ms: Option<f64>,
    pub cpu_us_per_client_tick: Option<f64>,
    pub own_cpu_share: Option<f64>,
    pub own_lateness_p99_ms: f64,
    /// Resident memory of the server, in KiB.
    pub resident_kib: Option<u64>,
    pub lost: usize,
    pub desyncs: u64,
}

/// A threshold and what it met at one tick rate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judged {
    /// 0 in runs of versions that did not tell.
    #[serde(default)]
    pub tick_rate: u32,
    /// As written: `gap_p99<2T`.
    pub threshold: String,
    /// In the threshold's own unit; none when the figure could not be measured.
    pub found: Option<f64>,
    pub kept: bool,
}
