//! What a player asked for and was not answered yet: numbers, a queue, and what a new
//! connection means to them.
//!
//! It sends nothing and knows no time. A server takes each number of a session once, so what
//! may have been lost in a cut is said again when the session goes on; in another session
//! nobody knows whether it was done, and whoever asked is told so.
//! `client-web/src/session/calls.ts` does the same.

use std::collections::VecDeque;
use std::fmt;

use throng_shared::limits::{CALLS_MAX, CALLS_QUEUED_MAX};
use throng_shared::wire::Ask;

/// Which call something is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallId(u64);

/// As many calls wait as may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueFull;

impl fmt::Display for QueueFull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{CALLS_QUEUED_MAX} calls wait to be sent: ask again when some were answered")
    }
}

impl std::error::Error for QueueFull {}

#[derive(Clone, Debug)]
struct Sent {
    id: CallId,
    number: u32,
    ask: Ask,
    /// Whether it was said on the connection that is now.
    said: bool,
}

/// The calls of one player over all its connections.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    /// Number of the newest call of this session.
    called: u32,
    /// Whether there is a connection that was welcomed.
    is_open: bool,
    ids: u64,
    /// Sent and not answered, by number: [`CALLS_MAX`] at most.
    sent: Vec<Sent>,
    /// Not sent: [`CALLS_QUEUED_MAX`] at most.
    queue: VecDeque<(CallId, Ask)>,
}

impl Calls {
    /// Those of a session in which so many were made by somebody else.
    pub(crate) fn after(called: u32) -> Self {
        Self { called, ..Self::default() }
    }

    /// Calls that were made in this session.
    pub(crate) fn called(&self) -> u32 {
        self.called
    }

    /// Takes a call in.
    pub(crate) fn add(&mut self, ask: Ask) -> Result<CallId, QueueFull> {
        if self.queue.len() >= CALLS_QUEUED_MAX {
            return Err(QueueFull);
        }
        self.ids += 1;
        let id = CallId(self.ids);
        self.queue.push_back((id, ask));
        Ok(id)
    }

    /// The next call to be said now, in the order of numbers, until there is none.
    pub(crate) fn poll(&mut self) -> Option<(u32, Ask)> {
        if !self.is_open {
            return None;
        }
        let unsaid = self.sent.iter().position(|call| !call.said);
        let index = match unsaid {
            Some(index) => index,
            None if self.sent.len() >= CALLS_MAX => return None,
            None => {
                let (id, ask) = self.queue.pop_front()?;
                self.called += 1;
                self.sent.push(Sent { id, number: self.called, ask, said: false });
                self.sent.len() - 1
            }
        };
        let call = &mut self.sent[index];
        call.said = true;
        Some((call.number, call.ask.clone()))
    }

    /// The server answered a number; which call that was.
    pub(crate) fn answer(&mut self, number: u32) -> Option<CallId> {
        let index = self.sent.iter().position(|call| call.number == number)?;
        Some(self.sent.remove(index).id)
    }

    /// The connection is gone; what comes in waits for the next one.
    pub(crate) fn cut(&mut self) {
        self.is_open = false;
        self.sent.iter_mut().for_each(|call| call.said = false);
    }

    /// The server took the client in, into the same session or another one: the calls of
    /// which nobody knows any more whether they were done.
    pub(crate) fn open(&mut self, resumed: bool) -> Vec<CallId> {
        self.is_open = true;
        if resumed {
            return Vec::new();
        }
        self.called = 0;
        self.sent.drain(..).map(|call| call.id).collect()
    }

    /// There will be no other connection: all calls that will not be answered.
    pub(crate) fn abandon(&mut self) -> Vec<CallId> {
        self.is_open = false;
        let sent = self.sent.drain(..).map(|call| call.id);
        sent.chain(self.queue.drain(..).map(|(id, _)| id)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(topic: usize) -> Ask {
        Ask::Subscribe { topic: topic.to_string() }
    }

    fn said(calls: &mut Calls) -> Vec<(u32, Ask)> {
        std::iter::from_fn(|| calls.poll()).collect()
    }

    #[test]
    fn eight_are_on_their_way_and_the_others_wait_in_order() {
        let mut calls = Calls::default();
        let ids: Vec<CallId> = (0..10).map(|n| calls.add(ask(n)).expect("few wait")).collect();
        assert_eq!(said(&mut calls), [], "because nobody has said Welcome");
        assert_eq!(calls.open(false), []);
        let first: Vec<_> = (0..CALLS_MAX).map(|n| (n as u32 + 1, ask(n))).collect();
        assert_eq!(said(&mut calls), first);
        assert_eq!(calls.answer(3), Some(ids[2]));
        assert_eq!(calls.answer(3), None, "because each is answered once");
        assert_eq!(said(&mut calls), [(9, ask(8))]);
    }

    #[test]
    fn more_than_may_wait_are_refused_in_a_sentence() {
        let mut calls = Calls::default();
        assert!((0..CALLS_QUEUED_MAX).all(|n| calls.add(ask(n)).is_ok()));
        let refused = calls.add(ask(0)).expect_err("as many wait as may");
        assert!(refused.to_string().starts_with("100 calls wait to be sent"), "{refused}");
        assert_eq!(calls.open(false), []);
        assert_eq!(said(&mut calls).len(), CALLS_MAX);
        assert!(calls.add(ask(0)).is_ok(), "because some are on their way");
    }

    #[test]
    fn a_session_that_goes_on_repeats_numbers_and_another_one_loses_them() {
        let mut calls = Calls::default();
        let [one, two, three] = [0, 1, 2].map(|n| calls.add(ask(n)).expect("few wait"));
        assert_eq!(calls.open(false), []);
        assert_eq!(said(&mut calls).len(), 3);
        assert_eq!(calls.answer(2), Some(two));
        calls.cut();
        let four = calls.add(ask(3)).expect("few wait");
        assert_eq!(said(&mut calls), [], "because there is no connection");
        assert_eq!(calls.open(true), []);
        assert_eq!(said(&mut calls), [(1, ask(0)), (3, ask(2)), (4, ask(3))]);
        calls.cut();
        let five = calls.add(ask(4)).expect("few wait");
        assert_eq!(calls.open(false), [one, three, four], "because they may have been done");
        assert_eq!(said(&mut calls), [(1, ask(4))], "because it was never said");
        assert_eq!(calls.abandon(), [five]);
    }

    #[test]
    fn a_session_of_somebody_else_goes_on_behind_the_calls_that_were_made() {
        let mut before = Calls::default();
        assert_eq!(before.open(false), []);
        assert!((0..3).all(|n| before.add(ask(n)).is_ok()));
        assert_eq!(said(&mut before).len(), 3);
        let mut calls = Calls::after(before.called());
        calls.add(ask(3)).expect("few wait");
        assert_eq!(calls.open(true), []);
        assert_eq!(said(&mut calls), [(4, ask(3))], "because each number is taken once");
        assert_eq!((calls.called(), calls.open(false).len()), (4, 1));
        assert_eq!(calls.called(), 0, "because that one is over");
    }

    #[test]
    fn another_room_on_the_same_connection_repeats_nothing() {
        let mut calls = Calls::default();
        calls.add(ask(0)).expect("few wait");
        assert_eq!(calls.open(false), []);
        assert_eq!(said(&mut calls).len(), 1);
        assert_eq!(calls.open(true), []);
        assert_eq!(said(&mut calls), []);
    }
}
