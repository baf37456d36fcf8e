/** Why a connection ends and what follows. The table is `CLOSE_CODES` of the codec; here are the sentences that a player reads. */

import { CLOSE_CODES } from '../wire/codec.ts';

/** What a client does after a close. */
export type Comeback = 'Retry' | 'Never';

export interface CloseCode {
  readonly number: number;
  readonly comeback: Comeback;
  /** The reason as the server words it. */
  readonly text: string;
  /** The reason as a player reads it. */
  readonly sentence: string;
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
  Decode: 'This page and the server do not understand each other. Reload the page.',
  NotAuthenticated: 'The server did not accept how this page introduced itself.',
  AuthFailed: 'Your ticket to this arena was refused.',
  RateLimited: 'This page sent too many messages.',
  Silent: 'Nothing was heard from the server for a while.',
  Kicked: 'You were removed from the arena.',
  Replaced: 'You joined from another window, so this one was closed.',
  WrongProtocol: 'This page is older or newer than the server. Reload the page.',
  SlowConsumer: 'Your connection could not keep up.',
};

const byNumber = new Map<number, CloseCode>();
for (const name of Object.keys(CLOSE_CODES) as CloseName[]) {
  byNumber.set(CLOSE_CODES[name].number, closeCode(name));
}

export function closeCode(name: CloseName): CloseCode {
  return { ...CLOSE_CODES[name], sentence: SENTENCES[name] };
}

/** The code of a number; one that we do not use counts as a lost connection. */
export function closeCodeOf(number: number): CloseCode {
  return byNumber.get(number) ?? closeCode('Lost');
}
