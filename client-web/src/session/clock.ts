/**
 * The client's clock: which tick an input sent now is for. Mirrors `shared/src/session/clock.rs`,
 * and has `clockSeen` besides, because a page may stall before it reads its welcome.
 *
 * It runs ahead of the server by the way there plus a margin. The server reports how early inputs arrive; the clock
 * bends by at most 5 % to keep that at its target, and jumps only when it is far off.
 */

import { ticksSince } from '../tick.ts';

/** Largest bend of the clock's rate. */
const BEND_MAX = 0.05;
/** Bend for each tick of error. */
const GAIN = 0.03;
/** Errors beyond this many ticks are jumped over. */
const JUMP_TICKS = 3;
/** Earliness that a calm link aims for, in ticks, and the most for a jittery one. */
const TARGET_TICKS = 0.5;
const TARGET_TICKS_MAX = 4;
/** Ticks ahead of the server's tick at the start, before any feedback. */
const START_AHEAD_TICKS = 2;
/** Weight of a new sample in the moving spread of earliness. */
const SPREAD_WEIGHT = 0.1;
/** Units of `Feedback.early` in a tick. */
const EARLY_SCALE = 16;
/** Inputs that are remembered until the server tells of them. */
const SENT_MAX = 64;

/** Times are milliseconds on the caller's own monotonic clock. */
export interface Clock {
  readonly tickMs: number;
  anchorMs: number;
  anchorTick: number;
  /** Rate against the caller's clock, 0.95 to 1.05. */
  rate: number;
  meanEarly: number;
  spread: number;
  samples: number;
  /**
   * Jumps so far. A report on an input that was sent before the last one is of the clock as it was, and says nothing of
   * the clock as it is.
   */
  jumps: number;
  /** Ticks of inputs on their way, each with the jumps before it. */
  readonly sent: { tick: number; jumps: number }[];
}

/** A clock for `tickHz`, at the moment when the server was at `tick`. */
export function newClock(nowMs: number, tick: number, tickHz: number): Clock {
  return {
    tickMs: 1000 / Math.max(1, tickHz),
    anchorMs: nowMs,
    anchorTick: tick + START_AHEAD_TICKS,
    rate: 1,
    meanEarly: TARGET_TICKS,
    spread: 0,
    samples: 0,
    jumps: 0,
    sent: [],
  };
}

/** The tick, with its fraction, that an input sent now is for. */
export function tickAt(clock: Clock, nowMs: number): number {
  return clock.anchorTick + ((nowMs - clock.anchorMs) / clock.tickMs) * clock.rate;
}

/**
 * A tick was seen. A clock that has not come to it began too late, as where the welcome waited to be read: it begins anew.
 * Inputs name a tick after the seen one whatever the clock says, so that reports on them would not tell.
 */
export function clockSeen(clock: Clock, nowMs: number, seen: number): void {
  if (ticksSince(Math.floor(tickAt(clock, nowMs)), seen) >= 0) return;
  clock.anchorTick = seen + START_AHEAD_TICKS;
  clock.anchorMs = nowMs;
  clock.jumps++;
  clock.rate = 1;
  clock.samples = 0;
  clock.meanEarly = targetTicks(clock);
}

/** An input that names `tick` was sent. */
export function noteSent(clock: Clock, tick: number): void {
  if (clock.sent.length === SENT_MAX) clock.sent.shift();
  clock.sent.push({ tick, jumps: clock.jumps });
}

/** Takes a report of the server on the input for `acked`, in 1/16 tick, and bends or jumps. */
export function clockFeedback(clock: Clock, nowMs: number, acked: number, report: number): void {
  // Reports come in the order of the inputs; some inputs have none.
  const index = clock.sent.findIndex((sent) => sent.tick === acked);
  if (index < 0) return;
  const isStale = clock.sent[index]!.jumps !== clock.jumps;
  clock.sent.splice(0, index + 1);
  if (isStale) return;
  const early = report / EARLY_SCALE;
  const weight = clock.samples === 0 ? 1 : SPREAD_WEIGHT;
  clock.samples++;
  clock.spread += SPREAD_WEIGHT * (Math.abs(early - clock.meanEarly) - clock.spread);
  clock.meanEarly += weight * (early - clock.meanEarly);
  const target = targetTicks(clock);
  const error = early - target;
  clock.anchorTick = tickAt(clock, nowMs);
  clock.anchorMs = nowMs;
  if (Math.abs(error) > JUMP_TICKS) {
    clock.anchorTick -= error;
    clock.jumps++;
    clock.rate = 1;
    clock.samples = 0;
    clock.meanEarly = target;
  } else {
    clock.rate = 1 - Math.min(BEND_MAX, Math.max(-BEND_MAX, error * GAIN));
  }
}

/** Earliness that the clock aims for, in ticks. */
function targetTicks(clock: Clock): number {
  return Math.min(TARGET_TICKS_MAX, TARGET_TICKS + 2 * clock.spread);
}
