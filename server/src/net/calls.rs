//! The calls of one session: each is taken once, also when its client comes back and
//! repeats those that were not answered.

use throng_shared::limits::{CALLS_MAX, GO_BURST, GO_EVERY_MS, REFUSED_BURST, REFUSED_EVERY_MS};
use throng_shared::time::Millis;

use crate::allowance::Allowance;

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// It goes to the room.
    New,
    /// It was taken before: its answer came, or is to come.
    Before,
    /// More wait for their answer than may.
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
    pub(super) fn take(&mut self, call: u32) -> Taken {
        if call <= self.newest {
            return Taken::Before;
        }
        self.newest = call;
        if self.unanswered >= CALLS_MAX {
            return Taken::TooMany;
        }
        self.unanswered += 1;
        Taken::New
    }

    /// Whether a way to another room may be tried now.
    ///
    /// # Errors
    /// The milliseconds until it may.
    pub(super) fn set_out(&mut self, now: Millis) -> Result<(), u32> {
        self.ways.take(now, GO_BURST, GO_EVERY_MS)
    }

    /// A way was refused, or a message had no place. Whether that happens too often.
    pub(super) fn refuse(&mut self, now: Millis) -> bool {
        self.refused.take(now, REFUSED_BURST, REFUSED_EVERY_MS).is_err()
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

    #[test]
    fn a_call_is_taken_once_however_often_it_is_repeated() {
        let mut calls = Calls::default();
        assert_eq!([1, 2, 1, 2, 3].map(|call| calls.take(call)), {
            [Taken::New, Taken::New, Taken::Before, Taken::Before, Taken::New]
        });
    }

    #[test]
    fn only_so_many_wait_for_their_answer() {
        let mut calls = Calls::default();
        for call in 1..=CALLS_MAX as u32 {
            assert_eq!(calls.take(call), Taken::New);
        }
        calls.answer(1);
        let next = CALLS_MAX as u32 + 1;
        assert_eq!(calls.take(next), Taken::New);
        assert_eq!(calls.take(next), Taken::Before, "because a repetition costs nothing");
        assert_eq!(calls.take(next + 1), Taken::TooMany);
    }
}
