/**
 * What a player wants, of which only the newest counts: said when it can be, held for a moment when it cannot, and then
 * forgotten, because an old wish is not what anybody wants. Sends nothing and owns no clock.
 *
 * What was said last is said again before long: inputs are also what a server learns from that its snapshots arrive.
 */

import { INPUT_INTERVAL_MS } from '../limits.ts';

/** How long a wish waits for a link that takes it, in milliseconds. */
export const STALE_MS = 500;
/** How long until a link is asked again whether it takes it. */
const AGAIN_MS = 20;

/** Where to and with what force, and what was pressed since it was said last. */
export interface Wanted {
  /** 256 steps clockwise from east. */
  heading: number;
  /** 0 drifts, 15 is full speed. */
  thrust: number;
  /** Heading in which a bolt would fly; the own one when it is left out. */
  aim?: number;
  fire?: boolean;
  dash?: boolean;
}

export interface Steering {
  wanted: Required<Wanted> | null;
  wantedMs: number;
  said: Required<Wanted> | null;
  saidMs: number;
}

export function newSteering(): Steering {
  return { wanted: null, wantedMs: 0, said: null, saidMs: Number.NEGATIVE_INFINITY };
}

/** Takes the place of what was wanted; presses that were not said yet are not lost. */
export function steer(steering: Steering, nowMs: number, wanted: Wanted): void {
  const before = freshOf(steering, nowMs);
  steering.wanted = {
    heading: wanted.heading,
    thrust: wanted.thrust,
    aim: wanted.aim ?? wanted.heading,
    fire: (wanted.fire ?? false) || (before?.fire ?? false),
    dash: (wanted.dash ?? false) || (before?.dash ?? false),
  };
  steering.wantedMs = nowMs;
}

/**
 * What is to be said now, at most once a tick. `canSend`: there is a link, and what is said on it now arrives soon.
 */
export function pollSteering(steering: Steering, nowMs: number, tickMs: number, canSend: boolean): Required<Wanted> | null {
  const wanted = freshOf(steering, nowMs);
  if (!wanted) steering.wanted = null;
  if (!canSend || nowMs - steering.saidMs < tickMs) return null;
  const say = wanted ?? (nowMs - steering.saidMs >= INPUT_INTERVAL_MS ? steering.said : null);
  if (!say) return null;
  steering.wanted = null;
  steering.said = { ...say, fire: false, dash: false };
  steering.saidMs = nowMs;
  return say;
}

/** When `pollSteering` is worth asking next; infinite when nothing is wanted. */
export function steeringAt({ wanted, said, saidMs }: Steering, nowMs: number, tickMs: number): number {
  if (wanted) return Math.max(saidMs + tickMs, nowMs + AGAIN_MS);
  return said ? Math.max(saidMs + INPUT_INTERVAL_MS, nowMs + AGAIN_MS) : Number.POSITIVE_INFINITY;
}

function freshOf({ wanted, wantedMs }: Steering, nowMs: number): Required<Wanted> | null {
  return wanted && nowMs - wantedMs <= STALE_MS ? wanted : null;
}
