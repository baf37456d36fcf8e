//! Thresholds that a run has to keep: `tick_p99<10ms,gap_p99<2T,lost==0`.
//!
//! They judge figures and nothing else: what *held* means is not theirs to say.

use std::fmt;
use std::str::FromStr;

use self::metric::{METRICS, Metric};
use self::unit::Unit;
use super::outcome::{Figures, Judged};
use super::scan::{Misread, Scan, there_is};

mod metric;
mod unit;

/// Thresholds, in the order in which they were given.
#[derive(Clone, Debug, PartialEq)]
pub struct Slo(Vec<Threshold>);

#[derive(Clone, Debug, PartialEq)]
struct Threshold {
    /// As written.
    text: String,
    metric: Metric,
    relation: Relation,
    bound: f64,
    unit: Unit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Relation {
    Less,
    LessOrEqual,
    More,
    MoreOrEqual,
    Equal,
    NotEqual,
}

/// Whoever is the begin of another comes after it.
const RELATIONS: [(&str, Relation); 6] = [
    ("<=", Relation::LessOrEqual),
    ("<", Relation::Less),
    (">=", Relation::MoreOrEqual),
    (">", Relation::More),
    ("==", Relation::Equal),
    ("!=", Relation::NotEqual),
];

impl Relation {
    fn is_kept(self, found: f64, bound: f64) -> bool {
        match self {
            Self::Less => found < bound,
            Self::LessOrEqual => found <= bound,
            Self::More => found > bound,
            Self::MoreOrEqual => found >= bound,
            Self::Equal => (found - bound).abs() < f64::EPSILON,
            Self::NotEqual => (found - bound).abs() >= f64::EPSILON,
        }
    }
}

/// What is wrong in the text of thresholds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SloError {
    NoMetric { found: String },
    UnknownMetric { found: String },
    NoRelation { found: String },
    NoBound { found: String },
    NoUnit { metric: &'static str, number: String, fit: String },
    WrongUnit { metric: &'static str, found: String, fit: String },
    NoComma { found: String },
}

impl fmt::Display for SloError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let metrics = || METRICS.map(|(name, _)| name).join(", ");
        match self {
            Self::NoMetric { found } => {
                write!(
                    f,
                    "a metric belongs here, but {}: take one of {}",
                    there_is(found),
                    metrics()
                )
            }
            Self::UnknownMetric { found } => {
                write!(f, "`{found}` is no metric: take one of {}", metrics())
            }
            Self::NoRelation { found } => write!(
                f,
                "one of <, <=, >, >=, == and != follows the metric, but {}",
                there_is(found)
            ),
            Self::NoBound { found } => {
                write!(f, "a number belongs here, such as 10 or 2.5, but {}", there_is(found))
            }
            Self::NoUnit { metric, number, fit } => {
                write!(f, "{number} has no unit: {metric} takes {fit}")
            }
            Self::WrongUnit { metric, found, fit } => {
                write!(f, "`{found}` does not fit: {metric} takes {fit}")
            }
            Self::NoComma { found } => {
                write!(f, "a comma belongs between thresholds, but {}", there_is(found))
            }
        }
    }
}

impl FromStr for Slo {
    type Err = Misread<SloError>;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut scan = Scan::new(text);
        let mut thresholds = Vec::new();
        loop {
            scan.skip_spaces();
            let start = scan.rest();
            let threshold = threshold(&mut scan)?;
            let written = &start[..start.len() - scan.rest().len()];
            thresholds.push(Threshold { text: written.to_owned(), ..threshold });
            scan.skip_spaces();
            if scan.is_at_end() {
                return Ok(Self(thresholds));
            }
            if !scan.eat(",") {
                let found = scan.rest().to_owned();
                return Err(scan.misread_here(SloError::NoComma { found }));
            }
        }
    }
}

fn threshold(scan: &mut Scan<'_>) -> Result<Threshold, Misread<SloError>> {
    let column = scan.column();
    let name = scan.take_while(|c| c.is_alphanumeric() || c == '_');
    if name.is_empty() {
        return Err(scan.misread(column, SloError::NoMetric { found: scan.rest().to_owned() }));
    }
    let Some((name, metric)) = METRICS.into_iter().find(|(known, _)| *known == name) else {
        return Err(scan.misread(column, SloError::UnknownMetric { found: name.to_owned() }));
    };
    scan.skip_spaces();
    let Some((_, relation)) = RELATIONS.into_iter().find(|(token, _)| scan.eat(token)) else {
        return Err(scan.misread_here(SloError::NoRelation { found: scan.rest().to_owned() }));
    };
    scan.skip_spaces();
    let column = scan.column();
    let number = scan.take_while(|c| c.is_ascii_digit() || c == '.');
    let Some(bound) = number.parse().ok().filter(|bound: &f64| bound.is_finite()) else {
        let found = format!("{number}{}", scan.rest());
        return Err(scan.misread(column, SloError::NoBound { found }));
    };
    let column_unit = scan.column();
    let written = scan.take_while(|c| c.is_alphabetic() || c == '%' || c == '/');
    let fitting = metric.units();
    let fit = || unit::either(fitting);
    let Some(unit) = fitting.iter().copied().find(|unit| unit.name() == written) else {
        return Err(if written.is_empty() {
            let number = number.to_owned();
            scan.misread(column, SloError::NoUnit { metric: name, number, fit: fit() })
        } else {
            let found = written.to_owned();
            scan.misread(column_unit, SloError::WrongUnit { metric: name, found, fit: fit() })
        });
    };
    Ok(Threshold { text: String::new(), metric, relation, bound, unit })
}

impl Slo {
    /// Whether the figures of a run at `tick_rate` Hz keep each threshold. A figure
    /// that could not be measured keeps none.
    #[must_use]
    pub fn judge(&self, figures: &Figures, tick_rate: u32) -> Vec<Judged> {
        self.0.iter().map(|threshold| threshold.judge(figures, tick_rate)).collect()
    }
}

impl Threshold {
    fn judge(&self, figures: &Figures, tick_rate: u32) -> Judged {
        let found = self
            .metric
            .measured(figures)
            .zip(self.unit.size(tick_rate, figures))
            .map(|(measured, size)| measured / size)
            .filter(|found| found.is_finite());
        Judged {
            tick_rate,
            threshold: self.text.clone(),
            found: found.map(six_decimals),
            kept: found.is_some_and(|found| self.relation.is_kept(found, self.bound)),
        }
    }
}

/// More would be noise in every unit that there is.
fn six_decimals(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

impl fmt::Display for Slo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, threshold) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{}", threshold.text)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
