//! What a bot decides: a function from a view to an intent.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use throng_shared::limits::INPUT_INTERVAL_MS;
use throng_shared::prng::Prng;

use crate::brains::{Hunt, Idle, Walk, Wander};
use crate::view::View;

/// Brains think this often, and each thought is sent as one input.
pub const THINK_EVERY: Duration = Duration::from_millis(INPUT_INTERVAL_MS);

/// What a player wants from the next tick on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Intent {
    pub heading: u8,
    /// 0 drifts, [`THRUST_MAX`](throng_shared::limits::THRUST_MAX) is full speed.
    pub thrust: u8,
    /// Heading of the bolts.
    pub aim: u8,
    /// One press of fire.
    pub fire: bool,
    /// One press of dash.
    pub dash: bool,
}

/// Decides every [`THINK_EVERY`]. Chance comes from `rng` alone, and time from
/// the view's tick, so that equal views give equal games.
pub trait Brain: Send {
    fn think(&mut self, view: &View, rng: &mut Prng) -> Intent;
}

/// A brain that takes no notice of its view, so that it needs none.
pub trait Blind: Send {
    fn act(&mut self, rng: &mut Prng) -> Intent;
}

/// The brains there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BrainKind {
    /// Does nothing.
    Idle,
    /// The walker of the workload that every figure refers to.
    Walk,
    /// Strolls and gathers shards.
    Wander,
    /// Fights.
    Hunt,
}

impl BrainKind {
    pub const ALL: [BrainKind; 4] = [Self::Idle, Self::Walk, Self::Wander, Self::Hunt];

    /// The name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Walk => "walk",
            Self::Wander => "wander",
            Self::Hunt => "hunt",
        }
    }

    /// A fresh brain of this kind.
    #[must_use]
    pub fn brain(self) -> Box<dyn Brain> {
        match self {
            Self::Idle => Box::new(Idle),
            Self::Walk => Box::new(Walk::default()),
            Self::Wander => Box::new(Wander::default()),
            Self::Hunt => Box::new(Hunt::default()),
        }
    }

    /// The same, when it can do without a view.
    #[must_use]
    pub fn blind(self) -> Option<Box<dyn Blind>> {
        match self {
            Self::Idle => Some(Box::new(Idle)),
            Self::Walk => Some(Box::new(Walk::default())),
            Self::Wander | Self::Hunt => None,
        }
    }
}

impl fmt::Display for BrainKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that no brain has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownBrain(String);

impl fmt::Display for UnknownBrain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = BrainKind::ALL.map(BrainKind::name).join(", ");
        write!(f, "there is no brain `{}`: take one of {names}", self.0)
    }
}

impl std::error::Error for UnknownBrain {}

impl FromStr for BrainKind {
    type Err = UnknownBrain;

    fn from_str(name: &str) -> Result<Self, UnknownBrain> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.name() == name)
            .ok_or_else(|| UnknownBrain(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_brain_is_told_the_known_ones() {
        for kind in BrainKind::ALL {
            assert_eq!(kind.name().parse(), Ok(kind), "because a name finds its brain");
        }
        let error = "Hunt".parse::<BrainKind>().map_err(|error| error.to_string());
        assert_eq!(
            error,
            Err("there is no brain `Hunt`: take one of idle, walk, wander, hunt".to_owned())
        );
    }
}
