//! What a load saw, as one object and as a table.

use std::fmt;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

/// Longest time that a histogram tells apart, in microseconds.
const LONGEST_US: u64 = 60_000_000;
/// Significant decimal digits of a histogram.
const DIGITS: u8 = 3;

/// The report of one load. Everything but `joined`, `lost`, `desyncs` and
/// `checks` is of the measured window alone.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    pub bots: usize,
    pub brain: &'static str,
    pub seed: u64,
    /// Bots that got a Welcome.
    pub joined: usize,
    /// Bots whose game ended before its time.
    pub lost: usize,
    /// Length of the measured window.
    pub seconds: f64,
    pub tick_hz: u8,
    pub snapshots: u64,
    /// Snapshots a joined bot and second.
    pub delivered_hz: f64,
    /// Between two snapshots of one bot.
    pub gap_ms: Spread,
    /// From sending an input to the snapshot that acknowledges it.
    pub input_ack_ms: Spread,
    /// WebSocket bytes, without the handshakes.
    pub bytes_in: u64,
    pub bytes_out: u64,
    /// Moving players other than the bot itself in its view, over all snapshots.
    pub entity_ticks: u64,
    /// None when nobody saw anybody move.
    pub bytes_per_entity_tick: Option<f64>,
    /// Players other than the bot itself in its view, on average.
    pub others_in_view: f64,
    pub desyncs: u64,
    /// Check values that were compared.
    pub checks: u64,
    /// How late the bots' own inputs were against their schedule.
    pub own_lateness_ms_p99: f64,
    /// CPU of this process, of one core; none where the system does not tell.
    pub own_cpu_share: Option<f64>,
    /// CPU of the server, in seconds, when its process was named.
    pub server_cpu_s: Option<f64>,
}

/// A distribution in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    pub p50: f64,
    pub p99: f64,
    pub max: f64,
}

/// Counts the bots' tasks keep together while they play.
#[derive(Debug)]
pub(crate) struct Tally {
    pub(crate) snapshots: u64,
    pub(crate) bytes_in: u64,
    pub(crate) bytes_out: u64,
    pub(crate) entity_ticks: u64,
    pub(crate) others: u64,
    gap: Times,
    input_ack: Times,
    lateness: Times,
}

/// A bounded distribution of times.
#[derive(Debug)]
struct Times(Histogram<u64>);

impl Times {
    fn new() -> Self {
        Self(Histogram::new_with_bounds(1, LONGEST_US, DIGITS).expect("the bounds are in order"))
    }

    fn add(&mut self, time: std::time::Duration) {
        self.0.saturating_record(u64::try_from(time.as_micros()).unwrap_or(LONGEST_US));
    }

    fn spread(&self) -> Spread {
        let at = |quantile| ms(self.0.value_at_quantile(quantile));
        Spread { p50: at(0.5), p99: at(0.99), max: ms(self.0.max()) }
    }
}

impl Tally {
    pub(crate) fn new() -> Self {
        Self {
            snapshots: 0,
            bytes_in: 0,
            bytes_out: 0,
            entity_ticks: 0,
            others: 0,
            gap: Times::new(),
            input_ack: Times::new(),
            lateness: Times::new(),
        }
    }

    pub(crate) fn gap(&mut self, time: std::time::Duration) {
        self.gap.add(time);
    }

    pub(crate) fn input_ack(&mut self, time: std::time::Duration) {
        self.input_ack.add(time);
    }

    pub(crate) fn lateness(&mut self, time: std::time::Duration) {
        self.lateness.add(time);
    }

