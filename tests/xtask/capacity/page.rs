//! `docs/capacity.md`: the figures as a person reads them.

use std::fmt::Write;

use throng_bot::stress::chart::{Across, Chart, Line, Point, Size, line_chart};
use throng_bot::stress::outcome::{Figures, Outcome, RateResult, Step, StepKind};

use super::runs::{Runs, at_rate};

/// Dashes stand for what could not be measured.
const NONE: &str = "–";

const HEAD: &str = "\
# Capacity

What one core holds, measured by `throng stress`. `cargo xtask capacity` writes this page anew, and
the lines about it in the README; nothing here is typed.

";

const METHOD: &str = "\
Server and bots have a core each; the release build, one network thread. The workload: everybody moves
at full speed and sends an input every 100 ms, one in four of which has a new random heading; the arena
is sized so that a view holds 50 others (48 to 52, or the run is void). *Held* means at least 95 % of
the rate delivered, a p99 gap between snapshots of at most two ticks, and nobody lost. *The floor* is
a bare epoll loop that writes as many bytes to as many sockets and reads as many inputs, run right
after, each input when it comes. Up to 2000 bots decode and check everything; above that, and in the searches, a seeded tenth of them, and the others
read the heads of snapshots, steer and count. Servers run with `--doors-open`, so that their limit shows;
in operation they refuse newcomers before it, as the last section shows. A generator above 80 % of its core, or whose inputs are
more than 5 ms late (p99), voids a step. Latencies count from the moment at which an input was due.
";

/// The whole page.
pub(super) fn page(runs: &Runs, commit: &str) -> String {
    let machine = &runs.held.machine;
    let mut text = String::from(HEAD);
    let _ = writeln!(
        text,
        "Measured at commit `{commit}` on: {}, {} cores, {} GiB, {}.\n",
        machine.cpu, machine.cores, machine.memory_gib, machine.kernel
    );
    text += &summary(runs);
    text += "\n## Method\n\n";
    text += METHOD;
    text += &held(&runs.held);
    text += &cost(&runs.cost);
    text += &crowd(&runs.crowd);
    text += &large(&runs.large);
    text += &idle(&runs.idle);
    text += &long(&runs.long);
    text += &knocking(&runs.knocking);
    text += &storm(&runs.storm);
    text += &slow(&[&runs.slow, &runs.slow_crowd]);
    text += &stalled(&runs.stalled);
    text
}

/// What matters most: here, and in the README.
pub(super) fn summary(runs: &Runs) -> String {
    let mut text = String::new();
    if let Some(result) = at_rate(&runs.held, 30) {
        let held = result.held_players.map_or(NONE.to_owned(), |n| n.to_string());
        let floor = result.floor_held_players.map_or(NONE.to_owned(), |n| n.to_string());
        let _ = writeln!(
            text,
            "On one core of {} at 30 Hz, 50 others in every view: **{held} players held**, where a\n\
             bare epoll loop that moves the same bytes holds {floor} sockets.\n",
            runs.held.machine.cpu
        );
    }
    text += "| players | server CPU a client and tick | times the floor | bytes an entity and tick | memory a client |\n|---|---|---|---|---|\n";
    for (players, steps) in by_players(&runs.cost) {
        let (cpu, ratio, bytes, memory) = (
            median(&steps, |it| it.cpu_us_per_client_tick),
            median(&steps, |it| it.floor_ratio),
            median(&steps, |it| it.bytes_per_entity_tick),
            median(&steps, |it| it.resident_kib_per_client),
        );
        let _ = writeln!(
            text,
            "| {players} | {} µs | {} | {} | {} KiB |",
            number(cpu, 1),
            number(ratio, 2),
            number(bytes, 2),
            number(memory, 1)
        );
    }
    text
}

/// The charts, by the name of their file in `docs`.
pub(super) fn charts(runs: &Runs) -> Vec<(&'static str, String)> {
    let rates = |of: fn(&RateResult) -> Option<usize>| -> Vec<Point> {
        let of = |it: &RateResult| Some((f64::from(it.tick_rate), of(it)? as f64));
        runs.held.results.iter().filter_map(of).map(point).collect()
    };
    let lines = vec![
        line("throng", 0, rates(|it| it.held_players)),
        Line { is_dashed: true, ..line("bare epoll loop", 1, rates(|it| it.floor_held_players)) },
    ];
    let held = chart("Players held on one core", "", Across::Number("Hz"), lines);
    let by = |of: fn(&Figures) -> Option<f64>| -> Vec<Point> {
        let steps = by_players(&runs.cost).into_iter();
        steps.filter_map(|(n, steps)| Some((n as f64, median(&steps, of)?))).map(point).collect()
    };
    let floor: Vec<Point> = by_kind(&runs.cost, StepKind::Floor)
        .into_iter()
        .filter_map(|(n, steps)| Some((n as f64, median(&steps, |it| it.cpu_us_per_client_tick)?)))
        .map(point)
        .collect();
    let lines = vec![
        line("throng", 0, by(|it| it.cpu_us_per_client_tick)),
        Line { is_dashed: true, ..line("bare epoll loop", 1, floor) },
    ];
    let cpu = chart("Server CPU a client and tick", "µs", Across::Number("players"), lines);
    let lines = vec![line("throng", 0, by(|it| it.bytes_per_entity_tick))];
    let bytes = chart("Bytes an entity in view and tick", "B", Across::Number("players"), lines);
    vec![("capacity-held.svg", held), ("capacity-cpu.svg", cpu), ("capacity-bytes.svg", bytes)]
}

