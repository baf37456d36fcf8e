//! Dense ids that rest before they are used again.

use std::collections::VecDeque;

use throng_shared::ids::Tick;
use throng_shared::limits::ID_REST_TICKS;

/// A pool of 16-bit ids: the lowest new one, or the one that rested longest.
#[derive(Debug)]
pub struct IdPool {
    live_max: usize,
    live: usize,
    fresh: u16,
    end: u16,
    resting: VecDeque<(Tick, u16)>,
}

impl IdPool {
    /// A pool that gives at most `live_max` ids at once.
    #[must_use]
    pub fn new(live_max: usize) -> Self {
        Self { live_max, live: 0, fresh: 0, end: u16::MAX, resting: VecDeque::new() }
    }

    /// The same with ids below `end` only.
    #[must_use]
    pub fn below(self, end: u16) -> Self {
        Self { end, ..self }
    }

    /// An id that nobody has and that rested long enough. `None` when all are taken.
    #[must_use]
    pub fn take(&mut self, now: Tick) -> Option<u16> {
        if self.live == self.live_max {
            return None;
        }
        let rested = self
            .resting
            .front()
            .is_some_and(|&(since, _)| now.since(since) >= ID_REST_TICKS.cast_signed());
        let id = if rested {
            self.resting.pop_front()?.1
        } else if self.fresh < self.end {
            self.fresh += 1;
            self.fresh - 1
        } else {
            return None;
        };
        self.live += 1;
        Some(id)
    }

    /// The lowest id that was never given.
    pub(super) fn fresh(&self) -> u16 {
        self.fresh
    }

    /// Calls `visit` with every resting id, the longest resting first.
    pub(super) fn each_resting(&self, mut visit: impl FnMut(Tick, u16)) {
        for &(since, id) in &self.resting {
            visit(since, id);
        }
    }

    /// Puts an id to rest.
    pub fn give_back(&mut self, id: u16, now: Tick) {
        self.live -= 1;
        self.resting.push_back((now, id));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_id_is_given_that_belongs_to_others() {
        let mut pool = IdPool::new(9).below(2);
        let given: Vec<_> = (0..3).map(|_| pool.take(Tick(0))).collect();
        assert_eq!(given, [Some(0), Some(1), None]);
    }

    #[test]
    fn ids_rest_before_they_return() {
        let mut pool = IdPool::new(2);
        assert_eq!((pool.take(Tick(1)), pool.take(Tick(1))), (Some(0), Some(1)));
        assert_eq!(pool.take(Tick(1)), None, "because two is the most");
        pool.give_back(0, Tick(1));
        assert_eq!(pool.take(Tick(2)), Some(2), "because 0 rests");
        pool.give_back(1, Tick(3));
        assert_eq!(pool.take(Tick(1 + ID_REST_TICKS)), Some(0), "because it rested");
    }
}
