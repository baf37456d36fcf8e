//! What an attack may do to a server: nothing that honest players notice. Stated here
//! once.

use serde::{Deserialize, Serialize};

use super::kind::{Attack, Size};
use super::told::Told;
use crate::stress::outcome::Figures;

/// Ticks that the p99 gap of honest bots may last.
const GAP_TICKS_MAX: f64 = 1.5;
/// Part of the ticks that may overrun.
const OVERRUNS_MAX: f64 = 0.001;
/// How late honest bots may be before they prove nothing, in milliseconds.
pub(super) const LATENESS_MS_MAX: f64 = 5.0;
/// What each flooding connection may cost the server, in seconds of a core.
const CPU_EACH_S_MAX: f64 = 0.05;

/// What an attack showed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    Kept,
    /// What the server did not stand, or did not do.
    Broken(Vec<String>),
    /// The run says nothing about the server, and why.
    Void(String),
}

/// What was seen of one attack.
#[derive(Clone, Debug)]
pub(super) struct Seen<'a> {
    pub(super) attack: Attack,
    pub(super) size: Size,
    pub(super) tick_hz: u32,
    /// How many connections, and how many honest bots, there were to be.
    pub(super) connections: usize,
    pub(super) told: &'a Told,
    /// Honest bots without the attack, and beside it.
    pub(super) quiet: &'a Figures,
    pub(super) siege: &'a Figures,
    /// Server CPU beyond that of the honest bots, in core-seconds.
    pub(super) cpu_s: Option<f64>,
}

/// How the server may end connections, and when.
struct Rule {
    /// Ends that are right; none: whatever they are.
    ends: &'static [&'static str],
    /// The median and the latest end, in seconds.
    within_s: Option<(f64, f64)>,
    /// The earliest median, in seconds.
    not_before_s: f64,
    /// Whether what each costs is bounded.
    is_cheap: bool,
}

/// Without a word, or with an answer that says why.
const SHOWN_OUT: &[&str] = &["hung up", "reset", "HTTP 400", "HTTP 408", "HTTP 431"];
const TOO_MUCH: &[&str] = &["closed 4008"];

fn rule(attack: Attack) -> Rule {
    let rule = Rule { ends: &[], within_s: None, not_before_s: 0.0, is_cheap: false };
    match attack {
        Attack::Silent | Attack::Slowloris => {
            Rule { ends: SHOWN_OUT, within_s: Some((5.2, 5.5)), ..rule }
        }
        Attack::Header => Rule { ends: SHOWN_OUT, within_s: Some((5.0, 5.0)), ..rule },
        Attack::FloodOne | Attack::FloodMany => rule,
        Attack::Stalled => Rule {
            ends: &["hung up", "reset", "closed 4013", "closed 4009"],
            within_s: Some((20.0, 25.0)),
            ..rule
        },
        Attack::Pings | Attack::Pongs => {
            Rule { ends: TOO_MUCH, within_s: Some((1.0, 1.0)), is_cheap: true, ..rule }
        }
        // A message without a byte is none, and that may be said first.
        Attack::Empties => Rule {
            ends: &["closed 4008", "closed 4001"],
            within_s: Some((1.0, 1.0)),
            is_cheap: true,
            ..rule
        },
        Attack::Inputs => {
            Rule { ends: TOO_MUCH, within_s: Some((5.0, 6.0)), not_before_s: 2.0, ..rule }
        }
        Attack::Huge => {
            Rule { ends: &["closed 1009", "closed 1002"], within_s: Some((1.0, 1.0)), ..rule }
        }
        Attack::Fragments => Rule {
            ends: &["closed 4008", "closed 1009", "closed 1008", "closed 1002"],
            within_s: Some((1.0, 1.0)),
            is_cheap: true,
            ..rule
        },
        Attack::Crowd => Rule { ends: &["played"], ..rule },
        // Judged by itself: all of them lose their connection.
        Attack::Restart => rule,
    }
}

impl Verdict {
    pub(super) fn of(seen: &Seen<'_>) -> Self {
        let is_timed = seen.size == Size::Full;
        let mut broken = Vec::new();
        if let (true, Some(why)) = (is_timed, void(seen)) {
            // A wrong close is none of the machine's doing, however slow it is.
            judge_ends(seen, false, &mut broken);
            return if broken.is_empty() { Self::Void(why) } else { Self::Broken(broken) };
        }
        judge_honest(seen, is_timed, &mut broken);
        judge_ends(seen, is_timed, &mut broken);
        if broken.is_empty() { Self::Kept } else { Self::Broken(broken) }
    }

