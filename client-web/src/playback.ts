/**
 * When others are shown: a clock behind the newest snapshot, by two intervals plus what the link jitters.
 *
 * It runs at the server's rate, bent by at most 5 %, and jumps only over gaps. It never passes the newest tick.
 */

/** Intervals between snapshots that the clock stays behind, on a calm link. */
const DELAY_INTERVALS = 2;
/** Delay for each millisecond of mean deviation. */
const JITTER_SHARE = 2;
const BEND_MAX = 0.05;
/** Bend for each millisecond of error. */
const GAIN = 0.001;
/** Errors beyond this are jumped over. */
const JUMP_MS = 400;
const WEIGHT = 0.06;

export interface Playback {
  readonly tickMs: number;
  /** Caller's milliseconds at which tick 0 would have arrived, smoothed. */
  originMs: number;
  /** Mean deviation of arrivals from the smoothed origin. */
  jitterMs: number;
  /** Ticks between two snapshots, smoothed. */
  interval: number;
  newest: number;
  /** The tick that is shown, with its fraction. */
  tick: number;
  rate: number;
  nowMs: number;
}

export function newPlayback(tickHz: number): Playback {
  return {
    tickMs: 1000 / tickHz,
    originMs: Number.NaN,
    jitterMs: 0,
    interval: 1,
    newest: 0,
    tick: 0,
    rate: 1,
    nowMs: 0,
  };
}

/** A snapshot of `tick` has come. */
export function arrived(playback: Playback, nowMs: number, tick: number): void {
  const origin = nowMs - tick * playback.tickMs;
  if (Number.isNaN(playback.originMs) || Math.abs(origin - playback.originMs) > JUMP_MS) {
    playback.originMs = origin;
    playback.jitterMs = 0;
    playback.newest = tick;
    jump(playback, nowMs);
    return;
  }
  const gap = Math.min(8, Math.max(1, tick - playback.newest));
  playback.interval += WEIGHT * (gap - playback.interval);
  const deviation = origin - playback.originMs;
  playback.originMs += WEIGHT * deviation;
  playback.jitterMs += WEIGHT * (Math.abs(deviation) - playback.jitterMs);
  playback.newest = tick;
}

/** Moves the clock to now and gives the tick to show. */
export function advancePlayback(playback: Playback, nowMs: number): number {
  if (Number.isNaN(playback.originMs)) return playback.tick;
  const elapsed = nowMs - playback.nowMs;
  const error = (targetTick(playback, nowMs) - playback.tick) * playback.tickMs - elapsed;
  if (Math.abs(error) > JUMP_MS) {
    jump(playback, nowMs);
  } else {
    playback.rate = 1 + Math.min(BEND_MAX, Math.max(-BEND_MAX, error * GAIN));
    playback.tick += (elapsed / playback.tickMs) * playback.rate;
    playback.nowMs = nowMs;
  }
  playback.tick = Math.min(playback.tick, playback.newest);
  return playback.tick;
}

/** How far behind the newest arrival the clock means to be. */
export function delayMs(playback: Playback): number {
  return DELAY_INTERVALS * playback.interval * playback.tickMs + JITTER_SHARE * playback.jitterMs;
}

function targetTick(playback: Playback, nowMs: number): number {
  return (nowMs - playback.originMs - delayMs(playback)) / playback.tickMs;
}

function jump(playback: Playback, nowMs: number): void {
  playback.tick = Math.min(targetTick(playback, nowMs), playback.newest);
  playback.rate = 1;
  playback.nowMs = nowMs;
}
