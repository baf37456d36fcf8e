//! The course of a load: stages in which the number of players grows, holds or falls.
//!
//! Time is an argument: whoever drives the load asks how many players there should be.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::scan::{Misread, Scan, there_is};

/// Players of one load: more than this have no ports to come from.
pub const PLAYERS_MAX: usize = 100_000;
/// Length of all stages together.
pub const LENGTH_MAX: Duration = Duration::from_secs(24 * 60 * 60);
/// Shorter than this, nothing can be measured.
pub const LENGTH_MIN: Duration = Duration::from_secs(1);

/// The ramp of a soak lasts this part of it, and at most so long.
const SOAK_RAMP_PART: u32 = 10;
const SOAK_RAMP_MAX: Duration = Duration::from_secs(60);

/// Ends of a spike's stages, in parts of [`SPIKE_PARTS`]: a quarter of the players,
/// up, all of them, down, a quarter again.
const SPIKE_ENDS: [u32; 5] = [10, 12, 32, 34, 44];
const SPIKE_PARTS: u32 = 44;

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
struct Length(Duration);

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

/// Stages, one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile(Vec<Stage>);

/// Why stages make no load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProfileError {
    NoStage,
    NoPlayers,
    TooManyPlayers { players: usize },
    TooShort { length: Duration },
    TooLong { length: Duration },
}

impl fmt::Display for ProfileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoStage => f.write_str("a load has at least one stage, such as 60s:500"),
            Self::NoPlayers => f.write_str("no stage has any players: give one of them some"),
            Self::TooManyPlayers { players } => {
                write!(f, "{players} players are too many: {PLAYERS_MAX} are the most")
            }
            Self::TooShort { length } => {
                write!(f, "the load lasts {}: it takes 1s to measure anything", Length(*length))
            }
            Self::TooLong { length } => {
                write!(f, "the stages last {} together: 24h are the most", Length(*length))
            }
        }
    }
}

impl std::error::Error for ProfileError {}

impl Profile {
    /// # Errors
    /// When the stages are none, or too short or too long together, or have no players
    /// or more than [`PLAYERS_MAX`].
    pub fn new(stages: Vec<Stage>) -> Result<Self, ProfileError> {
        let Some(players) = stages.iter().map(|stage| stage.from.max(stage.to)).max() else {
            return Err(ProfileError::NoStage);
        };
        let length =
            stages.iter().fold(Duration::ZERO, |sum, stage| sum.saturating_add(stage.length));
        if length < LENGTH_MIN {
            Err(ProfileError::TooShort { length })
        } else if length > LENGTH_MAX {
            Err(ProfileError::TooLong { length })
        } else if players == 0 {
            Err(ProfileError::NoPlayers)
        } else if players > PLAYERS_MAX {
            Err(ProfileError::TooManyPlayers { players })
        } else {
            Ok(Self(stages))
        }
    }