fn chart(title: &str, unit: &str, across: Across<'_>, lines: Vec<Line>) -> String {
    line_chart(&Chart { title, unit, across, lines, limit: None, size: Size::Large })
}

fn line(name: &str, colour: usize, points: Vec<Point>) -> Line {
    Line { name: name.to_owned(), colour, points, ..Line::default() }
}

fn point((x, y): (f64, f64)) -> Point {
    Point { x, y: Some(y), ..Point::default() }
}

fn held(outcome: &Outcome) -> String {
    let mut text = String::from(
        "\n## Players held\n\n![Players held by tick rate](capacity-held.svg)\n\n\
         | tick rate | held | bare loop | part of it | server CPU a client-tick | × floor | tick work p99 | p99 gap | \
         what ended the search |\n|---|---|---|---|---|---|---|---|---|\n",
    );
    for result in &outcome.results {
        let figures = &result.figures;
        let count = |held: Option<usize>| held.map_or(NONE.to_owned(), |n| n.to_string());
        let part = result
            .held_players
            .zip(result.floor_held_players)
            .map(|(held, floor)| held as f64 / floor as f64);
        let more = if result.void_above { "+" } else { "" };
        let floor_more = if result.floor_void_above { "+" } else { "" };
        let _ = writeln!(
            text,
            "| {} Hz | {}{more} | {}{floor_more} | {} | {} µs | {} | {} ms | {:.1} ms | {} |",
            result.tick_rate,
            count(result.held_players),
            count(result.floor_held_players),
            number(part, 2),
            number(figures.cpu_us_per_client_tick, 1),
            number(figures.floor_ratio, 2),
            number(figures.tick_work_ms.map(|it| it.p99), 2),
            figures.gap_ms.p99,
            ending(result),
        );
    }
    let repeated = outcome.results.iter().filter(|result| result.searches.len() > 1);
    let told: Vec<String> = repeated
        .map(|result| format!("{} Hz, {}", result.tick_rate, result.told_searches()))
        .collect();
    if !told.is_empty() {
        let _ = writeln!(text, "\nWhat was held is the median: {}.", told.join("; "));
    }
    if outcome.results.iter().any(|result| result.void_above || result.floor_void_above) {
        text += "\nA + marks a search whose next larger step was void, three times: it says nothing about the \
                 server, which may hold more.\n";
    }
    text
}

/// Why the smallest step above what was held was not.
fn ending(result: &RateResult) -> String {
    let held = result.held_players.unwrap_or_default();
    let above = result
        .steps
        .iter()
        .filter(|step| step.kind != StepKind::Floor && !step.held && step.players > held);
    let Some(next) = above.min_by_key(|step| step.players) else { return NONE.to_owned() };
    format!("{} at {}", next.why, next.players)
}

