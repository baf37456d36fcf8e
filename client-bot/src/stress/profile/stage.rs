//! One stage, and how it is written.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::super::scan::{Misread, Scan, there_is};
use super::{LENGTH_MAX, LENGTH_MIN, PLAYERS_MAX};

/// Units of lengths, the shortest first.
const UNITS: [(&str, f64); 4] = [("ms", 1e-3), ("s", 1.0), ("m", 60.0), ("h", 3600.0)];

/// Players that change evenly over a time: `30s:0..500`, or `60s:500` when they stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stage {
    pub length: Duration,
    pub from: usize,
    pub to: usize,
}

/// What is wrong in the text of a stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StageError {
    NoLength { found: String },
    NoUnit { number: String, found: String },
    LengthOutOfBounds { length: String },
    UnderABeat { length: String },
    NoColon { found: String },
    NoPlayers { found: String },
    TooManyPlayers { found: String },
    Rest { found: String },
}

impl fmt::Display for StageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoLength { found } => {
                write!(f, "a stage begins with its length, such as 30s, but {}", there_is(found))
            }
            Self::NoUnit { number, found } => write!(
                f,
                "the length {number} needs one of the units ms, s, m, h, but {}",
                there_is(found)
            ),
            Self::LengthOutOfBounds { length } => {
                write!(f, "a stage lasts from 1ms to 24h, and not {length}")
            }
            Self::UnderABeat { length } => write!(
                f,
                "{length} is too short for a stage: figures come once a second, so 1s is the least"
            ),
            Self::NoColon { found } => {
                write!(
                    f,
                    "a colon and players follow the length, as in 30s:500, but {}",
                    there_is(found)
                )
            }
            Self::NoPlayers { found } => write!(
                f,
                "a number of players belongs here, such as 500, or 0..500 to grow, but {}",
                there_is(found)
            ),
            Self::TooManyPlayers { found } => {
                write!(f, "{found} players are too many: {PLAYERS_MAX} are the most")
            }
            Self::Rest { found } => {
                write!(f, "a stage ends after its players, but {}", there_is(found))
            }
        }
    }
}

impl Stage {
    /// A stage as an operator may ask for it: so long that it has figures of its own.
    ///
    /// # Errors
    /// When the text is no stage, or a stage shorter than a beat.
    pub fn measured(text: &str) -> Result<Self, Misread<StageError>> {
        let stage: Self = text.parse()?;
        if stage.length >= LENGTH_MIN {
            return Ok(stage);
        }
        let mut scan = Scan::new(text);
        scan.skip_spaces();
        let length = Length(stage.length).to_string();
        Err(scan.misread_here(StageError::UnderABeat { length }))
    }
}

impl FromStr for Stage {
    type Err = Misread<StageError>;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut scan = Scan::new(text);
        scan.skip_spaces();
        let length = length(&mut scan)?;
        if !scan.eat(":") {
            return Err(scan.misread_here(StageError::NoColon { found: scan.rest().to_owned() }));
        }
        let from = players(&mut scan)?;
        let to = if scan.eat("..") { players(&mut scan)? } else { from };
        scan.skip_spaces();
        if !scan.is_at_end() {
            return Err(scan.misread_here(StageError::Rest { found: scan.rest().to_owned() }));
        }
        Ok(Self { length, from, to })
    }
}

fn length(scan: &mut Scan<'_>) -> Result<Duration, Misread<StageError>> {
    let column = scan.column();
    let number = scan.take_while(|c| c.is_ascii_digit() || c == '.');
    let Ok(value) = number.parse::<f64>() else {
        let found = format!("{number}{}", scan.rest());
        return Err(scan.misread(column, StageError::NoLength { found }));
    };
    let column_unit = scan.column();
    let unit = scan.take_while(|c| c != ':' && !c.is_whitespace());
    let Some((_, unit_s)) = UNITS.into_iter().find(|(name, _)| *name == unit) else {
        let wrong = StageError::NoUnit { number: number.to_owned(), found: unit.to_owned() };
        return Err(scan.misread(column_unit, wrong));
    };
    Duration::try_from_secs_f64(value * unit_s)
        .ok()
        .filter(|length| (Duration::from_millis(1)..=LENGTH_MAX).contains(length))
        .ok_or_else(|| {
            let length = format!("{number}{unit}");
            scan.misread(column, StageError::LengthOutOfBounds { length })
        })
}

fn players(scan: &mut Scan<'_>) -> Result<usize, Misread<StageError>> {
    let column = scan.column();
    let digits = scan.take_while(|c| c.is_ascii_digit());
    if digits.is_empty() {
        return Err(scan.misread(column, StageError::NoPlayers { found: scan.rest().to_owned() }));
    }
    // What does not fit a number at all is too many, too.
    digits.parse().ok().filter(|players| *players <= PLAYERS_MAX).ok_or_else(|| {
        scan.misread(column, StageError::TooManyPlayers { found: digits.to_owned() })
    })
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", Length(self.length), self.from)?;
        if self.to != self.from { write!(f, "..{}", self.to) } else { Ok(()) }
    }
}

/// A length in the largest unit that gives a whole number.
pub(super) struct Length(pub(super) Duration);

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, nanos) = (self.0.as_secs(), self.0.subsec_nanos());
        match (seconds, nanos) {
            (0, 0) => f.write_str("0s"),
            (s, 0) if s % 3600 == 0 => write!(f, "{}h", s / 3600),
            (s, 0) if s % 60 == 0 => write!(f, "{}m", s / 60),
            (s, 0) => write!(f, "{s}s"),
            (_, n) if n % 1_000_000 == 0 => write!(f, "{}ms", self.0.as_millis()),
            (_, _) => write!(f, "{}ms", self.0.as_secs_f64() * 1e3),
        }
    }
}
