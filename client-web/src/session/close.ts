/** The close codes, in one table. Mirrors `shared/src/session/close.rs`, with the sentence that a player reads. */

/** What a client does after a close. */
export type Comeback = 'Retry' | 'Never';

export interface CloseCode {
  readonly number: number;
  readonly comeback: Comeback;
  readonly text: string;
}

function code(number: number, comeback: Comeback, text: string): CloseCode {
  return { number, comeback, text };
}

export const CLOSE = {
  Left: code(1000, 'Never', 'You left the arena.'),
  GoingAway: code(1001, 'Retry', 'The server is going away.'),
  Protocol: code(1002, 'Never', 'The server could not read what this page sent.'),
  TextFrame: code(1003, 'Never', 'The server takes binary messages only.'),
  NotUtf8: code(1007, 'Never', 'The server received a text that it cannot read.'),
  Policy: code(1008, 'Never', 'The server refused what this page sent.'),
  TooBig: code(1009, 'Never', 'A message was too big for the server.'),
  RoomCrashed: code(1011, 'Retry', 'The arena stopped because of a fault.'),
  Restart: code(1012, 'Retry', 'The server is restarting.'),
  Full: code(1013, 'Retry', 'The arena is full.'),
  /** Never sent: what a client sees when the link just ends. */
  Lost: code(1006, 'Retry', 'The connection was lost.'),
  Decode: code(4001, 'Never', 'This page and the server do not understand each other. Reload the page.'),
  NotAuthenticated: code(4003, 'Never', 'The server did not accept how this page introduced itself.'),
  AuthFailed: code(4004, 'Never', 'Your ticket to this arena was refused.'),
  RateLimited: code(4008, 'Retry', 'This page sent too many messages.'),
  Silent: code(4009, 'Retry', 'Nothing was heard from the server for a while.'),
  Kicked: code(4010, 'Never', 'You were removed from the arena.'),
  Replaced: code(4011, 'Never', 'You joined from another window, so this one was closed.'),
  WrongProtocol: code(4012, 'Never', 'This page is older or newer than the server. Reload the page.'),
  SlowConsumer: code(4013, 'Retry', 'Your connection could not keep up.'),
} as const satisfies Record<string, CloseCode>;

const byNumber = new Map<number, CloseCode>(Object.values(CLOSE).map((entry) => [entry.number, entry]));

/** The code of a number; one that we do not use counts as a lost connection. */
export function closeCodeOf(number: number): CloseCode {
  return byNumber.get(number) ?? CLOSE.Lost;
}
