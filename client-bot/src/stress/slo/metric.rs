//! What a threshold can be about.

use super::super::outcome::Figures;
use super::unit::Unit;
use crate::report::Spread;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Metric {
    Tick(Point),
    Gap(Point),
    GapCorrected(Point),
    Ack(Point),
    Join(Point),
    Lateness(Point),
    Delivered,
    Lost,
    Refused,
    Desyncs,
    Overruns,
    Skipped,
    BytesPerEntityTick,
    BytesPerClient,
    Cpu,
    FloorRatio,
    Memory,
}

/// A point of a [`Spread`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Point {
    P50,
    P99,
    Max,
}

/// The metrics by name; two of them are one.
pub(super) const METRICS: [(&str, Metric); 26] = [
    ("tick_p50", Metric::Tick(Point::P50)),
    ("tick_p99", Metric::Tick(Point::P99)),
    ("tick_max", Metric::Tick(Point::Max)),
    ("gap_p50", Metric::Gap(Point::P50)),
    ("gap_p99", Metric::Gap(Point::P99)),
    ("gap_max", Metric::Gap(Point::Max)),
    ("gap_corrected_p99", Metric::GapCorrected(Point::P99)),
    ("ack_p50", Metric::Ack(Point::P50)),
    ("ack_p99", Metric::Ack(Point::P99)),
    ("ack_max", Metric::Ack(Point::Max)),
    ("join_p50", Metric::Join(Point::P50)),
    ("join_p99", Metric::Join(Point::P99)),
    ("join_max", Metric::Join(Point::Max)),
    ("delivered", Metric::Delivered),
    ("lost", Metric::Lost),
    ("refused", Metric::Refused),
    ("desyncs", Metric::Desyncs),
    ("overruns", Metric::Overruns),
    ("skipped", Metric::Skipped),
    ("bytes", Metric::BytesPerEntityTick),
    ("bytes_per_client_s", Metric::BytesPerClient),
    ("rate", Metric::BytesPerClient),
    ("cpu", Metric::Cpu),
    ("floor_ratio", Metric::FloorRatio),
    ("lateness_p99", Metric::Lateness(Point::P99)),
    ("memory", Metric::Memory),
];

impl Metric {
    /// The units that fit; [`Unit::One`] is a plain number.
    pub(super) fn units(self) -> &'static [Unit] {
        use Unit::{B, Hz, KiB, MiB, Ms, Ns, OfRate, OfTicks, One, S, Ticks, Us};
        match self {
            Self::Tick(_)
            | Self::Gap(_)
            | Self::GapCorrected(_)
            | Self::Ack(_)
            | Self::Join(_)
            | Self::Lateness(_) => &[Ns, Us, Ms, S, Ticks],
            Self::Cpu => &[Ns, Us, Ms, S],
            Self::Delivered => &[Hz, OfRate],
            Self::Lost | Self::Refused | Self::Desyncs | Self::FloorRatio => &[One],
            Self::Overruns | Self::Skipped => &[One, OfTicks],
            Self::BytesPerEntityTick | Self::BytesPerClient | Self::Memory => &[B, KiB, MiB],
        }
    }

    /// What was measured: times in ms, amounts in bytes, rates in Hz. None when it
    /// could not be.
    pub(super) fn measured(self, figures: &Figures) -> Option<f64> {
        match self {
            Self::Tick(point) => figures.tick_work_ms.map(|spread| point.of(spread)),
            Self::Gap(point) => point.of_any(figures.gap_ms),
            Self::GapCorrected(point) => point.of_any(figures.gap_corrected_ms),
            Self::Ack(point) => point.of_any(figures.input_ack_ms),
            Self::Join(point) => point.of_any(figures.join_ms),
            Self::Lateness(point) => Some(point.of(figures.own.lateness_ms)),
            Self::Delivered => Some(figures.delivered_hz),
            Self::Lost => Some(figures.lost as f64),
            Self::Refused => Some(figures.refused as f64),
            // Nothing compared is nothing known.
            Self::Desyncs => (figures.checks > 0).then_some(figures.desyncs as f64),
            Self::Overruns => figures.ticks.map(|ticks| ticks.overruns as f64),
            Self::Skipped => figures.ticks.map(|ticks| ticks.skipped as f64),
            Self::BytesPerEntityTick => figures.bytes_per_entity_tick,
            Self::BytesPerClient => Some(figures.bytes_per_client_s),
            Self::Cpu => figures.cpu_us_per_client_tick.map(|us| us / 1e3),
            Self::FloorRatio => figures.floor_ratio,
            Self::Memory => figures.resident_kib_per_client.map(|kib| kib * 1024.0),
        }
    }
}

impl Point {
    fn of(self, spread: Spread) -> f64 {
        match self {
            Self::P50 => spread.p50,
            Self::P99 => spread.p99,
            Self::Max => spread.max,
        }
    }

    /// None when the spread is of nothing: between two snapshots there is some time.
    fn of_any(self, spread: Spread) -> Option<f64> {
        (spread.max > 0.0).then(|| self.of(spread))
    }
}
