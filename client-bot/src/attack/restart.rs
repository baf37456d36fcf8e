//! A server that is killed while everybody plays, and comes back: how soon do they?

use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use super::besiege::{TICK_HZ, honest, server_arguments};
use super::kind::{Attack, Size};
use super::told::{End, Toll};
use super::verdict::{LATENESS_MS_MAX, Verdict};
use super::{AttackError, AttackOptions, AttackResult, Back};
use crate::load::{Beat, Plan, Step, Stop};
use crate::report::round;
use crate::stress::cores::Cores;
use crate::stress::server::ServerError;
use crate::stress::subject::Subject;

/// How long there is no server.
const DOWN: Duration = Duration::from_secs(2);
/// Part of the clients that play again so soon, and all of them, after the server is back.
const MOST: f64 = 0.95;
const MOST_WITHIN_S: f64 = 5.0;
const ALL_WITHIN_S: f64 = 15.0;
/// Beats until all have joined at most, and that they play before the end of the server.
const FILL_BEATS: u32 = 90;
const PLAY_BEATS: u32 = 3;
/// Bots of which one decodes everything: all in small loads.
const DECODE_ALL_MAX: usize = 200;
const SAMPLE_ONE_IN: usize = 20;

/// A server that comes back, and when it was there.
type Return = Result<(Subject, Instant), ServerError>;

enum Phase {
    Filling { beats: u32 },
    Playing { beats: u32 },
    Away { killed: Instant, returns: Receiver<Return> },
    Back { killed: Instant, back: Instant },
    Over,
}

/// Kills a server, and counts who comes back.
pub(super) fn restart(
    options: &AttackOptions,
    cores: Option<&Cores>,
    stop: &Stop,
) -> Result<AttackResult, AttackError> {
    let scale = Attack::Restart.scale(options.size);
    let clients = options.clients.unwrap_or(scale.connections);
    let arena = format!("auto:{clients}");
    let start = |listen: &str| {
        let arguments = server_arguments(listen, &arena, clients, options.seed);
        Subject::start(&options.program, &arguments, TICK_HZ, cores)
    };
    let first = start("127.0.0.1:0").map_err(AttackError::Server)?;
    let address = first.address().map(|address| address.to_string()).unwrap_or_default();
    let seconds = f64::from(FILL_BEATS + PLAY_BEATS) + (DOWN + scale.lasts).as_secs_f64();
    let plan = Plan {
        comeback: true,
        decode_one_in: if clients <= DECODE_ALL_MAX { 1 } else { SAMPLE_ONE_IN },
        ..honest(first.url(), clients, seconds, options.seed)
    };
    let mut server = Some(first);
    let mut phase = Phase::Filling { beats: 0 };
    let mut sum = Beat::default();
    let mut outcome = None;
    std::thread::scope(|threads| {
        plan.run(stop, &mut |beat| {
            sum.add_after(&beat);
            phase = match std::mem::replace(&mut phase, Phase::Over) {
                Phase::Filling { .. } if beat.players == clients => Phase::Playing { beats: 0 },
                Phase::Filling { beats } if beats < FILL_BEATS => {
                    Phase::Filling { beats: beats + 1 }
                }
                Phase::Filling { .. } => {
                    let (there, all) = (beat.players, clients);
                    outcome = Some(Err(AttackError::NotThere { there, all }));
                    return Step::Stop;
                }
                Phase::Playing { beats } if beats < PLAY_BEATS => {
                    Phase::Playing { beats: beats + 1 }
                }
                Phase::Playing { .. } => {
                    sum = Beat::default();
                    // Ends it as a power cut would.
                    drop(server.take());
                    let killed = Instant::now();
                    let (tell, returns) = sync_channel(1);
                    let (start, address) = (&start, &address);
                    threads.spawn(move || {
                        std::thread::sleep(DOWN);
                        // Nobody may wait for it any more.
                        let _ = tell.send(start(address).map(|it| (it, Instant::now())));
                    });
                    Phase::Away { killed, returns }
                }
                Phase::Away { killed, returns } => match returns.try_recv() {
                    Ok(Ok((subject, back))) => {
                        server = Some(subject);
                        Phase::Back { killed, back }
                    }
                    Ok(Err(error)) => {
                        outcome = Some(Err(AttackError::Server(error)));
                        return Step::Stop;
                    }
                    Err(_) => Phase::Away { killed, returns },
                },
                Phase::Back { killed, back } => {
                    if beat.players == clients || back.elapsed() > scale.lasts {
                        outcome = Some(Ok((killed, back)));
                        return Step::Stop;
                    }
                    Phase::Back { killed, back }
                }
                Phase::Over => return Step::Stop,
            };
            Step::Continue
        })
    })
    .map_err(AttackError::Load)?;
    let (killed, back) = outcome
        .unwrap_or_else(|| Err(AttackError::Attacker("the load ended before it".to_owned())))?;
    let down_s = back.duration_since(killed).as_secs_f64();
    Ok(result(options.size, clients, down_s, &sum))
}

