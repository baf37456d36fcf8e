//! Units of thresholds.

use super::super::outcome::Figures;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// A plain number.
    One,
    Ns,
    Us,
    Ms,
    S,
    /// Intervals between two ticks.
    Ticks,
    Hz,
    /// Per cent of the tick rate.
    OfRate,
    /// Per cent of the ticks that were run.
    OfTicks,
    B,
    KiB,
    MiB,
}

impl Unit {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::One => "",
            Self::Ns => "ns",
            Self::Us => "us",
            Self::Ms => "ms",
            Self::S => "s",
            Self::Ticks => "T",
            Self::Hz => "Hz",
            Self::OfRate | Self::OfTicks => "%",
            Self::B => "B",
            Self::KiB => "KiB",
            Self::MiB => "MiB",
        }
    }

    /// Its size in ms, bytes, Hz or ticks; none when it has none in this run.
    pub(super) fn size(self, tick_rate: u32, figures: &Figures) -> Option<f64> {
        Some(match self {
            Self::One | Self::Ms | Self::Hz | Self::B => 1.0,
            Self::Ns => 1e-6,
            Self::Us => 1e-3,
            Self::S => 1e3,
            Self::Ticks => 1e3 / f64::from(tick_rate),
            Self::OfRate => f64::from(tick_rate) / 100.0,
            Self::OfTicks => figures.ticks.filter(|ticks| ticks.run > 0)?.run as f64 / 100.0,
            Self::KiB => 1024.0,
            Self::MiB => 1024.0 * 1024.0,
        })
    }
}

/// As the end of a sentence: `one of the units ms, s and T`.
pub(super) fn either(units: &[Unit]) -> String {
    let named: Vec<&str> =
        units.iter().filter(|unit| **unit != Unit::One).map(|unit| unit.name()).collect();
    let takes_plain = named.len() < units.len();
    match (named.as_slice(), takes_plain) {
        ([], _) => "a plain number".to_owned(),
        (names, true) => format!("a plain number or {}", names.join(", ")),
        (names, false) => format!("one of the units {}", names.join(", ")),
    }
}