    /// The figures of a window of `seconds` in which `joined` bots played.
    pub(crate) fn figures(&self, joined: usize, seconds: f64) -> Figures {
        let bot_seconds = joined as f64 * seconds;
        let per = |count: u64, of: f64| if of > 0.0 { round(count as f64 / of) } else { 0.0 };
        Figures {
            delivered_hz: per(self.snapshots, bot_seconds),
            bytes_per_entity_tick: (self.entity_ticks > 0)
                .then(|| per(self.bytes_in, self.entity_ticks as f64)),
            others_in_view: per(self.others, self.snapshots as f64),
            gap_ms: self.gap.spread(),
            input_ack_ms: self.input_ack.spread(),
            own_lateness_ms_p99: self.lateness.spread().p99,
        }
    }
}

/// What follows from a tally.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Figures {
    pub(crate) delivered_hz: f64,
    pub(crate) bytes_per_entity_tick: Option<f64>,
    pub(crate) others_in_view: f64,
    pub(crate) gap_ms: Spread,
    pub(crate) input_ack_ms: Spread,
    pub(crate) own_lateness_ms_p99: f64,
}

fn ms(us: u64) -> f64 {
    us as f64 / 1000.0
}

/// Three decimals: more would be noise.
pub(crate) fn round(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

impl Report {
    /// The report as one JSON object.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("plain numbers and names are always JSON")
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut row = |name: &str, text: String| writeln!(f, "{name:<22} {text}");
        let bots =
            format!("{} {}, {} joined, {} lost", self.bots, self.brain, self.joined, self.lost);
        row("bots", bots)?;
        row("window", format!("{:.1} s at {} Hz", self.seconds, self.tick_hz))?;
        row("snapshots", format!("{}, {:.2} Hz a bot", self.snapshots, self.delivered_hz))?;
        row("gap", format!("{} ms", self.gap_ms))?;
        row("input to its ack", format!("{} ms", self.input_ack_ms))?;
        row("received, sent", format!("{} B, {} B", self.bytes_in, self.bytes_out))?;
        let entity_tick = match self.bytes_per_entity_tick {
            Some(bytes) => format!("{bytes:.2} B, over {} of them", self.entity_ticks),
            None => "nobody was seen to move".to_owned(),
        };
        row("an entity-tick", entity_tick)?;
        row("others in view", format!("{:.1}", self.others_in_view))?;
        row("check values", format!("{} compared, {} desyncs", self.checks, self.desyncs))?;
        let cpu = self.own_cpu_share.map(|share| format!(", {:.0} % of a core", share * 100.0));
        let late =
            format!("p99 {:.2} ms late{}", self.own_lateness_ms_p99, cpu.unwrap_or_default());
        row("these bots", late)
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "p50 {:.1}, p99 {:.1}, max {:.1}", self.p50, self.p99, self.max)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn figures_are_per_bot_second_and_per_snapshot() {
        let mut tally = Tally::new();
        tally.snapshots = 600;
        tally.others = 30_000;
        tally.entity_ticks = 24_000;
        tally.bytes_in = 60_000;
        let figures = tally.figures(2, 10.0);
        assert!((figures.delivered_hz - 30.0).abs() < 1e-9, "because 2 bots had 10 s each");
        assert_eq!(figures.bytes_per_entity_tick, Some(2.5));
        assert!((figures.others_in_view - 50.0).abs() < 1e-9);
    }

    #[test]
    fn an_empty_tally_divides_by_nothing() {
        let figures = Tally::new().figures(0, 10.0);
        assert!((figures.delivered_hz, figures.bytes_per_entity_tick) == (0.0, None));
    }

    #[test]
    fn times_keep_three_digits_and_an_end() {
        let mut tally = Tally::new();
        for n in 1..=100 {
            tally.gap(Duration::from_millis(n));
        }
        let gap = tally.figures(1, 1.0).gap_ms;
        assert!((gap.p50 - 50.0).abs() < 0.1 && (gap.p99 - 99.0).abs() < 0.1, "{gap}");
        tally.gap(Duration::from_secs(1000));
        let max = tally.figures(1, 1.0).gap_ms.max;
        assert!((60_000.0..60_100.0).contains(&max), "because {max} is bounded");
    }
}
