/** Why a connection ends and what follows: the table `CLOSE_CODES` of the codec, by number and by name. */

import { CLOSE_CODES } from '../wire/codec.ts';

/** What a client does after a close. */
export type Comeback = 'Retry' | 'Never';

export type CloseName = keyof typeof CLOSE_CODES;

export interface CloseCode {
  readonly name: CloseName;
  readonly number: number;
  readonly comeback: Comeback;
  /** The reason as the server words it. */
  readonly text: string;
}

const RETRY_AFTER = /; retry_after_ms=(\d+)$/;
const RETRY_AFTER_MAX = 2 ** 32 - 1;

const byNumber = new Map<number, CloseCode>();
for (const name of Object.keys(CLOSE_CODES) as CloseName[]) {
  byNumber.set(CLOSE_CODES[name].number, closeCode(name));
}

export function closeCode(name: CloseName): CloseCode {
  return { name, ...CLOSE_CODES[name] };
}

/** The code of a number; one that we do not use counts as a lost connection. */
export function closeCodeOf(number: number): CloseCode {
  return byNumber.get(number) ?? closeCode('Lost');
}

/** Takes a close frame's reason apart: its words, and when the server wants to see the client again. */
export function splitReason(reason: string): { text: string; retryAfterMs: number } {
  const found = RETRY_AFTER.exec(reason);
  if (!found) return { text: reason, retryAfterMs: 0 };
  return { text: reason.slice(0, found.index), retryAfterMs: Math.min(RETRY_AFTER_MAX, Number(found[1])) };
}
