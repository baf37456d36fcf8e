//! Simulation under one seed: the server's own network threads, room and link, and the
//! clients' own sessions, on a virtual clock and a virtual network where everything goes
//! wrong that can. What the seed decides happens again with the same seed.
//!
//! `cargo xtask sim SEED` replays one and prints its transitions.

use std::fmt::Write as _;
use std::time::Duration;

use throng_shared::prng::Prng;

use self::house::HouseOptions;
use self::model::{Counts, Patience};
use self::world::{Outcome, Run, World};

mod faults;
mod house;
mod line;
mod link;
mod liveness;
mod model;
mod relay;
mod tab;
mod transition;
mod world;

/// Names the seed that is replayed.
const SEED_VARIABLE: &str = "THRONG_SIM_SEED";
/// Clients of the ledger, where somebody asks for more than a test has time for.
const CLIENTS_VARIABLE: &str = "THRONG_SIM_CLIENTS";
/// Transitions that a failure shows.
const SHOWN: usize = 60;

/// Clients of the ledger otherwise, and how often each of them is killed.
const CLIENTS: u32 = 200;
const KILLS: u32 = 20;

/// FNV-1a: what an event is known by.
fn fingerprint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xCBF2_9CE4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    })
}

/// What a seed stands for.
fn run_of(seed: u64) -> Run {
    let mut chance = Prng::stream(seed, 0);
    let clients = 3 + chance.below(6);
    let tick_hz = [10, 12, 15, 20, 30][chance.below(5) as usize];
    let link_hold_ms = 1000 + chance.below(9000);
    let session_ms = link_hold_ms + chance.below(20_000);
    let patience = Patience {
        link_hold: Duration::from_millis(link_hold_ms.into()),
        session: Duration::from_millis(session_ms.into()),
    };
    // A ticket is for one room.
    let has_tickets = chance.one_in(4);
    let house = HouseOptions {
        seed,
        tick_hz,
        players_max: if chance.one_in(8) { clients as usize } else { 64 },
        threads: 2,
        halls: if has_tickets { 1 } else { 1 + chance.below(3) as usize },
        has_tickets,
        tiles: 10 + chance.below(16).cast_signed(),
        patience,
    };
    Run {
        house,
        clients,
        have_eyes: true,
        trouble: Duration::from_millis((15_000 + chance.below(20_000)).into()),
        kills: 0,
        notices_one_in: 40,
        delay: Duration::from_micros((500 + chance.below(120_000)).into()),
        jitter_us: chance.below(30_000),
        socket_bytes: [2 << 10, 16 << 10, 64 << 10][chance.below(3) as usize],
        has_plan: true,
    }
}

/// Many clients, each of which is killed at so many random bytes.
fn ledger_of(clients: u32, kills: u32) -> Run {
    let run = run_of(7);
    let patience =
        Patience { link_hold: Duration::from_secs(10), session: Duration::from_secs(60) };
    let players_max = 4 * clients as usize;
    let (halls, has_tickets) = (1, false);
    let house =
        HouseOptions { tick_hz: 10, players_max, halls, has_tickets, patience, ..run.house };
    Run {
        house,
        clients,
        have_eyes: false,
        // It ends when all were killed so often.
        trouble: Duration::from_secs(1_200),
        kills,
        // About every second tick, so that events are half of what a line carries then.
        notices_one_in: 2,
        delay: Duration::from_millis(20),
        jitter_us: 5000,
        socket_bytes: 16 << 10,
        has_plan: false,
    }
}

/// Why a run failed, with all that is needed to see it again.
fn verdict(seed: u64, outcome: &Outcome) -> Result<Counts, String> {
    let Some(failure) = &outcome.failure else { return Ok(outcome.counts) };
    Err(format!(
        "{}\n\nseed {seed}: because {failure}\nsee it again with: cargo xtask sim {seed}\n",
        outcome.trace.tail(SHOWN)
    ))
}

/// Plays so many seeds from one on; the first failure ends it.
fn sweep(from: u64, count: u64) {
    let mut sum = Counts::default();
    for seed in from..from + count {
        match verdict(seed, &World::new(run_of(seed)).play()) {
            Ok(counts) => sum += counts,
            Err(sentence) => panic!("{sentence}"),
        }
    }
    println!("{count} seeds: {sum:?}");
    assert!(sum.received > 100 * count as u32, "because a ledger without events proves nothing");
    assert!(sum.drained > 0 && sum.forewarned > 0, "because servers are told to stop: {sum:?}");
}

#[test]
fn sessions_survive_what_seeds_0_to_49_have_in_store() {
    sweep(0, 50);
}

#[test]
fn sessions_survive_what_seeds_50_to_99_have_in_store() {
    sweep(50, 50);
}

#[test]
fn sessions_survive_what_seeds_100_to_149_have_in_store() {
    sweep(100, 50);
}

#[test]
fn sessions_survive_what_seeds_150_to_199_have_in_store() {
    sweep(150, 50);
}

/// Prints what happens if a seed is asked for.
#[test]
fn one_seed_is_one_run() {
    let asked = std::env::var(SEED_VARIABLE).ok();
    let seed = match &asked {
        None => 1,
        Some(text) => text.parse().unwrap_or_else(|_| {
            panic!("{SEED_VARIABLE} is `{text}`: because a seed is a number from 0 to 2^64 - 1")
        }),
    };
    let first = World::new(run_of(seed)).play();
    let again = World::new(run_of(seed)).play();
    if asked.is_some() {
        let mut text = String::new();
        for transition in first.trace.all() {
            let _ = writeln!(text, "{}", transition::line(transition));
        }
        println!("{text}{:?}", first.counts);
    }
    let differs = first.trace.all().iter().zip(again.trace.all()).position(|(a, b)| a != b);
    assert_eq!(differs, None, "because nothing but the seed decides what happens");
    assert_eq!(first.trace.all().len(), again.trace.all().len());
    if let Err(sentence) = verdict(seed, &first) {
        panic!("{sentence}");
    }
}

/// `cargo xtask sim ledger` has the time for a thousand of them.
#[test]
fn no_event_is_lost_or_doubled_when_each_client_is_killed_20_times() {
    let asked = std::env::var(CLIENTS_VARIABLE).ok();
    let clients = asked.map_or(CLIENTS, |text| {
        text.parse().unwrap_or_else(|_| {
            panic!("{CLIENTS_VARIABLE} is `{text}`: because a crowd is a number of clients")
        })
    });
    let outcome = World::new(ledger_of(clients, KILLS)).play();
    let Counts { resumed, received, kills, cut_events, lost, doubled, .. } = outcome.counts;
    println!(
        "{clients} bots, {kills} kills, {cut_events} of them with events on their way, {resumed} \
         resumes: {received} events received in order, {lost} lost, {doubled} duplicated"
    );
    if let Some(failure) = &outcome.failure {
        panic!("{}\n\nbecause {failure}", outcome.trace.tail(SHOWN));
    }
    assert_eq!(kills, KILLS * clients, "because each of them was killed so often");
    assert!(received > 50 * clients, "because a ledger without events proves nothing");
    // A third of the kills strike behind the keyframes, and a third between Welcome and them.
    assert!(resumed > kills / 2, "because most kills are behind a Welcome: {resumed}");
    assert!(cut_events > kills / 6, "because kills cut what is in order: {cut_events}");
}
