//! Which columns the tables have, in their order.

use super::super::outcome::{RateResult, StepKind};
use super::{Cell, Column, Place, Second};

pub(super) fn steps<'a>() -> [Column<Place<'a>>; 67] {
    [
        ("tick_rate_hz", |place| place.rate.tick_rate.into()),
        ("step", |place| place.number.into()),
        ("kind", |place| kind(place.step.kind).into()),
        ("players", |place| place.step.players.into()),
        ("held", |place| place.step.held.into()),
        ("void", |place| place.step.void.into()),
        ("why", |place| place.step.why.as_str().into()),
        ("delivered_hz", |place| place.step.figures.delivered_hz.into()),
        ("gap_p50_ms", |place| place.step.figures.gap_ms.p50.into()),
        ("gap_p99_ms", |place| place.step.figures.gap_ms.p99.into()),
        ("gap_max_ms", |place| place.step.figures.gap_ms.max.into()),
        ("gap_corrected_p50_ms", |place| place.step.figures.gap_corrected_ms.p50.into()),
        ("gap_corrected_p99_ms", |place| place.step.figures.gap_corrected_ms.p99.into()),
        ("gap_corrected_max_ms", |place| place.step.figures.gap_corrected_ms.max.into()),
        ("ack_p50_ms", |place| place.step.figures.input_ack_ms.p50.into()),
        ("ack_p99_ms", |place| place.step.figures.input_ack_ms.p99.into()),
        ("ack_max_ms", |place| place.step.figures.input_ack_ms.max.into()),
        ("ack_raw_p50_ms", |place| place.step.figures.input_ack_raw_ms.p50.into()),
        ("ack_raw_p99_ms", |place| place.step.figures.input_ack_raw_ms.p99.into()),
        ("ack_raw_max_ms", |place| place.step.figures.input_ack_raw_ms.max.into()),
        ("join_p50_ms", |place| place.step.figures.join_ms.p50.into()),
        ("join_p99_ms", |place| place.step.figures.join_ms.p99.into()),
        ("join_max_ms", |place| place.step.figures.join_ms.max.into()),
        ("tick_work_p50_ms", |place| {
            place.step.figures.tick_work_ms.map(|spread| spread.p50).into()
        }),
        ("tick_work_p99_ms", |place| {
            place.step.figures.tick_work_ms.map(|spread| spread.p99).into()
        }),
        ("tick_work_max_ms", |place| {
            place.step.figures.tick_work_ms.map(|spread| spread.max).into()
        }),
        ("ticks_run", |place| place.step.figures.ticks.map(|ticks| ticks.run).into()),
        ("overruns", |place| place.step.figures.ticks.map(|ticks| ticks.overruns).into()),
        ("skipped", |place| place.step.figures.ticks.map(|ticks| ticks.skipped).into()),
        ("interval_deviation_ms", |place| {
            place.step.figures.ticks.map(|ticks| ticks.interval_deviation_ms).into()
        }),
        ("cpu_us_per_client_tick", |place| place.step.figures.cpu_us_per_client_tick.into()),
        ("server_cpu_share", |place| place.step.figures.server_cpu_share.into()),
        ("floor_ratio", |place| place.step.figures.floor_ratio.into()),
        ("bytes_per_snapshot", |place| place.step.figures.bytes_per_snapshot.into()),
        ("bytes_per_entity_tick", |place| place.step.figures.bytes_per_entity_tick.into()),
        ("bytes_per_client_s", |place| place.step.figures.bytes_per_client_s.into()),
        ("others_in_view", |place| place.step.figures.others_in_view.into()),
        ("resident_kib_per_client", |place| place.step.figures.resident_kib_per_client.into()),
        ("desyncs", |place| place.step.figures.desyncs.into()),
        ("checks", |place| place.step.figures.checks.into()),
        ("decoded_share", |place| place.step.figures.decoded_share.into()),
        ("lost", |place| place.step.figures.lost.into()),
        ("refused", |place| place.step.figures.refused.into()),
        ("own_lateness_p50_ms", |place| place.step.figures.own.lateness_ms.p50.into()),
        ("own_lateness_p99_ms", |place| place.step.figures.own.lateness_ms.p99.into()),
        ("own_lateness_max_ms", |place| place.step.figures.own.lateness_ms.max.into()),
        ("own_cpu_share", |place| place.step.figures.own.cpu_share.into()),
        ("steal_share", |place| place.step.figures.own.steal_share.into()),
        ("own_open_files", |place| place.step.figures.own.open_files.into()),
        ("own_open_files_max", |place| place.step.figures.own.open_files_max.into()),
        ("own_ports", |place| place.step.figures.own.ports.into()),
        ("own_ports_max", |place| place.step.figures.own.ports_max.into()),
        ("searches_held", |place| Cell::Text(searches(place.rate))),
        ("interrupted", |place| place.outcome.interrupted.into()),
        ("version", |place| place.outcome.version.as_str().into()),
        ("cpu", |place| place.outcome.machine.cpu.as_str().into()),
        ("cores", |place| place.outcome.machine.cores.into()),
        ("memory_gib", |place| place.outcome.machine.memory_gib.into()),
        ("kernel", |place| place.outcome.machine.kernel.as_str().into()),
        ("profile", |place| place.outcome.profile.as_str().into()),
        ("brains", |place| place.outcome.brains.as_str().into()),
        ("arena", |place| place.outcome.arena.as_str().into()),
        ("url", |place| place.outcome.url.as_deref().into()),
        ("seed", |place| place.outcome.seed.into()),
        ("seconds", |place| place.outcome.seconds.into()),
        ("pinned", |place| place.outcome.pinned.into()),
        ("workers", |place| place.outcome.workers.into()),
    ]
}

