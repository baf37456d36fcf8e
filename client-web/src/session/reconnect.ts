/**
 * When a client connects again: full jitter under a growing ceiling. Mirrors `shared/src/session/reconnect.rs`.
 *
 * It plans and opens nothing. Time and chance are arguments, and all is whole numbers, so that both ends plan the same
 * to the millisecond.
 */

import { RECONNECT_BASE_MS, RECONNECT_CAP_MS, RECONNECT_HINT_MS, RECONNECT_STABLE_MS, RETRY_MAX_MS } from '../limits.ts';
import type { Comeback } from './close.ts';

/**
 * Where a client stands with its server. While it waits, nothing runs until `at`; a hint may bring that forward, but
 * not before `floor`, which is what the server asked for.
 */
export type Stage =
  | { readonly kind: 'Trying' }
  | { readonly kind: 'Up'; readonly since: number }
  | { readonly kind: 'Waiting'; readonly at: number; readonly floor: number }
  | { readonly kind: 'Over' };

/** How soon and how often a client tries again. */
export interface Pace {
  /** Most that the first wait takes, and any, in milliseconds. */
  readonly minDelay: number;
  readonly maxDelay: number;
  /** What the ceiling of the waits grows by with each failure. */
  readonly growFactor: number;
  /** The share of a wait that is left to chance, 0 to 1. */
  readonly jitter: number;
  /** Attempts in a row that may fail before none is made any more. */
  readonly maxRetries: number;
  /** A connection that lived so many milliseconds was a good one. */
  readonly minUptime: number;
}

/** What both ends plan when nobody wishes otherwise. */
export const PACE: Pace = {
  minDelay: RECONNECT_BASE_MS,
  maxDelay: RECONNECT_CAP_MS,
  growFactor: 1.8,
  jitter: 1,
  maxRetries: Number.POSITIVE_INFINITY,
  minUptime: RECONNECT_STABLE_MS,
};

/** The plan of one client's connections. Times are in milliseconds. */
export interface Reconnect {
  readonly pace: Pace;
  stage: Stage;
  /** When the last attempt began. */
  tried: number;
  /** Most that the next wait takes. */
  ceilingMs: number;
  /** Attempts that failed since the last good connection. */
  failures: number;
}

const TRYING: Stage = { kind: 'Trying' };

/** The first attempt begins now. */
export function newReconnect(now: number, pace: Pace = PACE): Reconnect {
  return { pace, stage: TRYING, tried: now, ceilingMs: pace.minDelay, failures: 0 };
}

/** The server took the client in. */
export function handleWelcome(plan: Reconnect, now: number): void {
  plan.stage = { kind: 'Up', since: now };
}

/**
 * The attempt or the connection ended. `retryAfterMs` is what the server asked for, of which `RETRY_MAX_MS` are granted,
 * and the jitter comes on top of it; `chance` is uniform over the whole numbers below 2^32.
 */
export function handleEnd(plan: Reconnect, now: number, comeback: Comeback, retryAfterMs: number, chance: number): void {
  const { pace } = plan;
  if (plan.stage.kind === 'Up' && now - plan.stage.since >= pace.minUptime) {
    plan.ceilingMs = pace.minDelay;
    plan.failures = 0;
  }
  if (comeback === 'Never' || plan.failures >= pace.maxRetries) {
    plan.stage = { kind: 'Over' };
    return;
  }
  plan.failures++;
  const sureMs = plan.ceilingMs - pace.jitter * plan.ceilingMs;
  const jitterMs = Math.floor(sureMs + (pace.jitter * plan.ceilingMs * chance) / 2 ** 32);
  plan.ceilingMs = Math.min(pace.maxDelay, Math.floor(plan.ceilingMs * pace.growFactor));
  const floor = now + Math.min(retryAfterMs, RETRY_MAX_MS);
  plan.stage = { kind: 'Waiting', at: floor + jitterMs, floor };
}

/** The network is back, or somebody looks: there is no reason to wait out the jitter. */
export function handleHint(plan: Reconnect, now: number): void {
  if (plan.stage.kind !== 'Waiting') return;
  const { at, floor } = plan.stage;
  plan.stage = { kind: 'Waiting', at: Math.min(at, Math.max(now, floor, plan.tried + RECONNECT_HINT_MS)), floor };
}

/** The player asks for it, and need not wait for what the server would like either. */
export function handleWish(plan: Reconnect, now: number): void {
  if (plan.stage.kind !== 'Waiting') return;
  const { at, floor } = plan.stage;
  plan.stage = { kind: 'Waiting', at: Math.min(at, Math.max(now, plan.tried + RECONNECT_HINT_MS)), floor };
}

/** Whether to connect now. If so, that attempt has begun. */
export function pollReconnect(plan: Reconnect, now: number): boolean {
  if (plan.stage.kind !== 'Waiting' || now < plan.stage.at) return false;
  plan.stage = TRYING;
  plan.tried = now;
  return true;
}

/** When the next attempt begins; not a number while one runs or when none will be made. */
export function retryAt(plan: Reconnect): number {
  return plan.stage.kind === 'Waiting' ? plan.stage.at : Number.NaN;
}
