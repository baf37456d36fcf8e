//! How connections ended, summed up for the log: a flood of ends is one line.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Between two lines.
const EVERY: Duration = Duration::from_secs(10);

/// What the log was told.
#[derive(Debug)]
pub(super) struct Ends {
    told: BTreeMap<String, u64>,
    at: Instant,
}

impl Ends {
    pub(super) fn new(now: Instant) -> Self {
        Self { told: BTreeMap::new(), at: now }
    }

    /// A sentence about the ends since the last one, if it is time and there were any.
    /// `counts` are all ends by reason, in our own words.
    pub(super) fn sum_up(&mut self, now: Instant, counts: BTreeMap<String, u64>) -> Option<String> {
        if now.saturating_duration_since(self.at) < EVERY {
            return None;
        }
        self.at = now;
        let parts: Vec<String> = counts
            .iter()
            .map(|(reason, count)| (reason, count - self.told.get(reason).unwrap_or(&0)))
            .filter(|&(_, count)| count > 0)
            .map(|(reason, count)| format!("{count} × {reason}"))
            .collect();
        self.told = counts;
        (!parts.is_empty()).then(|| {
            format!(
                "Connections that ended in the last {} s: {}.",
                EVERY.as_secs(),
                parts.join(", ")
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_ends_is_one_line_in_ten_seconds() {
        let began = Instant::now();
        let mut ends = Ends::new(began);
        let mut lines = Vec::new();
        for second in 1..=30 {
            let floods = second.min(12) * 100;
            let counts = [("4008 RateLimited", floods), ("peer closed", 1)];
            let counts = counts.map(|(reason, count)| (reason.to_owned(), count)).into();
            lines.extend(ends.sum_up(began + Duration::from_secs(second), counts));
        }
        let said = |what: &str| format!("Connections that ended in the last 10 s: {what}.");
        let expected =
            [said("1000 × 4008 RateLimited, 1 × peer closed"), said("200 × 4008 RateLimited")];
        assert_eq!(lines, expected, "because nothing is said where nothing ended");
    }
}
