//! The calls of one session: each is taken once, also when its client comes back and
//! repeats those that were not answered.

use throng_shared::limits::CALLS_MAX;
use throng_shared::time::Millis;

use crate::allowance::Allowance;
use crate::config::Limits;

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// It goes to the room.
    New,
    /// It was taken before: its answer came, or is to come.
    Before,
    /// More wait for their answer than this server takes at once: it is to be refused.
    Beyond,
    /// More wait for their answer than any client sends.
    TooMany,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Calls {
    /// Number of the newest.
    newest: u32,
    unanswered: usize,
    /// Ways to other rooms; and those of them that led nowhere, with messages that had no place.
    ways: Allowance,
    refused: Allowance,
}

impl Calls {
    pub(super) fn take(&mut self, limits: &Limits, call: u32) -> Taken {
        if call <= self.newest {
            return Taken::Before;
        }
        self.newest = call;
        if self.unanswered >= CALLS_MAX {
            return Taken::TooMany;
        }
        self.unanswered += 1;
        if self.unanswered > limits.calls_max as usize { Taken::Beyond } else { Taken::New }
    }

    /// Whether a way to another room may be tried now.
    ///
    /// # Errors
    /// The milliseconds until it may.
    pub(super) fn set_out(&mut self, now: Millis, limits: &Limits) -> Result<(), u32> {
        self.ways.take(now, limits.ways())
    }

    /// A way was refused, or a message had no place. Whether that happens too often.
    pub(super) fn refuse(&mut self, now: Millis, limits: &Limits) -> bool {
        self.refused.take(now, limits.refused()).is_err()
    }

    /// Calls that wait for their answer.
    pub(super) fn unanswered(&self) -> usize {
        self.unanswered
    }

    /// Nobody will answer what waits.
    pub(super) fn give_up(&mut self) {
        self.unanswered = 0;
    }

    /// So many were answered.
    pub(super) fn answer(&mut self, count: usize) {
        self.unanswered = self.unanswered.saturating_sub(count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::SwitchedOff;

    fn take(calls: &mut Calls, call: u32) -> Taken {
        calls.take(&Limits::default(), call)
    }

    #[test]
    fn a_call_is_taken_once_however_often_it_is_repeated() {
        let mut calls = Calls::default();
        assert_eq!([1, 2, 1, 2, 3].map(|call| take(&mut calls, call)), {
            [Taken::New, Taken::New, Taken::Before, Taken::Before, Taken::New]
        });
    }

    #[test]
    fn only_so_many_wait_for_their_answer() {
        let mut calls = Calls::default();
        for call in 1..=CALLS_MAX as u32 {
            assert_eq!(take(&mut calls, call), Taken::New);
        }
        calls.answer(1);
        let next = CALLS_MAX as u32 + 1;
        assert_eq!(take(&mut calls, next), Taken::New);
        assert_eq!(take(&mut calls, next), Taken::Before, "because a repetition costs nothing");
        assert_eq!(take(&mut calls, next + 1), Taken::TooMany);
    }

    #[test]
    fn where_fewer_may_wait_the_others_are_refused_and_no_client_ends_for_that() {
        let limits = Limits { calls_max: 2, ..Limits::default() };
        let mut calls = Calls::default();
        let taken = (1..=CALLS_MAX as u32 + 1).map(|call| calls.take(&limits, call));
        let taken: Vec<_> = taken.collect();
        assert_eq!(taken[..2], [Taken::New; 2]);
        assert!(taken[2..CALLS_MAX].iter().all(|it| *it == Taken::Beyond), "{taken:?}");
        assert_eq!(taken[CALLS_MAX], Taken::TooMany);
        calls.answer(CALLS_MAX - 1);
        assert_eq!(calls.take(&limits, 100), Taken::New, "because refusals are answers");
    }

    #[test]
    fn ways_and_what_is_wrong_go_by_the_limits_that_were_set() {
        let limits = Limits { go_burst: 1, refused_burst: 2, ..Limits::default() };
        let mut calls = Calls::default();
        assert_eq!(calls.set_out(Millis(0), &limits), Ok(()));
        assert_eq!(calls.set_out(Millis(0), &limits), Err(limits.go_every_ms));
        assert_eq!([0, 0, 0].map(|ms| calls.refuse(Millis(ms), &limits)), [false, false, true]);
        let switched_off = SwitchedOff { chat_limits: true, ..SwitchedOff::default() };
        let off = Limits { switched_off, ..limits };
        assert!((0..100).all(|_| calls.set_out(Millis(0), &off).is_ok()));
        assert!(!(0..100).any(|_| calls.refuse(Millis(0), &off)));
    }
}