    /// All players from the begin to the end.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn steady(players: usize, length: Duration) -> Result<Self, ProfileError> {
        Self::new(vec![Stage { length, from: players, to: players }])
    }

    /// A quarter of the players, suddenly all of them, and a quarter again. With a
    /// length of 44 s these last 10, 20 and 10 s, and each change 2 s; otherwise all
    /// are stretched alike.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn spike(players: usize, length: Duration) -> Result<Self, ProfileError> {
        let few = players.div_ceil(4);
        let courses = [(few, few), (few, players), (players, players), (players, few), (few, few)];
        let mut begin = Duration::ZERO;
        let stages = SPIKE_ENDS.into_iter().zip(courses).map(|(end, (from, to))| {
            let end = spike_end(length, end);
            let stage = Stage { length: end.saturating_sub(begin), from, to };
            begin = end;
            stage
        });
        Self::new(stages.collect())
    }

    /// All players for a long time, after a gentle ramp: a tenth of it, and at most 60 s.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn soak(players: usize, length: Duration) -> Result<Self, ProfileError> {
        let ramp = (length / SOAK_RAMP_PART).min(SOAK_RAMP_MAX);
        Self::new(vec![
            Stage { length: ramp, from: 0, to: players },
            Stage { length: length.saturating_sub(ramp), from: players, to: players },
        ])
    }

    #[must_use]
    pub fn stages(&self) -> &[Stage] {
        &self.0
    }

    /// Of all stages together.
    #[must_use]
    pub fn length(&self) -> Duration {
        self.0.iter().map(|stage| stage.length).sum()
    }

    /// The most players that there are at any time.
    #[must_use]
    pub fn players_max(&self) -> usize {
        self.0.iter().map(|stage| stage.from.max(stage.to)).max().unwrap_or_default()
    }

    /// Players that there should be so long after the begin; after the end, those of
    /// the end.
    #[must_use]
    pub fn players_at(&self, elapsed: Duration) -> usize {
        let Some((index, since)) = self.place(elapsed) else {
            return self.0.last().map_or(0, |stage| stage.to);
        };
        let Stage { length, from, to } = self.0[index];
        let share = since.as_secs_f64() / length.as_secs_f64();
        (from as f64 + (to as f64 - from as f64) * share).round() as usize
    }

    /// Index of the stage so long after the begin; none after the end.
    #[must_use]
    pub fn stage_at(&self, elapsed: Duration) -> Option<usize> {
        self.place(elapsed).map(|(index, _)| index)
    }

    /// Index of the stage, and the time since its begin.
    fn place(&self, elapsed: Duration) -> Option<(usize, Duration)> {
        let mut since = elapsed;
        for (index, stage) in self.0.iter().enumerate() {
            if since < stage.length {
                return Some((index, since));
            }
            since -= stage.length;
        }
        None
    }
}

