//! Players who come and go for a long time: does anything of them stay behind?

use std::fmt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::StressError;
use super::cores::Cores;
use super::subject::Subject;
use crate::brain::BrainKind;
use crate::load::{Beat, LoadError, Plan, Step, Stop, allow_open_files};
use crate::report::round;

const TICK_HZ: u32 = 30;
/// Bots that join in a second at first.
const RAMP_PER_S: f64 = 200.0;
/// Files beyond those of players that a server may keep: of whoever asked for its state.
const FILES_MORE: usize = 4;
/// Growth of its memory that no longer counts as a leak, in KiB a minute; and the
/// shortest time over which that can be told.
const GROWTH_KIB_MIN: f64 = 1024.0;
const GROWTH_AFTER: Duration = Duration::from_secs(60);
/// How long the server may take to forget who left: sockets close in a second.
const FORGET_WITHIN: Duration = Duration::from_secs(30);
const FORGET_LOOK: Duration = Duration::from_millis(250);
/// How long what a server has open must stay as it is, before players come.
const SETTLED_FOR: Duration = Duration::from_secs(1);

/// What to do.
#[derive(Clone, Debug)]
pub struct ChurnOptions {
    /// The `throng` binary.
    pub program: PathBuf,
    pub players: usize,
    /// Players that leave in a second, each for a new one.
    pub per_s: f64,
    pub seconds: f64,
    pub seed: u64,
}

/// What came of it. `Option`s are none where the system does not tell.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Churned {
    pub players: usize,
    pub per_s: f64,
    pub seconds: f64,
    /// Players that came in all.
    pub joined: usize,
    pub lost: usize,
    pub desyncs: u64,
    /// Growth of the server's resident memory over the second half, in KiB a minute.
    pub growth_kib_min: Option<f64>,
    /// Its resident memory before the first player, while they played, and at the end.
    pub empty_kib: Option<u64>,
    pub most_kib: Option<u64>,
    pub after_kib: Option<u64>,
    /// Its open files, and threads, before the first player and after the last.
    pub files: Option<usize>,
    pub files_after: Option<usize>,
    pub threads: Option<usize>,
    pub threads_after: Option<usize>,
    /// Players that it said it had after the last had left.
    pub players_after: Option<usize>,
    /// What is not as it should be; empty when all is.
    pub broken: Vec<String>,
}

/// Lets players come and go on a server of its own, until the time is over.
///
/// # Errors
/// When no server could be started or loaded.
pub fn run(options: &ChurnOptions, on_beat: &mut dyn FnMut(&Beat)) -> Result<Churned, StressError> {
    let &ChurnOptions { players, per_s, seconds, seed, .. } = options;
    let in_load = |error| StressError::Load { players, error };
    allow_open_files(players).map_err(in_load)?;
    let cores = Cores::split(1);
    let stop = Stop::at_signals().map_err(in_load)?;
    let listen = ["serve", "--listen", "127.0.0.1:0", "--house-bots", "0", "--net-threads", "1"];
    let mut arguments: Vec<String> = listen.map(str::to_owned).into();
    arguments.extend(["--arena".to_owned(), format!("auto:{players}")]);
    arguments.extend(["--seed".to_owned(), seed.to_string()]);
    let subject = Subject::start(&options.program, &arguments, TICK_HZ, cores.as_ref())
        .map_err(StressError::Server)?;
    let before = settled(&subject);
    let empty_kib = subject.resident_kib();
    let profile = Plan::ramp_and_hold(players, RAMP_PER_S, seconds)
        .map_err(|error| in_load(LoadError::Profile(error)))?;
    let plan = Plan {
        churn_per_s: per_s,
        ..Plan::plain(subject.url().to_owned(), profile, BrainKind::Walk.into(), seed)
    };
    let mut sum = Beat::default();
    let mut memory: Vec<(f64, f64)> = Vec::new();
    plan.run(&stop, &mut |beat| {
        sum.add_after(&beat);
        if let Some(kib) = subject.resident_kib() {
            memory.push((sum.seconds, kib as f64));
        }
        on_beat(&beat);
        if sum.seconds < seconds { Step::Continue } else { Step::Stop }
    })
    .map_err(in_load)?;
    let began = Instant::now();
    let (mut after, mut players_after) = (subject.belongings(), subject.players());
    let is_more = |after: Option<(usize, usize)>| {
        after.zip(before).is_some_and(|(after, before)| after.0 > before.0 + FILES_MORE)
    };
    while (is_more(after) || players_after != Some(0)) && began.elapsed() < FORGET_WITHIN {
        std::thread::sleep(FORGET_LOOK);
        (after, players_after) = (subject.belongings(), subject.players());
    }
    let most = memory.iter().map(|(_, kib)| *kib as u64).max();
    let mut churned = Churned {
        players,
        per_s,
        seconds: round(sum.seconds),
        joined: sum.joined,
        lost: sum.lost,
        desyncs: sum.desyncs,
        growth_kib_min: slope(&memory[memory.len() / 2..]).map(|kib_s| round(kib_s * 60.0)),
        empty_kib,
        most_kib: most,
        after_kib: subject.resident_kib(),
        files: before.map(|(files, _)| files),
        files_after: after.map(|(files, _)| files),
        threads: before.map(|(_, threads)| threads),
        threads_after: after.map(|(_, threads)| threads),
        players_after,
        broken: Vec::new(),
    };
    churned.judge();
    Ok(churned)
}

