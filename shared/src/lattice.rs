//! The integer lattice: positions in 1/256 tile, headings as 256 unit vectors.
//!
//! x grows to the east, y to the south, and heading 0 points east, 64 south.

use glam::IVec2;

/// Sub-units in one tile.
pub const SUB: i32 = 256;
/// `log2(SUB)`, for shifts.
pub const SUB_BITS: u32 = 8;
/// Length of the vectors of [`heading_vec`].
pub const UNIT: i32 = 4096;

/// A quarter of a sine wave in 64 steps, scaled by [`UNIT`].
const QUARTER: [i32; 65] = [
    0, 101, 201, 301, 401, 501, 601, 700, 799, 897, 995, 1092, 1189, 1285, 1380, 1474, 1567, 1660,
    1751, 1842, 1931, 2019, 2106, 2191, 2276, 2359, 2440, 2520, 2598, 2675, 2751, 2824, 2896, 2967,
    3035, 3102, 3166, 3229, 3290, 3349, 3406, 3461, 3513, 3564, 3612, 3659, 3703, 3745, 3784, 3822,
    3857, 3889, 3920, 3948, 3973, 3996, 4017, 4036, 4052, 4065, 4076, 4085, 4091, 4095, 4096,
];

/// `sin` of a heading, scaled by [`UNIT`].
const fn sine(heading: u8) -> i32 {
    let step = (heading & 63) as usize;
    match heading >> 6 {
        0 => QUARTER[step],
        1 => QUARTER[64 - step],
        2 => -QUARTER[step],
        _ => -QUARTER[64 - step],
    }
}

const TABLE: [IVec2; 256] = {
    let mut table = [IVec2::ZERO; 256];
    let mut heading = 0;
    while heading < 256 {
        table[heading] = IVec2::new(sine((heading as u8).wrapping_add(64)), sine(heading as u8));
        heading += 1;
    }
    table
};

/// The vector of length [`UNIT`] that points along `heading`.
#[must_use]
pub fn heading_vec(heading: u8) -> IVec2 {
    TABLE[usize::from(heading)]
}

/// The heading vector scaled to `length` sub-units, each part rounded toward zero.
#[must_use]
pub fn along(heading: u8, length: i32) -> IVec2 {
    let unit = heading_vec(heading);
    IVec2::new(unit.x * length / UNIT, unit.y * length / UNIT)
}

/// The heading nearest to the direction of `delta`; zero for a zero vector.
///
/// For brains and aim only: it searches the table and is no part of `step`.
#[must_use]
pub fn heading_of(delta: IVec2) -> u8 {
    let dot = |heading: u8| {
        let unit = heading_vec(heading);
        i64::from(unit.x) * i64::from(delta.x) + i64::from(unit.y) * i64::from(delta.y)
    };
    let mut best = 0_u8;
    let mut step = 64_u8;
    // The product has one maximum around the circle, so halving steps climb to it.
    let quarter = (0..4_u8).map(|q| q * 64).max_by_key(|&h| dot(h));
    if let Some(quarter) = quarter {
        best = quarter;
    }
    while step > 1 {
        step /= 2;
        for candidate in [best.wrapping_sub(step), best.wrapping_add(step)] {
            if dot(candidate) > dot(best) {
                best = candidate;
            }
        }
    }
    best
}

/// Largest integer whose square does not exceed `n`.
///
/// By way of a square root that IEEE 754 defines to the last bit: its 53 bits keep even
/// a square less one apart from the square, and it costs half of an integer's.
#[must_use]
pub fn isqrt(n: u32) -> i32 {
    f64::from(n).sqrt() as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_is_symmetric_and_of_unit_length() {
        for heading in 0..=255_u8 {
            let v = heading_vec(heading);
            assert_eq!(
                -v,
                heading_vec(heading.wrapping_add(128)),
                "because opposite headings must cancel ({heading})"
            );
            let length = isqrt((v.x * v.x + v.y * v.y).cast_unsigned());
            assert!((UNIT - 2..=UNIT + 1).contains(&length), "because {heading} has {length}");
        }
        assert_eq!(heading_vec(64), IVec2::new(0, UNIT), "because 64 points south");
    }

    #[test]
    fn a_root_is_exact_beside_every_square() {
        for root in 1..=u32::from(u16::MAX) {
            let square = root * root;
            for n in [square - 1, square, square + 2 * root] {
                assert_eq!(isqrt(n).cast_unsigned(), n.isqrt(), "because {n} has one root");
            }
        }
        assert_eq!(isqrt(u32::MAX), 65_535);
    }

    #[test]
    fn heading_of_inverts_the_table() {
        for heading in 0..=255_u8 {
            assert_eq!(
                heading_of(heading_vec(heading)),
                heading,
                "because a table vector is nearest to itself"
            );
        }
    }
}
