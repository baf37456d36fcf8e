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

/** The plan of one client's connections. Times are in milliseconds. */
export interface Reconnect {
  stage: Stage;
  /** When the last attempt began. */
  tried: number;
  /** Most that the next wait takes. */
  ceilingMs: number;
}

const TRYING: Stage = { kind: 'Trying' };

/** The first attempt begins now. */
export function newReconnect(now: number): Reconnect {
  return { stage: TRYING, tried: now, ceilingMs: RECONNECT_BASE_MS };
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
  if (comeback === 'Never') {
    plan.stage = { kind: 'Over' };
    return;
  }
  if (plan.stage.kind === 'Up' && now - plan.stage.since >= RECONNECT_STABLE_MS) plan.ceilingMs = RECONNECT_BASE_MS;
  const jitterMs = Math.floor((plan.ceilingMs * chance) / 2 ** 32);
  plan.ceilingMs = Math.min(RECONNECT_CAP_MS, Math.floor((plan.ceilingMs * 9) / 5));
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
