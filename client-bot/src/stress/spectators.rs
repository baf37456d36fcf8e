//! What somebody costs who looks on, beside somebody who plays: the same server, the same
//! crowd to see, and so many of the one kind more and then of the other.

use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::Scope;
use std::time::Duration;

use serde::Serialize;

use super::StressError;
use super::cores::Cores;
use super::subject::Subject;
use crate::brain::BrainKind;
use crate::load::{Beat, LoadError, Plan, Step, Stop, allow_open_files};
use crate::report::round;

const TICK_HZ: u32 = 30;
/// Bots that join in a second.
const RAMP_PER_S: f64 = 200.0;
/// Beats until all are there at most, and beats that they have to settle.
const FILL_BEATS: u32 = 120;
const REST_BEATS: u32 = 3;
/// One bot in so many decodes everything: what is measured is the server.
const SAMPLE_ONE_IN: usize = 20;
/// How long those who left are waited for.
const GONE: Duration = Duration::from_millis(1_500);
/// Longest that a crowd stays which is not told to go.
const LONGEST_S: f64 = 3_600.0;

/// What to do.
#[derive(Clone, Debug)]
pub struct SpectatorsOptions {
    /// The `throng` binary.
    pub program: PathBuf,
    /// Players that are there all the while, and as many again of each kind.
    pub players: usize,
    /// How long each of the three times is measured.
    pub seconds: f64,
    pub seed: u64,
}

/// What one of a kind costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Cost {
    /// CPU time of the whole server for one client and tick, beyond that of the crowd, in
    /// microseconds; none where the system does not tell it.
    pub cpu_us_per_client_tick: Option<f64>,
    /// WebSocket bytes a second, to the client and from it.
    pub bytes_down_s: f64,
    pub bytes_up_s: f64,
}

/// Both, and the one as a part of the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Compared {
    pub players: usize,
    pub tick_hz: u32,
    /// Share of a core that the server takes with the crowd alone.
    pub crowd_cpu_share: Option<f64>,
    pub player: Cost,
    pub spectator: Cost,
    pub cpu_ratio: Option<f64>,
    pub bytes_down_ratio: f64,
    pub bytes_up_ratio: f64,
}

impl Compared {
    fn new(players: usize, crowd_cpu_share: Option<f64>, [player, spectator]: [Cost; 2]) -> Self {
        let part = |of: f64, whole: f64| if whole > 0.0 { round(of / whole) } else { 0.0 };
        let cpu = spectator.cpu_us_per_client_tick.zip(player.cpu_us_per_client_tick);
        Self {
            players,
            tick_hz: TICK_HZ,
            crowd_cpu_share: crowd_cpu_share.map(round),
            player,
            spectator,
            cpu_ratio: cpu.map(|(of, whole)| part(of, whole)),
            bytes_down_ratio: part(spectator.bytes_down_s, player.bytes_down_s),
            bytes_up_ratio: part(spectator.bytes_up_s, player.bytes_up_s),
        }
    }

    /// As one JSON object.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl fmt::Display for Compared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { players, tick_hz, .. } = self;
        let share = self.crowd_cpu_share.map_or("-".to_owned(), |it| format!("{it:.2}"));
        writeln!(
            f,
            "{players} players at {tick_hz} Hz take {share} of a core; one more of a kind:"
        )?;
        writeln!(f, "{:<12}{:>20}{:>14}{:>14}", "", "CPU us/client-tick", "B/s down", "B/s up")?;
        for (name, cost) in [("player", &self.player), ("spectator", &self.spectator)] {
            let cpu = cost.cpu_us_per_client_tick.map_or("-".to_owned(), |us| format!("{us:.2}"));
            let (down, up) = (cost.bytes_down_s, cost.bytes_up_s);
            writeln!(f, "{name:<12}{cpu:>20}{down:>14.0}{up:>14.0}")?;
        }
        let cpu = self.cpu_ratio.map_or("-".to_owned(), |ratio| format!("{ratio:.2}"));
        let (down, up) = (self.bytes_down_ratio, self.bytes_up_ratio);
        writeln!(f, "{:<12}{cpu:>20}{down:>14.2}{up:>14.2}", "ratio")
    }
}

