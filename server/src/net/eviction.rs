//! Two who bring one ticket: until the older has said something, the newer takes its place.
//!
//! The newer one waits until the older one's thread has told the room that it is gone. So a
//! full room refuses nobody because of its own ghost, unless it is told so much that this word
//! has to wait: then the newer one is told when to come back.

use throng_shared::session::CloseCode;

use super::takeover::{Joining, Word};
use super::thread::{NetThread, find};
use crate::link::ConnId;
use crate::tickets::Stub;

impl NetThread {
    /// `by` has brought the ticket of `of`, which makes way.
    pub(super) fn make_way(&mut self, of: ConnId, by: ConnId) {
        let word = match self.evict(of) {
            Some(of) => Word::Evict { of, by },
            None => Word::Evicted { to: by },
        };
        self.words.push(word);
    }

    /// Whoever had the ticket before is gone.
    pub(super) fn step_in(&mut self, conn: ConnId) {
        let Some((index, slot)) = find(&mut self.slots, conn) else { return };
        let waits = |it: &mut Box<Joining>| it.after.take().is_some();
        if let Some(joining) = slot.joining.take_if(waits) {
            self.try_join(index, joining);
        }
    }

    /// Ends a session whose ticket a newer connection has brought, or its way into a room, and
    /// has the room told; and who had the ticket before, unless that one is known to be gone.
    fn evict(&mut self, conn: ConnId) -> Option<ConnId> {
        let now = self.now();
        let (index, slot) = find(&mut self.slots, conn)?;
        let before = slot.joining.as_ref().and_then(|joining| joining.after);
        if let Some((it, _)) = &mut slot.conn {
            it.close(now, &self.tally, CloseCode::Replaced, None, 0);
            self.part(index, now);
        }
        let seat = self.slots[index].seat.as_ref();
        if seat.and_then(|seat| seat.stub.as_ref()).is_some_and(Stub::is_replaced) {
            self.end(index);
        }
        self.control();
        before
    }
}