    /// A sentence about it.
    #[must_use]
    pub fn told(&self) -> String {
        match self {
            Self::Kept => "kept".to_owned(),
            Self::Broken(why) => format!("broken: {}", why.join("; ")),
            Self::Void(why) => format!("void: {why}"),
        }
    }
}

/// Why the run proves nothing, whatever it showed.
fn void(seen: &Seen<'_>) -> Option<String> {
    for (when, figures) in [("without the attack", seen.quiet), ("beside it", seen.siege)] {
        let late = figures.own.lateness_ms.p99;
        if late > LATENESS_MS_MAX {
            return Some(format!("the honest bots were {late:.1} ms late {when}"));
        }
    }
    let (gap, gap_max) = (seen.quiet.gap_ms.p99, gap_max(seen));
    if gap > gap_max {
        return Some(format!("the p99 gap was {gap:.0} ms without the attack, over {gap_max:.0}"));
    }
    overrun(seen.quiet).map(|told| format!("{told} without the attack"))
}

fn gap_max(seen: &Seen<'_>) -> f64 {
    GAP_TICKS_MAX * 1000.0 / f64::from(seen.tick_hz)
}

/// Too many overruns, in words.
fn overrun(figures: &Figures) -> Option<String> {
    let ticks = figures.ticks?;
    let is_over = ticks.overruns as f64 > ticks.run as f64 * OVERRUNS_MAX;
    is_over.then(|| format!("{} of {} ticks overran", ticks.overruns, ticks.run))
}

fn judge_honest(seen: &Seen<'_>, is_timed: bool, broken: &mut Vec<String>) {
    let siege = seen.siege;
    if siege.lost > 0 {
        broken.push(format!("{} honest bots were lost", siege.lost));
    }
    if siege.desyncs > 0 {
        broken.push(format!("{} views of honest bots did not hold", siege.desyncs));
    }
    if !is_timed {
        return;
    }
    let (gap, gap_max) = (siege.gap_ms.p99, gap_max(seen));
    if gap > gap_max {
        broken.push(format!("the p99 gap was {gap:.0} ms, over {gap_max:.0}"));
    }
    match siege.ticks {
        Some(_) => broken.extend(overrun(siege)),
        None => broken.push("the server did not tell of its ticks".to_owned()),
    }
}

