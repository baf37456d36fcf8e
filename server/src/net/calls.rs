//! The calls of one session: each is taken once, also when its client comes back and
//! repeats those that were not answered.

use throng_shared::limits::CALLS_MAX;
use throng_shared::time::Millis;

use crate::allowance::Allowance;
use crate::config::Limits;
use crate::link::RoomId;

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

#[derive(Clone, Debug, Default)]
pub(super) struct Calls {
    /// Number of the newest.
    newest: u32,
    /// Those that wait for their answer, and the room that was asked: [`CALLS_MAX`] at most.
    waiting: Vec<(u32, RoomId)>,
    /// What is asked of the room rather than of the hub, which has its own allowances.
    asks: Allowance,
    /// Ways to other rooms; and those of them that led nowhere, with what was wrong in what was
    /// asked of the room, and messages that had no place.
    ways: Allowance,
    refused: Allowance,
}

impl Calls {
    /// A call, for a room.
    pub(super) fn take(&mut self, limits: &Limits, call: u32, of: RoomId) -> Taken {
        if call <= self.newest {
            return Taken::Before;
        }
        if self.waiting.len() >= CALLS_MAX {
            return Taken::TooMany;
        }
        self.newest = call;
        self.waiting.push((call, of));
        if self.waiting.len() > limits.calls_max as usize { Taken::Beyond } else { Taken::New }
    }

    /// Whether the room may be asked for something now.
    ///
    /// # Errors
    /// The milliseconds until it may.
    pub(super) fn ask(&mut self, now: Millis, limits: &Limits) -> Result<(), u32> {
        self.asks.take(now, limits.asks())
    }

    /// Whether a way to another room may be tried now.
    ///
    /// # Errors
    /// The milliseconds until it may.
    pub(super) fn set_out(&mut self, now: Millis, limits: &Limits) -> Result<(), u32> {
        self.ways.take(now, limits.ways())
    }

    /// A call was refused, or a message had no place. Whether that happens too often.
    pub(super) fn refuse(&mut self, now: Millis, limits: &Limits) -> bool {
        self.refused.take(now, limits.refused()).is_err()
    }

    /// Calls that wait for their answer.
    pub(super) fn unanswered(&self) -> usize {
        self.waiting.len()
    }

    /// One was answered. Whether it had no answer before.
    pub(super) fn answer(&mut self, call: u32) -> bool {
        let before = self.waiting.len();
        self.waiting.retain(|&(it, _)| it != call);
        self.waiting.len() < before
    }

    /// Those that a room was asked for, and will not answer any more.
    pub(super) fn give_up(&mut self, of: RoomId) -> Vec<u32> {
        let lost = self.waiting.extract_if(.., |&mut (_, it)| it == of);
        lost.map(|(call, _)| call).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::SwitchedOff;

    const HERE: RoomId = RoomId { place: 0, number: 1 };

    fn take(calls: &mut Calls, call: u32) -> Taken {
        calls.take(&Limits::default(), call, HERE)
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
        assert!(calls.answer(1) && !calls.answer(1), "because it is answered once");
        let next = CALLS_MAX as u32 + 1;
        assert_eq!(take(&mut calls, next), Taken::New);
        assert_eq!(take(&mut calls, next), Taken::Before, "because a repetition costs nothing");
        assert_eq!(take(&mut calls, next + 1), Taken::TooMany);
        calls.answer(next);
        assert_eq!(take(&mut calls, next + 1), Taken::New, "because it was not taken then");
    }

    #[test]
    fn what_a_room_was_asked_is_given_up_with_it_and_nothing_else() {
        let there = RoomId { place: 1, number: 1 };
        let mut calls = Calls::default();
        for (call, of) in [(1, HERE), (2, HERE), (3, there), (4, HERE)] {
            assert_eq!(calls.take(&Limits::default(), call, of), Taken::New);
        }
        calls.answer(2);
        assert_eq!(calls.give_up(HERE), [1, 4]);
        assert!(!calls.answer(1), "because it has had its answer");
        assert_eq!((calls.unanswered(), calls.answer(3)), (1, true));
    }

    #[test]
    fn where_fewer_may_wait_the_others_are_refused_and_no_client_ends_for_that() {
        let limits = Limits { calls_max: 2, ..Limits::default() };
        let mut calls = Calls::default();
        let taken = (1..=CALLS_MAX as u32 + 1).map(|call| calls.take(&limits, call, HERE));
        let taken: Vec<_> = taken.collect();
        assert_eq!(taken[..2], [Taken::New; 2]);
        assert!(taken[2..CALLS_MAX].iter().all(|it| *it == Taken::Beyond), "{taken:?}");
        assert_eq!(taken[CALLS_MAX], Taken::TooMany);
        (2..=CALLS_MAX as u32).for_each(|call| assert!(calls.answer(call)));
        assert_eq!(calls.take(&limits, 100, HERE), Taken::New, "because refusals are answers");
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
