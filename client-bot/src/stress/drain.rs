//! A server that is told to stop while everybody plays: whom does it tell what, and how soon
//! is it gone?

mod drained;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use throng_shared::limits::DRAIN_MS;

pub use self::drained::Drained;
use self::drained::Ending;
use super::StressError;
use super::cores::Cores;
use super::subject::Subject;
use crate::brain::BrainKind;
use crate::load::{Beat, LoadError, Plan, Step, Stop, allow_open_files};
use crate::report::round;

const TICK_HZ: u32 = 30;
/// Bots that join in a second.
const RAMP_PER_S: f64 = 200.0;
/// Beats until all play at most.
const FILL_BEATS: u32 = 120;
/// Above so many bots one in so many decodes everything: what is looked for is in messages
/// that all of them decode.
const DECODE_ALL_MAX: usize = 200;
const SAMPLE_ONE_IN: usize = 20;
/// How long the server may take to end before it is given up, and players to hear of it.
const END_WITHIN: Duration = Duration::from_millis(DRAIN_MS * 4);
const HEAR_BEATS: u32 = 5;
/// Between two looks at the server, at first and later, and how long one may take.
const LOOK: Duration = Duration::from_millis(1);
const LOOK_LATER: Duration = Duration::from_millis(20);
const LOOKS_AT_FIRST: u32 = 100;
const ANSWER_WITHIN: Duration = Duration::from_secs(2);
const ANSWER_BYTES_MAX: u64 = 4 << 10;

/// What to do.
#[derive(Clone, Debug)]
pub struct DrainOptions {
    /// The `throng` binary.
    pub program: PathBuf,
    pub players: usize,
    /// Bots of the server's own beside them.
    pub house_bots: usize,
    /// How long all play before the signal.
    pub seconds_before: f64,
    pub seed: u64,
}

/// How far it has come.
enum Phase {
    Filling {
        beats: u32,
    },
    Playing {
        seconds: f64,
    },
    Ending(Receiver<Ending>),
    /// The server is gone, or was given up.
    Hearing {
        beats: u32,
    },
}

/// Lets bots play on a server of its own, tells that to stop, and counts what becomes of them.
/// None of them comes back.
///
/// # Errors
/// When no server could be started or filled.
pub fn run(options: &DrainOptions, on_beat: &mut dyn FnMut(&Beat)) -> Result<Drained, StressError> {
    let &DrainOptions { players, house_bots, seconds_before, seed, .. } = options;
    let in_load = |error| StressError::Load { players, error };
    allow_open_files(players).map_err(in_load)?;
    let cores = Cores::split(1);
    let stop = Stop::at_signals().map_err(in_load)?;
    let subject = Subject::start(&options.program, &arguments(options), TICK_HZ, cores.as_ref())
        .map_err(StressError::Server)?;
    let seconds = f64::from(FILL_BEATS) + seconds_before + END_WITHIN.as_secs_f64();
    let profile = Plan::ramp_and_hold(players, RAMP_PER_S, seconds)
        .map_err(|error| in_load(LoadError::Profile(error)))?;
    let plan = Plan {
        decode_one_in: if players <= DECODE_ALL_MAX { 1 } else { SAMPLE_ONE_IN },
        ..Plan::plain(subject.url().to_owned(), profile, BrainKind::Walk.into(), seed)
    };
    let mut subject = Some(subject);
    let mut phase = Phase::Filling { beats: 0 };
    let mut sum = Beat::default();
    let (mut lost_before, mut ending, mut there) = (0, None, 0);
    std::thread::scope(|threads| {
        plan.run(&stop, &mut |beat| {
            sum.add_after(&beat);
            on_beat(&beat);
            there = beat.players;
            phase = match &mut phase {
                Phase::Filling { .. } if beat.players == players => Phase::Playing { seconds: 0.0 },
                Phase::Filling { beats } if *beats < FILL_BEATS => {
                    Phase::Filling { beats: *beats + 1 }
                }
                Phase::Filling { .. } => return Step::Stop,
                Phase::Playing { seconds } if *seconds < seconds_before => {
                    Phase::Playing { seconds: *seconds + beat.seconds }
                }
                Phase::Playing { .. } => {
                    let before = std::mem::take(&mut sum);
                    lost_before = before.lost;
                    let (tell, told) = sync_channel(1);
                    if let Some(subject) = subject.take() {
                        threads.spawn(move || {
                            // The receiver is there until it has this.
                            let _ = tell.send(end(subject));
                        });
                    }
                    Phase::Ending(told)
                }
                Phase::Ending(told) => match told.try_recv() {
                    Ok(ended) => {
                        ending = Some(ended);
                        Phase::Hearing { beats: 0 }
                    }
                    Err(_) => return Step::Continue,
                },
                Phase::Hearing { beats } if beat.players > 0 && *beats < HEAR_BEATS => {
                    Phase::Hearing { beats: *beats + 1 }
                }
                Phase::Hearing { .. } => return Step::Stop,
            };
            Step::Continue
        })
    })
    .map_err(in_load)?;
    let ending = ending.ok_or_else(|| not_there((there, players), &sum))?;
    Ok(Drained::new((players, house_bots), lost_before, ending, &sum))
}

