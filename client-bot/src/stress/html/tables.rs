//! Tables of figures.

use super::super::chart::{escape, number};
use super::super::outcome::{Figures, RateResult, Step, StepKind};
use super::{grouped, put};

/// Of the figures: the heading, its unit, and the value.
type Column = (&'static str, &'static str, fn(&Figures) -> Option<f64>);

type Values = [Option<f64>; COLUMNS.len()];

const DASH: &str = "&ndash;";

const COLUMNS: [Column; 13] = [
    ("delivered", "Hz", |figures| Some(figures.delivered_hz)),
    ("gap p50", "ms", |figures| Some(figures.gap_ms.p50)),
    ("gap p99", "ms", |figures| Some(figures.gap_ms.p99)),
    ("ack p99", "ms", |figures| Some(figures.input_ack_ms.p99)),
    ("join p99", "ms", |figures| Some(figures.join_ms.p99)),
    ("tick p99", "ms", |figures| figures.tick_work_ms.map(|spread| spread.p99)),
    ("CPU", "µs a client-tick", |figures| figures.cpu_us_per_client_tick),
    ("over floor", "times", |figures| figures.floor_ratio),
    ("bytes", "an entity-tick", |figures| figures.bytes_per_entity_tick),
    ("traffic", "KiB/s a client", |figures| Some(figures.bytes_per_client_s / 1024.0)),
    ("memory", "KiB a client", |figures| figures.resident_kib_per_client),
    ("lost", "", |figures| Some(figures.lost as f64)),
    ("desyncs", "", |figures| Some(figures.desyncs as f64)),
];

/// One row a tick rate.
pub(super) fn results(results: &[RateResult], page: &mut String) {
    let has_floor = results.iter().any(|rate| rate.floor_held_players.is_some());
    let mut first = heading("tick rate", "Hz") + &heading("held", "players");
    if has_floor {
        first += &heading("bare loop", "players");
    }
    let rows = results.iter().map(|rate| {
        let star = if rate.void_above { "*" } else { "" };
        let players = |players: Option<usize>| players.map_or(DASH.to_owned(), grouped);
        let mut cells = cell(&rate.tick_rate.to_string());
        cells += &cell(&format!("<b>{}{star}</b>", players(rate.held_players)));
        if has_floor {
            cells += &cell(&players(rate.floor_held_players));
        }
        (cells, values(&rate.figures))
    });
    table(&first, rows, page);
}

/// One row a step.
pub(super) fn steps(steps: &[Step], page: &mut String) {
    let rows = steps.iter().map(|step| {
        let class = match (step.held, step.void) {
            (true, _) => "good",
            (false, true) => "void",
            (false, false) => "bad",
        };
        let said = escape(&verdict(step));
        let said = format!("<td class=\"said\"><span class=\"{class}\">{said}</span></td>");
        let figures = match step.kind {
            StepKind::Search | StepKind::Stage => values(&step.figures),
            // The bare loop knows no snapshots: a zero of it was never measured.
            StepKind::Floor => values(&step.figures).map(|value| value.filter(|v| *v > 0.0)),
        };
        (cell(&grouped(step.players)) + &said, figures)
    });
    let first = "<th scope=\"col\">players</th><th scope=\"col\" class=\"said\">verdict</th>";
    table(first, rows, page);
}

/// What is said of a step: `held`, or why not.
pub(super) fn verdict(step: &Step) -> String {
    let loop_name = match step.kind {
        StepKind::Floor => "bare loop, ",
        StepKind::Search | StepKind::Stage => "",
    };
    match (step.held, step.void) {
        (true, _) => format!("{loop_name}held"),
        (false, true) => format!("{loop_name}void: {}", step.why),
        (false, false) => format!("{loop_name}not held: {}", step.why),
    }
}

/// `first` and the first of each row are the cells before the figures.
fn table(first: &str, rows: impl Iterator<Item = (String, Values)>, page: &mut String) {
    put(page, format_args!("<div class=\"scroll\"><table>\n<thead><tr>{first}"));
    for (name, unit, _) in COLUMNS {
        page.push_str(&heading(name, unit));
    }
    page.push_str("</tr></thead>\n<tbody>\n");
    for (cells, values) in rows {
        put(page, format_args!("<tr>{cells}"));
        for value in values {
            page.push_str(&cell(&value.map_or(DASH.to_owned(), number)));
        }
        page.push_str("</tr>\n");
    }
    page.push_str("</tbody>\n</table></div>\n");
}

fn values(figures: &Figures) -> Values {
    COLUMNS.map(|(_, _, value)| value(figures))
}

fn heading(name: &str, unit: &str) -> String {
    format!("<th scope=\"col\">{name}<small>{unit}</small></th>")
}

/// `content` is markup.
fn cell(content: &str) -> String {
    format!("<td>{content}</td>")
}
