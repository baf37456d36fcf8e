//! Whether two samples are of one distribution: the Mann-Whitney U test.
//!
//! It knows ranks only, so that a single stall cannot decide it. Normal approximation
//! with correction for ties and continuity, which is fair from about eight values on.

/// Values that each side needs.
pub(super) const VALUES_MIN: usize = 8;

/// How probable it is that samples of one distribution differ as much in their ranks,
/// in either direction. Values are finite, and there are some on each side.
pub(super) fn probability(a: &[f64], b: &[f64]) -> f64 {
    let (n_a, n_b) = (a.len() as f64, b.len() as f64);
    let n = n_a + n_b;
    let mut all: Vec<(f64, bool)> = a.iter().map(|&value| (value, true)).collect();
    all.extend(b.iter().map(|&value| (value, false)));
    all.sort_by(|(x, _), (y, _)| x.total_cmp(y));
    let (mut ranks_a, mut ties, mut before) = (0.0, 0.0, 0);
    for equal in all.chunk_by(|(x, _), (y, _)| x.total_cmp(y).is_eq()) {
        let size = equal.len() as f64;
        // Equals share the mean of their ranks, which begin at 1.
        let rank = before as f64 + (size + 1.0) / 2.0;
        ranks_a += rank * equal.iter().filter(|(_, is_a)| *is_a).count() as f64;
        ties += size.powi(3) - size;
        before += equal.len();
    }
    let u = ranks_a - n_a * (n_a + 1.0) / 2.0;
    let variance = n_a * n_b / 12.0 * (n + 1.0 - ties / (n * (n - 1.0)));
    if variance <= 0.0 {
        return 1.0;
    }
    let off = ((u - n_a * n_b / 2.0).abs() - 0.5).max(0.0);
    erfc(off / variance.sqrt() / std::f64::consts::SQRT_2)
}

/// Up to which probability a difference is to be believed when it is one of so many:
/// then at most the part `chance` of those believed is chance (Benjamini and Hochberg).
pub(super) fn limit(probabilities: &[f64], chance: f64) -> f64 {
    let mut sorted = probabilities.to_vec();
    sorted.sort_by(f64::total_cmp);
    let count = sorted.len() as f64;
    let share = |index: usize| chance * (index + 1) as f64 / count;
    (0..sorted.len()).rev().find(|&n| sorted[n] <= share(n)).map_or(0.0, |n| sorted[n])
}

/// The middle value, or the mean of the two middle ones; none of nothing.
pub(super) fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let above = *sorted.get(sorted.len() / 2)?;
    let below = sorted[(sorted.len() - 1) / 2];
    Some(f64::midpoint(below, above))
}

/// The complementary error function of what is not negative, to 1.2e-7 of itself:
/// the Chebyshev fit of Numerical Recipes, section 6.2.
fn erfc(x: f64) -> f64 {
    const FIT: [f64; 10] = [
        -1.265_512_23,
        1.000_023_68,
        0.374_091_96,
        0.096_784_18,
        -0.186_288_06,
        0.278_868_07,
        -1.135_203_98,
        1.488_515_87,
        -0.822_152_23,
        0.170_872_77,
    ];
    let t = 1.0 / (1.0 + 0.5 * x);
    let sum = FIT.iter().rev().fold(0.0, |sum, factor| sum * t + factor);
    t * (sum - x * x).exp()
}

#[cfg(test)]
mod tests {
    use throng_shared::prng::Prng;

    use super::*;

    fn near(found: f64, expected: f64) -> bool {
        (found - expected).abs() < 1e-4
    }

    #[test]
    fn it_agrees_with_the_formula_by_hand() {
        assert!(near(erfc(0.0), 1.0) && near(erfc(1.0), 0.157_299) && near(erfc(2.0), 0.004_678));
        let rising = |from: u32| (0..10).map(|n| f64::from(from + n)).collect::<Vec<_>>();
        // U = 0 of 100, no ties: z = 49.5 / sqrt(175).
        let apart = probability(&rising(0), &rising(10));
        assert!(near(apart, 0.000_182_7), "{apart}");
        // U = 12.5 of 100, five ties of two: z = 37 / sqrt(100 / 12 * (21 - 30 / 380)).
        let tied = probability(&rising(0), &rising(5));
        assert!(near(tied, 0.005_075_4), "{tied}");
    }

    #[test]
    fn equal_samples_are_no_difference() {
        assert!(near(probability(&[3.0; 10], &[3.0; 10]), 1.0));
        let values: Vec<f64> = (0..30).map(f64::from).collect();
        assert!(probability(&values, &values) > 0.99);
    }

    #[test]
    fn it_does_not_matter_which_is_first() {
        let (a, b) = ([1.0, 2.0, 2.0, 5.0, 9.0, 9.5, 7.0, 3.0], [2.0, 6.0, 8.0, 9.0, 12.0, 5.0]);
        assert!(near(probability(&a, &b), probability(&b, &a)));
    }

    #[test]
    fn chance_is_found_as_often_as_it_says() {
        let mut rng = Prng::new(5);
        let mut values = || (0..20).map(|_| f64::from(rng.next_u32())).collect::<Vec<f64>>();
        let below = (0..2000).filter(|_| probability(&values(), &values()) < 0.05).count();
        assert!((60..140).contains(&below), "because {below} of 2000 are about a twentieth");
    }

    #[test]
    fn one_of_many_has_to_be_surer() {
        assert_eq!(limit(&[], 0.01), 0.0);
        assert_eq!(limit(&[0.009], 0.01), 0.009);
        assert_eq!(limit(&[0.5, 0.009], 0.01), 0.0, "because one of two may be chance");
        assert_eq!(limit(&[0.5, 0.004, 0.006], 0.01), 0.006, "because two of three are not");
    }

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
    }
}
