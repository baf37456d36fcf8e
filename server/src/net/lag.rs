//! Whether what is told to a client in order piles up on the way to it, as the hub is to
//! know: topics, of which the newest state counts, then wait until there is room again.

use throng_shared::limits::LAG_MS;
use throng_shared::time::Millis;

/// One connection. A link counts as what it has been for [`LAG_MS`], so that a hiccup is no
/// news, nor one tick's respite.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Lag {
    /// What the hub was told last.
    told: bool,
    /// Since when the link is not as it was told.
    other: Option<Millis>,
}

impl Lag {
    /// Takes in whether the link is behind at this turn: what the hub is to be told, if that
    /// is news.
    #[must_use]
    pub(super) fn note(&mut self, now: Millis, is_behind: bool) -> Option<bool> {
        if is_behind == self.told {
            self.other = None;
            return None;
        }
        if now.since(*self.other.get_or_insert(now)) < LAG_MS {
            return None;
        }
        (self.told, self.other) = (is_behind, None);
        Some(is_behind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is told of a link that is looked at every 50 ms: when, and what.
    fn told(is_behind: impl Fn(u64) -> bool) -> Vec<(u64, bool)> {
        let mut lag = Lag::default();
        let turns = (0..10_000).step_by(50);
        turns.filter_map(|ms| Some((ms, lag.note(Millis(ms), is_behind(ms))?))).collect()
    }

    #[test]
    fn a_link_that_stays_behind_is_told_of_once_and_once_more_when_it_is_not() {
        let spans = [(1_000 + LAG_MS, true), (5_000 + LAG_MS, false)];
        assert_eq!(told(|ms| (1_000..5_000).contains(&ms)), spans);
    }

    #[test]
    fn a_hiccup_is_no_news_and_neither_is_one_good_turn() {
        assert_eq!(told(|ms| ms % 1_000 < LAG_MS), []);
        let rare = |ms: u64| !ms.is_multiple_of(1_000);
        assert_eq!(told(rare), [(50 + LAG_MS, true)]);
    }
}
