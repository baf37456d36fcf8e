//! The outcome as tables for a spreadsheet, quoted as RFC 4180 has it.
//!
//! Both are flat: each row can be sorted, filtered and plotted without another one.
//! [`csv`] has a row a step with all of its figures, and with what was measured where,
//! so that the rows of many runs can stand in one sheet; [`csv_samples`] has a row a
//! second of every step. Units are in the headings, decimals have a point, and what
//! could not be measured is empty. Text that a spreadsheet would take for a formula
//! begins with an apostrophe.

use super::outcome::{Outcome, RateResult, Sample, Step};

mod columns;

/// One row a step, of all tick rates.
#[must_use]
pub fn csv(outcome: &Outcome) -> String {
    let columns = columns::steps();
    let mut text = headings(&columns);
    for place in places(outcome) {
        row(&columns, &place, &mut text);
    }
    text
}

/// One row a second of every step, of all tick rates.
#[must_use]
pub fn csv_samples(outcome: &Outcome) -> String {
    let columns = columns::samples();
    let mut text = headings(&columns);
    for place in places(outcome) {
        for sample in &place.step.samples {
            row(&columns, &(place, sample), &mut text);
        }
    }
    text
}

/// Where a row comes from.
#[derive(Clone, Copy)]
struct Place<'a> {
    outcome: &'a Outcome,
    rate: &'a RateResult,
    /// Of the step in its rate, from 1.
    number: usize,
    step: &'a Step,
}

type Second<'a> = (Place<'a>, &'a Sample);

fn places(outcome: &Outcome) -> impl Iterator<Item = Place<'_>> {
    outcome.results.iter().flat_map(move |rate| {
        let steps = rate.steps.iter().enumerate();
        steps.map(move |(index, step)| Place { outcome, rate, number: index + 1, step })
    })
}

/// The content of a field, before it is quoted.
enum Cell {
    Empty,
    Number(f64),
    Count(u64),
    Text(String),
}

/// The heading, with its unit, and what stands below it.
type Column<Row> = (&'static str, fn(&Row) -> Cell);

fn headings<Row>(columns: &[Column<Row>]) -> String {
    let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    names.join(",") + "\r\n"
}

fn row<Row>(columns: &[Column<Row>], of: &Row, text: &mut String) {
    for (index, (_, value)) in columns.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        text.push_str(&field(value(of)));
    }
    text.push_str("\r\n");
}

fn field(cell: Cell) -> String {
    match cell {
        Cell::Empty => String::new(),
        Cell::Number(value) if value.is_finite() => value.to_string(),
        Cell::Number(_) => String::new(),
        Cell::Count(value) => value.to_string(),
        Cell::Text(text) => quoted(&text),
    }
}

fn quoted(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let apostrophe = if is_formula { "'" } else { "" };
    if text.contains([',', '"', '\r', '\n']) {
        format!("\"{apostrophe}{}\"", text.replace('"', "\"\""))
    } else {
        format!("{apostrophe}{text}")
    }
}

impl From<f64> for Cell {
    fn from(value: f64) -> Self {
        Self::Number(value)
    }
}

impl From<u64> for Cell {
    fn from(value: u64) -> Self {
        Self::Count(value)
    }
}

impl From<u32> for Cell {
    fn from(value: u32) -> Self {
        Self::Count(value.into())
    }
}

impl From<usize> for Cell {
    fn from(value: usize) -> Self {
        Self::Count(value as u64)
    }
}

impl From<bool> for Cell {
    fn from(value: bool) -> Self {
        Self::Text(if value { "yes" } else { "no" }.to_owned())
    }
}

impl From<&str> for Cell {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Empty, Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stress::made_up;

