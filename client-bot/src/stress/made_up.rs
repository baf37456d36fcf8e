//! An outcome with a bit of everything, for the tests of whatever reads one.

use throng_shared::prng::Prng;

use super::outcome::{
    FORMAT, Figures, Judged, Machine, Outcome, Own, RateResult, Reads, Sample, Step, StepKind,
    TickCounts,
};
use crate::report::{Spread, round};

/// Two tick rates with four steps each, of which the last is not held.
pub(super) fn outcome(seed: u64) -> Outcome {
    Outcome {
        format: FORMAT,
        version: "0.1.0".to_owned(),
        machine: Machine {
            cpu: "Made-up CPU @ 2.50GHz".to_owned(),
            cores: 2,
            memory_gib: 24,
            kernel: "Linux 6.1.0".to_owned(),
        },
        profile: "find-max".to_owned(),
        brains: "walk".to_owned(),
        arena: "auto".to_owned(),
        url: None,
        seed,
        seconds: 20.0,
        pinned: true,
        workers: 1,
        floor: Some(Reads::OnArrival),
        interrupted: false,
        results: vec![rate(30, 4096, seed), rate(60, 2048, seed)],
        thresholds: vec![
            Judged {
                tick_rate: 30,
                threshold: "gap_p99<2T".to_owned(),
                found: Some(1.4),
                kept: true,
            },
            Judged {
                tick_rate: 30,
                threshold: "tick_p99<5ms".to_owned(),
                found: Some(9.8),
                kept: false,
            },
            Judged {
                tick_rate: 30,
                threshold: "memory<64KiB".to_owned(),
                found: None,
                kept: false,
            },
        ],
    }
}

fn rate(tick_rate: u32, held: usize, seed: u64) -> RateResult {
    let mut rng = Prng::stream(seed, u64::from(tick_rate));
    let mut steps: Vec<Step> = [held / 4, held / 2, held, held * 3 / 2]
        .map(|players| step(tick_rate, players, players <= held, &mut rng))
        .into();
    steps.push(Step {
        kind: StepKind::Floor,
        figures: Figures {
            cpu_us_per_client_tick: Some(4.0),
            bytes_per_client_s: 4000.0,
            ..Figures::default()
        },
        samples: Vec::new(),
        ..steps[2].clone()
    });
    RateResult {
        tick_rate,
        held_players: Some(held),
        searches: vec![Some(held)],
        floor_void_above: false,
        floor_held_players: Some(held * 2),
        void_above: false,
        void: false,
        figures: steps[2].figures.clone(),
        steps,
    }
}

fn step(tick_rate: u32, players: usize, held: bool, rng: &mut Prng) -> Step {
    let rate = f64::from(tick_rate);
    let share = players as f64 / if tick_rate == 30 { 4096.0 } else { 2048.0 };
    let tick_ms = 1000.0 / rate;
    let gap_p99 = tick_ms * (1.05 + 0.3 * share.powi(3));
    let mut noisy = |value: f64| round(value * (0.97 + 0.06 * f64::from(rng.next_u8()) / 255.0));
    let samples = (1..=20).map(|second| Sample {
        at_s: f64::from(second) + 12.0,
        players,
        delivered_hz: if held { noisy(rate).min(rate) } else { noisy(rate * 0.9) },
        gap_p50_ms: noisy(tick_ms),
        gap_p99_ms: noisy(gap_p99),
        gap_max_ms: noisy(gap_p99 * 1.3),
        input_ack_p99_ms: noisy(tick_ms * 1.6),
        bytes_per_client_s: noisy(rate * 150.0),
        tick_work_p99_ms: Some(noisy(tick_ms * 0.6 * share)),
        cpu_us_per_client_tick: Some(noisy(6.0 + 2.0 / share)),
        own_cpu_share: Some(0.4),
        own_lateness_p99_ms: noisy(0.4),
        resident_kib: Some(20_000),
        lost: 0,
        desyncs: 0,
    });
    let samples: Vec<Sample> = samples.collect();
    let spread = |p50, p99| Spread { p50: round(p50), p99: round(p99), max: round(p99 * 1.5) };
    Step {
        players,
        kind: StepKind::Search,
        held,
        void: false,
        why: if held { String::new() } else { format!("{} Hz delivered, too few", rate * 0.9) },
        figures: Figures {
            delivered_hz: if held { rate * 0.999 } else { rate * 0.9 },
            gap_ms: spread(tick_ms, gap_p99),
            gap_corrected_ms: spread(tick_ms, gap_p99 * 1.1),
            input_ack_ms: spread(tick_ms * 1.1, tick_ms * 1.6),
            input_ack_raw_ms: spread(tick_ms * 1.1, tick_ms * 1.5),
            join_ms: spread(4.0, 80.0 * share),
            slow_age_ms: None,
            stalled_gone: 0,
            stalled_gone_ms: None,
            tick_work_ms: Some(spread(tick_ms * 0.4 * share, tick_ms * 0.6 * share)),
            ticks: Some(TickCounts {
                run: 600,
                overruns: 2,
                skipped: 0,
                interval_deviation_ms: 0.08,
            }),
            cpu_us_per_client_tick: Some(round(6.0 + 2.0 / share)),
            server_cpu_share: Some(round(0.6 * share)),
            floor_ratio: held.then(|| round(1.6 + 0.2 / share)),
            bytes_per_snapshot: Some(150.0),
            bytes_per_entity_tick: Some(3.02),
            bytes_per_client_s: rate * 150.0,
            others_in_view: 50.1,
            resident_kib_per_client: Some(46.5),
            desyncs: 0,
            checks: 1200,
            decoded_share: 1.0,
            resumed: 0,
            rejoined: 0,
            back_ms: None,
            away: 0,
            lost: 0,
            refused: 0,
            own: Own {
                lateness_ms: spread(0.1, 0.5),
                cpu_share: Some(round(0.55 * share)),
                steal_share: Some(0.01),
                open_files: players as u64 + 40,
                open_files_max: 1_048_576,
                ports: Some(players as u64),
                ports_max: Some(7_058_000),
            },
        },
        samples,
    }
}
