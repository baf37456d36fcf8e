//! Whether two runs differ beyond noise.
//!
//! Steps with equal loads are compared second by second: a difference has to be both
//! unlikely to be chance, by ranks and in view of how many are compared, and larger than
//! what the same server shows from one run to the next. Counters that should be zero are compared exactly.

use self::metric::COUNTERS;
pub use self::read::{ReadError, read};
pub use self::remark::Remark;
use super::outcome::{Outcome, RateResult, Step, StepKind};

mod metric;
mod rank;
mod read;
mod remark;
mod table;

/// Of the differences that are told, chance made at most this part; and it makes any at
/// all in at most this part of comparisons of equals.
const CHANCE_MAX: f64 = 0.01;
/// Part of the held players up to which two searches may miss the same limit.
const SEARCH_FINENESS: f64 = 1.0 / 16.0;
/// Part by which the players of two steps may differ that are compared for want of equals.
const CLOSE_ENOUGH: f64 = 1.0 / 8.0;

/// Two runs, compared.
#[derive(Clone, Debug, PartialEq)]
pub struct Diff {
    pub remarks: Vec<Remark>,
    pub lines: Vec<Line>,
}

/// One figure of both runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    pub tick_rate: u32,
    /// Players of both steps; none for what is of the whole tick rate.
    pub players: Option<(usize, usize)>,
    /// With its unit.
    pub metric: &'static str,
    /// Medians of the seconds; none when there is no such figure.
    pub a: Option<f64>,
    pub b: Option<f64>,
    pub verdict: Verdict,
}

/// What is to be said of a figure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
    Same,
    /// `share` is of b, and none when b is zero or there is none.
    Lower {
        share: Option<f64>,
        probability: Option<f64>,
    },
    Higher {
        share: Option<f64>,
        probability: Option<f64>,
    },
    TooFew,
    /// The lower limit was set by the bots of that run.
    BotsLimit {
        run: &'static str,
    },
}

impl Verdict {
    /// Whether the runs differ in this.
    #[must_use]
    pub fn differs(&self) -> bool {
        match self {
            Self::Lower { .. } | Self::Higher { .. } => true,
            Self::Same | Self::TooFew | Self::BotsLimit { .. } => false,
        }
    }

    fn of(a: f64, b: f64, probability: Option<f64>) -> Self {
        let share = (b > 0.0).then(|| (a - b).abs() / b);
        if a < b { Self::Lower { share, probability } } else { Self::Higher { share, probability } }
    }
}

impl Diff {
    /// Compares run `a` with run `b`.
    #[must_use]
    pub fn between(a: &Outcome, b: &Outcome) -> Self {
        let mut diff = Self { remarks: remark::unlike(a, b), lines: Vec::new() };
        let has = |outcome: &Outcome, tick_rate| {
            outcome.results.iter().any(|rate| rate.tick_rate == tick_rate)
        };
        let (mut is_without_floor, mut probabilities) = (false, Vec::new());
        for rate_a in &a.results {
            let tick_rate = rate_a.tick_rate;
            let Some(rate_b) = b.results.iter().find(|rate| rate.tick_rate == tick_rate) else {
                diff.remarks.push(Remark::OnlyIn { run: "a", tick_rate });
                continue;
            };
            diff.compare_held(rate_a, rate_b);
            let pairs = common(rate_a, rate_b);
            if pairs.is_empty() {
                diff.remarks.push(Remark::NoCommonStep { tick_rate });
            }
            for (step_a, step_b) in pairs {
                is_without_floor |=
                    metric::floor_us(step_a).is_none() || metric::floor_us(step_b).is_none();
                diff.compare_steps(tick_rate, step_a, step_b, &mut probabilities);
            }
        }
        for rate in b.results.iter().filter(|rate| !has(a, rate.tick_rate)) {
            diff.remarks.push(Remark::OnlyIn { run: "b", tick_rate: rate.tick_rate });
        }
        if is_without_floor {
            diff.remarks.push(Remark::NoFloor);
        }
        diff.leave_out_chance(rank::limit(&probabilities, CHANCE_MAX));
        diff
    }

    /// Whether the runs differ beyond noise in anything.
    #[must_use]
    pub fn differs(&self) -> bool {
        self.lines.iter().any(|line| line.verdict.differs())
    }

    /// Whether there was anything that could be told to be the same or not.
    #[must_use]
    pub fn is_conclusive(&self) -> bool {
        self.lines.iter().any(|line| line.verdict == Verdict::Same || line.verdict.differs())
    }

