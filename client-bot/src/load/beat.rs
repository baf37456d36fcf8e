//! What a generator counted in about a second. Beats add up: those of several
//! processes to one of all, those of several seconds to one of a window.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::report::Spread;

/// Longest time that a histogram tells apart, in microseconds.
const LONGEST_US: u64 = 120_000_000;
/// Significant decimal digits of a histogram.
const DIGITS: u8 = 3;

/// Counts of some time. Only bots that have settled are counted, except in `joined`,
/// `resumed`, `rejoined`, `refused`, `lost`, `join`, `back`, `forewarned`, `ends` and `retry`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Beat {
    /// Number of the beat in its load; of the last one, when several were added up.
    pub number: u32,
    /// Length, in seconds.
    pub seconds: f64,
    /// Ticks a second of the server; 0 before anybody was welcomed.
    pub tick_hz: u8,
    /// Bots that play at its end.
    pub players: usize,
    /// Seconds that bots were to play, those that were lost included.
    pub player_s: f64,
    /// First Welcomes.
    pub joined: usize,
    /// Welcomes of bots that came back: into their session, and into a new one.
    pub resumed: usize,
    pub rejoined: usize,
    /// Bots that at its end are on their way back.
    pub away: usize,
    /// Games that ended before their time, and to which nobody comes back.
    pub lost: usize,
    /// Bots that were told that there is no place.
    pub refused: usize,
    pub snapshots: u64,
    /// WebSocket bytes, without the handshakes.
    pub bytes_in: u64,
    pub bytes_out: u64,
    /// Of those who decode everything: their snapshots, and the bytes of these.
    pub decoded: u64,
    pub decoded_bytes: u64,
    /// Players other than the bot itself in its view, over all decoded snapshots.
    pub others: u64,
    /// The same, of those that moved.
    pub entity_ticks: u64,
    /// Check values that were compared, and views that turned out not to hold.
    pub checks: u64,
    pub desyncs: u64,
    /// CPU time of the generators.
    pub own_cpu_s: Option<f64>,
    pub open_files: u64,
    /// Why the first bot that could not play could not.
    pub failure: Option<String>,
    /// Between two snapshots of one bot.
    pub gap: Times,
    /// The same with the snapshots that a stall swallowed counted as late.
    pub gap_corrected: Times,
    /// From the moment at which an input was due to the snapshot in which it is in force.
    pub input_ack: Times,
    /// The same from the moment at which it was sent.
    pub input_ack_raw: Times,
    /// From the moment at which a join was due to its Welcome.
    pub join: Times,
    /// From the end of a connection to the Welcome of the bot that came back.
    pub back: Times,
    /// How late inputs were sent.
    pub lateness: Times,
    /// How old snapshots were when a slow link had carried them: time since any bot saw
    /// the tick.
    pub age: Times,
    /// From the moment at which a bot stopped reading to the end of its connection.
    pub gone: Times,
    /// Bots that were told that the server restarts.
    pub forewarned: usize,
    /// Connections that ended unasked, by the code that the server gave; 0 for none.
    pub ends: BTreeMap<u16, usize>,
    /// After how long those who were sent away for a restart shall come back.
    pub retry: Times,
    /// What is still open at the end of the beat, and longer than it should be: silence
    /// is a gap too. Not added up over time: the last beat knows all.
    pub open_gap: Times,
    pub open_ack: Times,
}

impl Beat {
    /// Welcomes, of those who came and of those who came back.
    #[must_use]
    pub fn welcomed(&self) -> usize {
        self.joined + self.resumed + self.rejoined
    }

    /// Adds what another process counted in the same time.
    pub fn add_beside(&mut self, other: &Self) {
        self.seconds = self.seconds.max(other.seconds);
        self.players += other.players;
        self.away += other.away;
        self.open_files += other.open_files;
        self.open_gap.add_all(&other.open_gap);
        self.open_ack.add_all(&other.open_ack);
        self.add_counts(other);
    }

