/**
 * The own glider ahead of the server: it moves when a key is pressed, by the same `step` as at the server.
 *
 * Each snapshot shows where it was at an earlier tick. When that equals what was predicted for that tick, nothing is
 * done; when not, it is rewound and the later intents are played again.
 */

import type { TileMap } from './map.ts';
import { type Body, bodyAt, copyBody, type Rules, type Steer, sameBody, step } from './motion.ts';
import { ticksSince } from './tick.ts';

/** Ticks that are remembered; a power of two above the furthest that an input may run ahead. */
const TICKS = 512;
const MASK = TICKS - 1;
/** Time in which a visual error shrinks to a third. */
const SMOOTH_MS = 40;

interface Moment {
  /** The tick that this moment holds, or -1. */
  tick: number;
  heading: number;
  thrust: number;
  dash: boolean;
  readonly body: Body;
  /** Whether `body` was predicted for this tick. */
  moved: boolean;
}

export interface Prediction {
  /** The newest tick for which an intent was set. */
  tick: number;
  /** Whether there is a glider to move. */
  live: boolean;
  /** At `tick` and one tick before. */
  readonly body: Body;
  readonly before: Body;
  readonly steer: Steer;
  readonly moments: readonly Moment[];
  corrections: number;
  /** What is left of the last correction, in sub-units, added to what is shown. */
  errorX: number;
  errorY: number;
}

export function newPrediction(tick: number): Prediction {
  return {
    tick,
    live: false,
    body: bodyAt(0, 0),
    before: bodyAt(0, 0),
    steer: { heading: 0, thrust: 0 },
    moments: Array.from({ length: TICKS }, () => ({
      tick: -1,
      heading: 0,
      thrust: 0,
      dash: false,
      body: bodyAt(0, 0),
      moved: false,
    })),
    corrections: 0,
    errorX: 0,
    errorY: 0,
  };
}

/** Sets the intent for the next tick and moves the glider, if there is one. */
export function predict(
  prediction: Prediction,
  tick: number,
  heading: number,
  thrust: number,
  dash: boolean,
  rules: Rules,
  map: TileMap,
): void {
  const moment = prediction.moments[tick & MASK]!;
  moment.tick = tick;
  moment.heading = heading;
  moment.thrust = thrust;
  moment.dash = dash;
  moment.moved = false;
  prediction.tick = tick;
  if (prediction.live) moveTo(prediction, tick, rules, map);
}

/** The snapshot shows no own glider: there is nothing to predict until the next life. */
export function loseBody(prediction: Prediction): void {
  prediction.live = false;
  prediction.errorX = 0;
  prediction.errorY = 0;
}

/** Holds the prediction against the own glider as the server had it after `tick`. True when it had to be corrected. */
export function reconcile(
  prediction: Prediction,
  tick: number,
  body: Body,
  steer: Steer,
  rules: Rules,
  map: TileMap,
): boolean {
  const ahead = ticksSince(prediction.tick, tick);
  const moment = prediction.moments[tick & MASK]!;
  const known = prediction.live && moment.tick === tick && moment.moved && ahead >= 0;
  if (known && sameBody(moment.body, body)) return false;

  const { x, y } = prediction.body;
  const corrected = known;
  const wasLive = prediction.live;
  prediction.live = true;
  copyBody(prediction.body, body);
  copyBody(prediction.before, body);
  prediction.steer.heading = steer.heading;
  prediction.steer.thrust = steer.thrust;
  if (ahead < 0 || ahead >= TICKS) {
    prediction.tick = tick;
  } else {
    moment.tick = tick;
    moment.moved = true;
    copyBody(moment.body, body);
    for (let i = 1; i <= ahead; i++) moveTo(prediction, tick + i, rules, map);
  }
  if (corrected) prediction.corrections++;
  if (wasLive) {
    prediction.errorX += x - prediction.body.x;
    prediction.errorY += y - prediction.body.y;
  }
  return corrected;
}

/** Lets the visual error fade. */
export function fadeError(prediction: Prediction, elapsedMs: number): void {
  const left = Math.exp(-elapsedMs / SMOOTH_MS);
  prediction.errorX *= left;
  prediction.errorY *= left;
}

/** Where to show the glider `share` of a tick after the tick before the newest, in sub-units. */
export function shownX(prediction: Prediction, share: number): number {
  return prediction.before.x + (prediction.body.x - prediction.before.x) * share + prediction.errorX;
}

export function shownY(prediction: Prediction, share: number): number {
  return prediction.before.y + (prediction.body.y - prediction.before.y) * share + prediction.errorY;
}

/** Moves by one tick under the intent set for it; without one, the last intent stays in force. */
function moveTo(prediction: Prediction, tick: number, rules: Rules, map: TileMap): void {
  const moment = prediction.moments[tick & MASK]!;
  const set = moment.tick === tick;
  if (set) {
    prediction.steer.heading = moment.heading;
    prediction.steer.thrust = moment.thrust;
  }
  copyBody(prediction.before, prediction.body);
  step(prediction.body, prediction.steer, set && moment.dash, tick, rules, map);
  if (set) {
    copyBody(moment.body, prediction.body);
    moment.moved = true;
  }
}
