/** When to try again after a lost connection: full jitter under a growing ceiling. */

const BASE_MS = 250;
const FACTOR = 1.8;
const CAP_MS = 8_000;
/** A connection that lived this long was a good one, so the next wait starts small again. */
export const STABLE_MS = 10_000;

export interface Backoff {
  attempts: number;
}

export function newBackoff(): Backoff {
  return { attempts: 0 };
}

/** The ceiling of the next wait, before jitter. */
export function ceilingMs(backoff: Backoff): number {
  return Math.min(CAP_MS, BASE_MS * FACTOR ** backoff.attempts);
}

/**
 * How long to wait before the next attempt, and counts it.
 *
 * `chance` is uniform in 0 to 1; `retryAfterMs` is what the server asked for and is a floor, with the jitter on top.
 */
export function nextWaitMs(backoff: Backoff, chance: number, retryAfterMs = 0): number {
  const wait = retryAfterMs + chance * ceilingMs(backoff);
  backoff.attempts++;
  return wait;
}

/** Forgets earlier failures when the connection that just ended had been stable. */
export function connectionEnded(backoff: Backoff, livedMs: number): void {
  if (livedMs >= STABLE_MS) backoff.attempts = 0;
}
