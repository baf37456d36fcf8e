/** What a connection can be told, and what holds when it is not. */

import type { IdentityStore } from './identity.ts';
import type { SocketClass } from './link.ts';

/** A value, or a function that is asked for it at each attempt. */
export type Source = string | (() => string | Promise<string>);

/** Who comes in, and where. */
export interface Player {
  /** 1 to 16 characters. */
  name: string;
  /** Colour scheme, 0 to 15. */
  look: number;
  /** Name or code of a room, or nothing: any that has a place. */
  room: string;
  /** To look on without a body. */
  watch: boolean;
  /**
   * For servers that ask for one. A ticket is good until its player has said something, so a text is used until then; a
   * function is asked each time.
   */
  ticket: Source;
}

/** Times are in milliseconds. */
export interface ThrongOptions extends Partial<Player> {
  /** A class like the platform's own, where that is missing: that of the npm package `ws` fits. */
  WebSocket?: SocketClass;
  /** Most that the first wait after a loss takes. */
  minDelay?: number;
  /** Most that any wait takes. */
  maxDelay?: number;
  /** What the longest wait grows by with each failure. */
  growFactor?: number;
  /** The share of a wait that is left to chance, 0 to 1. */
  jitter?: number;
  /** Attempts in a row that may fail before none is made any more. */
  maxRetries?: number;
  /** A connection that lived so long was a good one: the next wait is a first one again. */
  minUptime?: number;
  /** An attempt that has no open socket by then has failed. */
  connectTimeout?: number;
  /** Calls that wait until they can be sent. */
  maxQueue?: number;
  /** How long a call waits for its answer when it does not say so itself. */
  callTimeout?: number;
  /** Unsent bytes beyond which an input is better not sent: it would arrive when nobody wants it. */
  maxBuffered?: number;
  /** Where a guest's identity is kept from one visit to the next: `localStorage` where there is one, else nowhere. */
  identity?: IdentityStore;
  /** A clock that never goes back. */
  now?: () => number;
  /** A number of 32 random bits. */
  chance?: () => number;
}

/** For what is not in `PACE`. */
export const CONNECT_TIMEOUT_MS = 6_000;
export const CALL_TIMEOUT_MS = 10_000;
export const BUFFERED_BYTES = 64 << 10;