fn judge_ends(seen: &Seen<'_>, is_timed: bool, broken: &mut Vec<String>) {
    let rule = rule(seen.attack);
    if rule.ends.is_empty() {
        if seen.told.connections() == 0 && seen.attack != Attack::Restart {
            broken.push("no connection was made".to_owned());
        }
        return;
    }
    if seen.told.connections() != seen.connections as u64 {
        let made = seen.told.connections();
        broken.push(format!("{made} of {} connections were made", seen.connections));
    }
    for (end, ends) in &seen.told.ends {
        if !rule.ends.contains(&end.as_str()) {
            let right = rule.ends.join(" or ");
            broken.push(format!("{} {end}, and not {right}", ends.count));
            continue;
        }
        let Some((median_s, last_s)) = rule.within_s.filter(|_| is_timed) else { continue };
        let (median, last) = (ends.after_ms.p50 / 1000.0, ends.after_ms.max / 1000.0);
        if median > median_s || last > last_s {
            broken.push(format!(
                "{end} came after {median:.1} s, {last:.1} at the latest, and not {last_s:.0}"
            ));
        }
        if median < rule.not_before_s {
            let early = rule.not_before_s;
            broken.push(format!("{end} came after {median:.1} s, before {early:.0}"));
        }
    }
    if let (true, true, Some(cpu_s)) = (is_timed, rule.is_cheap, seen.cpu_s) {
        let each = cpu_s / seen.connections.max(1) as f64;
        if each > CPU_EACH_S_MAX {
            broken.push(format!("each cost {each:.3} core-seconds, over {CPU_EACH_S_MAX}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::told::{End, Toll};
    use super::*;
    use crate::report::Spread;
    use crate::stress::outcome::{Own, TickCounts};

    fn figures(gap: f64, late: f64, overruns: u64) -> Figures {
        let spread = |p99| Spread { p50: p99 / 2.0, p99, max: p99 };
        Figures {
            gap_ms: spread(gap),
            own: Own { lateness_ms: spread(late), ..Own::default() },
            ticks: Some(TickCounts { run: 300, overruns, ..TickCounts::default() }),
            ..Figures::default()
        }
    }

    fn told(ends: &[(End, u64)]) -> Told {
        let mut toll = Toll::default();
        ends.iter().for_each(|&(end, ms)| toll.add(end, Duration::from_millis(ms)));
        toll.told(1.0, 0)
    }

    fn seen<'a>(attack: Attack, told: &'a Told, figures: &'a [Figures; 2]) -> Seen<'a> {
        let [quiet, siege] = figures;
        Seen {
            attack,
            size: Size::Full,
            tick_hz: 30,
            connections: told.connections() as usize,
            told,
            quiet,
            siege,
            cpu_s: Some(0.01),
        }
    }

    #[test]
    fn a_flood_is_to_be_closed_in_time_with_its_code_and_cheaply() {
        let calm = [figures(40.0, 1.0, 0), figures(40.0, 1.0, 0)];
        let good = told(&[(End::Closed(4008), 300), (End::Closed(4008), 900)]);
        let pings = seen(Attack::Pings, &good, &calm);
        assert_eq!(Verdict::of(&pings), Verdict::Kept);
        let dear = Seen { cpu_s: Some(0.2), ..pings.clone() };
        assert!(Verdict::of(&dear).told().contains("each cost 0.100"));
        let few = Seen { connections: 3, ..pings.clone() };
        assert!(Verdict::of(&few).told().contains("2 of 3"));
        for (ends, why) in [
            (&[(End::StillOpen, 10_000)][..], "still open"),
            (&[(End::Closed(1008), 10)], "closed 1008"),
            (&[(End::Closed(4008), 1500)], "1.5 s"),
        ] {
            let told = told(ends);
            let verdict = Verdict::of(&seen(Attack::Pings, &told, &calm)).told();
            assert!(verdict.starts_with("broken") && verdict.contains(why), "{verdict}");
        }
        let early = told(&[(End::Closed(4008), 500)]);
        let verdict = Verdict::of(&seen(Attack::Inputs, &early, &calm)).told();
        assert!(verdict.contains("before 2"), "because a burst is no flood: {verdict}");
    }

    #[test]
    fn honest_bots_notice_nothing_or_the_run_says_nothing() {
        let left = told(&[(End::Left, 1)]);
        let verdict = |quiet: Figures, siege: Figures| {
            let both = [quiet, siege];
            let told = Verdict::of(&seen(Attack::FloodOne, &left, &both)).told();
            told.split_once(':').map_or(told.clone(), |(first, _)| first.to_owned())
        };
        let good = || figures(40.0, 1.0, 0);
        assert_eq!(verdict(good(), good()), "kept");
        assert_eq!(verdict(good(), figures(51.0, 1.0, 0)), "broken");
        assert_eq!(verdict(good(), figures(40.0, 1.0, 1)), "broken");
        assert_eq!(verdict(good(), Figures { lost: 1, ..good() }), "broken");
        assert_eq!(verdict(good(), Figures { ticks: None, ..good() }), "broken");
        assert_eq!(verdict(good(), figures(90.0, 5.5, 9)), "void");
        assert_eq!(verdict(figures(51.0, 1.0, 0), good()), "void", "because it is the machine");
        assert_eq!(verdict(figures(40.0, 1.0, 1), good()), "void");
        let (open, late) = (told(&[(End::StillOpen, 10_000)]), [good(), figures(40.0, 9.0, 0)]);
        let verdict = Verdict::of(&seen(Attack::Pings, &open, &late)).told();
        assert!(verdict.starts_with("broken"), "because no machine leaves it open: {verdict}");
    }

    #[test]
    fn a_small_attack_is_judged_without_a_clock() {
        let both = [figures(500.0, 50.0, 9), figures(900.0, 90.0, 99)];
        let told = told(&[(End::Closed(4008), 9000)]);
        let small = Seen { size: Size::Small, ..seen(Attack::Pings, &told, &both) };
        assert_eq!(Verdict::of(&small), Verdict::Kept, "because any machine may run it");
        let lost = [both[0].clone(), Figures { lost: 1, ..both[1].clone() }];
        let small = Seen { size: Size::Small, ..seen(Attack::Pings, &told, &lost) };
        assert!(matches!(Verdict::of(&small), Verdict::Broken(_)));
    }
}
