//! What a bad link does, and how that is written: `latency=80±40,stall=2s/30s,rate=40KB,cut=1/60s`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::stress::scan::{Misread, Scan, there_is};

/// Bounds of what may be asked for.
const LATENCY_MAX: Duration = Duration::from_secs(10);
const SPAN_MIN: Duration = Duration::from_millis(1);
const SPAN_MAX: Duration = Duration::from_secs(3600);
const RATE_MIN: u64 = 100;
const RATE_MAX: u64 = 10_000_000_000;
const CUTS_MAX: u32 = 1000;

/// Units of times, in seconds, and of rates, in bytes.
const TIMES: [(&str, f64); 3] = [("ms", 1e-3), ("s", 1.0), ("m", 60.0)];
const SIZES: [(&str, f64); 4] = [("GB", 1e9), ("MB", 1e6), ("KB", 1e3), ("B", 1.0)];

/// What every connection through a link meets. The default is a perfect link.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spec {
    /// What bytes take each way, and how much more or less that may be.
    pub latency: Duration,
    pub jitter: Duration,
    pub stalls: Option<Stalls>,
    /// Bytes a second that pass each way.
    pub rate: Option<u64>,
    pub cuts: Option<Cuts>,
}

/// Nothing passes for `length`, once in each `every`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stalls {
    pub length: Duration,
    pub every: Duration,
}

/// A connection is cut so often, on average, in so long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cuts {
    pub count: u32,
    pub every: Duration,
}

/// What is wrong in the text of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SpecError {
    NoName { found: String },
    Twice { name: String },
    NoEquals { found: String },
    NoNumber { found: String },
    NoUnit { number: String, units: String, found: String },
    OutOfBounds { what: &'static str, from: String, to: String },
    NoSlash { example: &'static str, found: String },
    JitterOverLatency,
    StallTooLong,
    Rest { found: String },
}

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoName { found } => write!(
                f,
                "one of latency=80±40, stall=2s/30s, rate=40KB, cut=1/60s belongs here, but {}",
                there_is(found)
            ),
            Self::Twice { name } => write!(f, "{name} is given twice"),
            Self::NoEquals { found } => {
                write!(
                    f,
                    "an equals sign follows the name, as in rate=40KB, but {}",
                    there_is(found)
                )
            }
            Self::NoNumber { found } => {
                write!(f, "a number belongs here, but {}", there_is(found))
            }
            Self::NoUnit { number, units, found } => {
                write!(f, "{number} needs one of the units {units}, but {}", there_is(found))
            }
            Self::OutOfBounds { what, from, to } => write!(f, "{what} is from {from} to {to}"),
            Self::NoSlash { example, found } => {
                write!(f, "a slash and a time follow, as in {example}, but {}", there_is(found))
            }
            Self::JitterOverLatency => {
                f.write_str("what a latency varies by is no more than the latency itself")
            }
            Self::StallTooLong => {
                f.write_str("a stall is shorter than the time in which there is one")
            }
            Self::Rest { found } => {
                write!(f, "a comma and the next part belong here, but {}", there_is(found))
            }
        }
    }
}

type Read<T> = Result<T, Misread<SpecError>>;

impl FromStr for Spec {
    type Err = Misread<SpecError>;

    fn from_str(text: &str) -> Read<Self> {
        let mut scan = Scan::new(text);
        let mut spec = Self::default();
        let mut seen: Vec<&str> = Vec::new();
        loop {
            scan.skip_spaces();
            let column = scan.column();
            let name = scan.take_while(|c| c.is_ascii_alphabetic());
            if !["latency", "stall", "rate", "cut"].contains(&name) {
                let found = format!("{name}{}", scan.rest());
                return Err(scan.misread(column, SpecError::NoName { found }));
            }
            if seen.contains(&name) {
                return Err(scan.misread(column, SpecError::Twice { name: name.to_owned() }));
            }
            seen.push(name);
            if !scan.eat("=") {
                let found = scan.rest().to_owned();
                return Err(scan.misread_here(SpecError::NoEquals { found }));
            }
            match name {
                "latency" => (spec.latency, spec.jitter) = latency(&mut scan)?,
                "stall" => spec.stalls = Some(stalls(&mut scan)?),
                "rate" => spec.rate = Some(rate(&mut scan)?),
                _ => spec.cuts = Some(cuts(&mut scan)?),
            }
            scan.skip_spaces();
            if scan.is_at_end() {
                return Ok(spec);
            }
            if !scan.eat(",") {
                let found = scan.rest().to_owned();
                return Err(scan.misread_here(SpecError::Rest { found }));
            }
        }
    }
}

/// `80`, `80±40` or `80+-40`, in milliseconds unless a unit says otherwise.
fn latency(scan: &mut Scan<'_>) -> Read<(Duration, Duration)> {
    let (zero, most) = (Duration::ZERO, LATENCY_MAX);
    let latency = time(scan, "a latency", (zero, most), Some(1e-3))?;
    if !scan.eat("±") && !scan.eat("+-") {
        return Ok((latency, zero));
    }
    let column = scan.column();
    let jitter = time(scan, "what a latency varies by", (zero, most), Some(1e-3))?;
    if jitter > latency {
        return Err(scan.misread(column, SpecError::JitterOverLatency));
    }
    Ok((latency, jitter))
}

/// `2s/30s`
fn stalls(scan: &mut Scan<'_>) -> Read<Stalls> {
    let column = scan.column();
    let length = time(scan, "a stall", (SPAN_MIN, SPAN_MAX), None)?;
    let every = per(scan, "stall=2s/30s")?;
    if length >= every {
        return Err(scan.misread(column, SpecError::StallTooLong));
    }
    Ok(Stalls { length, every })
}

