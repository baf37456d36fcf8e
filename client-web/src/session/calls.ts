/**
 * What a client asked for and was not answered yet: numbers, a queue, deadlines, and what a new connection means to them.
 *
 * It sends nothing and owns no clock. A server takes each number of a session once, so what may have been lost in a cut
 * is said again when the session goes on; in another session nobody knows whether it was done, and its caller is told so.
 */

import { CALLS_MAX, CALLS_QUEUED_MAX } from '../limits.ts';
import type { Ask, ClientMessage, Outcome } from '../wire/codec.ts';

/**
 * Why a call has no answer. `Timeout`: none came in time; one that was sent may have been done all the same. `Lost`: the
 * session ended while it was on its way. `QueueFull`: too many wait already. `Closed`: the connection is over for good.
 */
export type CallFault = 'Timeout' | 'Lost' | 'QueueFull' | 'Closed';

/** How a call ended. `id` is what `addCall` gave. */
export interface Settled {
  readonly id: number;
  readonly end: { readonly kind: 'Answer'; readonly outcome: Outcome } | { readonly kind: 'Fault'; readonly fault: CallFault };
}

interface Call {
  readonly id: number;
  readonly ask: Ask;
  /** When its caller stops waiting, in milliseconds. */
  readonly until: number;
  /** Its number in the session, 0 before it is sent. */
  number: number;
  /** Whether it was said on the connection that is now. */
  said: boolean;
  /** Its caller stopped waiting; the server may still answer. */
  dropped: boolean;
}

export interface Calls {
  readonly queuedMax: number;
  /** The number that was given out last in this session. */
  called: number;
  /** Whether there is a connection that was welcomed. */
  open: boolean;
  ids: number;
  /** Sent and not answered, by number; at most `CALLS_MAX`. */
  sent: Call[];
  queue: Call[];
}

/** `called` is the last number of a session that goes on, as `Calls.called` was when it was kept. */
export function newCalls(queuedMax = CALLS_QUEUED_MAX, called = 0): Calls {
  return { queuedMax, called, open: false, ids: 0, sent: [], queue: [] };
}

/** Takes a call in, and gives its id; nothing when too many wait. */
export function addCall(calls: Calls, now: number, ask: Ask, timeoutMs: number): number | null {
  if (calls.queue.length >= calls.queuedMax) return null;
  const id = ++calls.ids;
  calls.queue.push({ id, ask, until: now + timeoutMs, number: 0, said: false, dropped: false });
  return id;
}

/** The next call to be sent now, in the order of numbers, until there is none. */
export function pollCall(calls: Calls): ClientMessage | null {
  if (!calls.open) return null;
  let call = calls.sent.find(({ said }) => !said);
  if (!call) {
    if (calls.sent.length >= CALLS_MAX) return null;
    call = calls.queue.shift();
    if (!call) return null;
    call.number = ++calls.called;
    calls.sent.push(call);
  }
  call.said = true;
  return { kind: 'Ask', call: call.number, ask: call.ask };
}

/** The server answered. Nothing when nobody waits for that answer any more. */
export function handleAnswer(calls: Calls, number: number, outcome: Outcome): Settled | null {
  const call = calls.sent.find((sent) => sent.number === number);
  if (!call) return null;
  calls.sent = calls.sent.filter((sent) => sent !== call);
  return call.dropped ? null : { id: call.id, end: { kind: 'Answer', outcome } };
}

/** The connection is gone; what comes in waits for the next one. */
export function handleCut(calls: Calls): void {
  calls.open = false;
  for (const call of calls.sent) call.said = false;
  // Nobody waits for these, and numbers may be left out.
  calls.sent = calls.sent.filter(({ dropped }) => !dropped);
}

/**
 * The server took the client in, into the same session or another one. A second time on one connection it only moved to
 * another room.
 */
export function handleOpen(calls: Calls, resumed: boolean): Settled[] {
  calls.open = true;
  if (resumed) return [];
  const lost = calls.sent.filter(({ dropped }) => !dropped).map(({ id }) => faulty(id, 'Lost'));
  calls.sent = [];
  calls.called = 0;
  return lost;
}

/** Calls whose callers have waited long enough. */
export function pollTimeouts(calls: Calls, now: number): Settled[] {
  const late = [...calls.sent, ...calls.queue].filter((call) => !call.dropped && call.until <= now);
  for (const call of late) call.dropped = true;
  calls.queue = calls.queue.filter(({ dropped }) => !dropped);
  if (!calls.open) calls.sent = calls.sent.filter(({ dropped }) => !dropped);
  return late.map(({ id }) => faulty(id, 'Timeout'));
}

/** When `pollTimeouts` has something next; infinite when nobody waits. */
export function timeoutAt(calls: Calls): number {
  return Math.min(...[...calls.sent, ...calls.queue].filter(({ dropped }) => !dropped).map(({ until }) => until));
}

/** There will be no other connection: everybody who waits is told why. */
export function abandonCalls(calls: Calls, fault: CallFault): Settled[] {
  const all = [...calls.sent, ...calls.queue].filter(({ dropped }) => !dropped).map(({ id }) => faulty(id, fault));
  calls.open = false;
  calls.sent = [];
  calls.queue = [];
  return all;
}

function faulty(id: number, fault: CallFault): Settled {
  return { id, end: { kind: 'Fault', fault } };
}
