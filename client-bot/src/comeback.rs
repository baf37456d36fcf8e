//! When a bot that lost its connection tries again: full jitter under a bound that grows
//! from try to try, and never after a close that means it.

use std::time::Duration;

use throng_shared::prng::Prng;
use throng_shared::session::{CloseCode, Comeback};

use crate::client::Ended;

/// Bound of the first delay, what each further try makes of it, and the largest.
const BASE: Duration = Duration::from_millis(250);
const GROWTH: f64 = 1.8;
const CAP: Duration = Duration::from_secs(8);
/// A game that lasted so long makes the next try a first one.
const STABLE: Duration = Duration::from_secs(10);

/// How often a bot has tried in a row.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Patience {
    tries: u32,
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
        if played >= STABLE {
            self.tries = 0;
        }
        let asked = match ended {
            Ended::Closed { code, retry_after_ms, .. } => {
                // A code that nobody knows is a lost link.
                let code = CloseCode::of(*code).unwrap_or(CloseCode::Lost);
                match code.comeback() {
                    Comeback::Never => return None,
                    Comeback::Retry => Duration::from_millis(u64::from(*retry_after_ms)),
                }
            }
            Ended::Fault(_) | Ended::BadMap(_) => return None,
            Ended::Handshake(_) | Ended::NoWelcome | Ended::Silent | Ended::Broken(_) => {
                Duration::ZERO
            }
        };
        let bound = bound(self.tries);
        self.tries = self.tries.saturating_add(1);
        let chance = f64::from(rng.next_u32()) / f64::from(u32::MAX);
        Some(asked + bound.mul_f64(chance))
    }
}

/// The longest delay before the try after so many.
fn bound(tries: u32) -> Duration {
    // Beyond a few dozen the power would be no number that a duration takes.
    let growth = GROWTH.powi(tries.min(32).cast_signed());
    BASE.mul_f64(growth).min(CAP)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lost() -> Ended {
        Ended::Broken("cut".to_owned())
    }

    fn closed(code: CloseCode, retry_after_ms: u32) -> Ended {
        Ended::Closed { code: code.number(), reason: String::new(), retry_after_ms }
    }

    #[test]
    fn delays_are_anywhere_below_a_bound_that_grows_to_a_cap() {
        let bounds: Vec<u128> = [0, 1, 2, 5, 6, 7, 1000].map(|n| bound(n).as_millis()).into();
        assert_eq!(bounds, [250, 450, 810, 4723, 8000, 8000, 8000]);
        let mut rng = Prng::new(1);
        let mut firsts: Vec<Duration> = (0..1000)
            .filter_map(|_| Patience::default().after(&lost(), Duration::ZERO, &mut rng))
            .collect();
        firsts.sort_unstable();
        assert_eq!(firsts.len(), 1000);
        assert!(firsts[100] < BASE / 4 && firsts[900] > BASE * 3 / 4, "because jitter is full");
        assert!(firsts[999] <= BASE);
    }

    #[test]
    fn only_a_game_that_lasted_begins_anew() {
        let mut rng = Prng::new(2);
        let mut patience = Patience::default();
        for tries in 1..=6 {
            patience.after(&lost(), STABLE / 2, &mut rng);
            assert_eq!(patience.tries, tries, "because a flapping link is no stable one");
        }
        patience.after(&lost(), STABLE, &mut rng);
        assert_eq!(patience.tries, 1);
    }

    #[test]
    fn a_close_says_whether_and_when() {
        let mut rng = Prng::new(3);
        for &code in CloseCode::ALL {
            let after = Patience::default().after(&closed(code, 3000), Duration::ZERO, &mut rng);
            assert_eq!(after.is_some(), code.comeback() == Comeback::Retry, "{code:?}");
            assert!(after.is_none_or(|after| after >= Duration::from_secs(3)), "because it asked");
        }
        let fault = Ended::BadMap("none".to_owned());
        assert_eq!(Patience::default().after(&fault, Duration::ZERO, &mut rng), None);
    }
}
