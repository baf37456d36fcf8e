//! Brains mixed by weight: `walk=3,hunt=1` has a hunter for every three walkers.

use std::fmt;
use std::str::FromStr;

use throng_shared::prng::Prng;

use super::scan::{Misread, Scan, there_is};
use crate::brain::{BrainKind, UnknownBrain};

/// Largest weight of a brain.
pub const WEIGHT_MAX: u32 = 1000;

/// Which brain each of many players has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mix {
    /// In the order of [`BrainKind::ALL`], in lowest terms, so that equal mixes are equal.
    weights: Vec<(BrainKind, u32)>,
    /// One turn: each brain as often as it weighs, as evenly as can be.
    turn: Vec<BrainKind>,
}

/// What is wrong in the text of a mix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MixError {
    NoBrain { found: String },
    Unknown(UnknownBrain),
    Twice(BrainKind),
    NoWeight { kind: BrainKind, found: String },
    WeightOutOfBounds { kind: BrainKind, found: String },
    NoComma { found: String },
}

impl fmt::Display for MixError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoBrain { found } => {
                let names = BrainKind::ALL.map(BrainKind::name).join(", ");
                write!(f, "a brain belongs here, one of {names}, but {}", there_is(found))
            }
            Self::Unknown(error) => error.fmt(f),
            Self::Twice(kind) => {
                write!(f, "{kind} is there already: give it one weight, such as {kind}=2")
            }
            Self::NoWeight { kind, found } => write!(
                f,
                "{kind}= is followed by a whole number from 1 to {WEIGHT_MAX}, but {}",
                there_is(found)
            ),
            Self::WeightOutOfBounds { kind, found } => {
                write!(f, "{kind} weighs from 1 to {WEIGHT_MAX}, and not {found}")
            }
            Self::NoComma { found } => {
                write!(f, "a comma belongs between brains, but {}", there_is(found))
            }
        }
    }
}

impl FromStr for Mix {
    type Err = Misread<MixError>;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut scan = Scan::new(text);
        let mut weights: Vec<(BrainKind, u32)> = Vec::new();
        loop {
            scan.skip_spaces();
            let column = scan.column();
            let kind = kind(&mut scan)?;
            if weights.iter().any(|(other, _)| *other == kind) {
                return Err(scan.misread(column, MixError::Twice(kind)));
            }
            let weight = if scan.eat("=") { weight(&mut scan, kind)? } else { 1 };
            weights.push((kind, weight));
            scan.skip_spaces();
            if scan.is_at_end() {
                return Ok(Self::new(&weights));
            }
            if !scan.eat(",") {
                let found = scan.rest().to_owned();
                return Err(scan.misread_here(MixError::NoComma { found }));
            }
        }
    }
}

fn kind(scan: &mut Scan<'_>) -> Result<BrainKind, Misread<MixError>> {
    let column = scan.column();
    let name = scan.take_while(|c| c.is_alphanumeric() || c == '_' || c == '-');
    if name.is_empty() {
        return Err(scan.misread(column, MixError::NoBrain { found: scan.rest().to_owned() }));
    }
    name.parse().map_err(|error| scan.misread(column, MixError::Unknown(error)))
}

fn weight(scan: &mut Scan<'_>, kind: BrainKind) -> Result<u32, Misread<MixError>> {
    let column = scan.column();
    let digits = scan.take_while(|c| c.is_ascii_digit());
    if digits.is_empty() {
        let found = scan.rest().to_owned();
        return Err(scan.misread(column, MixError::NoWeight { kind, found }));
    }
    digits.parse().ok().filter(|weight| (1..=WEIGHT_MAX).contains(weight)).ok_or_else(|| {
        scan.misread(column, MixError::WeightOutOfBounds { kind, found: digits.to_owned() })
    })
}

impl Mix {
    /// `weights` has at least one brain, none of them twice, and no weight of zero.
    fn new(weights: &[(BrainKind, u32)]) -> Self {
        let shared = weights.iter().fold(0, |shared, (_, weight)| common_divisor(shared, *weight));
        let given = |kind| weights.iter().find(|(other, _)| *other == kind);
        let weights: Vec<_> = BrainKind::ALL
            .into_iter()
            .filter_map(|kind| given(kind).map(|(_, weight)| (kind, weight / shared)))
            .collect();
        let turn = turn(&weights);
        Self { weights, turn }
    }

    /// The brain of the player with this number. Of any [`turn_length`](Self::turn_length)
    /// players from a multiple of it on, each brain has exactly its part; the seed
    /// shifts every turn by another amount, so that no rhythm of whoever shares out
    /// the numbers meets that of the mix.
    #[must_use]
    pub fn kind(&self, number: usize, seed: u64) -> BrainKind {
        let length = self.turn.len();
        let turn = (number / length) as u64;
        let bound = u32::try_from(length).expect("four weights of at most a thousand");
        let shift = Prng::stream(seed, turn).below(bound) as usize;
        self.turn[(number + shift) % length]
    }

    /// Players after which the mix repeats, but for the shift.
    #[must_use]
    pub fn turn_length(&self) -> usize {
        self.turn.len()
    }

    /// The brains and their weights, in lowest terms.
    #[must_use]
    pub fn weights(&self) -> &[(BrainKind, u32)] {
        &self.weights
    }
}

