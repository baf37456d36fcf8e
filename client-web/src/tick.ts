/** Tick numbers are unsigned 32-bit counters that wrap. Mirrors `Tick` in `shared/src/ids.rs`. */

/** Ticks from `earlier` to `tick`; negative when `tick` is the earlier one. */
export function ticksSince(tick: number, earlier: number): number {
  return (tick - earlier) | 0;
}

/** The tick `ticks` after this one. */
export function tickOffset(tick: number, ticks: number): number {
  return (tick + ticks) >>> 0;
}