    fn compare_held(&mut self, a: &RateResult, b: &RateResult) {
        let tick_rate = a.tick_rate;
        if let Some((floor_a, floor_b)) = a.floor_held_players.zip(b.floor_held_players)
            && is_far(floor_a, floor_b, SEARCH_FINENESS)
        {
            self.remarks.push(Remark::OtherFloor { tick_rate, a: floor_a, b: floor_b });
        }
        let (searches_a, searches_b) = (a.searches.len(), b.searches.len());
        if searches_a != searches_b && searches_a.min(searches_b) > 0 {
            self.remarks.push(Remark::Searches { tick_rate, a: searches_a, b: searches_b });
        }
        let (held_a, held_b) = (a.held_players, b.held_players);
        if held_a.is_none() && held_b.is_none() {
            return;
        }
        let (players_a, players_b) = (held_a.unwrap_or_default(), held_b.unwrap_or_default());
        let verdict = if !is_far(players_a, players_b, SEARCH_FINENESS) {
            Verdict::Same
        } else if players_a < players_b && a.void_above {
            Verdict::BotsLimit { run: "a" }
        } else if players_b < players_a && b.void_above {
            Verdict::BotsLimit { run: "b" }
        } else {
            Verdict::of(players_a as f64, players_b as f64, None)
        };
        let number = |players: Option<usize>| players.map(|players| players as f64);
        let (a, b) = (number(held_a), number(held_b));
        self.lines.push(Line { tick_rate, players: None, metric: "players held", a, b, verdict });
    }

    /// Tells every difference of some size, and adds how probable each figure is.
    fn compare_steps(&mut self, tick_rate: u32, a: &Step, b: &Step, probabilities: &mut Vec<f64>) {
        let players = Some((a.players, b.players));
        for pair in metric::pairs(a, b) {
            let (a, b) = (rank::median(&pair.a), rank::median(&pair.b));
            let verdict = match a.zip(b) {
                Some((x, y)) if pair.a.len().min(pair.b.len()) >= rank::VALUES_MIN => {
                    let probability = rank::probability(&pair.a, &pair.b);
                    probabilities.push(probability);
                    if (x - y).abs() > pair.noise * y.abs() {
                        Verdict::of(x, y, Some(probability))
                    } else {
                        Verdict::Same
                    }
                }
                Some(_) | None => Verdict::TooFew,
            };
            self.lines.push(Line { tick_rate, players, metric: pair.name, a, b, verdict });
        }
        for (metric, of) in COUNTERS {
            let (x, y) = (of(&a.figures), of(&b.figures));
            let (x, y, is_same) = (x as f64, y as f64, x == y);
            let verdict = if is_same { Verdict::Same } else { Verdict::of(x, y, None) };
            let (a, b) = (Some(x), Some(y));
            self.lines.push(Line { tick_rate, players, metric, a, b, verdict });
        }
    }

    fn leave_out_chance(&mut self, limit: f64) {
        for line in &mut self.lines {
            match line.verdict {
                Verdict::Lower { probability: Some(probability), .. }
                | Verdict::Higher { probability: Some(probability), .. }
                    if probability > limit =>
                {
                    line.verdict = Verdict::Same;
                }
                Verdict::Same
                | Verdict::Lower { .. }
                | Verdict::Higher { .. }
                | Verdict::TooFew
                | Verdict::BotsLimit { .. } => {}
            }
        }
    }
}

fn is_far(a: usize, b: usize, part: f64) -> bool {
    a.abs_diff(b) as f64 > part * a.max(b) as f64
}

/// Steps of both with equal loads, in their order, or the one closest pair when there are
/// none. Beyond its limit a server is in no state that could be compared, so that steps
/// of a search have to be held; and the bare loop is the machine, not the server.
fn common<'a>(a: &'a RateResult, b: &'a RateResult) -> Vec<(&'a Step, &'a Step)> {
    let usable = |step: &&Step| {
        !step.void
            && match step.kind {
                StepKind::Search => step.held,
                StepKind::Stage => true,
                StepKind::Floor => false,
            }
    };
    let steps_a: Vec<&Step> = a.steps.iter().filter(usable).collect();
    // Each is taken once: a profile may have the same load twice.
    let mut steps_b: Vec<&Step> = b.steps.iter().filter(usable).collect();
    let mut pairs = Vec::new();
    for &step in &steps_a {
        let is_equal = |other: &&Step| other.kind == step.kind && other.players == step.players;
        if let Some(index) = steps_b.iter().position(is_equal) {
            pairs.push((step, steps_b.remove(index)));
        }
    }
    if pairs.is_empty() {
        let all = steps_a.iter().flat_map(|&x| steps_b.iter().map(move |&y| (x, y)));
        let close =
            all.filter(|(x, y)| x.kind == y.kind && !is_far(x.players, y.players, CLOSE_ENOUGH));
        pairs.extend(close.min_by_key(|(x, y)| x.players.abs_diff(y.players)));
    }
    pairs
}

#[cfg(test)]
mod tests;
