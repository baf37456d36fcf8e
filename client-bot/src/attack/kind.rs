//! The attacks, in one table: by name, how large each is, how it is made, and what a server
//! has to make of it.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// How an attack is made: in what way its code differs from that of the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Means {
    /// The server is killed, and all come back.
    Storm,
    /// Players who do nothing that is not allowed.
    Players,
    /// Connections come and go.
    Comings(From),
    /// Connections that never become a WebSocket.
    Stranger(Stranger),
    /// Players who break rules.
    Player(Misdeed),
}

/// Where a flood of connections comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum From {
    OneAddress,
    ManyAddresses,
}

/// What one does who says no whole handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stranger {
    SaysNothing,
    Drips,
    /// A header that does not end.
    SaysTooMuch,
}

/// What a player does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Misdeed {
    StopsReading,
    Floods(Flood),
    SteersTooMuch,
    /// Frames of lengths that no frame has.
    Boasts,
}

/// What is said over and over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flood {
    Pings,
    Pongs,
    /// Whole messages without a byte, or one that never ends.
    Empties,
    /// Messages in crumbs, or one that never ends.
    Fragments,
}

/// How the server may end connections, and when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rule {
    /// Ends that are right; none: whatever they are.
    pub(super) ends: &'static [&'static str],
    /// The median and the latest end, in seconds.
    pub(super) within_s: Option<(f64, f64)>,
    /// The earliest median, in seconds.
    pub(super) not_before_s: f64,
    /// Whether what each costs is bounded.
    pub(super) is_cheap: bool,
}

/// Whatever happens is right, as far as connections go.
const FREE: Rule = Rule { ends: &[], within_s: None, not_before_s: 0.0, is_cheap: false };
/// Closed at once, at a bounded cost.
const AT_ONCE: Rule = Rule { within_s: Some((1.0, 1.0)), is_cheap: true, ..FREE };
/// Without a word, or with an answer that says why.
const SHOWN_OUT: &[&str] = &["hung up", "reset", "HTTP 400", "HTTP 408", "HTTP 431"];
const TOO_MUCH: &[&str] = &["closed 4008"];

/// All that tells one attack from another.
#[derive(Clone, Copy, Debug)]
struct Profile {
    /// As it is typed.
    name: &'static str,
    /// Connections, and the longest that they wait for the server in seconds.
    full: (usize, u64),
    small: (usize, u64),
    means: Means,
    rule: Rule,
}

macro_rules! attacks {
    ($($attack:ident = $name:literal, $full:tt, $small:tt, $means:expr, $rule:expr;)*) => {
        /// What is done to a server.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Attack {
            $($attack,)*
        }

        impl Attack {
            /// Every attack, in the order of `all`.
            pub const ALL: &'static [Self] = &[$(Self::$attack),*];

            fn profile(self) -> Profile {
                match self {
                    $(Self::$attack => Profile {
                        name: $name,
                        full: $full,
                        small: $small,
                        means: $means,
                        rule: $rule,
                    },)*
                }
            }
        }
    };
}

// Name, how large in full and small, how it is made, and how it is judged.
attacks! {
    Silent = "silent", (5000, 20), (48, 20), Means::Stranger(Stranger::SaysNothing),
        Rule { ends: SHOWN_OUT, within_s: Some((5.2, 5.5)), ..FREE };
    Slowloris = "slowloris", (1000, 20), (24, 20), Means::Stranger(Stranger::Drips),
        Rule { ends: SHOWN_OUT, within_s: Some((5.2, 5.5)), ..FREE };
    Header = "header", (1, 10), (1, 20), Means::Stranger(Stranger::SaysTooMuch),
        Rule { ends: SHOWN_OUT, within_s: Some((5.0, 5.0)), ..FREE };
    FloodOne = "flood-one", (64, 10), (4, 2), Means::Comings(From::OneAddress), FREE;
    FloodMany = "flood-many", (250, 10), (16, 2), Means::Comings(From::ManyAddresses), FREE;
    Stalled = "stalled", (200, 30), (8, 40), Means::Player(Misdeed::StopsReading),
        Rule {
            ends: &["hung up", "reset", "closed 4013", "closed 4009"],
            within_s: Some((20.0, 25.0)),
            ..FREE
        };
    Pings = "pings", (10, 10), (3, 20), Means::Player(Misdeed::Floods(Flood::Pings)),
        Rule { ends: TOO_MUCH, ..AT_ONCE };
    Pongs = "pongs", (10, 10), (3, 20), Means::Player(Misdeed::Floods(Flood::Pongs)),
        Rule { ends: TOO_MUCH, ..AT_ONCE };
    // A message without a byte is none, and that may be said first.
    Empties = "empties", (10, 10), (3, 20), Means::Player(Misdeed::Floods(Flood::Empties)),
        Rule { ends: &["closed 4008", "closed 4001"], ..AT_ONCE };
    Inputs = "inputs", (10, 15), (3, 20), Means::Player(Misdeed::SteersTooMuch),
        Rule { ends: TOO_MUCH, within_s: Some((5.0, 6.0)), not_before_s: 2.0, ..FREE };
    Huge = "huge", (100, 10), (8, 20), Means::Player(Misdeed::Boasts),
        Rule { ends: &["closed 1009", "closed 1002"], is_cheap: false, ..AT_ONCE };
    Fragments = "fragments", (10, 10), (4, 20), Means::Player(Misdeed::Floods(Flood::Fragments)),
        Rule { ends: &["closed 4008", "closed 1009", "closed 1008", "closed 1002"], ..AT_ONCE };
    Crowd = "crowd", (1000, 20), (60, 5), Means::Players, Rule { ends: &["played"], ..FREE };
    // Judged by itself: all of them lose their connection.
    Restart = "restart", (2000, 30), (40, 40), Means::Storm, FREE;
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
    /// As it is typed.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.profile().name
    }

    pub(super) fn means(self) -> Means {
        self.profile().means
    }

    pub(super) fn rule(self) -> Rule {
        self.profile().rule
    }

    pub(super) fn scale(self, size: Size) -> Scale {
        let Profile { full, small, .. } = self.profile();
        let (connections, seconds) = match size {
            Size::Full => full,
            Size::Small => small,
        };
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
        Self::ALL.iter().copied().find(|attack| attack.name() == text).ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(|attack| attack.name()).collect();
            let names = names.join(", ");
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
            assert_eq!(attack.name().parse(), Ok(*attack));
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
