//! Round ticks.

/// Steps of a scale in tenfolds.
const ROUND: [f64; 3] = [1.0, 2.0, 5.0];
/// Steps of time in its own units, from which a larger step is a tenfold.
const ROUND_TIME: [f64; 11] = [1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 60.0, 120.0, 240.0, 300.0];
/// Units of time and their seconds, each for more than two of it.
const TIMES: [(&str, f64); 3] = [("h", 3600.0), ("min", 60.0), ("s", 1.0)];
const UNITS_MIN: f64 = 2.0;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scale {
    Number,
    /// Values are seconds.
    Time,
}

/// An axis from `low` to `high`. One of numbers ends at a tick.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Axis {
    low: f64,
    high: f64,
    step: f64,
    unit: &'static str,
    unit_size: f64,
}

impl Axis {
    /// Covers `low` to `high` with about `ticks` steps.
    pub(super) fn new(low: f64, high: f64, ticks: usize, scale: Scale) -> Self {
        let ticks = ticks.max(2) as f64;
        let is_range = low.is_finite() && high.is_finite() && high > low;
        let (low, high) = match (is_range, low.is_finite()) {
            (true, _) => (low, high),
            (false, true) if low.abs() < 1e12 => (low, low + 1.0),
            (false, _) => (0.0, 1.0),
        };
        match scale {
            Scale::Number => {
                let step = round_up((high - low) / ticks);
                let high = low + ((high - low) / step - 1e-9).ceil() * step;
                Self { low, high, step, unit: "", unit_size: 1.0 }
            }
            Scale::Time => {
                let (unit, unit_size) = TIMES
                    .into_iter()
                    .find(|(_, size)| high - low > size * UNITS_MIN)
                    .unwrap_or(("s", 1.0));
                let least = (high - low) / unit_size / ticks;
                let step = ROUND_TIME.into_iter().find(|step| *step >= least && least > 0.2);
                let step = step.unwrap_or_else(|| round_up(least)) * unit_size;
                Self { low, high, step, unit, unit_size }
            }
        }
    }

    /// Where a value is between the axis' ends, from 0 to 1.
    pub(super) fn share(&self, value: f64) -> f64 {
        (value - self.low) / (self.high - self.low)
    }

    /// The ticks' values and texts.
    pub(super) fn ticks(&self) -> impl Iterator<Item = (f64, String)> + '_ {
        let first = (self.low / self.step - 1e-9).ceil();
        let count = ((self.high / self.step + 1e-9).floor() - first).clamp(0.0, 50.0) as usize;
        (0..=count).map(move |n| {
            let value = (first + n as f64) * self.step;
            (value, self.text(value))
        })
    }

    /// Characters of the widest tick.
    pub(super) fn widest(&self) -> usize {
        self.ticks().map(|(_, text)| text.len()).max().unwrap_or_default()
    }

    /// Empty for plain numbers.
    pub(super) fn unit(&self) -> &'static str {
        self.unit
    }

    pub(super) fn unit_size(&self) -> f64 {
        self.unit_size
    }

    /// With as many decimals as the step has; a long number with its `k`, `M` or `G`.
    fn text(&self, value: f64) -> String {
        let (value, step) = (value / self.unit_size, self.step / self.unit_size);
        let (size, suffix) = match self.high / self.unit_size {
            high if high >= 1e10 => (1e9, "G"),
            high if high >= 1e7 => (1e6, "M"),
            high if high >= 1e5 => (1e3, "k"),
            _ => (1.0, ""),
        };
        if value.abs() < step / 2.0 {
            return "0".to_owned();
        }
        let decimals = (-((step / size) * 1.001).log10().floor()).clamp(0.0, 9.0) as usize;
        format!("{:.decimals$}{suffix}", value / size)
    }
}

/// The least 1, 2 or 5 times a power of ten that is not below.
fn round_up(least: f64) -> f64 {
    let power = 10f64.powf(least.log10().floor());
    let round = ROUND.into_iter().map(|round| round * power);
    round.into_iter().find(|step| *step >= least * (1.0 - 1e-9)).unwrap_or(power * 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(axis: &Axis) -> Vec<String> {
        axis.ticks().map(|(_, text)| text).collect()
    }

    #[test]
    fn ticks_are_round_and_cover_all() {
        let ticks = |high, count| texts(&Axis::new(0.0, high, count, Scale::Number));
        assert_eq!(ticks(8192.0, 5), ["0", "2000", "4000", "6000", "8000", "10000"]);
        assert_eq!(ticks(10.0, 5), ["0", "2", "4", "6", "8", "10"]);
        assert_eq!(ticks(0.3, 3), ["0", "0.1", "0.2", "0.3"]);
        assert_eq!(ticks(0.002, 4), ["0", "0.0005", "0.0010", "0.0015", "0.0020"]);
        assert_eq!(ticks(250_000.0, 3), ["0", "100k", "200k", "300k"]);
        assert_eq!(ticks(3e10, 3), ["0", "10G", "20G", "30G"]);
        for high in [1e-9, 0.07, 1.0, 33.3, 66.7, 99.9, 1e12] {
            let axis = Axis::new(0.0, high, 5, Scale::Number);
            assert!(axis.share(high) <= 1.0 + 1e-9, "because {high} has to be on {axis:?}");
            assert!((2..=7).contains(&texts(&axis).len()), "because {axis:?} has some ticks");
        }
    }

    #[test]
    fn an_axis_of_nothing_is_an_axis_all_the_same() {
        for (low, high) in [(0.0, 0.0), (f64::MAX, f64::MIN), (f64::NAN, 1.0), (0.0, f64::INFINITY)]
        {
            let axis = Axis::new(low, high, 5, Scale::Number);
            assert_eq!(axis.share(0.5), 0.5, "because {axis:?} is from 0 to 1");
        }
    }

    #[test]
    fn time_is_told_in_its_own_units() {
        let ticks = |low, high| {
            let axis = Axis::new(low, high, 6, Scale::Time);
            (texts(&axis).join(" "), axis.unit())
        };
        assert_eq!(ticks(0.0, 10.0), ("0 2 4 6 8 10".to_owned(), "s"));
        assert_eq!(ticks(3.2, 63.1), ("10 20 30 40 50 60".to_owned(), "s"));
        assert_eq!(ticks(0.0, 300.0), ("0 1 2 3 4 5".to_owned(), "min"));
        assert_eq!(ticks(0.0, 3600.0), ("0 10 20 30 40 50 60".to_owned(), "min"));
        assert_eq!(ticks(0.0, 86_400.0), ("0 5 10 15 20".to_owned(), "h"));
        assert_eq!(ticks(5.0, 5.0).1, "s");
    }
}
