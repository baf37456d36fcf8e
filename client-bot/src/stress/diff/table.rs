//! A comparison as text: a table with a verdict a line, and a sentence.

use std::fmt;

use super::super::chart::number;
use super::{Diff, Line, Verdict};

impl fmt::Display for Diff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut heading = String::new();
        for line in &self.lines {
            let of = load(line);
            if of != heading {
                writeln!(f, "{of:<22} {:>10} {:>10}", "a", "b")?;
                heading = of;
            }
            let value = |value: Option<f64>| value.map_or("-".to_owned(), number);
            let (a, b) = (value(line.a), value(line.b));
            writeln!(f, "  {:<20} {a:>10} {b:>10}  {}", line.metric, line.verdict)?;
        }
        for remark in &self.remarks {
            writeln!(f, "{remark}")?;
        }
        let count = |is: fn(&Verdict) -> bool| self.lines.iter().filter(|l| is(&l.verdict)).count();
        let differ = count(Verdict::differs);
        let unknown = count(|verdict| match verdict {
            Verdict::TooFew | Verdict::BotsLimit { .. } => true,
            Verdict::Same | Verdict::Lower { .. } | Verdict::Higher { .. } => false,
        });
        let all = self.lines.len() - unknown;
        match (all, differ) {
            (0, _) => f.write_str("Nothing can be told: the runs have too little in common.")?,
            (all, 0) => write!(f, "The runs are the same within noise in all {all} comparisons.")?,
            (all, n) => write!(f, "The runs differ beyond noise in {n} of {all} comparisons.")?,
        }
        if unknown > 0 && all > 0 {
            write!(f, " Of {unknown} more nothing can be told.")?;
        }
        writeln!(f)
    }
}

fn load(line: &Line) -> String {
    match line.players {
        None => format!("{} Hz", line.tick_rate),
        Some((a, b)) if a == b => format!("{} Hz, {a} players", line.tick_rate),
        Some((a, b)) => format!("{} Hz, {a} and {b} players", line.tick_rate),
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Same => f.write_str("same within noise"),
            Self::Lower { share, probability } => differs(f, "lower", *share, *probability),
            Self::Higher { share, probability } => differs(f, "higher", *share, *probability),
            Self::TooFew => f.write_str("too few samples to tell"),
            Self::BotsLimit { run } => {
                write!(f, "cannot be told: its own bots may have limited {run}")
            }
        }
    }
}

fn differs(
    f: &mut fmt::Formatter<'_>,
    direction: &str,
    share: Option<f64>,
    probability: Option<f64>,
) -> fmt::Result {
    write!(f, "a is {direction}")?;
    if let Some(share) = share {
        write!(f, " by {} %", number((share * 1000.0).round() / 10.0))?;
    }
    match probability {
        None => Ok(()),
        Some(probability) if probability < 0.001 => f.write_str(" (p < 0.001)"),
        Some(probability) => write!(f, " (p = {probability:.3})"),
    }
}
