//! What is measured: runs of `throng stress`, each kept as its JSON.

use std::path::Path;
use std::process::Command;

use throng_bot::stress::diff::read;
use throng_bot::stress::outcome::{Outcome, RateResult};

use super::get;
use crate::command::run;

/// How long to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Length {
    /// For figures that are published.
    Full,
    /// To see that it works.
    Quick,
}

/// Everything that was measured.
#[derive(Debug)]
pub(super) struct Runs {
    /// The largest number held at each tick rate, of server and bare loop.
    pub(super) held: Outcome,
    /// Several numbers of players, several times, each beside the bare loop.
    pub(super) cost: Outcome,
    /// A thousand on a disc of eight tiles.
    pub(super) crowd: Outcome,
    /// Five thousand in one arena.
    pub(super) large: Outcome,
    /// Players who do nothing.
    pub(super) idle: Outcome,
    /// A long time at 80 % of what was held.
    pub(super) long: Outcome,
    /// Twice as many as were held, knocking.
    pub(super) knocking: Outcome,
    /// Links that carry two thirds of their stream, of small and of large snapshots.
    pub(super) slow: Outcome,
    pub(super) slow_crowd: Outcome,
    /// Players who stop reading.
    pub(super) stalled: Outcome,
    /// As many as were held, who come within seconds.
    pub(super) storm: Outcome,
}

/// Tick rates at which a limit is looked for: names, where searches begin, how many.
const RATES: [(&str, &str, &str, &str); 3] = [
    ("30", "held-30", "2048", "3"),
    ("60", "held-60", "2048", "1"),
    ("128", "held-128", "1024", "1"),
];
/// Players held when the search found none: then the rest is measured with a few.
const FALLBACK: usize = 200;

/// Servers that take more than they should: their limit is looked for.
const OPEN: &str = "--doors-open";

/// Runs everything, and keeps the results in a folder.
///
/// # Errors
/// When a run could not be made.
pub(super) fn measure(throng: &Path, results: &Path, length: Length) -> Result<(), String> {
    std::fs::create_dir_all(results)
        .map_err(|error| format!("{} cannot be made: {error}", results.display()))?;
    let stress = |name: &str, arguments: &[&str]| {
        let json = results.join(name).with_extension("json");
        println!("\n== throng stress {}", arguments.join(" "));
        let mut command = Command::new(throng);
        command.arg("stress").args(arguments).arg("--json").arg(&json);
        let ended = run(&mut command)?;
        // A threshold or a void step is a result too; only a missing file is none.
        read(&get(&json)?)
            .map_err(|error| format!("the run {name} left no result, as {error}: {}", ended.output))
    };
    let quick = length == Length::Quick;
    let (window, max) = if quick { ("3", "256") } else { ("6", "8192") };
    let mut most = None;
    for (rate, name, start, searches) in RATES {
        let (start, searches) = if quick { ("64", "1") } else { (start, searches) };
        let search = ["--tick-rates", rate, "--start", start, "--max", max, "--repeat", searches];
        // A tenth decodes at every step, or the bots would be the limit just below 2000.
        let how = ["--seconds", window, "--floor", OPEN, "--decode-one-in", "10"];
        let found = stress(name, &[&search[..], &how].concat())?;
        most = most.or_else(|| at_rate(&found, 30)?.held_players);
    }
    let (players, repeat, seconds) =
        if quick { ("100,200", "1", "3") } else { ("200,500,1000,2000", "3", "5") };
    let profile = ["--profile", "steady", "--floor", OPEN];
    stress(
        "cost",
        &[&profile[..], &["--players", players, "--repeat", repeat, "--seconds", seconds]].concat(),
    )?;
    let steady = |name: &str, players: usize, more: &[&str]| {
        let players = players.to_string();
        let these = ["--profile", "steady", OPEN, "--players", &players, "--seconds", seconds];
        stress(name, &[&these[..], more].concat())
    };
    // A thousand who each step a thousand are more than a core of bots can do.
    let crowd = ["--arena", "disc:4", "--decode-one-in", "10"];
    steady("crowd", if quick { 100 } else { 1000 }, &crowd)?;
    steady("large", if quick { 300 } else { 5000 }, &[])?;
    steady("idle", if quick { 100 } else { 1000 }, &["--brain", "idle", "--arena", "auto:1000"])?;
    let slow = |name: &str, players: &str, more: &[&str]| {
        let seconds = if quick { "8" } else { "20" };
        let these = ["--profile", "steady", OPEN, "--players", players, "--seconds", seconds];
        stress(name, &[&these[..], &["--slow", "40"], more].concat())
    };
    slow("slow", if quick { "100" } else { "500" }, &[])?;
    let crowd = ["--arena", "disc:4", "--decode-one-in", "50"];
    slow("slow-crowd", if quick { "100" } else { "2000" }, &crowd)?;
    let stalled = ["--players", "500", "--seconds", "14", "--stalling", "200"];
    stress("stalled", &[&["--profile", "steady", OPEN][..], &stalled].concat())?;
    let most = most.unwrap_or(FALLBACK);
    let most_of_it = (most * 4 / 5).to_string();
    let long = if quick { "10" } else { "660" };
    stress("long", &["--profile", "soak", OPEN, "--players", &most_of_it, "--seconds", long])?;
    let (few, many) = (most * 9 / 10, most * 2);
    let hold = if quick { 5 } else { 30 };
    let stages = [
        format!("10s:0..{few}"),
        format!("10s:{few}"),
        format!("{hold}s:{few}..{many}"),
        format!("{hold}s:{many}"),
    ];
    let arena = format!("auto:{most}");
    let mut arguments = vec!["--arena", &arena];
    for stage in &stages {
        arguments.extend(["--stage", stage]);
    }
    stress("knocking", &arguments)?;
    let stages = ["5s:0..200".to_owned(), "10s:200".to_owned(), format!("10s:200..{most}")];
    let mut arguments = vec!["--arena", &arena, OPEN];
    for stage in &stages {
        arguments.extend(["--stage", stage]);
    }
    stress("storm", &arguments).map(drop)
}

impl Runs {
    /// Reads what was kept.
    ///
    /// # Errors
    /// When a result is missing, or of another format.
    pub(super) fn read(results: &Path) -> Result<Self, String> {
        let outcome = |name: &str| {
            let path = results.join(name).with_extension("json");
            read(&get(&path)?).map_err(|error| format!("{}: {error}", path.display()))
        };
        let mut held = outcome(RATES[0].1)?;
        for (_, name, ..) in &RATES[1..] {
            held.results.extend(outcome(name)?.results);
        }
        Ok(Self {
            held,
            cost: outcome("cost")?,
            crowd: outcome("crowd")?,
            large: outcome("large")?,
            idle: outcome("idle")?,
            long: outcome("long")?,
            knocking: outcome("knocking")?,
            slow: outcome("slow")?,
            slow_crowd: outcome("slow-crowd")?,
            stalled: outcome("stalled")?,
            storm: outcome("storm")?,
        })
    }
}

/// What was found at a tick rate.
pub(super) fn at_rate(outcome: &Outcome, tick_rate: u32) -> Option<&RateResult> {
    outcome.results.iter().find(|result| result.tick_rate == tick_rate)
}