/// What was seen in one of the three times: CPU time of the server in a second, and what
/// those told who were measured.
#[derive(Clone, Debug, Default)]
struct Span {
    cpu_share: Option<f64>,
    sum: Beat,
}

impl Span {
    /// One client's part of what this took more than the crowd `alone`.
    fn cost(&self, alone: Option<f64>, clients: usize) -> Cost {
        let client_ticks = clients as f64 * f64::from(TICK_HZ);
        let more = self.cpu_share.zip(alone).map(|(all, alone)| (all - alone).max(0.0));
        let seconds = self.sum.player_s.max(f64::MIN_POSITIVE);
        Cost {
            cpu_us_per_client_tick: more.map(|more| round(more * 1e6 / client_ticks)),
            bytes_down_s: round(self.sum.bytes_in as f64 / seconds),
            bytes_up_s: round(self.sum.bytes_out as f64 / seconds),
        }
    }
}

/// Lets a crowd play on a server of its own, lets as many more play, and as many look on.
///
/// # Errors
/// When no server could be started or filled, or it was interrupted.
pub fn run(
    options: &SpectatorsOptions,
    on_beat: &mut dyn FnMut(&Beat),
) -> Result<Compared, StressError> {
    let &SpectatorsOptions { players, seconds, .. } = options;
    let in_load = |error| StressError::Load { players, error };
    allow_open_files(players * 2).map_err(in_load)?;
    let cores = Cores::split(1);
    let interrupt = Stop::at_signals().map_err(in_load)?;
    let subject = Subject::start(&options.program, &arguments(options), TICK_HZ, cores.as_ref())
        .map_err(StressError::Server)?;
    let crowd = plan(options, &subject, false, 0)?;
    let (leave, there) = (Stop::default(), AtomicUsize::new(0));
    std::thread::scope(|threads| {
        // However this ends, the crowd is told to go.
        let result = (|| {
            gather(threads, &crowd, &leave, &there);
            let alone = crowd_alone((&subject, &interrupt), (players, seconds), &there)?;
            let mut measure = |watch| {
                let plan = plan(options, &subject, watch, 1)?;
                let span = measure(&plan, (&subject, &interrupt), (players, seconds), on_beat)?;
                // The server forgets those before it takes the next ones in.
                std::thread::sleep(GONE);
                Ok(span.cost(alone, players))
            };
            let costs = [measure(false)?, measure(true)?];
            Ok(Compared::new(players, alone, costs))
        })();
        leave.ask();
        result
    })
}

/// The load of those who play, or look on: the `part`-th of this server.
fn plan(
    options: &SpectatorsOptions,
    subject: &Subject,
    watch: bool,
    part: u64,
) -> Result<Plan, StressError> {
    let players = options.players;
    let profile = Plan::ramp_and_hold(players, RAMP_PER_S, LONGEST_S)
        .map_err(|error| StressError::Load { players, error: LoadError::Profile(error) })?;
    let (url, seed) = (subject.url().to_owned(), options.seed.wrapping_add(part));
    let plain = Plan::plain(url, profile, BrainKind::Walk.into(), seed);
    Ok(Plan { watch, decode_one_in: SAMPLE_ONE_IN.min(players), ..plain })
}

/// Has a crowd play until it is told to leave.
fn gather<'scope>(
    threads: &'scope Scope<'scope, '_>,
    crowd: &'scope Plan,
    leave: &'scope Stop,
    there: &'scope AtomicUsize,
) {
    threads.spawn(move || {
        // One that nobody could join is one that is not there, which is noticed.
        let _ = crowd.run(leave, &mut |beat| {
            there.store(beat.players, Ordering::Relaxed);
            Step::Continue
        });
    });
}

