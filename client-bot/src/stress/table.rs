//! The outcome as a table for a terminal.

use std::fmt;

use super::outcome::{Judged, Outcome, RateResult, Step, StepKind};
use crate::report::Spread;

const HEAD: [(&str, &str); 13] = [
    ("players", ""),
    ("delivered", "Hz"),
    ("gap p99", "ms"),
    ("corrected", "ms"),
    ("gap max", "ms"),
    ("ack p99", "ms"),
    ("raw", "ms"),
    ("tick p99", "ms"),
    ("server", "us/cl-tick"),
    ("over", "floor"),
    ("bytes per", "ent-tick"),
    ("others", "in view"),
    ("bots late", "p99 ms"),
];
/// Width of a column.
const WIDTH: usize = 10;

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for result in &self.results {
            write_steps(f, result)?;
        }
        for Judged { threshold, found, kept } in &self.thresholds {
            let verdict = if *kept { "kept" } else { "BROKEN" };
            let found = found.map_or("not measured".to_owned(), |found| format!("{found:.2}"));
            writeln!(f, "{verdict:<7} {threshold} ({found})")?;
        }
        let pinned = match (&self.url, self.pinned) {
            (Some(url), _) => format!("the server at {url}"),
            (None, true) => "server and bots with a core each".to_owned(),
            (None, false) => "server and bots on shared cores, not pinned".to_owned(),
        };
        for result in &self.results {
            write_held(f, result, &pinned)?;
        }
        Ok(())
    }
}

fn write_steps(f: &mut fmt::Formatter<'_>, result: &RateResult) -> fmt::Result {
    writeln!(f, "{} Hz", result.tick_rate)?;
    for line in [HEAD.map(|(name, _)| name), HEAD.map(|(_, unit)| unit)] {
        for text in line {
            write!(f, "{text:>WIDTH$} ")?;
        }
        writeln!(f)?;
    }
    for step in &result.steps {
        for text in cells(step) {
            write!(f, "{text:>WIDTH$} ")?;
        }
        let what = match step.kind {
            StepKind::Floor => "bare loop, ",
            StepKind::Search | StepKind::Stage => "",
        };
        match (step.held, step.void) {
            (true, _) => writeln!(f, " {what}held")?,
            (false, true) => writeln!(f, " {what}void: {}", step.why)?,
            (false, false) => writeln!(f, " {what}not held: {}", step.why)?,
        }
    }
    Ok(())
}

fn cells(step: &Step) -> [String; HEAD.len()] {
    let number = |value: f64| format!("{value:.2}");
    let some = |value: Option<f64>| value.map_or("-".to_owned(), number);
    let figures = &step.figures;
    [
        step.players.to_string(),
        number(figures.delivered_hz),
        number(figures.gap_ms.p99),
        number(figures.gap_corrected_ms.p99),
        number(figures.gap_ms.max),
        number(figures.input_ack_ms.p99),
        number(figures.input_ack_raw_ms.p99),
        some(figures.tick_work_ms.map(|work| work.p99)),
        some(figures.cpu_us_per_client_tick),
        some(figures.floor_ratio),
        some(figures.bytes_per_entity_tick),
        number(figures.others_in_view),
        number(figures.own.lateness_ms.p99),
    ]
}

fn write_held(f: &mut fmt::Formatter<'_>, result: &RateResult, pinned: &str) -> fmt::Result {
    let players = result.held_players.map_or("none of these".to_owned(), |n| n.to_string());
    write!(f, "held: {players} players at {} Hz", result.tick_rate)?;
    if let Some(floor) = result.floor_held_players {
        write!(f, ", and the bare loop {floor} sockets")?;
    }
    writeln!(f, " ({pinned})")?;
    let decoded = result.figures.decoded_share;
    if decoded < 1.0 {
        writeln!(
            f,
            "{:.0} % of the snapshots were decoded and checked, the others counted.",
            decoded * 100.0
        )?;
    }
    if let Some(age) = result.figures.slow_age_ms {
        let Spread { p50, p99, .. } = age;
        writeln!(f, "Snapshots over slow links were {p50:.0} ms old at p50, {p99:.0} ms at p99.")?;
    }
    if let Some(gone) = result.figures.stalled_gone_ms {
        let (count, max) = (result.figures.stalled_gone, gone.max / 1000.0);
        writeln!(f, "{count} that stopped reading were gone within {max:.1} s.")?;
    }
    if result.void_above {
        writeln!(f, "The next larger step was void: the server may hold more than this.")?;
    }
    Ok(())
}