/// Why it did not come to a drain: so many of all were there, and what all met until then.
fn not_there((there, all): (usize, usize), sum: &Beat) -> StressError {
    StressError::NotThere { there, all, failure: sum.failure.clone() }
}

/// The command line of the server. Its doors are open: it is the way out that is looked at.
fn arguments(options: &DrainOptions) -> Vec<String> {
    let all = options.players + options.house_bots;
    let mut arguments: Vec<String> =
        ["serve", "--listen", "127.0.0.1:0", "--net-threads", "1", "--unsafe-doors-open"]
            .map(str::to_owned)
            .into();
    for (name, value) in [
        ("--tick-rate", TICK_HZ.to_string()),
        ("--house-bots", options.house_bots.to_string()),
        ("--arena", format!("auto:{all}")),
        ("--players-max", all.to_string()),
        ("--seed", options.seed.to_string()),
    ] {
        arguments.extend([name.to_owned(), value]);
    }
    arguments
}

/// Tells a server to stop, and watches it do so.
fn end(mut subject: Subject) -> Ending {
    let address = subject.address();
    let ready = || address.and_then(ready);
    let mut ending = Ending { ready_before: ready(), ..Ending::default() };
    let asked = Instant::now();
    if subject.terminate().is_err() {
        return ending;
    }
    let since = || round(asked.elapsed().as_secs_f64() * 1000.0);
    let mut looks = 0;
    while asked.elapsed() < END_WITHIN {
        if let Some(status) = subject.exit() {
            ending.exit_ms = Some(since());
            ending.exit_code = status.code();
            break;
        }
        if ending.unready_ms.is_none() && ready() == Some(503) {
            ending.unready_ms = Some(since());
        }
        looks += 1;
        std::thread::sleep(if looks < LOOKS_AT_FIRST { LOOK } else { LOOK_LATER });
    }
    ending
}

/// What `/readyz` says: the status of its answer.
fn ready(server: SocketAddr) -> Option<u16> {
    let mut stream = TcpStream::connect_timeout(&server, ANSWER_WITHIN).ok()?;
    stream.set_read_timeout(Some(ANSWER_WITHIN)).ok()?;
    let request = format!("GET /readyz HTTP/1.1\r\nHost: {server}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.take(ANSWER_BYTES_MAX).read_to_string(&mut answer).ok()?;
    answer.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_not_there_says_what_the_first_of_them_met() {
        let mut sum = Beat::default();
        for failure in [None, Some("the server closed with 1013: the room is full"), Some("x")] {
            let failure = failure.map(str::to_owned);
            sum.add_after(&Beat { players: 7, failure, ..Beat::default() });
        }
        let told = not_there((sum.players, 200), &sum).to_string();
        assert!(told.starts_with("7 of 200 players came in time"), "{told}");
        assert!(told.ends_with("the server closed with 1013: the room is full"), "{told}");
        let nothing = not_there((7, 200), &Beat::default()).to_string();
        assert!(nothing.ends_with("none of the others met a reason why not"), "{nothing}");
    }
}
