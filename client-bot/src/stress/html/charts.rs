//! Which charts a page has.

use super::super::chart::{Across, Chart, Line, Point, Size, line_chart};
use super::super::outcome::{Figures, Outcome, RateResult, Sample, Step, StepKind};

/// Of the whole outcome; none that would show a single point.
pub(super) fn of_all(outcome: &Outcome) -> Vec<String> {
    let results = &outcome.results;
    let mut charts = Vec::new();
    if results.len() > 1 {
        charts.push(line_chart(&Chart {
            title: "Players held",
            across: Across::Number("Hz"),
            lines: held(results),
            ..Chart::default()
        }));
    }
    if results.iter().all(|rate| loads(rate).count() < 2) {
        return charts;
    }
    let mut by_players = |title, unit, values: &[Value]| {
        charts.push(line_chart(&Chart {
            title,
            unit,
            across: Across::Number("players"),
            lines: lines(results, values),
            ..Chart::default()
        }));
    };
    by_players("CPU a client-tick", "µs", &[("", |figures| figures.cpu_us_per_client_tick)]);
    by_players("Bytes an entity-tick", "B", &[("", |figures| figures.bytes_per_entity_tick)]);
    by_players(
        "Gap between snapshots",
        "ms",
        &[
            (" p99", |figures| Some(figures.gap_ms.p99)),
            (" p50", |figures| Some(figures.gap_ms.p50)),
        ],
    );
    charts
}

/// A value of a step, and what to call it behind the tick rate.
type Value = (&'static str, fn(&Figures) -> Option<f64>);

fn held(results: &[RateResult]) -> Vec<Line> {
    let mut rates: Vec<&RateResult> = results.iter().collect();
    rates.sort_by_key(|rate| rate.tick_rate);
    let line = |name: &str, colour, players: fn(&RateResult) -> Option<usize>| Line {
        name: name.to_owned(),
        colour,
        is_dashed: colour > 0,
        points: rates
            .iter()
            .map(|rate| {
                let y = players(rate).map(|players| players as f64);
                Point { x: f64::from(rate.tick_rate), y, is_hollow: false }
            })
            .collect(),
    };
    let mut lines = vec![line("server", 0, |rate| rate.held_players)];
    if results.iter().any(|rate| rate.floor_held_players.is_some()) {
        lines.push(line("bare loop", 1, |rate| rate.floor_held_players));
    }
    lines
}

/// The steps that say something about the server, by players.
fn loads(rate: &RateResult) -> impl Iterator<Item = &Step> {
    let mut steps: Vec<&Step> =
        rate.steps.iter().filter(|step| !step.void && step.kind != StepKind::Floor).collect();
    steps.sort_by_key(|step| step.players);
    steps.into_iter()
}

/// A colour for each tick rate, and a dash for its second value.
fn lines(results: &[RateResult], values: &[Value]) -> Vec<Line> {
    let each = results.iter().enumerate().flat_map(|(colour, rate)| {
        values.iter().enumerate().map(move |(index, (name, value))| Line {
            name: format!("{} Hz{name}", rate.tick_rate),
            colour,
            is_dashed: index > 0,
            points: loads(rate)
                .map(|step| Point {
                    x: step.players as f64,
                    y: value(&step.figures),
                    is_hollow: !step.held,
                })
                .collect(),
        })
    });
    each.collect()
}

/// The course of one step, second by second.
pub(super) fn of_step(step: &Step, tick_rate: u32) -> Vec<String> {
    let rate = f64::from(tick_rate);
    let course = |name: &str, colour, value: fn(&Sample) -> Option<f64>| Line {
        name: name.to_owned(),
        colour,
        is_dashed: colour > 0,
        points: step
            .samples
            .iter()
            .map(|sample| Point { x: sample.at_s, y: value(sample), is_hollow: false })
            .collect(),
    };
    let chart = |title, unit, lines, limit| {
        line_chart(&Chart { title, unit, across: Across::Time, lines, limit, size: Size::Small })
    };
    vec![
        chart("Players", "", vec![course("players", 0, |s| Some(s.players as f64))], None),
        chart(
            "Delivered",
            "Hz",
            vec![course("delivered", 0, |s| Some(s.delivered_hz))],
            Some(("tick rate", rate)),
        ),
        chart(
            "Gap between snapshots",
            "ms",
            vec![
                course("p99", 0, |s| Some(s.gap_p99_ms)),
                course("p50", 1, |s| Some(s.gap_p50_ms)),
            ],
            Some(("2 ticks", 2000.0 / rate)),
        ),
        chart(
            "Tick work, p99",
            "ms",
            vec![course("tick work p99", 0, |s| s.tick_work_p99_ms)],
            Some(("a tick", 1000.0 / rate)),
        ),
        chart(
            "Traffic a client",
            "B/s",
            vec![course("traffic", 0, |s| Some(s.bytes_per_client_s))],
            None,
        ),
        chart(
            "Bots' own lateness, p99",
            "ms",
            vec![course("lateness p99", 0, |s| Some(s.own_lateness_p99_ms))],
            None,
        ),
    ]
}
