/** The client's end of one session, without a socket. Mirrors `shared/src/session/client.rs`. */

import { CLIENT_SILENCE_MS, CLIENT_STALL_MS, INPUT_AHEAD_TICKS_MAX, SERVER_MESSAGE_BYTES } from '../limits.ts';
import type { Steer } from '../motion.ts';
import { ticksSince } from '../tick.ts';
import {
  type ClientMessage,
  decodeServerMessage,
  encodeClientMessage,
  type Event,
  type Identity,
  type Input,
  PROTOCOL_VERSION,
  type Resume,
  SCHEMA_HASH,
  type Secret,
  type ServerMessage,
  type Snapshot,
  type Welcome,
} from '../wire/codec.ts';
import { DecodeError, Reader } from '../wire/reader.ts';
import { Writer } from '../wire/writer.ts';

/** What a frame of the server means to its client. */
export type Update =
  | { kind: 'Welcome'; welcome: Welcome }
  | { kind: 'Snapshot'; snapshot: Snapshot }
  | { kind: 'Event'; event: Event }
  /** An ordered event that came before. */
  | { kind: 'Duplicate' }
  /** A heartbeat came; `answer` goes back at once. */
  | { kind: 'Ping'; answer: ClientMessage; rttMs: number; jitterMs: number }
  /** The server is about to close. */
  | { kind: 'Goodbye'; code: number; reason: string; retryAfterMs: number }
  /** The frame is no message, or not one for this state: the client gives up on its server. */
  | { kind: 'Fault'; fault: DecodeError | 'Unexpected' };

export interface ClientSession {
  you: number | null;
  heardMs: number;
  /** When silence was looked for last. */
  polledMs: number;
  /** Since when there is reason to doubt that the link lives, until the server is heard. */
  doubtedMs: number | null;
  /** Number of the newest ordered event that came. */
  received: number;
  secret: Secret | null;
  fire: number;
  dash: number;
}

/** What a program that is started anew goes on with, within the time that a server keeps a session. It is a secret. */
export interface KeptSession extends Resume {
  /** Number of the newest call. */
  readonly called: number;
  /** How long the server holds it once its connection is lost. */
  readonly sessionMs: number;
}

/** What a client would like of the server that takes it in. */
export interface Wish {
  /** Who the player was on the visit before, from the last Welcome. */
  readonly identity: Identity | null;
  /** Name or code of a room, or nothing: any that has a place. */
  readonly room: string;
  /** To look on without a body. */
  readonly watch: boolean;
}

/** Time in which a link shows that it lives: snapshots come all the time, and a heartbeat every 2.5 s at least. */
const SIGN_MS = 3_500;

const NO_WISH: Wish = { identity: null, room: '', watch: false };

const writer = new Writer();

/**
 * A session on a connection that begins now, and the Hello to begin it with. `resume` is what `keep` gave of the
 * connection before.
 */
export function newSession(
  nowMs: number,
  name: string,
  look: number,
  ticket = '',
  resume: Resume | null = null,
  { identity, room, watch }: Wish = NO_WISH,
): { session: ClientSession; hello: ClientMessage } {
  const { secret, received } = resume ?? { secret: null, received: 0 };
  return {
    session: { you: null, heardMs: nowMs, polledMs: nowMs, doubtedMs: null, received, secret, fire: 0, dash: 0 },
    hello: {
      kind: 'Hello',
      value: { version: PROTOCOL_VERSION, schema: SCHEMA_HASH, name, look, ticket, resume, identity, room, watch },
    },
  };
}

/** What the next connection goes on with: nothing before the first Welcome. */
export function keep(session: ClientSession): Resume | null {
  const { secret, received } = session;
  return secret && { secret, received };
}

/** The bytes of a message to the server. Throws a `RangeError` when a number in it is out of its type's range. */
export function encodeMessage(message: ClientMessage): Uint8Array<ArrayBuffer> {
  try {
    encodeClientMessage(writer, message);
  } catch (error) {
    // The next message must not begin with half of this one.
    writer.finish();
    throw error;
  }
  return writer.finish();
}