    /// Adds what the same processes counted afterwards.
    pub fn add_after(&mut self, other: &Self) {
        self.seconds += other.seconds;
        self.players = other.players;
        self.away = other.away;
        self.open_files = self.open_files.max(other.open_files);
        self.open_gap = other.open_gap.clone();
        self.open_ack = other.open_ack.clone();
        self.add_counts(other);
    }

    /// Counts what is still open as if it had ended now.
    pub fn close(&mut self) {
        self.gap.add_all(&self.open_gap);
        self.gap_corrected.add_all(&self.open_gap);
        self.input_ack.add_all(&self.open_ack);
        self.input_ack_raw.add_all(&self.open_ack);
        self.open_gap = Times::default();
        self.open_ack = Times::default();
    }

    fn add_counts(&mut self, other: &Self) {
        self.number = self.number.max(other.number);
        self.own_cpu_s = match (self.own_cpu_s, other.own_cpu_s) {
            (Some(a), Some(b)) => Some(a + b),
            (one, None) | (None, one) => one,
        };
        if self.failure.is_none() {
            self.failure.clone_from(&other.failure);
        }
        self.tick_hz = self.tick_hz.max(other.tick_hz);
        self.player_s += other.player_s;
        self.joined += other.joined;
        self.resumed += other.resumed;
        self.rejoined += other.rejoined;
        self.lost += other.lost;
        self.refused += other.refused;
        self.snapshots += other.snapshots;
        self.bytes_in += other.bytes_in;
        self.bytes_out += other.bytes_out;
        self.decoded += other.decoded;
        self.decoded_bytes += other.decoded_bytes;
        self.others += other.others;
        self.entity_ticks += other.entity_ticks;
        self.checks += other.checks;
        self.desyncs += other.desyncs;
        self.forewarned += other.forewarned;
        for (&code, count) in &other.ends {
            *self.ends.entry(code).or_default() += count;
        }
        for (own, its) in [
            (&mut self.gap, &other.gap),
            (&mut self.gap_corrected, &other.gap_corrected),
            (&mut self.input_ack, &other.input_ack),
            (&mut self.input_ack_raw, &other.input_ack_raw),
            (&mut self.join, &other.join),
            (&mut self.back, &other.back),
            (&mut self.lateness, &other.lateness),
            (&mut self.age, &other.age),
            (&mut self.gone, &other.gone),
            (&mut self.retry, &other.retry),
        ] {
            own.add_all(its);
        }
    }
}

/// A bounded distribution of times. On the wire it is a list of the values that
/// occurred, in µs, and how often.
#[derive(Clone, Debug, PartialEq)]
pub struct Times(Histogram<u64>);

impl Default for Times {
    fn default() -> Self {
        Self(Histogram::new_with_bounds(1, LONGEST_US, DIGITS).expect("the bounds are in order"))
    }
}

impl Times {
    pub fn add(&mut self, time: Duration) {
        self.0.saturating_record(micros(time));
    }

    /// Counts a time that hid others: what should have happened every `interval`
    /// did not, and each of those would have been late too.
    pub fn add_corrected(&mut self, time: Duration, interval: Duration) {
        self.add(time);
        let mut left = time;
        while let Some(less) = left.checked_sub(interval)
            && less >= interval
        {
            self.add(less);
            left = less;
        }
    }

    fn add_all(&mut self, other: &Self) {
        self.0.add(&other.0).expect("all histograms have the same bounds");
    }

    #[must_use]
    pub fn spread(&self) -> Spread {
        let at = |quantile| ms(self.0.value_at_quantile(quantile));
        Spread { p50: at(0.5), p99: at(0.99), max: ms(self.0.max()) }
    }

    /// The time that this part of all that were counted does not exceed, in milliseconds.
    #[must_use]
    pub fn at(&self, quantile: f64) -> f64 {
        ms(self.0.value_at_quantile(quantile))
    }

    /// The shortest that was counted, in milliseconds.
    #[must_use]
    pub fn min(&self) -> f64 {
        if self.is_empty() { 0.0 } else { ms(self.0.min()) }
    }

