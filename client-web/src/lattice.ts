/**
 * The integer lattice: positions in 1/256 tile, headings as 256 unit vectors.
 *
 * x grows to the east, y to the south, and heading 0 points east, 64 south. Mirrors `shared/src/lattice.rs`.
 */

/** Sub-units in one tile. */
export const SUB = 256;
/** `log2(SUB)`, for shifts. */
export const SUB_BITS = 8;
/** Length of the vectors of the heading table. */
export const UNIT = 4096;

/** A quarter of a sine wave in 64 steps, scaled by `UNIT`. */
const QUARTER = Int32Array.of(
  0, 101, 201, 301, 401, 501, 601, 700, 799, 897, 995, 1092, 1189,
  1285, 1380, 1474, 1567, 1660, 1751, 1842, 1931, 2019, 2106, 2191, 2276, 2359,
  2440, 2520, 2598, 2675, 2751, 2824, 2896, 2967, 3035, 3102, 3166, 3229, 3290,
  3349, 3406, 3461, 3513, 3564, 3612, 3659, 3703, 3745, 3784, 3822, 3857, 3889,
  3920, 3948, 3973, 3996, 4017, 4036, 4052, 4065, 4076, 4085, 4091, 4095, 4096,
);

function sine(heading: number): number {
  const step = heading & 63;
  switch ((heading >> 6) & 3) {
    case 0:
      return QUARTER[step]!;
    case 1:
      return QUARTER[64 - step]!;
    case 2:
      return -QUARTER[step]!;
    default:
      return -QUARTER[64 - step]!;
  }
}

/** x of the vector of length `UNIT` along each heading. */
export const HEADING_X = Int32Array.from({ length: 256 }, (_, heading) => sine(heading + 64));
/** y of the vector of length `UNIT` along each heading. */
export const HEADING_Y = Int32Array.from({ length: 256 }, (_, heading) => sine(heading));

/** x of the heading vector scaled to `length` sub-units, rounded toward zero. */
export function alongX(heading: number, length: number): number {
  return ((HEADING_X[heading]! * length) / UNIT) | 0;
}

/** y of the heading vector scaled to `length` sub-units, rounded toward zero. */
export function alongY(heading: number, length: number): number {
  return ((HEADING_Y[heading]! * length) / UNIT) | 0;
}

/** The heading nearest to a direction; zero for a zero vector. */
export function headingOf(dx: number, dy: number): number {
  let best = 0;
  for (let quarter = 64; quarter < 256; quarter += 64) {
    if (along(quarter, dx, dy) >= along(best, dx, dy)) best = quarter;
  }
  // The product has one maximum around the circle, so halving steps climb to it.
  for (let reach = 32; reach >= 1; reach /= 2) {
    const before = (best - reach) & 255;
    if (along(before, dx, dy) > along(best, dx, dy)) best = before;
    const after = (best + reach) & 255;
    if (along(after, dx, dy) > along(best, dx, dy)) best = after;
  }
  return best;
}

/** How far a direction goes along a heading. */
function along(heading: number, dx: number, dy: number): number {
  return HEADING_X[heading]! * dx + HEADING_Y[heading]! * dy;
}

/** The angle of a heading in radians, for drawing. */
export function angleOf(heading: number): number {
  return (heading * Math.PI) / 128;
}

/** Largest integer whose square does not exceed `n`. */
export function isqrt(n: number): number {
  let root = Math.floor(Math.sqrt(n));
  while (root * root > n) root--;
  while ((root + 1) * (root + 1) <= n) root++;
  return root;
}