    /// Reads what RFC 4180 allows.
    fn read(text: &str) -> Vec<Vec<String>> {
        let (mut rows, mut row, mut field) = (Vec::new(), Vec::new(), String::new());
        let mut chars = text.chars().peekable();
        let mut is_quoted = false;
        while let Some(c) = chars.next() {
            match (c, is_quoted) {
                ('"', true) if chars.peek() == Some(&'"') => {
                    field.push('"');
                    chars.next();
                }
                ('"', _) => is_quoted = !is_quoted,
                (',', false) => row.push(std::mem::take(&mut field)),
                ('\r', false) => assert_eq!(chars.peek(), Some(&'\n'), "because lines end so"),
                ('\n', false) => {
                    row.push(std::mem::take(&mut field));
                    rows.push(std::mem::take(&mut row));
                }
                (c, _) => field.push(c),
            }
        }
        assert!(row.is_empty() && field.is_empty(), "because the last line ends too");
        rows
    }

    fn cell<'a>(rows: &'a [Vec<String>], heading: &str, row: usize) -> &'a str {
        let column = rows[0].iter().position(|name| name == heading);
        &rows[row][column.unwrap_or_else(|| panic!("there is a column {heading}"))]
    }

    #[test]
    fn a_row_is_a_step() {
        let outcome = made_up::outcome(1);
        let rows = read(&csv(&outcome));
        assert_eq!(rows.len(), 1 + 10, "because two rates have five steps each");
        assert!(rows.iter().all(|row| row.len() == rows[0].len()), "because it is a table");
        assert_eq!(cell(&rows, "tick_rate_hz", 3), "30");
        assert_eq!(cell(&rows, "players", 3), "4096");
        assert_eq!((cell(&rows, "kind", 3), cell(&rows, "held", 3)), ("search", "yes"));
        assert_eq!((cell(&rows, "kind", 5), cell(&rows, "held", 4)), ("floor", "no"));
        assert_eq!(cell(&rows, "why", 4), "27 Hz delivered, too few");
        assert_eq!(cell(&rows, "cpu_us_per_client_tick", 3), "8");
        assert_eq!(cell(&rows, "floor_ratio", 4), "", "because it was not measured");
        assert_eq!(
            (cell(&rows, "searches_held", 3), cell(&rows, "own_ports", 3)),
            ("4096", "4096")
        );
        assert_eq!(cell(&rows, "interrupted", 1), "no");
        assert_eq!(cell(&rows, "url", 1), "", "because the server was our own");
    }

    #[test]
    fn a_row_is_a_second() {
        let rows = read(&csv_samples(&made_up::outcome(1)));
        assert_eq!(rows.len(), 1 + 2 * 4 * 20, "because the bare loop has no samples");
        assert_eq!((cell(&rows, "at_s", 1), cell(&rows, "at_s", 20)), ("13", "32"));
        assert_eq!((cell(&rows, "step", 20), cell(&rows, "step", 21)), ("1", "2"));
        assert_eq!(cell(&rows, "players", 161 - 1), "3072");
    }

    #[test]
    fn nothing_has_headings_all_the_same() {
        let mut outcome = made_up::outcome(1);
        outcome.results.clear();
        assert_eq!(csv(&outcome).lines().count(), 1);
        assert_eq!(csv_samples(&outcome).lines().count(), 1);
    }

    #[test]
    fn headings_differ() {
        for rows in [read(&csv(&made_up::outcome(1))), read(&csv_samples(&made_up::outcome(1)))] {
            let mut names = rows[0].clone();
            names.sort();
            names.dedup();
            assert_eq!(names.len(), rows[0].len(), "because a column is found by its name");
        }
    }

    #[test]
    fn any_text_comes_back_as_it_was_but_for_formulas() {
        let nasty = "a \"quoted\", and\r\nbroken = line";
        let mut outcome = made_up::outcome(1);
        nasty.clone_into(&mut outcome.machine.cpu);
        "=HYPERLINK(\"x\")".clone_into(&mut outcome.arena);
        let rows = read(&csv(&outcome));
        assert_eq!(cell(&rows, "cpu", 1), nasty);
        assert_eq!(cell(&rows, "arena", 1), "'=HYPERLINK(\"x\")");
        assert_eq!(field(Cell::Number(f64::NAN)), "");
        assert_eq!(field(Cell::Number(-0.5)), "-0.5", "because a number is no formula");
    }
}
