//! What a player wants, of which only the newest counts: said when it can be, held for a
//! moment when it cannot, and then forgotten. It sends nothing; time is an argument.

use throng_shared::limits::INPUT_STALE_MS;
use throng_shared::time::Millis;

use crate::brain::Intent;

/// The newest intent that was not said, and since when.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wish(Option<(Intent, Millis)>);

impl Wish {
    /// Takes the place of what was wanted; presses that were not said yet are not lost.
    pub(crate) fn want(&mut self, now: Millis, intent: Intent) {
        let before = self.fresh(now).unwrap_or_default();
        let (fire, dash) = (intent.fire || before.fire, intent.dash || before.dash);
        self.0 = Some((Intent { fire, dash, ..intent }, now));
    }

    /// What is to be said now: once, and nothing that is older than [`INPUT_STALE_MS`].
    pub(crate) fn take(&mut self, now: Millis) -> Option<Intent> {
        let fresh = self.fresh(now);
        self.0 = None;
        fresh
    }

    /// Whether something waits.
    pub(crate) fn waits(&self) -> bool {
        self.0.is_some()
    }

    fn fresh(&self, now: Millis) -> Option<Intent> {
        self.0.filter(|&(_, since)| now.since(since) <= INPUT_STALE_MS).map(|(intent, _)| intent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heading(heading: u8) -> Intent {
        Intent { heading, ..Intent::default() }
    }

    #[test]
    fn only_the_newest_is_said_and_only_once() {
        let mut wish = Wish::default();
        for n in 0..50 {
            wish.want(Millis(n), heading(n as u8));
        }
        assert_eq!(wish.take(Millis(60)), Some(heading(49)));
        assert_eq!(wish.take(Millis(60)), None);
    }

    #[test]
    fn what_waited_too_long_is_dropped_with_its_presses() {
        let mut wish = Wish::default();
        wish.want(Millis(0), Intent { fire: true, ..heading(1) });
        assert_eq!(wish.clone().take(Millis(INPUT_STALE_MS)).map(|it| it.fire), Some(true));
        assert_eq!(wish.clone().take(Millis(INPUT_STALE_MS + 1)), None);
        wish.want(Millis(INPUT_STALE_MS + 1), heading(2));
        assert_eq!(wish.take(Millis(INPUT_STALE_MS + 1)), Some(heading(2)), "because it is old");
    }

    #[test]
    fn a_press_that_was_not_said_yet_is_said_with_the_next_wish() {
        let mut wish = Wish::default();
        wish.want(Millis(0), Intent { dash: true, ..heading(1) });
        wish.want(Millis(90), Intent { fire: true, ..heading(2) });
        assert!(wish.waits());
        assert_eq!(wish.take(Millis(99)), Some(Intent { fire: true, dash: true, ..heading(2) }));
        assert!(!wish.waits());
    }
}