/// What the server takes with the crowd alone, in a second, once all of it is there.
fn crowd_alone(
    (subject, interrupt): (&Subject, &Stop),
    (players, seconds): (usize, f64),
    there: &AtomicUsize,
) -> Result<Option<f64>, StressError> {
    let second = Duration::from_secs(1);
    let pause = |span: Duration| {
        std::thread::sleep(span);
        if interrupt.is_asked() {
            return Err(StressError::Load { players, error: LoadError::Interrupted });
        }
        Ok(())
    };
    for beat in 0.. {
        let there = there.load(Ordering::Relaxed);
        if there == players {
            break;
        }
        if beat == FILL_BEATS {
            return Err(StressError::NotThere { there, all: players, failure: None });
        }
        pause(second)?;
    }
    pause(second * REST_BEATS)?;
    let (began, before) = (std::time::Instant::now(), subject.cpu_s());
    pause(Duration::from_secs_f64(seconds))?;
    let spent = subject.cpu_s().zip(before).map(|(now, before)| now - before);
    Ok(spent.map(|spent| spent / began.elapsed().as_secs_f64()))
}

/// What the server takes beside others in a second, and what they saw.
fn measure(
    plan: &Plan,
    (subject, interrupt): (&Subject, &Stop),
    (players, seconds): (usize, f64),
    on_beat: &mut dyn FnMut(&Beat),
) -> Result<Span, StressError> {
    let (mut span, mut beats, mut rested, mut there) = (Span::default(), 0, 0, 0);
    let (mut before, mut failure) = (None, None);
    plan.run(interrupt, &mut |beat| {
        on_beat(&beat);
        there = beat.players;
        failure = failure.take().or_else(|| beat.failure.clone());
        beats += 1;
        if rested < REST_BEATS {
            rested += u32::from(there == players);
            before = subject.cpu_s();
            return if beats < FILL_BEATS { Step::Continue } else { Step::Stop };
        }
        span.sum.add_after(&beat);
        if span.sum.seconds < seconds {
            return Step::Continue;
        }
        let spent = subject.cpu_s().zip(before).map(|(now, before)| now - before);
        span.cpu_share = spent.map(|spent| spent / span.sum.seconds);
        Step::Stop
    })
    .map_err(|error| StressError::Load { players, error })?;
    if interrupt.is_asked() {
        return Err(StressError::Load { players, error: LoadError::Interrupted });
    }
    if span.sum.seconds < seconds {
        return Err(StressError::NotThere { there, all: players, failure });
    }
    Ok(span)
}

/// The command line of the server. Its doors are open: those inside are what is measured.
fn arguments(options: &SpectatorsOptions) -> Vec<String> {
    let all = options.players * 2;
    let mut arguments: Vec<String> =
        ["serve", "--listen", "127.0.0.1:0", "--net-threads", "1", "--unsafe-doors-open"]
            .map(str::to_owned)
            .into();
    for (name, value) in [
        ("--tick-rate", TICK_HZ.to_string()),
        ("--house-bots", "0".to_owned()),
        ("--arena", format!("auto:{all}")),
        ("--players-max", all.to_string()),
        ("--seed", options.seed.to_string()),
    ] {
        arguments.extend([name.to_owned(), value]);
    }
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(cpu_share: f64, bytes_in: u64, bytes_out: u64) -> Span {
        let sum = Beat { player_s: 1_000.0, bytes_in, bytes_out, ..Beat::default() };
        Span { cpu_share: Some(cpu_share), sum }
    }

    #[test]
    fn what_the_crowd_costs_is_taken_away_and_the_rest_is_shared() {
        let costs = [span(0.40, 3_000_000, 200_000), span(0.325, 2_700_000, 40_000)]
            .map(|span| span.cost(Some(0.25), 100));
        assert_eq!(costs[0].cpu_us_per_client_tick, Some(50.0));
        let compared = Compared::new(100, Some(0.25), costs);
        assert_eq!(compared.cpu_ratio, Some(0.5));
        assert_eq!((compared.bytes_down_ratio, compared.bytes_up_ratio), (0.9, 0.2));
        let text = compared.to_string();
        assert_eq!(text.lines().count(), 5, "{text}");
        assert!(compared.to_json().contains("\"cpu_ratio\":0.5"));
    }

    #[test]
    fn a_system_that_tells_no_times_compares_bytes_alone() {
        let cost = Span { cpu_share: None, ..span(0.0, 1_000, 1_000) }.cost(None, 10);
        let compared = Compared::new(10, None, [cost; 2]);
        assert_eq!((compared.cpu_ratio, compared.bytes_down_ratio), (None, 1.0));
        assert!(compared.to_string().contains("take - of a core"));
    }
}
