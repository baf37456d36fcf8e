//! Doubling, then bisecting: a search that is told what each step showed.

/// The gap between held and not held at which the search ends: this part of the
/// held number.
const FINE: usize = 16;
/// The first step to the side of a limit that is known from another search: this part.
const NEAR: usize = 8;

#[derive(Debug)]
pub(super) struct Search {
    start: usize,
    max: usize,
    held: usize,
    failed: Option<usize>,
    /// How far the next step goes while only one side is known; none: as far again.
    stride: Option<usize>,
}

impl Search {
    pub(super) fn new(start: usize, max: usize) -> Self {
        Self { start, max, held: 0, failed: None, stride: None }
    }

    /// A search that expects the limit near `held`: it looks to both sides of it, in
    /// steps that double.
    pub(super) fn around(held: usize, max: usize) -> Self {
        let stride = Some((held / NEAR).max(1));
        Self { stride, ..Self::new(held.min(max), max) }
    }

    /// Players of the next step, until the limit is known well enough.
    #[must_use]
    pub(super) fn next_players(&self) -> Option<usize> {
        match (self.held, self.failed) {
            (0, None) => Some(self.start),
            (held, None) => {
                (held < self.max).then(|| (held + self.stride.unwrap_or(held)).min(self.max))
            }
            (0, Some(failed)) if self.stride.is_some_and(|stride| stride < failed) => {
                Some(failed - self.stride.unwrap_or_default())
            }
            (held, Some(failed)) => {
                let gap = failed.saturating_sub(held);
                (gap > (held / FINE).max(1)).then_some(held + gap / 2)
            }
        }
    }

    pub(super) fn tell(&mut self, players: usize, is_held: bool) {
        if self.held > 0 || self.failed.is_some() {
            self.stride = self.stride.map(|stride| stride * 2);
        }
        if is_held {
            self.held = self.held.max(players);
        } else {
            self.failed = Some(self.failed.map_or(players, |failed| failed.min(players)));
        }
    }

    /// The most players that were held.
    #[must_use]
    pub(super) fn held(&self) -> Option<usize> {
        (self.held > 0).then_some(self.held)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(limit: usize, start: usize, max: usize) -> (Option<usize>, Vec<usize>) {
        walk(Search::new(start, max), limit)
    }

    fn walk(mut search: Search, limit: usize) -> (Option<usize>, Vec<usize>) {
        let mut steps = Vec::new();
        while let Some(players) = search.next_players() {
            steps.push(players);
            assert!(steps.len() < 50, "because a search ends: {steps:?}");
            search.tell(players, players <= limit);
        }
        (search.held(), steps)
    }

    #[test]
    fn it_doubles_then_bisects() {
        let (held, steps) = search(1300, 256, 8192);
        assert_eq!(steps, [256, 512, 1024, 2048, 1536, 1280, 1408, 1344]);
        assert_eq!(held, Some(1280));
    }

    #[test]
    fn a_second_search_is_short_where_the_first_was_right() {
        let around = |limit| walk(Search::around(1280, 8192), limit);
        assert_eq!(around(1300), (Some(1280), vec![1280, 1440, 1360]));
        assert_eq!(around(1200), (Some(1200), vec![1280, 1120, 1200, 1240]));
        assert_eq!(around(2000).0, Some(2000), "because it goes further each time");
        assert_eq!(around(700).0, Some(680));
        assert_eq!(around(0).0, None);
        assert_eq!(walk(Search::around(1000, 1000), 5000), (Some(1000), vec![1000]));
        assert_eq!(walk(Search::around(1, 10), 1), (Some(1), vec![1, 2]));
    }

    #[test]
    fn it_stays_within_its_bounds() {
        assert_eq!(search(9999, 300, 1000), (Some(1000), vec![300, 600, 1000]));
        assert_eq!(search(0, 8, 100), (None, vec![8, 4, 2, 1]));
        assert_eq!(search(1, 1, 1), (Some(1), vec![1]));
    }
}