    /// How many fall into the fullest of the seconds that follow each other.
    #[must_use]
    pub fn busiest_second(&self) -> u64 {
        let mut seconds = BTreeMap::<u64, u64>::new();
        for value in self.0.iter_recorded() {
            *seconds.entry(value.value_iterated_to() / 1_000_000).or_default() +=
                value.count_at_value();
        }
        seconds.into_values().max().unwrap_or_default()
    }

    /// How many were counted.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.0.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Times {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let values = self.0.iter_recorded();
        serializer
            .collect_seq(values.map(|value| (value.value_iterated_to(), value.count_at_value())))
    }
}

impl<'de> Deserialize<'de> for Times {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut times = Self::default();
        for (value, count) in Vec::<(u64, u64)>::deserialize(deserializer)? {
            times.0.saturating_record_n(value, count);
        }
        Ok(times)
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(LONGEST_US).min(LONGEST_US)
}

fn ms(us: u64) -> f64 {
    us as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(ms: impl IntoIterator<Item = u64>) -> Times {
        let mut times = Times::default();
        ms.into_iter().for_each(|ms| times.add(Duration::from_millis(ms)));
        times
    }

    #[test]
    fn times_keep_three_digits_and_an_end() {
        let spread = times(1..=100).spread();
        assert!((spread.p50 - 50.0).abs() < 0.1 && (spread.p99 - 99.0).abs() < 0.1, "{spread}");
        let max = times([1_000_000]).spread().max;
        assert!((120_000.0..120_200.0).contains(&max), "because {max} is bounded");
    }

    #[test]
    fn the_fullest_second_is_found() {
        let times = times([1_000, 1_900, 2_000, 3_100, 3_200, 3_900]);
        assert_eq!((times.busiest_second(), times.min().round()), (3, 1_000.0));
        assert_eq!((Times::default().busiest_second(), Times::default().min()), (0, 0.0));
    }

    #[test]
    fn a_stall_counts_for_all_that_it_hid() {
        let mut corrected = Times::default();
        let interval = Duration::from_millis(100);
        corrected.add_corrected(Duration::from_millis(100), interval);
        assert_eq!(corrected.len(), 1, "because nothing was hidden");
        corrected.add_corrected(Duration::from_millis(1000), interval);
        assert_eq!(corrected.len(), 11, "because 900, 800, … 100 were late too");
        assert!((corrected.spread().p50 - 500.0).abs() < 1.0);
    }

    #[test]
    fn beats_survive_the_way_between_processes() {
        let mut beat = Beat { gap: times([33, 34, 70]), players: 5, ..Beat::default() };
        beat.own_cpu_s = Some(0.5);
        let text = serde_json::to_string(&beat).expect("plain numbers");
        let back: Beat = serde_json::from_str(&text).expect("what was just written");
        assert_eq!(back, beat);
    }

    #[test]
    fn beats_beside_each_other_and_after_each_other_add_up_differently() {
        let beat = |players, cpu| Beat {
            players,
            seconds: 1.0,
            player_s: players as f64,
            own_cpu_s: Some(cpu),
            snapshots: 30,
            gap: times([33]),
            ..Beat::default()
        };
        let mut beside = beat(3, 0.25);
        beside.add_beside(&beat(4, 0.5));
        assert_eq!((beside.players, beside.seconds, beside.own_cpu_s), (7, 1.0, Some(0.75)));
        assert_eq!((beside.snapshots, beside.gap.len()), (60, 2));
        let mut after = beat(3, 0.25);
        after.add_after(&beat(4, 0.5));
        assert_eq!((after.players, after.seconds, after.own_cpu_s), (4, 2.0, Some(0.75)));
        assert!((after.player_s - 7.0).abs() < 1e-9, "because 3 and 4 players had a second each");
    }

    #[test]
    fn what_is_open_counts_once_and_as_it_was_last() {
        let open = |ms| Beat { open_gap: times([ms]), ..Beat::default() };
        let mut sum = open(100);
        sum.add_after(&open(1100));
        sum.add_beside(&open(300));
        sum.close();
        assert_eq!(sum.gap.len(), 2, "because the gap of 100 ms went on to 1100");
        assert!(sum.gap.spread().max > 1000.0 && sum.open_gap.is_empty());
    }
}
