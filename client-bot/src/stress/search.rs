//! Doubling, then bisecting: a search that is told what each step showed.

/// The gap between held and not held at which the search ends: this part of the
/// held number.
const FINE: usize = 16;

#[derive(Debug)]
pub(super) struct Search {
    start: usize,
    max: usize,
    held: usize,
    failed: Option<usize>,
}

impl Search {
    pub(super) fn new(start: usize, max: usize) -> Self {
        Self { start, max, held: 0, failed: None }
    }

    /// Players of the next step, until the limit is known well enough.
    #[must_use]
    pub(super) fn next_players(&self) -> Option<usize> {
        match (self.held, self.failed) {
            (0, None) => Some(self.start),
            (held, None) => (held < self.max).then(|| (held * 2).min(self.max)),
            (held, Some(failed)) => {
                let gap = failed.saturating_sub(held);
                (gap > (held / FINE).max(1)).then_some(held + gap / 2)
            }
        }
    }

    pub(super) fn tell(&mut self, players: usize, is_held: bool) {
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
        let mut search = Search::new(start, max);
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
    fn it_stays_within_its_bounds() {
        assert_eq!(search(9999, 300, 1000), (Some(1000), vec![300, 600, 1000]));
        assert_eq!(search(0, 8, 100), (None, vec![8, 4, 2, 1]));
        assert_eq!(search(1, 1, 1), (Some(1), vec![1]));
    }
}
