//! The attacks by name, and how large each is.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// What is done to a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attack {
    Silent,
    Slowloris,
    Header,
    FloodOne,
    FloodMany,
    Stalled,
    Pings,
    Pongs,
    Empties,
    Inputs,
    Huge,
    Fragments,
    Crowd,
    Restart,
}

/// Whether an attack is as large as the figures tell of, or only shows that the server
/// does the right thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    Full,
    Small,
}

/// How large an attack is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scale {
    /// Connections of the attacker, or those that a flood has at once.
    pub(super) connections: usize,
    /// The longest that the attacker waits for the server.
    pub(super) lasts: Duration,
    /// Bots that play beside it.
    pub(super) honest: usize,
    /// Seconds that those are measured without it, and with it at least.
    pub(super) measured_s: u32,
}

/// Honest bots beside an attack.
const HONEST: usize = 200;
const HONEST_SMALL: usize = 20;

impl Attack {
    /// Every attack, in the order of `all`.
    pub const ALL: [Self; 14] = [
        Self::Silent,
        Self::Slowloris,
        Self::Header,
        Self::FloodOne,
        Self::FloodMany,
        Self::Stalled,
        Self::Pings,
        Self::Pongs,
        Self::Empties,
        Self::Inputs,
        Self::Huge,
        Self::Fragments,
        Self::Crowd,
        Self::Restart,
    ];

    /// As it is typed.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Silent => "silent",
            Self::Slowloris => "slowloris",
            Self::Header => "header",
            Self::FloodOne => "flood-one",
            Self::FloodMany => "flood-many",
            Self::Stalled => "stalled",
            Self::Pings => "pings",
            Self::Pongs => "pongs",
            Self::Empties => "empties",
            Self::Inputs => "inputs",
            Self::Huge => "huge",
            Self::Fragments => "fragments",
            Self::Crowd => "crowd",
            Self::Restart => "restart",
        }
    }

    /// Connections, and the longest that they wait for the server in seconds.
    fn numbers(self, size: Size) -> (usize, u64) {
        let ((full, full_s), (small, small_s)) = match self {
            Self::Silent => ((5000, 20), (48, 20)),
            Self::Slowloris => ((1000, 20), (24, 20)),
            Self::Header => ((1, 10), (1, 20)),
            Self::FloodOne => ((64, 10), (4, 2)),
            Self::FloodMany => ((250, 10), (16, 2)),
            Self::Stalled => ((200, 30), (8, 40)),
            Self::Pings | Self::Pongs | Self::Empties => ((10, 10), (3, 20)),
            Self::Inputs => ((10, 15), (3, 20)),
            Self::Huge => ((100, 10), (8, 20)),
            Self::Fragments => ((10, 10), (4, 20)),
            Self::Crowd => ((1000, 20), (60, 5)),
            Self::Restart => ((2000, 30), (40, 40)),
        };
        match size {
            Size::Full => (full, full_s),
            Size::Small => (small, small_s),
        }
    }

    pub(super) fn scale(self, size: Size) -> Scale {
        let (connections, seconds) = self.numbers(size);
        let lasts = Duration::from_secs(seconds);
        match size {
            Size::Full => Scale { connections, lasts, honest: HONEST, measured_s: 10 },
            Size::Small => Scale { connections, lasts, honest: HONEST_SMALL, measured_s: 2 },
        }
    }
}

impl fmt::Display for Attack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Attack {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|attack| attack.name() == text).ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            format!("there is no such attack; there are {names}, and all of them are `all`")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_attack_has_a_name_that_leads_back_to_it() {
        for attack in Attack::ALL {
            assert_eq!(attack.name().parse(), Ok(attack));
        }
        let error = "ping".parse::<Attack>().expect_err("it is called pings");
        assert!(error.contains("pings") && error.contains("all"), "{error}");
    }

    #[test]
    fn small_is_small() {
        for attack in Attack::ALL {
            let small = attack.scale(Size::Small);
            assert!(small.connections <= 64 && small.honest <= 64, "because CI has two cores");
            assert!(small.connections <= attack.scale(Size::Full).connections);
        }
    }
}
