//! How often something may be done: so many times at once, and once more each time.

use throng_shared::time::Millis;

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

    /// Takes one of `burst`, of which one comes back every `every_ms`.
    ///
    /// # Errors
    /// When none is left: the milliseconds until there is one.
    pub(crate) fn take(&mut self, now: Millis, burst: u32, every_ms: u64) -> Result<(), u32> {
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
        let taken = |it: &mut Allowance, ms| it.take(Millis(ms), 3, 1000);
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
    }
}
