//! Who is due first. Pure: the caller tells the time.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::time::Instant;

#[derive(Debug)]
struct Place<T> {
    due: Instant,
    /// Of those that are due together, who came first.
    number: u64,
    what: T,
}

impl<T> PartialEq for Place<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<T> Eq for Place<T> {}

impl<T> PartialOrd for Place<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Place<T> {
    /// The greatest is who is due first.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.due, other.number).cmp(&(self.due, self.number))
    }
}

/// What waits for its time, each once.
#[derive(Debug)]
pub(super) struct Schedule<T> {
    places: BinaryHeap<Place<T>>,
    number: u64,
}

impl<T> Schedule<T> {
    pub(super) fn new() -> Self {
        Self { places: BinaryHeap::new(), number: 0 }
    }

    pub(super) fn push(&mut self, due: Instant, what: T) {
        self.number += 1;
        self.places.push(Place { due, number: self.number, what });
    }

    /// All that waits, in no order.
    pub(super) fn into_items(self) -> impl Iterator<Item = T> {
        self.places.into_iter().map(|place| place.what)
    }

    /// When the first is due.
    pub(super) fn next(&self) -> Option<Instant> {
        self.places.peek().map(|place| place.due)
    }

    /// Who is due at `now`, and of several the one that has been for longest.
    pub(super) fn pop(&mut self, now: Instant) -> Option<T> {
        self.next().filter(|&due| due <= now)?;
        self.places.pop().map(|place| place.what)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn who_is_due_first_goes_first_and_equals_in_their_order() {
        let origin = Instant::now();
        let at = |ms: u64| origin + Duration::from_millis(ms);
        let mut schedule = Schedule::new();
        for (ms, what) in [(30, 'c'), (10, 'a'), (20, 'b'), (10, 'z')] {
            schedule.push(at(ms), what);
        }
        assert_eq!((schedule.next(), schedule.pop(at(9))), (Some(at(10)), None));
        let popped: String = std::iter::from_fn(|| schedule.pop(at(20))).collect();
        assert_eq!(popped, "azb", "because the third is not due");
        assert_eq!(schedule.pop(at(99)), Some('c'));
        assert_eq!(schedule.next(), None);
    }
}