/// `1/60s`
fn cuts(scan: &mut Scan<'_>) -> Read<Cuts> {
    let column = scan.column();
    let digits = scan.take_while(|c| c.is_ascii_digit());
    if digits.is_empty() {
        let found = scan.rest().to_owned();
        return Err(scan.misread(column, SpecError::NoNumber { found }));
    }
    let count = digits.parse().ok().filter(|count| (1..=CUTS_MAX).contains(count));
    let count = count.ok_or_else(|| {
        let (from, to) = ("1".to_owned(), CUTS_MAX.to_string());
        scan.misread(column, SpecError::OutOfBounds { what: "a number of cuts", from, to })
    })?;
    Ok(Cuts { count, every: per(scan, "cut=1/60s")? })
}

/// `40KB`
fn rate(scan: &mut Scan<'_>) -> Read<u64> {
    let column = scan.column();
    let bytes = number(scan, &SIZES, None)?;
    if !(RATE_MIN as f64..=RATE_MAX as f64).contains(&bytes) {
        let (from, to) = (format!("{RATE_MIN}B"), "10GB".to_owned());
        return Err(scan.misread(column, SpecError::OutOfBounds { what: "a rate", from, to }));
    }
    Ok(bytes.round() as u64)
}

/// The time after a slash.
fn per(scan: &mut Scan<'_>, example: &'static str) -> Read<Duration> {
    if !scan.eat("/") {
        let found = scan.rest().to_owned();
        return Err(scan.misread_here(SpecError::NoSlash { example, found }));
    }
    time(scan, "such a time", (SPAN_MIN, SPAN_MAX), None)
}

fn time(
    scan: &mut Scan<'_>,
    what: &'static str,
    (from, to): (Duration, Duration),
    bare_s: Option<f64>,
) -> Read<Duration> {
    let column = scan.column();
    let seconds = number(scan, &TIMES, bare_s)?;
    let time = Duration::try_from_secs_f64(seconds).ok();
    time.filter(|time| (from..=to).contains(time)).ok_or_else(|| {
        let [from, to] = [from, to].map(|time| format!("{time:?}"));
        scan.misread(column, SpecError::OutOfBounds { what, from, to })
    })
}

/// A number with a unit; `bare` is what it is worth without one.
fn number(scan: &mut Scan<'_>, units: &[(&str, f64)], bare: Option<f64>) -> Read<f64> {
    let column = scan.column();
    let digits = scan.take_while(|c| c.is_ascii_digit() || c == '.');
    let Ok(value) = digits.parse::<f64>() else {
        let found = format!("{digits}{}", scan.rest());
        return Err(scan.misread(column, SpecError::NoNumber { found }));
    };
    let column = scan.column();
    let unit = scan.take_while(|c| c.is_alphabetic());
    match (units.iter().find(|(name, _)| *name == unit), bare) {
        (Some((_, worth)), _) => Ok(value * worth),
        (None, Some(worth)) if unit.is_empty() => Ok(value * worth),
        (None, _) => {
            let units: Vec<&str> = units.iter().map(|(name, _)| *name).collect();
            Err(scan.misread(
                column,
                SpecError::NoUnit {
                    number: digits.to_owned(),
                    units: units.join(", "),
                    found: if unit.is_empty() { scan.rest().to_owned() } else { unit.to_owned() },
                },
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn links_are_read_as_they_are_written() {
        let whole = Spec {
            latency: ms(80),
            jitter: ms(40),
            stalls: Some(Stalls { length: ms(2000), every: ms(30_000) }),
            rate: Some(40_000),
            cuts: Some(Cuts { count: 1, every: ms(60_000) }),
        };
        for text in [
            "latency=80±40,stall=2s/30s,rate=40KB,cut=1/60s",
            "latency=80+-40,stall=2s/30s,rate=40KB,cut=1/60s",
            " cut=1/1m, rate=0.04MB ,stall=2000ms/0.5m,latency=0.08s±40ms ",
        ] {
            assert_eq!(text.parse(), Ok(whole), "{text}");
        }
        let latency = Spec { latency: ms(5), ..Spec::default() };
        assert_eq!("latency=5".parse(), Ok(latency));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        for (text, column, part) in [
            ("", 1, "latency=80±40"),
            ("delay=80", 1, "there is `delay=80`"),
            ("latency=80±40,", 15, "the text ends"),
            ("latency=80,latency=9", 12, "given twice"),
            ("latency 80", 8, "an equals sign"),
            ("latency=fast", 9, "a number"),
            ("latency=80x", 11, "ms, s, m"),
            ("latency=11s", 9, "from 0ns to 10s"),
            ("latency=80±90", 12, "no more than the latency"),
            ("latency=80±40 stall=2s/30s", 15, "a comma"),
            ("stall=2/30s", 8, "2 needs one of the units"),
            ("stall=2s", 9, "as in stall=2s/30s"),
            ("stall=30s/30s", 7, "shorter than"),
            ("rate=40", 8, "GB, MB, KB, B"),
            ("rate=9B", 6, "from 100B to 10GB"),
            ("cut=0/60s", 5, "from 1 to 1000"),
            ("cut=x", 5, "a number"),
            ("cut=1:60s", 6, "as in cut=1/60s"),
        ] {
            let error = text.parse::<Spec>().expect_err("something is wrong");
            assert_eq!(error.column, column, "{text}: {error}");
            assert!(error.to_string().contains(part), "because {part} helps: {error}");
        }
    }
}
