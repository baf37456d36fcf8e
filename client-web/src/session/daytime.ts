/**
 * The time of day by the server's clock: a Welcome tells what it was when it was sent, and half of the shortest round
 * trip is taken for its way.
 */

export interface Daytime {
  /** What the last Welcome told, in milliseconds of Unix time, and when it came by the own clock. */
  toldMs: number;
  cameMs: number;
  /** The shortest round trip on this connection; 0 before the first. */
  rttMs: number;
}

/** Nothing is known. */
export function newDaytime(): Daytime {
  return { toldMs: Number.NaN, cameMs: 0, rttMs: 0 };
}

/** A Welcome came. One that moved came on the same connection, whose round trips hold on. */
export function handleTold(daytime: Daytime, nowMs: number, toldMs: number, moved: boolean): void {
  daytime.toldMs = toldMs;
  daytime.cameMs = nowMs;
  if (!moved) daytime.rttMs = 0;
}

/** A heartbeat told a round trip, or 0 before the first. */
export function handleRoundTrip(daytime: Daytime, rttMs: number): void {
  if (rttMs > 0) daytime.rttMs = daytime.rttMs > 0 ? Math.min(daytime.rttMs, rttMs) : rttMs;
}

/** Unix time in milliseconds; nothing before the first Welcome. */
export function daytimeAt({ toldMs, cameMs, rttMs }: Daytime, nowMs: number): number | null {
  return Number.isNaN(toldMs) ? null : toldMs + rttMs / 2 + (nowMs - cameMs);
}
