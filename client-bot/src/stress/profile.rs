//! The course of a load: stages in which the number of players grows, holds or falls.
//!
//! Time is an argument: whoever drives the load asks how many players there should be.

use std::fmt;
use std::time::Duration;

use self::stage::Length;
pub use self::stage::{Stage, StageError};

mod stage;

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

    /// The first stage that is too short to have figures of its own, counted from 1.
    #[must_use]
    pub fn unmeasured(&self) -> Option<(usize, Stage)> {
        let short = self.0.iter().position(|stage| stage.length < LENGTH_MIN)?;
        Some((short + 1, self.0[short]))
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
mod tests;
