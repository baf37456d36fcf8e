//! The part of a load that is measured, and the figures that follow from it.

use super::{Beat, JOIN_WITHIN, Step};
use crate::report::round;
use crate::stress::outcome::{Figures, Own};

/// Beats between the last join and the window: clocks settle, keyframes are over.
const SETTLE_BEATS: u32 = 2;
/// Seconds that a load has to last beyond joins and window.
pub(super) const REST_S: f64 = 5.0;

/// Waits until all have joined, lets them settle, and sums up the whole seconds that
/// follow.
#[derive(Debug)]
pub struct Window {
    players: usize,
    beats: u32,
    /// Beats in which not all had joined, and those since.
    waited: u32,
    settling: u32,
    sum: Beat,
    summed: u32,
    /// Of the whole load: joins, and how long they took.
    joins: Beat,
}

impl Window {
    /// For `players` that play, over `seconds` rounded up to whole ones; `ramp_s`
    /// are those in which they come.
    #[must_use]
    pub fn new(players: usize, ramp_s: f64, seconds: f64) -> Self {
        let patience = JOIN_WITHIN.as_secs_f64() + ramp_s;
        Self {
            players,
            beats: seconds.ceil().max(1.0) as u32,
            waited: patience.ceil() as u32,
            settling: SETTLE_BEATS,
            sum: Beat::default(),
            summed: 0,
            joins: Beat::default(),
        }
    }

    /// Takes the next beat.
    pub fn take(&mut self, beat: &Beat) -> Step {
        self.joins.join_only(beat);
        if beat.players < self.players && self.waited > 0 && self.summed == 0 {
            self.waited -= 1;
            return Step::Continue;
        }
        self.waited = 0;
        if self.settling > 0 {
            self.settling -= 1;
            return Step::Continue;
        }
        self.sum.add_after(beat);
        self.summed += 1;
        if self.summed == self.beats { Step::Stop } else { Step::Continue }
    }

    /// Whether the window has begun.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.settling == 0
    }

    /// What was counted in the window, with the joins, losses and desyncs of the
    /// whole load.
    #[must_use]
    pub fn sum(&self) -> Beat {
        let joins = self.joins.clone();
        let mut sum = Beat {
            joined: joins.joined,
            resumed: joins.resumed,
            rejoined: joins.rejoined,
            lost: joins.lost,
            refused: joins.refused,
            desyncs: joins.desyncs,
            join: joins.join,
            back: joins.back,
            gone: joins.gone,
            ..self.sum.clone()
        };
        sum.close();
        sum
    }
}

impl Beat {
    /// Adds what is of interest outside a window.
    fn join_only(&mut self, other: &Self) {
        self.add_after(&Self {
            joined: other.joined,
            resumed: other.resumed,
            rejoined: other.rejoined,
            lost: other.lost,
            refused: other.refused,
            desyncs: other.desyncs,
            join: other.join.clone(),
            back: other.back.clone(),
            gone: other.gone.clone(),
            ..Self::default()
        });
    }

    /// The figures that the bots themselves can tell. `workers` processes share the
    /// open files.
    #[must_use]
    pub fn figures(&self) -> Figures {
        let per = |count: u64, of: f64| if of > 0.0 { round(count as f64 / of) } else { 0.0 };
        let some_per = |count: u64, of: u64| (of > 0).then(|| per(count, of as f64));
        Figures {
            delivered_hz: per(self.snapshots, self.player_s),
            gap_ms: self.gap.spread(),
            gap_corrected_ms: self.gap_corrected.spread(),
            input_ack_ms: self.input_ack.spread(),
            input_ack_raw_ms: self.input_ack_raw.spread(),
            join_ms: self.join.spread(),
            slow_age_ms: (!self.age.is_empty()).then(|| self.age.spread()),
            stalled_gone: self.gone.len() as usize,
            stalled_gone_ms: (!self.gone.is_empty()).then(|| self.gone.spread()),
            bytes_per_snapshot: some_per(self.bytes_in, self.snapshots),
            bytes_per_entity_tick: some_per(self.decoded_bytes, self.entity_ticks),
            bytes_per_client_s: per(self.bytes_in, self.player_s),
            others_in_view: per(self.others, self.decoded as f64),
            desyncs: self.desyncs,
            checks: self.checks,
            decoded_share: per(self.decoded, self.snapshots as f64),
            resumed: self.resumed,
            rejoined: self.rejoined,
            back_ms: (!self.back.is_empty()).then(|| self.back.spread()),
            away: self.away,
            lost: self.lost,
            refused: self.refused,
            own: Own {
                lateness_ms: self.lateness.spread(),
                cpu_share: self
                    .own_cpu_s
                    .filter(|_| self.seconds > 0.0)
                    .map(|cpu| round(cpu / self.seconds)),
                open_files: self.open_files,
                ..Own::default()
            },
            ..Figures::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn beat(players: usize) -> Beat {
        Beat {
            players,
            seconds: 1.0,
            player_s: players as f64,
            snapshots: 30 * players as u64,
            joined: 1,
            ..Beat::default()
        }
    }

    #[test]
    fn a_window_waits_for_all_and_then_settles() {
        let mut window = Window::new(2, 0.0, 3.0);
        let course = [0, 1, 2, 2, 2, 1, 2];
        let steps: Vec<Step> = course.into_iter().map(|n| window.take(&beat(n))).collect();
        assert_eq!(steps.iter().position(|&step| step == Step::Stop), Some(6));
        let sum = window.sum();
        assert!((sum.player_s - 5.0).abs() < 1e-9, "because two settled, then three counted");
        assert_eq!(sum.joined, 7, "because joins count from the begin");
    }

    #[test]
    fn a_window_does_not_wait_for_ever() {
        let mut window = Window::new(2, 1.0, 1.0);
        let stop = (0..).find(|_| window.take(&beat(1)) == Step::Stop);
        assert_eq!(stop, Some(23), "because 21 s of patience and two beats are enough");
    }

    #[test]
    fn figures_are_per_player_second_and_per_snapshot() {
        let beat = Beat {
            seconds: 10.0,
            player_s: 20.0,
            snapshots: 600,
            decoded: 300,
            others: 15_000,
            entity_ticks: 12_000,
            decoded_bytes: 30_000,
            bytes_in: 60_000,
            own_cpu_s: Some(5.0),
            ..Beat::default()
        };
        let figures = beat.figures();
        assert!((figures.delivered_hz - 30.0).abs() < 1e-9, "because 2 bots had 10 s each");
        assert_eq!(figures.bytes_per_entity_tick, Some(2.5));
        assert_eq!(figures.bytes_per_snapshot, Some(100.0));
        assert!((figures.others_in_view - 50.0).abs() < 1e-9, "because half of them decoded");
        assert_eq!(figures.own.cpu_share, Some(0.5));
        let empty = Beat::default().figures();
        assert!((empty.delivered_hz, empty.bytes_per_entity_tick) == (0.0, None));
    }
}
