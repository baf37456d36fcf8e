//! What `throng bots` saw, as one object and as a table.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::load::Beat;
use crate::stress::outcome::Figures;

/// The report of one load. Everything but `joined`, `resumed`, `rejoined`, `back_ms`,
/// `lost`, `refused`, `desyncs` and `join_ms` is of the measured window alone.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    pub bots: usize,
    pub brains: String,
    pub seed: u64,
    /// Bots that got a Welcome.
    pub joined: usize,
    /// Length of the measured window.
    pub seconds: f64,
    pub tick_hz: u8,
    pub snapshots: u64,
    /// WebSocket bytes, without the handshakes.
    pub bytes_in: u64,
    pub bytes_out: u64,
    /// Moving players other than the bot itself in its view, over all decoded
    /// snapshots.
    pub entity_ticks: u64,
    #[serde(flatten)]
    pub figures: Figures,
}

/// A distribution in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    pub p50: f64,
    pub p99: f64,
    pub max: f64,
}

/// Three decimals: more would be noise.
pub(crate) fn round(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

impl Report {
    /// The report of `sum`, which `bots` bots with these brains counted.
    #[must_use]
    pub fn new(bots: usize, brains: String, seed: u64, sum: &Beat) -> Self {
        Self {
            bots,
            brains,
            seed,
            joined: sum.joined,
            seconds: round(sum.seconds),
            tick_hz: sum.tick_hz,
            snapshots: sum.snapshots,
            bytes_in: sum.bytes_in,
            bytes_out: sum.bytes_out,
            entity_ticks: sum.entity_ticks,
            figures: sum.figures(),
        }
    }

    /// The report as one JSON object.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("plain numbers and names are always JSON")
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Figures { own, .. } = self.figures;
        let figures = &self.figures;
        let mut row = |name: &str, text: String| writeln!(f, "{name:<22} {text}");
        let bots =
            format!("{} {}, {} joined, {} lost", self.bots, self.brains, self.joined, figures.lost);
        row("bots", bots)?;
        row("window", format!("{:.1} s at {} Hz", self.seconds, self.tick_hz))?;
        row("snapshots", format!("{}, {:.2} Hz a bot", self.snapshots, figures.delivered_hz))?;
        row("gap", format!("{} ms", figures.gap_ms))?;
        row("input to its ack", format!("{} ms", figures.input_ack_ms))?;
        row("join to its welcome", format!("{} ms", figures.join_ms))?;
        if let Some(back_ms) = figures.back_ms {
            let (resumed, rejoined) = (figures.resumed, figures.rejoined);
            let back = format!("{resumed} resumed, {rejoined} joined anew, away {back_ms} ms");
            row("came back", back)?;
        }
        row("received, sent", format!("{} B, {} B", self.bytes_in, self.bytes_out))?;
        let entity_tick = match figures.bytes_per_entity_tick {
            Some(bytes) => format!("{bytes:.2} B, over {} of them", self.entity_ticks),
            None => "nobody was seen to move".to_owned(),
        };
        row("an entity-tick", entity_tick)?;
        row("others in view", format!("{:.1}", figures.others_in_view))?;
        let checks = format!("{} compared, {} desyncs", figures.checks, figures.desyncs);
        row("check values", checks)?;
        let cpu = own.cpu_share.map(|share| format!(", {:.0} % of a core", share * 100.0));
        let late = format!("p99 {:.2} ms late{}", own.lateness_ms.p99, cpu.unwrap_or_default());
        row("these bots", late)
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "p50 {:.1}, p99 {:.1}, max {:.1}", self.p50, self.p99, self.max)
    }
}
