//! What begins a connection's game: its Welcome, put together where the room's answer, the
//! session and the time of day meet.

use bytes::Bytes;
use throng_shared::ids::{NetId, Tick};
use throng_shared::limits::TIME_MS_MAX;
use throng_shared::time::Millis;
use throng_shared::wire::{Secret, WelcomeHead, splice_welcome};

use super::seat::Seat;
use super::travel::Reached;

/// What every Welcome of a thread tells at one moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Present {
    /// The moment, and what it is in Unix time, in milliseconds.
    pub(super) now: Millis,
    pub(super) unix_ms: u64,
    /// How long sessions wait for their clients, in milliseconds.
    pub(super) session_ms: u64,
}

/// A Welcome that is to be written, and how much the client has received.
#[derive(Debug)]
pub(super) struct Start {
    pub(super) you: NetId,
    pub(super) tick: Tick,
    /// Whether it looks on: `you` is the glider that it sees.
    pub(super) watch: bool,
    /// Number of the newest ordered message that came, if this goes on with a session.
    pub(super) resumed: Option<u32>,
    head: WelcomeHead,
    made: Millis,
    parts: [Bytes; 2],
}

impl Start {
    /// What a room and a session give together.
    pub(super) fn new(
        present: Present,
        (you, tick, parts): Reached,
        (secret, seat): (Secret, &Seat),
        resumed: Option<u32>,
    ) -> Self {
        let head = WelcomeHead {
            secret,
            resumed: resumed.is_some(),
            identity: seat.identity.clone(),
            session_ms: u32::try_from(present.session_ms).unwrap_or(u32::MAX),
            time_ms: present.unix_ms,
        };
        let watch = seat.entrant.watch;
        Self { you, tick, watch, resumed, head, made: present.now, parts }
    }

    /// The message in three pieces, as of `now`: a link that is full may have held it up.
    pub(super) fn pieces<'a>(&'a self, now: Millis, scratch: &'a mut Vec<u8>) -> [&'a [u8]; 3] {
        let time_ms = self.head.time_ms.saturating_add(now.since(self.made)).min(TIME_MS_MAX);
        scratch.clear();
        splice_welcome(scratch, &WelcomeHead { time_ms, ..self.head.clone() });
        let [own, shared] = &self.parts;
        [scratch, own, shared]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use throng_shared::wire::encode;

    fn start(time_ms: u64) -> Start {
        Start {
            you: NetId(1),
            tick: Tick(1),
            watch: false,
            resumed: None,
            head: WelcomeHead { time_ms, ..WelcomeHead::default() },
            made: Millis(100),
            parts: [Bytes::from_static(b"own"), Bytes::from_static(b"shared")],
        }
    }

    #[test]
    fn a_welcome_that_was_held_up_tells_the_time_at_which_it_goes_out() {
        let cases = [(5_000, 5_040), (TIME_MS_MAX - 7, TIME_MS_MAX), (u64::MAX, TIME_MS_MAX)];
        for (made_ms, told_ms) in cases {
            let mut scratch = vec![9; 9];
            let head = WelcomeHead { time_ms: told_ms, ..WelcomeHead::default() };
            let whole = [&[1], &encode(&head)[..], b"own", b"shared"].concat();
            assert_eq!(start(made_ms).pieces(Millis(140), &mut scratch).concat(), whole);
        }
    }
}
