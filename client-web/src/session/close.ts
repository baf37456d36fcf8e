/** Why a connection ends and what follows. The table is `CLOSE_CODES` of the codec; here are the sentences that a player reads. */

import { CLOSE_CODES } from '../wire/codec.ts';

/** What a client does after a close. */
export type Comeback = 'Retry' | 'Never';

/** What a player can do when the client stays away. */
export type Remedy = 'Start' | 'Reload' | 'Here';

export interface CloseCode {
  readonly number: number;
  readonly comeback: Comeback;
  /** The reason as the server words it. */
  readonly text: string;
  /** The reason as a player reads it. */
  readonly sentence: string;
  /** What the player can do, in words and in deed. */
  readonly advice: string;
  readonly remedy: Remedy;
}

export type CloseName = keyof typeof CLOSE_CODES;

const SENTENCES: Readonly<Record<CloseName, string>> = {
  Left: 'You left the arena.',
  GoingAway: 'The server is going away.',
  Protocol: 'The server could not read what this page sent.',
  TextFrame: 'The server takes binary messages only.',
  NotUtf8: 'The server received a text that it cannot read.',
  Policy: 'The server refused what this page sent.',
  TooBig: 'A message was too big for the server.',
  RoomCrashed: 'The arena stopped because of a fault.',
  Restart: 'The server is restarting.',
  Full: 'The arena is full.',
  Lost: 'The server cannot be reached.',
  Decode: 'This page and the server do not understand each other.',
  NotAuthenticated: 'The server did not accept how this page introduced itself.',
  AuthFailed: 'Your ticket to this arena was refused.',
  RateLimited: 'This page sent too many messages.',
  Silent: 'Nothing was heard from the server for a while.',
  Kicked: 'You were removed from the arena.',
  Replaced: 'You play in another window now, so this one stands by.',
  WrongProtocol: 'This page is older or newer than the server.',
  SlowConsumer: 'Your connection could not keep up.',
  NoSuchRoom: 'There is no such room any more.',
};

const START: Advice = { advice: 'You can join again from the start.', remedy: 'Start' };
const RELOAD: Advice = { advice: 'Load the page anew to play on.', remedy: 'Reload' };
const TICKET: Advice = { advice: 'A ticket is good once and for a short time. Get a new one where you got this one.', remedy: 'Start' };

/** For the codes after which nothing is tried again; all others join again from the start. */
const ADVICE: Readonly<Partial<Record<CloseName, Advice>>> = {
  Protocol: RELOAD,
  TextFrame: RELOAD,
  NotUtf8: RELOAD,
  Policy: RELOAD,
  TooBig: RELOAD,
  Decode: RELOAD,
  WrongProtocol: RELOAD,
  NotAuthenticated: TICKET,
  AuthFailed: TICKET,
  Replaced: { advice: 'Close it, or go on in this one instead.', remedy: 'Here' },
};

interface Advice {
  readonly advice: string;
  readonly remedy: Remedy;
}

const RETRY_AFTER = /; retry_after_ms=(\d+)$/;
const RETRY_AFTER_MAX = 2 ** 32 - 1;

const byNumber = new Map<number, CloseCode>();
for (const name of Object.keys(CLOSE_CODES) as CloseName[]) {
  byNumber.set(CLOSE_CODES[name].number, closeCode(name));
}

export function closeCode(name: CloseName): CloseCode {
  return { ...CLOSE_CODES[name], sentence: SENTENCES[name], ...(ADVICE[name] ?? START) };
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
