//! The seeded random numbers of simulation, bots and tests.
//!
//! SplitMix64: eight bytes of state, so that a digest can hold all of it. Not
//! for secrets.

/// A seeded generator; equal seeds give equal sequences on every machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prng {
    state: u64,
}

impl Prng {
    /// A generator whose whole sequence follows from `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// An independent generator for the `stream`-th user of one seed.
    #[must_use]
    pub fn stream(seed: u64, stream: u64) -> Self {
        let mut root = Self::new(seed ^ stream.wrapping_mul(0xD6E8_FEB8_6659_FD93));
        Self::new(root.next_u64())
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// The next 32 bits.
    pub fn next_u32(&mut self) -> u32 {
        (self.next_u64() >> 32) as u32
    }

    /// The next 8 bits: a random heading, a random look.
    pub fn next_u8(&mut self) -> u8 {
        (self.next_u64() >> 56) as u8
    }

    /// A number in `0..bound`; zero when `bound` is zero.
    pub fn below(&mut self, bound: u32) -> u32 {
        // Multiply-shift: a bias below 2^-32 times the bound, which no rule can notice.
        ((u64::from(self.next_u32()) * u64::from(bound)) >> 32) as u32
    }

    /// True once in `n` times on average.
    pub fn one_in(&mut self, n: u32) -> bool {
        self.below(n) == 0
    }

    /// The whole state, for digests.
    #[must_use]
    pub fn state(&self) -> u64 {
        self.state
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_fixes_the_sequence() {
        let mut rng = Prng::new(1);
        let seen: Vec<u64> = (0..3).map(|_| rng.next_u64()).collect();
        assert_eq!(
            seen,
            [0x910A_2DEC_8902_5CC1, 0xBEEB_8DA1_658E_EC67, 0xF893_A2EE_FB32_555E],
            "because replays depend on the published SplitMix64 sequence"
        );
    }

    #[test]
    fn below_stays_below() {
        let mut rng = Prng::new(7);
        assert!((0..10_000).all(|_| rng.below(10) < 10), "because the bound is exclusive");
        assert_eq!(rng.below(0), 0, "because an empty range has one answer");
    }
}