pub(super) fn samples<'a>() -> [Column<Second<'a>>; 18] {
    [
        ("tick_rate_hz", |(place, _)| place.rate.tick_rate.into()),
        ("step", |(place, _)| place.number.into()),
        ("kind", |(place, _)| kind(place.step.kind).into()),
        ("step_players", |(place, _)| place.step.players.into()),
        ("at_s", |(_, sample)| sample.at_s.into()),
        ("players", |(_, sample)| sample.players.into()),
        ("delivered_hz", |(_, sample)| sample.delivered_hz.into()),
        ("gap_p50_ms", |(_, sample)| sample.gap_p50_ms.into()),
        ("gap_p99_ms", |(_, sample)| sample.gap_p99_ms.into()),
        ("gap_max_ms", |(_, sample)| sample.gap_max_ms.into()),
        ("ack_p99_ms", |(_, sample)| sample.input_ack_p99_ms.into()),
        ("bytes_per_client_s", |(_, sample)| sample.bytes_per_client_s.into()),
        ("tick_work_p99_ms", |(_, sample)| sample.tick_work_p99_ms.into()),
        ("cpu_us_per_client_tick", |(_, sample)| sample.cpu_us_per_client_tick.into()),
        ("own_cpu_share", |(_, sample)| sample.own_cpu_share.into()),
        ("own_lateness_p99_ms", |(_, sample)| sample.own_lateness_p99_ms.into()),
        ("lost", |(_, sample)| sample.lost.into()),
        ("desyncs", |(_, sample)| sample.desyncs.into()),
    ]
}

/// What each search held, none as 0; empty where nothing was searched.
fn searches(rate: &RateResult) -> String {
    let all: Vec<String> =
        rate.searches.iter().map(|held| held.unwrap_or_default().to_string()).collect();
    all.join(" ")
}

fn kind(kind: StepKind) -> &'static str {
    match kind {
        StepKind::Search => "search",
        StepKind::Stage => "stage",
        StepKind::Floor => "floor",
    }
}