/// To the millisecond, so that the stages can be read; the last is exact.
fn spike_end(length: Duration, end: u32) -> Duration {
    if end == SPIKE_PARTS {
        return length;
    }
    let exact = length.as_millis() * u128::from(end) / u128::from(SPIKE_PARTS);
    Duration::from_millis(u64::try_from(exact).unwrap_or(u64::MAX))
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, stage) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{stage}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stage(text: &str) -> Stage {
        text.parse().unwrap_or_else(|error| panic!("{text} is right: {error}"))
    }

    fn profile(texts: &[&str]) -> Profile {
        Profile::new(texts.iter().map(|text| stage(text)).collect()).expect("the stages are right")
    }

    fn s(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    #[test]
    fn a_stage_grows_or_holds() {
        assert_eq!(stage("30s:0..500"), Stage { length: s(30.0), from: 0, to: 500 });
        assert_eq!(stage(" 1.5m:500 "), Stage { length: s(90.0), from: 500, to: 500 });
        assert_eq!(stage("250ms:9..3").length, s(0.25));
        assert_eq!(stage("24h:1").length, LENGTH_MAX);
    }

    #[test]
    fn what_is_written_reads_back() {
        for text in ["30s:0..500", "1m:500", "2h:7", "1500ms:3..1", "24h:100000"] {
            assert_eq!(stage(text).to_string(), text);
        }
        assert_eq!(stage("60s:5..5").to_string(), "1m:5");
        assert_eq!(profile(&["30s:0..5", "60s:5"]).to_string(), "30s:0..5,1m:5");
    }

    #[test]
    fn an_error_tells_where_and_what_would_be_right() {
        let error = |text: &str| {
            let error = text.parse::<Stage>().expect_err("the text is wrong");
            error.to_string().lines().next().map(str::to_owned).unwrap_or_default()
        };
        let cases = [
            ("", "at 1: a stage begins with its length, such as 30s, but the text ends"),
            ("x", "at 1: a stage begins with its length, such as 30s, but there is `x`"),
            (
                "1.2.3s:4",
                "at 1: a stage begins with its length, such as 30s, but there is `1.2.3s:4`",
            ),
            ("30:5", "at 3: the length 30 needs one of the units ms, s, m, h, but the text ends"),
            ("30d:5", "at 3: the length 30 needs one of the units ms, s, m, h, but there is `d`"),
            ("0s:5", "at 1: a stage lasts from 1ms to 24h, and not 0s"),
            ("25h:5", "at 1: a stage lasts from 1ms to 24h, and not 25h"),
            (
                "30s",
                "at 4: a colon and players follow the length, as in 30s:500, but the text ends",
            ),
            (
                "30s 5",
                "at 4: a colon and players follow the length, as in 30s:500, but there is ` 5`",
            ),
            (
                "30s:",
                "at 5: a number of players belongs here, such as 500, or 0..500 to grow, but the text ends",
            ),
            (
                "30s:5..x",
                "at 8: a number of players belongs here, such as 500, or 0..500 to grow, but there is `x`",
            ),
            ("30s:5..100001", "at 8: 100001 players are too many: 100000 are the most"),
            (
                "30s:99999999999999999999",
                "at 5: 99999999999999999999 players are too many: 100000 are the most",
            ),
            ("30s:5.x", "at 6: a stage ends after its players, but there is `.x`"),
        ];
        for (text, expected) in cases {
            assert_eq!(error(text), expected, "because {text:?} is wrong there");
        }
    }

    #[test]
    fn players_follow_the_stages() {
        let profile = profile(&["10s:0..100", "20s:100", "10s:50..0"]);
        assert_eq!((profile.length(), profile.players_max()), (s(40.0), 100));
        let at = |seconds| (profile.players_at(s(seconds)), profile.stage_at(s(seconds)));
        assert_eq!(at(0.0), (0, Some(0)));
        assert_eq!(at(5.0), (50, Some(0)));
        assert_eq!(at(9.999), (100, Some(0)));
        assert_eq!(at(10.0), (100, Some(1)), "because a stage ends where the next begins");
        assert_eq!(at(30.0), (50, Some(2)), "because a stage may begin with a jump");
        assert_eq!(at(35.0), (25, Some(2)));
        assert_eq!(at(40.0), (0, None));
        assert_eq!(at(1e6), (0, None));
    }

    #[test]
    fn ready_made_profiles_last_as_long_as_asked() {
        let spike = Profile::spike(400, s(44.0)).expect("a spike can be");
        assert_eq!(spike.to_string(), "10s:100,2s:100..400,20s:400,2s:400..100,10s:100");
        for length in [s(1.0), s(7.3), s(3600.0), LENGTH_MAX] {
            for made in [Profile::steady, Profile::spike, Profile::soak] {
                let profile = made(1001, length).expect("the length is within bounds");
                assert_eq!((profile.length(), profile.players_max()), (length, 1001));
                assert_eq!(profile.stage_at(length), None);
            }
        }
        let soak = |seconds| Profile::soak(500, s(seconds)).expect("a soak can be").to_string();
        assert_eq!(soak(100.0), "10s:0..500,90s:500");
        assert_eq!(soak(3600.0), "1m:0..500,59m:500");
        let single = Profile::spike(1, s(44.0)).expect("one player can be");
        assert_eq!(single.players_at(s(1.0)), 1, "because a quarter of one is one");
    }

    #[test]
    fn a_profile_has_bounds() {
        let error = |profile: Result<Profile, ProfileError>| {
            profile.expect_err("it is out of bounds").to_string()
        };
        assert!(error(Profile::new(vec![])).contains("at least one stage"));
        assert!(error(Profile::steady(0, s(5.0))).contains("no stage has any players"));
        assert!(error(Profile::soak(100_001, s(5.0))).contains("100000 are the most"));
        assert!(error(Profile::spike(5, s(0.5))).contains("lasts 500ms"));
        assert!(error(Profile::spike(5, Duration::MAX)).contains("24h are the most"));
        let twice = vec![stage("20h:1"), stage("300m:1")];
        assert!(error(Profile::new(twice)).contains("last 25h together"));
    }
}