/// What the server has open once all of its threads have begun: what it says of itself may come
/// before.
fn settled(subject: &Subject) -> Option<(usize, usize)> {
    let began = Instant::now();
    let (mut had, mut since) = (subject.belongings(), began);
    while since.elapsed() < SETTLED_FOR && began.elapsed() < FORGET_WITHIN {
        std::thread::sleep(FORGET_LOOK);
        let has = subject.belongings();
        if has != had {
            (had, since) = (has, Instant::now());
        }
    }
    had
}

impl Churned {
    fn judge(&mut self) {
        let mut broken = Vec::new();
        if self.lost > 0 {
            broken.push(format!("{} players were lost", self.lost));
        }
        if self.desyncs > 0 {
            broken.push(format!("{} views did not hold", self.desyncs));
        }
        match self.players_after {
            Some(0) => {}
            Some(players) => broken.push(format!("{players} players were never forgotten")),
            None => broken.push("the server did not tell who is left".to_owned()),
        }
        if let Some((files, after)) = self.files.zip(self.files_after)
            && after > files + FILES_MORE
        {
            broken.push(format!("{after} files are open, and {files} were before"));
        }
        if let Some((threads, after)) = self.threads.zip(self.threads_after)
            && after > threads
        {
            broken.push(format!("{after} threads run, and {threads} did before"));
        }
        if let Some(growth) = self.growth_kib_min
            && growth > GROWTH_KIB_MIN
            && self.seconds >= GROWTH_AFTER.as_secs_f64()
        {
            broken.push(format!(
                "the server's memory grows by {growth:.0} KiB a minute, over {GROWTH_KIB_MIN}"
            ));
        }
        self.broken = broken;
    }

    /// As one JSON object.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("plain numbers and names are always JSON")
    }
}

impl fmt::Display for Churned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told = |number: Option<f64>| number.map_or("?".to_owned(), |it| format!("{it:.0}"));
        let count = |number: Option<usize>| told(number.map(|it| it as f64));
        let kib = |number: Option<u64>| told(number.map(|it| it as f64));
        let mut row = |name: &str, text: String| writeln!(f, "{name:<22} {text}");
        row(
            "players",
            format!(
                "{} at once, {} in {:.0} s; {} lost, {} desyncs",
                self.players, self.joined, self.seconds, self.lost, self.desyncs
            ),
        )?;
        row(
            "memory of the server",
            format!(
                "{} KiB empty, {} at most, {} at the end; {} KiB a minute",
                kib(self.empty_kib),
                kib(self.most_kib),
                kib(self.after_kib),
                told(self.growth_kib_min),
            ),
        )?;
        row(
            "left behind",
            format!(
                "{} players; {} files, {} before; {} threads, {} before",
                count(self.players_after),
                count(self.files_after),
                count(self.files),
                count(self.threads_after),
                count(self.threads),
            ),
        )?;
        let verdict =
            if self.broken.is_empty() { "kept".to_owned() } else { self.broken.join("; ") };
        row("verdict", verdict)
    }
}

/// Slope of the line with the least squares; none through less than three points.
fn slope(points: &[(f64, f64)]) -> Option<f64> {
    if points.len() < 3 {
        return None;
    }
    let count = points.len() as f64;
    let mean_x = points.iter().map(|(x, _)| x).sum::<f64>() / count;
    let mean_y = points.iter().map(|(_, y)| y).sum::<f64>() / count;
    let rise: f64 = points.iter().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
    let run: f64 = points.iter().map(|(x, _)| (x - mean_x).powi(2)).sum();
    (run > 0.0).then(|| rise / run)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slope_is_that_of_the_line() {
        let line: Vec<(f64, f64)> =
            (0..10).map(|n| (f64::from(n), 5.0 + 3.0 * f64::from(n))).collect();
        assert!(slope(&line).is_some_and(|slope| (slope - 3.0).abs() < 1e-9));
        assert_eq!(slope(&line[..2]), None);
    }

    #[test]
    fn what_stays_behind_is_named() {
        let good = || Churned {
            seconds: 60.0,
            growth_kib_min: Some(100.0),
            files: Some(20),
            files_after: Some(21),
            threads: Some(6),
            threads_after: Some(6),
            players_after: Some(0),
            ..Churned::default()
        };
        let judged = |mut churned: Churned| {
            churned.judge();
            churned.broken.join("; ")
        };
        assert_eq!(judged(good()), "");
        assert_eq!(judged(Churned { seconds: 20.0, growth_kib_min: Some(9e9), ..good() }), "");
        for (churned, named) in [
            (Churned { growth_kib_min: Some(2000.0), ..good() }, "2000 KiB a minute"),
            (Churned { files_after: Some(50), ..good() }, "50 files"),
            (Churned { threads_after: Some(7), ..good() }, "7 threads"),
            (Churned { players_after: Some(3), ..good() }, "3 players"),
            (Churned { players_after: None, ..good() }, "did not tell"),
            (Churned { lost: 1, ..good() }, "1 players were lost"),
        ] {
            assert!(judged(churned.clone()).contains(named), "{churned}");
        }
    }
}