/// What the beats since the end of the server tell.
fn result(size: Size, clients: usize, down_s: f64, sum: &Beat) -> AttackResult {
    let returned = sum.resumed + sum.rejoined;
    // Away since the server's end, so that long after it was back.
    let after_s = |quantile| round((sum.back.at(quantile) / 1000.0 - down_s).max(0.0));
    // As a part of those who should come back, not of those who did.
    let most_s = (returned as f64 >= clients as f64 * MOST)
        .then(|| after_s((clients as f64 * MOST / returned.max(1) as f64).min(1.0)));
    let all_s = (returned >= clients).then(|| after_s(1.0));
    let (mut broken, mut late) = (Vec::new(), Vec::new());
    if sum.lost > 0 {
        broken.push(format!("{} clients gave up", sum.lost));
    }
    if sum.desyncs > 0 {
        broken.push(format!("{} views did not hold", sum.desyncs));
    }
    if returned < clients {
        broken.push(format!("{returned} of {clients} came back"));
    }
    if size == Size::Full {
        if most_s.is_some_and(|most_s| most_s > MOST_WITHIN_S) {
            let took = most_s.unwrap_or_default();
            late.push(format!("95 % played again after {took:.1} s, over {MOST_WITHIN_S}"));
        }
        if all_s.is_some_and(|all_s| all_s > ALL_WITHIN_S) {
            let took = all_s.unwrap_or_default();
            late.push(format!("all played again after {took:.1} s, over {ALL_WITHIN_S}"));
        }
    }
    let lateness = sum.lateness.spread();
    let verdict = if !broken.is_empty() {
        Verdict::Broken(broken)
    } else if size == Size::Full && lateness.p99 > LATENESS_MS_MAX {
        Verdict::Void(format!("the clients were {:.1} ms late", lateness.p99))
    } else if !late.is_empty() {
        Verdict::Broken(late)
    } else {
        Verdict::Kept
    };
    let mut toll = Toll::default();
    for _ in 0..returned {
        toll.add(End::Played, Duration::ZERO);
    }
    AttackResult {
        verdict,
        honest: clients,
        told: toll.told(down_s, 0),
        lateness_ms: lateness,
        lost: sum.lost,
        desyncs: sum.desyncs,
        back: Some(Back {
            down_s: round(down_s),
            resumed: sum.resumed,
            rejoined: sum.rejoined,
            most_s,
            all_s,
        }),
        ..AttackResult::void(Attack::Restart, size, String::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn back(seconds: impl IntoIterator<Item = f64>) -> Beat {
        let mut sum = Beat::default();
        for s in seconds {
            sum.rejoined += 1;
            sum.back.add(Duration::from_secs_f64(s));
        }
        sum
    }

    #[test]
    fn who_comes_back_is_timed_from_the_servers_return() {
        let steady = back((0..100).map(|n| 2.5 + f64::from(n) * 0.04));
        let told = result(Size::Full, 100, 2.5, &steady);
        let times = told.back.expect("a restart tells of it");
        assert_eq!(told.verdict, Verdict::Kept);
        assert!(times.most_s.is_some_and(|s| (3.6..3.9).contains(&s)), "{times:?}");
        assert!(times.all_s.is_some_and(|s| (3.9..4.1).contains(&s)), "{times:?}");
        let late = back((0..100).map(|n| if n < 90 { 3.0 } else { 8.0 }));
        assert!(matches!(result(Size::Full, 100, 2.5, &late).verdict, Verdict::Broken(_)));
        assert_eq!(result(Size::Small, 100, 2.5, &late).verdict, Verdict::Kept);
        let mut slow = steady.clone();
        slow.lateness.add(Duration::from_millis(9));
        assert!(matches!(result(Size::Full, 100, 2.5, &slow).verdict, Verdict::Void(_)));
        let broken = Beat { desyncs: 2, ..steady.clone() };
        let told = result(Size::Small, 100, 2.5, &broken).verdict.told();
        assert!(told.contains("2 views did not hold"), "{told}");
        let few = result(Size::Small, 101, 2.5, &steady);
        assert!(few.verdict.told().contains("100 of 101"), "{}", few.verdict.told());
        assert_eq!(few.back.and_then(|times| times.all_s), None);
    }
}
