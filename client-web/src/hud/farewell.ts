/** Why there is no connection and what can be done, as a player reads it. */

import type { CloseName } from '../session/close.ts';

/** What a player can do when the client stays away. */
export type Remedy = 'Start' | 'Reload' | 'Here';

export interface Advice {
  /** In words. */
  readonly advice: string;
  /** In deed. */
  readonly remedy: Remedy;
}

export const SENTENCES: Readonly<Record<CloseName, string>> = {
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
  NotAuthenticated: 'This arena lets in only who brings a ticket.',
  AuthFailed: 'Your ticket to this arena was refused.',
  RateLimited: 'This page sent too many messages.',
  Silent: 'Nothing was heard from the server for a while.',
  Kicked: 'You were removed from the arena.',
  Replaced: 'You play in another window now, so this one stands by.',
  WrongProtocol: 'This page is older or newer than the server.',
  SlowConsumer: 'Your connection could not keep up.',
  NoSuchRoom: 'There is no such room. It may have closed because it was empty.',
};

const START: Advice = { advice: 'You can join again from the start.', remedy: 'Start' };
const RELOAD: Advice = { advice: 'Load the page anew to play on.', remedy: 'Reload' };
const TICKET: Advice = {
  advice: 'You need a new ticket, which is good once and for a short time: open the link of the login page again.',
  remedy: 'Start',
};

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
  Kicked: { advice: 'You can join again from the start; if it is a ban, when that is over.', remedy: 'Start' },
  Replaced: { advice: 'Close it, or go on in this one instead.', remedy: 'Here' },
};

export function adviceOf(name: CloseName): Advice {
  return ADVICE[name] ?? START;
}
