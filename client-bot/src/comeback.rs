//! When a bot that lost its connection tries again, by the plan that all clients share.

use std::time::Duration;

use throng_shared::prng::Prng;
use throng_shared::session::{CloseCode, Comeback, Reconnect, Stage};
use throng_shared::time::Millis;

use crate::client::Ended;

/// The plan of one bot. Its time is that of the connection that ended.
#[derive(Clone, Debug)]
pub(crate) struct Patience(Reconnect);

impl Default for Patience {
    fn default() -> Self {
        Self(Reconnect::new(Millis(0)))
    }
}

impl Patience {
    /// How long to wait after a connection that `ended` so, and on which the bot had
    /// `played`; none when it is not to come back.
    pub(crate) fn after(
        &mut self,
        ended: &Ended,
        played: Duration,
        rng: &mut Prng,
    ) -> Option<Duration> {
        let now = Millis(u64::try_from(played.as_millis()).unwrap_or(u64::MAX));
        if !played.is_zero() {
            self.0.handle_welcome(Millis(0));
        }
        let (comeback, retry_after_ms) = asked(ended);
        self.0.handle_end(now, comeback, retry_after_ms, rng.next_u32());
        match self.0.stage() {
            Stage::Waiting { at, .. } => Some(Duration::from_millis(at.since(now))),
            Stage::Trying | Stage::Up(_) | Stage::Over => None,
        }
    }
}

/// Whether a client is to come back after such an end, and what wait was asked for.
fn asked(ended: &Ended) -> (Comeback, u32) {
    match ended {
        Ended::Closed { code, retry_after_ms, .. } => {
            // A code that nobody knows is a lost link.
            let code = CloseCode::of(*code).unwrap_or(CloseCode::Lost);
            (code.comeback(), *retry_after_ms)
        }
        Ended::Fault(_) | Ended::BadMap(_) => (Comeback::Never, 0),
        Ended::Handshake(_) | Ended::NoWelcome | Ended::Silent | Ended::Broken(_) => {
            (Comeback::Retry, 0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use throng_shared::limits::{RECONNECT_BASE_MS, RECONNECT_STABLE_MS};

    fn lost() -> Ended {
        Ended::Broken("cut".to_owned())
    }

    /// The longest of many waits after so many ends in a row.
    fn longest_ms(patience: &Patience, played_ms: u64) -> u128 {
        let mut rng = Prng::new(1);
        let played = Duration::from_millis(played_ms);
        (0..500)
            .filter_map(|_| patience.clone().after(&lost(), played, &mut rng))
            .map(|wait| wait.as_millis())
            .max()
            .expect("a lost link is no reason to stay away")
    }

    #[test]
    fn only_a_game_that_lasted_begins_anew() {
        let base = u128::from(RECONNECT_BASE_MS);
        let mut patience = Patience::default();
        assert!((base * 9 / 10..base).contains(&longest_ms(&patience, 0)));
        let mut rng = Prng::new(2);
        for _ in 0..6 {
            patience.after(&lost(), Duration::from_millis(RECONNECT_STABLE_MS / 2), &mut rng);
        }
        assert!(longest_ms(&patience, RECONNECT_STABLE_MS / 2) > 7_000);
        assert!(longest_ms(&patience, RECONNECT_STABLE_MS) < base);
    }

    #[test]
    fn a_close_says_whether_and_when() {
        let mut rng = Prng::new(3);
        for &code in CloseCode::ALL {
            let number = code.number();
            let ended = Ended::Closed { code: number, reason: String::new(), retry_after_ms: 3000 };
            let after = Patience::default().after(&ended, Duration::ZERO, &mut rng);
            assert_eq!(after.is_some(), code.comeback() == Comeback::Retry, "{code:?}");
            assert!(after.is_none_or(|after| after >= Duration::from_secs(3)), "because it asked");
        }
        let fault = Ended::BadMap("none".to_owned());
        assert_eq!(Patience::default().after(&fault, Duration::ZERO, &mut rng), None);
    }
}