fn cost(outcome: &Outcome) -> String {
    let mut text = String::from(
        "\n## What a client costs\n\n![CPU by players](capacity-cpu.svg)\n\n\
         ![Bytes by players](capacity-bytes.svg)\n\nMedians of the repeated steps; everything in view \
         moves.\n\n| players | server CPU a client-tick | bare loop | × floor | bytes an entity-tick | bytes a \
         snapshot | others in view | resident a client | p99 gap | input to ack p99 | desyncs |\n\
         |---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    let floors = by_kind(outcome, StepKind::Floor);
    for (players, steps) in by_players(outcome) {
        let floor = floors.iter().find(|(n, _)| *n == players).map(|(_, steps)| steps);
        let at = |of: fn(&Figures) -> Option<f64>| median(&steps, of);
        let _ = writeln!(
            text,
            "| {players} | {} µs | {} µs | {} | {} | {} | {} | {} KiB | {} ms | {} ms | {} |",
            number(at(|it| it.cpu_us_per_client_tick), 1),
            number(floor.and_then(|steps| median(steps, |it| it.cpu_us_per_client_tick)), 1),
            number(at(|it| it.floor_ratio), 2),
            number(at(|it| it.bytes_per_entity_tick), 2),
            number(at(|it| it.bytes_per_snapshot), 0),
            number(at(|it| Some(it.others_in_view)), 1),
            number(at(|it| it.resident_kib_per_client), 1),
            number(at(|it| Some(it.gap_ms.p99)), 1),
            number(at(|it| Some(it.input_ack_ms.p99)), 1),
            steps.iter().map(|step| step.figures.desyncs).sum::<u64>(),
        );
    }
    text
}

fn crowd(outcome: &Outcome) -> String {
    let mut text = String::from(
        "\n## The mosh pit\n\nPlayers who all move on one disc of eight tiles, each in everybody's view. \
         All are told of at every tick; there is no lower rate for some.\n\n",
    );
    text += &loads(outcome);
    text
}

fn large(outcome: &Outcome) -> String {
    let mut text = String::from(
        "\n## A large arena\n\nMore players than the one core can write to: what counts here is the work of \
         a tick, from draining inputs to publishing.\n\n",
    );
    text += &loads(outcome);
    text
}

fn idle(outcome: &Outcome) -> String {
    let steps: Vec<&Step> = outcome.results.iter().flat_map(|result| &result.steps).collect();
    format!(
        "\n## Memory\n\nResident growth of the server a client: {} KiB for each of {} players who stand \
         still, and as in the table above for those who play.\n",
        number(median(&steps, |it| it.resident_kib_per_client), 1),
        steps.first().map_or(0, |step| step.players),
    )
}

/// One row for each step of the server.
fn loads(outcome: &Outcome) -> String {
    let mut text = String::from(
        "| players | others in view | delivered | tick work p99 | kB/s a client | bytes an entity-tick | \
         p99 gap | input to ack p99 | desyncs | verdict |\n|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for step in outcome.results.iter().flat_map(|result| &result.steps) {
        if step.kind == StepKind::Floor {
            continue;
        }
        let it = &step.figures;
        let inside = step.samples.iter().map(|sample| sample.players).max().unwrap_or_default();
        let _ = writeln!(
            text,
            "| {inside} | {:.0} | {:.1} Hz | {} ms | {:.1} | {} | {:.1} ms | {:.1} ms | {} | {} |",
            it.others_in_view,
            it.delivered_hz,
            number(it.tick_work_ms.map(|work| work.p99), 2),
            it.bytes_per_client_s / 1000.0,
            number(it.bytes_per_entity_tick, 2),
            it.gap_ms.p99,
            it.input_ack_ms.p99,
            it.desyncs,
            verdict(step),
        );
    }
    text
}

fn long(outcome: &Outcome) -> String {
    let mut text = String::from("\n## The tick over ten minutes\n\n");
    let held = outcome.results.iter().flat_map(|result| &result.steps).next_back();
    let Some((step, ticks)) = held.and_then(|step| Some((step, step.figures.ticks?))) else {
        return text + "Not measured.\n";
    };
    let on_time = 1.0 - (ticks.overruns + ticks.skipped) as f64 / ticks.run.max(1) as f64;
    let _ = writeln!(
        text,
        "{} players, 80 % of what was held, for {:.0} minutes: {} ticks, {:.3} % on time ({} published \
         after the next deadline, {} skipped). The time between two ticks' beginnings deviates by {:.2} \
         ms (standard deviation). p99 gap {:.1} ms, {} desyncs, {} lost. \
         The load as a whole: {}.",
        step.players,
        step.samples.len() as f64 / 60.0,
        ticks.run,
        on_time * 100.0,
        ticks.overruns,
        ticks.skipped,
        ticks.interval_deviation_ms,
        step.figures.gap_ms.p99,
        step.figures.desyncs,
        step.figures.lost,
        verdict(step),
    );
    text
}

fn knocking(outcome: &Outcome) -> String {
    let mut text = String::from(
        "\n## Twice as many at the door\n\nFirst nine tenths of what was held, then twice as many come: what \
         those inside get, and how many are told when to come back. The server is as in operation, and may \
         shut its door before what was held with it open.\n\n\
         | until | players inside | delivered | p99 gap | refused with 1013 | lost | desyncs |\n\
         |---|---|---|---|---|---|---|\n",
    );
    for step in outcome.results.iter().flat_map(|result| &result.steps) {
        let inside = step.samples.iter().map(|sample| sample.players).max().unwrap_or_default();
        let it = &step.figures;
        let _ = writeln!(
            text,
            "| {} wanted | {inside} | {:.1} Hz | {:.1} ms | {} | {} | {} |",
            step.players, it.delivered_hz, it.gap_ms.p99, it.refused, it.lost, it.desyncs
        );
    }
    text
}

fn storm(outcome: &Outcome) -> String {
    let mut text = String::from(
        "\n## A storm of joins\n\nA few play, then so many come within ten seconds. Ticks are late when they \
         are published after the next deadline.\n\n\
         | until | joined within p99 | ticks | late | skipped | tick work p99 | p99 gap | lost |\n\
         |---|---|---|---|---|---|---|---|\n",
    );
    for step in outcome.results.iter().flat_map(|result| &result.steps) {
        let it = &step.figures;
        let ticks = it.ticks.unwrap_or_default();
        let _ = writeln!(
            text,
            "| {} players | {:.0} ms | {} | {} | {} | {} ms | {:.1} ms | {} |",
            step.players,
            it.join_ms.p99,
            ticks.run,
            ticks.overruns,
            ticks.skipped,
            number(it.tick_work_ms.map(|work| work.p99), 2),
            it.gap_ms.p99,
            it.lost
        );
    }
    text
}

fn slow(outcomes: &[&Outcome]) -> String {
    let mut text = String::from(
        "\n## Slow readers\n\nForty of the players have a link that carries two thirds of what they were sent \
         before, 20 ms late each way, behind a receive buffer of 2 KiB. *Age* is the time since any bot saw \
         the tick. What such a link cannot carry is left out of the view, never held back: what it shows is \
         exact, as its check values say.\n\n\
         | players | bytes a snapshot of the others | age p50 | age p99 | p99 gap of the others | lost | desyncs |\n\
         |---|---|---|---|---|---|---|\n",
    );
    for outcome in outcomes {
        for (players, steps) in by_players(outcome) {
            let at = |of: fn(&Figures) -> Option<f64>| median(&steps, of);
            let _ = writeln!(
                text,
                "| {players} | {} | {} ms | {} ms | {} ms | {} | {} |",
                number(at(|it| it.bytes_per_snapshot), 0),
                number(at(|it| Some(it.slow_age_ms?.p50)), 0),
                number(at(|it| Some(it.slow_age_ms?.p99)), 0),
                number(at(|it| Some(it.gap_ms.p99)), 1),
                steps.iter().map(|step| step.figures.lost).sum::<usize>(),
                steps.iter().map(|step| step.figures.desyncs).sum::<u64>(),
            );
        }
    }
    text
}

fn stalled(outcome: &Outcome) -> String {
    let mut text = String::new();
    for step in outcome.results.iter().flat_map(|result| &result.steps) {
        let resident = || step.samples.iter().filter_map(|sample| sample.resident_kib);
        let grown = resident().max().zip(resident().next()).map(|(max, first)| max - first);
        let it = &step.figures;
        let _ = write!(
            text,
            "\nOf {} players 200 stop reading: {} of them were closed, the last after {} s; the server grew by \
             {} MiB. The others' p99 gap was {:.1} ms, and {} were lost.\n",
            step.players,
            it.stalled_gone,
            number(it.stalled_gone_ms.map(|gone| gone.max / 1000.0), 1),
            number(grown.map(|kib| kib as f64 / 1024.0), 1),
            it.gap_ms.p99,
            it.lost,
        );
    }
    text
}

fn verdict(step: &Step) -> String {
    match (step.held, step.void) {
        (true, _) => "held".to_owned(),
        (false, true) => format!("void: {}", step.why),
        (false, false) => format!("not held: {}", step.why),
    }
}

/// The server's steps by their number of players, in ascending order. Those that were
/// not held, or void, are only taken where there is nothing else.
fn by_players(outcome: &Outcome) -> Vec<(usize, Vec<&Step>)> {
    by_kind(outcome, StepKind::Search)
}

fn by_kind(outcome: &Outcome, kind: StepKind) -> Vec<(usize, Vec<&Step>)> {
    let steps: Vec<&Step> =
        outcome.results.iter().flat_map(|it| &it.steps).filter(|step| step.kind == kind).collect();
    let mut counts: Vec<usize> = steps.iter().map(|step| step.players).collect();
    counts.sort_unstable();
    counts.dedup();
    let of = |players| {
        let all: Vec<&Step> = steps.iter().copied().filter(|it| it.players == players).collect();
        let good: Vec<&Step> = all.iter().copied().filter(|step| step.held).collect();
        (players, if good.is_empty() { all } else { good })
    };
    counts.into_iter().map(of).collect()
}

fn median(steps: &[&Step], of: fn(&Figures) -> Option<f64>) -> Option<f64> {
    let mut values: Vec<f64> = steps.iter().filter_map(|step| of(&step.figures)).collect();
    values.sort_by(f64::total_cmp);
    let last = values.len().checked_sub(1)?;
    Some((values[last / 2] + values[last.div_ceil(2)]) / 2.0)
}

fn number(value: Option<f64>, digits: usize) -> String {
    value.map_or(NONE.to_owned(), |value| format!("{value:.digits$}"))
}
