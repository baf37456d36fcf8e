//! What *held* means, and what voids a step. Stated here once.

use super::outcome::{Figures, Own};

/// Part of the rate that has to be delivered.
const DELIVERED_MIN: f64 = 0.95;
/// Ticks that the p99 gap may last.
const GAP_TICKS_MAX: f64 = 2.0;
/// Others in view that make figures of the workload comparable.
const OTHERS_IN_VIEW: std::ops::RangeInclusive<f64> = 48.0..=52.0;
/// What the generator may use of its core, and how late it may be.
const OWN_CPU_MAX: f64 = 0.8;
const OWN_LATENESS_MS_MAX: f64 = 5.0;

/// What a step showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Held,
    /// The server was too slow, and in which way.
    NotHeld(String),
    /// The figures say nothing about the server, and why.
    Void(String),
}

/// What a step was to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    pub tick_hz: u32,
    pub players: usize,
    /// The workload that every figure refers to, in an arena that fits it.
    pub is_workload: bool,
}

impl Verdict {
    /// Judges the figures of a step in which `joined` players were welcomed.
    #[must_use]
    pub fn of(figures: &Figures, joined: usize, expected: Expected) -> Self {
        let rate = f64::from(expected.tick_hz);
        let gap_max = GAP_TICKS_MAX * 1000.0 / rate;
        let Own { cpu_share, lateness_ms, .. } = figures.own;
        let cpu = cpu_share.unwrap_or_default();
        if cpu > OWN_CPU_MAX {
            Self::Void(format!("the bots used {:.0} % of their core", cpu * 100.0))
        } else if lateness_ms.p99 > OWN_LATENESS_MS_MAX {
            Self::Void(format!("the bots were {:.1} ms late", lateness_ms.p99))
        } else if figures.refused > 0 {
            Self::NotHeld(format!("{} were refused", figures.refused))
        } else if joined < expected.players {
            Self::NotHeld(format!("{joined} of {} joined", expected.players))
        } else if figures.lost > 0 {
            Self::NotHeld(format!("{} were lost", figures.lost))
        } else if figures.away > 0 {
            Self::NotHeld(format!("{} had not come back", figures.away))
        } else if figures.desyncs > 0 {
            Self::NotHeld(format!("{} views did not hold", figures.desyncs))
        } else if figures.delivered_hz < rate * DELIVERED_MIN {
            Self::NotHeld(format!("{:.1} of {rate} Hz delivered", figures.delivered_hz))
        } else if figures.gap_ms.p99 > gap_max {
            Self::NotHeld(format!("p99 gap {:.0} ms, over {gap_max:.0}", figures.gap_ms.p99))
        } else if expected.is_workload && !OTHERS_IN_VIEW.contains(&figures.others_in_view) {
            Self::Void(format!("{:.1} others in view", figures.others_in_view))
        } else {
            Self::Held
        }
    }

    /// Why it was not held or is void; empty when held.
    #[must_use]
    pub fn why(&self) -> &str {
        match self {
            Self::Held => "",
            Self::NotHeld(why) | Self::Void(why) => why,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Spread;

    const EXPECTED: Expected = Expected { tick_hz: 30, players: 100, is_workload: true };

    fn good() -> Figures {
        Figures {
            delivered_hz: 30.0,
            gap_ms: Spread { p50: 33.0, p99: 40.0, max: 60.0 },
            others_in_view: 50.0,
            own: Own { cpu_share: Some(0.5), ..own(1.0) },
            ..Figures::default()
        }
    }

    fn own(late: f64) -> Own {
        Own { lateness_ms: Spread { p50: 0.1, p99: late, max: late }, ..Own::default() }
    }

    #[test]
    fn held_void_and_not_held_are_told_apart() {
        let verdict = |figures: Figures| match Verdict::of(&figures, 100, EXPECTED) {
            Verdict::Held => "held",
            Verdict::NotHeld(_) => "not held",
            Verdict::Void(_) => "void",
        };
        assert_eq!(verdict(good()), "held");
        assert_eq!(verdict(Figures { delivered_hz: 28.4, ..good() }), "not held");
        assert_eq!(verdict(Figures { lost: 1, ..good() }), "not held");
        assert_eq!(verdict(Figures { away: 1, ..good() }), "not held");
        assert_eq!(verdict(Figures { resumed: 9, ..good() }), "held", "because they are there");
        assert_eq!(verdict(Figures { refused: 1, ..good() }), "not held");
        assert_eq!(verdict(Figures { desyncs: 1, ..good() }), "not held");
        let gap_ms = Spread { p99: 67.0, ..good().gap_ms };
        assert_eq!(verdict(Figures { gap_ms, ..good() }), "not held");
        assert_eq!(verdict(Figures { others_in_view: 47.9, ..good() }), "void");
        let busy = Own { cpu_share: Some(0.81), ..own(1.0) };
        assert_eq!(verdict(Figures { own: busy, ..good() }), "void");
        let late = Figures { own: own(5.1), delivered_hz: 20.0, ..good() };
        assert_eq!(verdict(late), "void", "because slow bots prove nothing about the server");
        let absent = Verdict::of(&good(), 99, EXPECTED);
        assert_eq!(absent.why(), "99 of 100 joined");
    }

    #[test]
    fn only_the_workload_has_to_see_fifty_others() {
        let crowd = Figures { others_in_view: 999.0, ..good() };
        let expected = Expected { is_workload: false, ..EXPECTED };
        assert_eq!(Verdict::of(&crowd, 100, expected), Verdict::Held);
    }
}
