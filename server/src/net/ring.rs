//! The ordered messages of one session that its client has not acknowledged, each with a
//! number: they ascend by one from 1, over all connections of the session.

use std::collections::VecDeque;

use crate::config::Limits;
use bytes::Bytes;

/// How many messages a ring keeps, and how many bytes of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Depth {
    messages: usize,
    bytes: usize,
}

impl Depth {
    pub(super) fn of(limits: &Limits) -> Self {
        let Limits { events_max, events_bytes_max, .. } = limits;
        Self { messages: *events_max as usize, bytes: *events_bytes_max as usize }
    }
}

/// The newest messages; when there are too many the oldest go, acknowledged or not.
#[derive(Debug)]
pub(super) struct Ring {
    depth: Depth,
    messages: VecDeque<Bytes>,
    bytes: usize,
    /// Number of the newest message, 0 before the first.
    newest: u32,
}

impl Ring {
    pub(super) fn new(depth: Depth) -> Self {
        Self { depth, messages: VecDeque::new(), bytes: 0, newest: 0 }
    }

    pub(super) fn push(&mut self, message: Bytes) {
        self.newest += 1;
        self.bytes += message.len();
        self.messages.push_back(message);
        while self.messages.len() > self.depth.messages || self.bytes > self.depth.bytes {
            self.drop_oldest();
        }
    }

    /// Drops what the client has: everything up to that number.
    pub(super) fn acknowledge(&mut self, received: u32) {
        while !self.messages.is_empty() && self.oldest() <= received {
            self.drop_oldest();
        }
    }

    /// Number of the oldest message that is there, or of the next one.
    pub(super) fn oldest(&self) -> u32 {
        self.newest + 1 - self.messages.len() as u32
    }

    pub(super) fn newest(&self) -> u32 {
        self.newest
    }

    /// Whether a client that has received everything up to that number can go on.
    pub(super) fn reaches(&self, received: u32) -> bool {
        received
            .checked_add(1)
            .is_some_and(|next| (self.oldest()..=self.newest + 1).contains(&next))
    }

    /// Everything behind that number, which the ring reaches.
    pub(super) fn after(&self, received: u32) -> impl Iterator<Item = &Bytes> {
        let skipped = received.saturating_add(1).saturating_sub(self.oldest());
        self.messages.iter().skip(skipped as usize)
    }

    /// Whether so much is not acknowledged that what can wait should.
    pub(super) fn is_long(&self) -> bool {
        self.messages.len() * 2 > self.depth.messages || self.bytes * 2 > self.depth.bytes
    }

    /// Gives all of it away.
    pub(super) fn take(&mut self) -> Self {
        let empty = Self::new(self.depth);
        std::mem::replace(self, empty)
    }

    /// Puts another session's messages behind one's own.
    pub(super) fn append(&mut self, later: Self) {
        if later.oldest() > 1 {
            // What is missing there is missing here.
            self.messages.clear();
            self.bytes = 0;
            self.newest += later.oldest() - 1;
        }
        for message in later.messages {
            self.push(message);
        }
    }

    fn drop_oldest(&mut self) {
        if let Some(message) = self.messages.pop_front() {
            self.bytes -= message.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use throng_shared::limits::{EVENTS_BYTES_MAX, EVENTS_MAX};

    fn empty() -> Ring {
        Ring::new(Depth::of(&Limits::default()))
    }

    fn ring(count: usize) -> Ring {
        let mut ring = empty();
        (1..=count).for_each(|number| ring.push(number.to_string().into()));
        ring
    }

    fn after(ring: &Ring, received: u32) -> Vec<Bytes> {
        ring.after(received).cloned().collect()
    }

    #[test]
    fn what_is_acknowledged_goes_and_the_rest_keeps_its_number() {
        let mut ring = ring(5);
        ring.acknowledge(3);
        assert_eq!((ring.oldest(), ring.newest()), (4, 5));
        assert_eq!(after(&ring, 3), ["4", "5"]);
        assert_eq!(after(&ring, 4), ["5"]);
        assert!(ring.reaches(3) && ring.reaches(5) && after(&ring, 5).is_empty());
        assert!(!ring.reaches(2), "because 3 is gone");
        assert!(!ring.reaches(6), "because there never was a sixth");
        assert!(!ring.reaches(u32::MAX - 1) && !ring.reaches(u32::MAX));
        ring.acknowledge(5);
        assert_eq!((ring.oldest(), ring.reaches(5), ring.reaches(4)), (6, true, false));
        assert!(empty().reaches(0) && !empty().reaches(1));
    }

    #[test]
    fn a_full_ring_forgets_the_oldest_by_count_and_by_bytes() {
        let ring = ring(EVENTS_MAX + 3);
        assert_eq!(ring.oldest(), 4);
        assert!(ring.reaches(3) && !ring.reaches(2));
        let mut wide = empty();
        (0..5).for_each(|_| wide.push(vec![0; EVENTS_BYTES_MAX / 4].into()));
        assert_eq!((wide.oldest(), wide.newest()), (2, 5));
    }

    #[test]
    fn a_ring_is_long_by_count_and_by_bytes_until_it_is_acknowledged() {
        assert!(!ring(EVENTS_MAX / 2).is_long());
        let mut many = ring(EVENTS_MAX / 2 + 1);
        assert!(many.is_long());
        many.acknowledge(1);
        assert!(!many.is_long());
        let mut wide = ring(1);
        wide.push(vec![0; EVENTS_BYTES_MAX / 2].into());
        assert!(wide.is_long());
        let mut short = Ring::new(Depth { messages: 10, bytes: 1_000 });
        (0..6).for_each(|_| short.push(vec![0].into()));
        assert!(short.is_long(), "because it keeps fewer");
    }

    #[test]
    fn what_came_while_a_session_moved_stands_behind_it() {
        let mut first = ring(3);
        first.acknowledge(1);
        first.append(ring(2));
        assert_eq!(after(&first, 1), ["2", "3", "1", "2"]);
        assert_eq!(first.newest(), 5);
        let mut torn = ring(3);
        torn.append(ring(EVENTS_MAX + 2));
        assert_eq!(torn.newest() as usize, EVENTS_MAX + 5);
        assert!(!torn.reaches(3), "because two of those that came next are lost");
    }

    #[test]
    fn a_ring_is_as_deep_as_it_was_set_to_be() {
        let limits = Limits { events_max: 200, events_bytes_max: 150_000, ..Limits::default() };
        let mut ring = Ring::new(Depth::of(&limits));
        (0..300).for_each(|_| ring.push(Bytes::from_static(b"x")));
        assert_eq!((ring.oldest(), ring.newest()), (101, 300));
        (0..4).for_each(|_| ring.push(vec![0; 50_000].into()));
        assert_eq!((ring.oldest(), ring.newest()), (302, 304), "because three fill it");
    }
}