/// The mix of one brain.
impl From<BrainKind> for Mix {
    fn from(kind: BrainKind) -> Self {
        Self::new(&[(kind, 1)])
    }
}

impl fmt::Display for Mix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_even = self.weights.iter().all(|(_, weight)| *weight == 1);
        for (index, (kind, weight)) in self.weights.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{kind}")?;
            if !is_even {
                write!(f, "={weight}")?;
            }
        }
        Ok(())
    }
}

/// Each brain as often as it weighs, spread out: whoever is owed most is next.
fn turn(weights: &[(BrainKind, u32)]) -> Vec<BrainKind> {
    let sum: i64 = weights.iter().map(|(_, weight)| i64::from(*weight)).sum();
    let mut owed = vec![0; weights.len()];
    (0..sum)
        .map(|_| {
            let mut most = 0;
            for (index, (_, weight)) in weights.iter().enumerate() {
                owed[index] += i64::from(*weight);
                if owed[index] > owed[most] {
                    most = index;
                }
            }
            owed[most] -= sum;
            weights[most].0
        })
        .collect()
}

fn common_divisor(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { common_divisor(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mix(text: &str) -> Mix {
        text.parse().unwrap_or_else(|error| panic!("{text} is right: {error}"))
    }

    fn count(mix: &Mix, kind: BrainKind, numbers: std::ops::Range<usize>, seed: u64) -> usize {
        numbers.filter(|&number| mix.kind(number, seed) == kind).count()
    }

    #[test]
    fn every_turn_has_exact_proportions() {
        let mix = mix("walk=5,hunt=2,idle=1");
        for seed in 0..20 {
            for turn in 0..50 {
                let numbers = turn * 8..turn * 8 + 8;
                let counts = [BrainKind::Walk, BrainKind::Hunt, BrainKind::Idle, BrainKind::Wander]
                    .map(|kind| count(&mix, kind, numbers.clone(), seed));
                assert_eq!(counts, [5, 2, 1, 0], "because seed {seed} has every brain its part");
            }
        }
    }

    #[test]
    fn whoever_takes_every_nth_number_gets_the_mix_too() {
        let mix = mix("walk,hunt");
        for workers in [2, 4, 8] {
            let hunters = (0..4000).filter(|n| mix.kind(n * workers, 7) == BrainKind::Hunt).count();
            assert!((1800..2200).contains(&hunters), "because {hunters} of 4000 are about half");
        }
    }

    #[test]
    fn a_seed_fixes_the_mix() {
        let mix = mix("walk=3,hunt=1");
        let kinds = |seed| (0..100).map(|n| mix.kind(n, seed)).collect::<Vec<_>>();
        assert_eq!(kinds(1), kinds(1));
        assert_ne!(kinds(1), kinds(2), "because another seed is another order");
    }

    #[test]
    fn a_turn_is_spread_out() {
        let mix = mix("walk=97,hunt=3");
        let places: Vec<usize> = (0..100).filter(|&n| mix.turn[n] == BrainKind::Hunt).collect();
        assert_eq!(places.len(), 3);
        assert!(places.windows(2).all(|pair| pair[1] - pair[0] > 30), "because {places:?} is even");
    }

    #[test]
    fn equal_mixes_have_one_text() {
        for (given, canonical) in [
            ("walk", "walk"),
            ("hunt=7", "hunt"),
            ("walk=3,hunt", "walk=3,hunt=1"),
            ("hunt = 1 , walk", "at 6: "),
            ("hunt=25, walk=75", "walk=3,hunt=1"),
            ("hunt=2,walk=2", "walk,hunt"),
        ] {
            match given.parse::<Mix>() {
                Ok(read) => {
                    assert_eq!(read.to_string(), canonical);
                    assert_eq!(mix(canonical), read, "because the text reads back");
                }
                Err(error) => assert!(error.to_string().starts_with(canonical), "{error}"),
            }
        }
        assert_eq!(Mix::from(BrainKind::Idle), mix("idle"));
    }

    #[test]
    fn an_error_tells_where_and_what_would_be_right() {
        let cases = [
            ("", "at 1: a brain belongs here, one of idle, walk, wander, hunt, but the text ends"),
            (
                "walk,",
                "at 6: a brain belongs here, one of idle, walk, wander, hunt, but the text ends",
            ),
            ("walk,run=2", "at 6: there is no brain `run`: take one of idle, walk, wander, hunt"),
            ("walk,walk", "at 6: walk is there already: give it one weight, such as walk=2"),
            (
                "walk=",
                "at 6: walk= is followed by a whole number from 1 to 1000, but the text ends",
            ),
            (
                "walk=x",
                "at 6: walk= is followed by a whole number from 1 to 1000, but there is `x`",
            ),
            ("walk=0", "at 6: walk weighs from 1 to 1000, and not 0"),
            ("walk=1001", "at 6: walk weighs from 1 to 1000, and not 1001"),
            ("walk=1.5", "at 7: a comma belongs between brains, but there is `.5`"),
            ("walk hunt", "at 6: a comma belongs between brains, but there is `hunt`"),
        ];
        for (text, expected) in cases {
            let error = text.parse::<Mix>().expect_err("the text is wrong").to_string();
            assert_eq!(error.lines().next(), Some(expected), "because {text:?} is wrong there");
        }
    }
}
