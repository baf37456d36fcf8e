//! Pictures in one line of characters.

use std::collections::VecDeque;

const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const FULL: char = '█';
const EMPTY: char = '░';

/// So much of a bar, from 0 to 1.
pub(super) fn bar(share: f64, columns: usize) -> String {
    let full = ((share.clamp(0.0, 1.0) * columns as f64).round() as usize).min(columns);
    let empty = columns - full;
    std::iter::repeat_n(FULL, full).chain(std::iter::repeat_n(EMPTY, empty)).collect()
}

/// The last values that have room, as columns whose highest is the greatest of them.
pub(super) fn spark(values: &VecDeque<f64>, columns: usize) -> String {
    let shown = || values.iter().skip(values.len().saturating_sub(columns));
    let high = shown().copied().filter(|value| value.is_finite()).fold(0.0, f64::max);
    let level = |value: &f64| {
        let share = if high > 0.0 { (value / high).clamp(0.0, 1.0) } else { 0.0 };
        // A value that is no number is at the bottom.
        LEVELS[(share * (LEVELS.len() - 1) as f64).round() as usize]
    };
    shown().map(level).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_as_wide_as_asked() {
        assert_eq!(bar(0.5, 10), "█████░░░░░");
        for share in [-1.0, 0.0, 0.33, 1.0, 7.0, f64::NAN] {
            for columns in [0, 1, 17] {
                assert_eq!(bar(share, columns).chars().count(), columns);
            }
        }
    }

    #[test]
    fn the_last_values_are_shown_from_zero_to_their_greatest() {
        let values = VecDeque::from([100.0, 0.0, 35.0, 70.0]);
        assert_eq!(spark(&values, 3), "▁▅█");
        assert_eq!(spark(&values, 0), "");
        assert_eq!(spark(&VecDeque::from([0.0, f64::NAN]), 5), "▁▁");
    }
}
