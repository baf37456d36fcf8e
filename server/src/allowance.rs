//! How often something may be done: so many times at once, and once more each time.

use throng_shared::time::Millis;

/// So many times at once, and once more each time, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rate {
    pub(crate) burst: u32,
    pub(crate) every_ms: u64,
}

/// What is left of an allowance, as the moment at which it is whole again.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Allowance {
    whole: Millis,
}

impl Allowance {
    /// What is left where two were taken from for the same thing.
    pub(super) fn or_less(self, other: Self) -> Self {
        Self { whole: self.whole.max(other.whole) }
    }

    /// Takes one, if the rate has one left; without a rate there always is one.
    ///
    /// # Errors
    /// When none is left: the milliseconds until there is one.
    pub(crate) fn take(&mut self, now: Millis, rate: Option<Rate>) -> Result<(), u32> {
        let Some(Rate { burst, every_ms }) = rate else { return Ok(()) };
        let whole = self.whole.max(now).plus(every_ms);
        let ahead_ms = whole.since(now);
        let most_ms = u64::from(burst) * every_ms;
        if ahead_ms > most_ms {
            return Err(u32::try_from(ahead_ms - most_ms).unwrap_or(u32::MAX));
        }
        self.whole = whole;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_go_at_once_and_then_one_each_time() {
        let mut it = Allowance::default();
        let taken =
            |it: &mut Allowance, ms| it.take(Millis(ms), Some(Rate { burst: 3, every_ms: 1000 }));
        for _ in 0..3 {
            assert_eq!(taken(&mut it, 500), Ok(()));
        }
        assert_eq!(taken(&mut it, 500), Err(1000));
        assert_eq!(taken(&mut it, 1_200), Err(300), "because asking costs nothing");
        assert_eq!(taken(&mut it, 1_500), Ok(()));
        assert_eq!(taken(&mut it, 1_500), Err(1000));
        for _ in 0..3 {
            assert_eq!(taken(&mut it, 90_000), Ok(()), "because no more than a burst is saved");
        }
        assert!(taken(&mut it, 90_000).is_err());
        assert!((0..100).all(|_| it.take(Millis(90_000), None).is_ok()), "because nobody counts");
    }
}