/** Decodes what a server sent; throws a `DecodeError` when the bytes are not exactly one message. */
export function decodeServer(bytes: Uint8Array): ServerMessage {
  if (bytes.length > SERVER_MESSAGE_BYTES) throw new DecodeError('TooLong', 0);
  const reader = new Reader(bytes);
  const message = decodeServerMessage(reader);
  reader.done();
  return message;
}

/** Takes a binary frame. */
export function handleFrame(session: ClientSession, nowMs: number, frame: Uint8Array): Update {
  let message: ServerMessage;
  try {
    message = decodeServer(frame);
  } catch (error) {
    if (error instanceof DecodeError) return { kind: 'Fault', fault: error };
    throw error;
  }
  session.heardMs = nowMs;
  session.doubtedMs = null;
  if (message.kind === 'Goodbye') {
    const { code, reason, retryAfterMs } = message;
    return { kind: 'Goodbye', code, reason, retryAfterMs };
  }
  if (message.kind === 'Welcome') {
    // A second one is that of another room, into which the session went on.
    if (session.you !== null && !message.value.resumed) return { kind: 'Fault', fault: 'Unexpected' };
    session.you = message.value.you;
    session.secret = message.value.secret;
    session.fire = 0;
    session.dash = 0;
    if (!message.value.resumed) session.received = 0;
    return { kind: 'Welcome', welcome: message.value };
  }
  if (session.you === null) return { kind: 'Fault', fault: 'Unexpected' };
  switch (message.kind) {
    case 'Snapshot':
      return { kind: 'Snapshot', snapshot: message.value };
    case 'Tick':
      return { kind: 'Snapshot', snapshot: { feedback: null, ticks: [message.value], refocus: null } };
    case 'Event':
      return takeNumbered(session, message.number, message.event);
    case 'Ping': {
      const { nonce, rttMs, jitterMs } = message;
      return { kind: 'Ping', answer: { kind: 'Pong', nonce, received: session.received }, rttMs, jitterMs };
    }
  }
}

function takeNumbered(session: ClientSession, number: number, event: Event): Update {
  if (number <= session.received) return { kind: 'Duplicate' };
  if (number !== session.received + 1) return { kind: 'Fault', fault: 'Unexpected' };
  session.received = number;
  return { kind: 'Event', event };
}

/**
 * An input for `tick`, or for the nearest that the server would take: after `seen`, the tick of the newest snapshot, and
 * not too far ahead of it. `fire` and `dash` tell of a press since the last input.
 */
export function makeInput(
  session: ClientSession,
  tick: number,
  seen: number,
  steer: Steer,
  aim: number,
  fire: boolean,
  dash: boolean,
): Input {
  const ahead = Math.min(INPUT_AHEAD_TICKS_MAX, Math.max(1, ticksSince(tick, seen)));
  session.fire = (session.fire + (fire ? 1 : 0)) & 255;
  session.dash = (session.dash + (dash ? 1 : 0)) & 255;
  return { tick: (seen + ahead) >>> 0, ahead, heading: steer.heading, thrust: steer.thrust, aim, fire: session.fire, dash: session.dash };
}

/**
 * Whether the server said nothing for so long that the link must be dead. To be asked every second or more often: what a
 * gap takes longer is a stall of the page, behind which messages may wait to be read, and does not count.
 */
export function pollTimeout(session: ClientSession, nowMs: number): boolean {
  const stalledMs = Math.max(0, nowMs - session.polledMs - CLIENT_STALL_MS);
  session.polledMs = nowMs;
  session.heardMs = Math.min(nowMs, session.heardMs + stalledMs);
  if (session.doubtedMs !== null) session.doubtedMs = Math.min(nowMs, session.doubtedMs + stalledMs);
  return nowMs - session.heardMs >= CLIENT_SILENCE_MS || nowMs - (session.doubtedMs ?? nowMs) >= SIGN_MS;
}

/** The device slept, or the network is another one: a link that died of that is found out soon, once the session began. */
export function doubt(session: ClientSession, nowMs: number): void {
  if (session.you !== null) session.doubtedMs ??= nowMs;
}
