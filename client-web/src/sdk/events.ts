/** What a connection tells, and who listens. A listener that throws is reported and harms nobody else. */

import type { KeptSession } from '../session/client.ts';
import type { CloseCode } from '../session/close.ts';
import type { Event, Line, Notification, Snapshot, TopicUpdate, Welcome } from '../wire/codec.ts';

/**
 * Where a connection stands. `connecting`: an address or a socket is awaited. `authenticating`: Hello was said.
 * `resuming`: both of them, when there is a session to go on with. `live`: welcomed. `backingOff`: the next attempt is
 * planned. `closed`: there will be none.
 */
export type State = 'connecting' | 'authenticating' | 'resuming' | 'live' | 'backingOff' | 'closed';

/** Why there is no connection. */
export interface Outage {
  readonly code: CloseCode;
  /** What the server said, if it said anything. */
  readonly reason: string;
  /** When it is tried again, in milliseconds from now; nothing when it will not be. */
  readonly willRetryInMs: number | null;
}

/** An ordered event of one kind, as it is on the wire. */
type Told<K extends Event['kind']> = Extract<Event, { kind: K }>;

/** Every event and what its listeners are given. */
export interface ThrongEvents {
  state: { readonly state: State; readonly before: State };
  /** The socket is open, and Hello is said next. */
  open: { readonly url: string };
  /** The server took the client in; or, when it `moved`, into another room, and what was held of the last one is void. */
  welcome: { readonly welcome: Welcome; readonly moved: boolean };
  /** A tick or more of the world. */
  snapshot: Snapshot;
  /** Every ordered event, before the listeners of its own kind. Each comes once and in order, also over a resume. */
  event: Event;
  score: Told<'Score'>;
  board: Told<'Board'>;
  crown: Told<'Crown'>;
  crownAt: Told<'CrownAt'>;
  kill: Told<'Kill'>;
  notice: Told<'Notice'>;
  watching: Told<'Watching'>;
  line: Line;
  topic: TopicUpdate;
  notification: Notification;
  /** A heartbeat: the round trip as the server measures it, and how much it varies, in milliseconds. */
  ping: { readonly rttMs: number; readonly jitterMs: number };
  /** What a program that is started anew could go on with, whenever that is to be put away; nothing when it is over. */
  keep: KeptSession | null;
  /** An attempt or a connection ended. */
  close: Outage;
  /**
   * Something went wrong that ends nothing: a listener threw, an address could not be had, a topic was refused, a message
   * had no place.
   */
  error: Error;
}

export type Listener<T> = (value: T) => void;
export type Unsubscribe = () => void;

interface Entry<T> {
  readonly listener: Listener<T>;
  readonly once: boolean;
  gone: boolean;
}

type Entries = { [K in keyof ThrongEvents]?: Entry<ThrongEvents[K]>[] };

export class Emitter {
  private readonly entries: Entries = {};

  add<K extends keyof ThrongEvents>(name: K, listener: Listener<ThrongEvents[K]>, once: boolean): Unsubscribe {
    const entry: Entry<ThrongEvents[K]> = { listener, once, gone: false };
    const known: Entry<ThrongEvents[K]>[] = this.entries[name] ?? [];
    this.keep(name, [...known, entry]);
    return () => this.drop(name, (other) => other === entry);
  }

  remove<K extends keyof ThrongEvents>(name: K, listener: Listener<ThrongEvents[K]>): void {
    this.drop(name, (entry) => entry.listener === listener);
  }

  emit<K extends keyof ThrongEvents>(name: K, value: ThrongEvents[K]): void {
    for (const entry of this.entries[name] ?? []) {
      if (entry.gone) continue;
      if (entry.once) this.drop(name, (other) => other === entry);
      call(entry.listener, value, (error) => this.fault(error, name !== 'error'));
    }
  }

  /** Tells of an error; with nobody to tell, or when the telling failed, the platform is told. */
  fault(error: Error, tell = true): void {
    if (tell && this.entries.error?.length) this.emit('error', error);
    else report(error);
  }

  private drop<K extends keyof ThrongEvents>(name: K, is: (entry: Entry<ThrongEvents[K]>) => boolean): void {
    const known: Entry<ThrongEvents[K]>[] = this.entries[name] ?? [];
    for (const entry of known) if (is(entry)) entry.gone = true;
    this.keep(name, known.filter((entry) => !entry.gone));
  }

  private keep<K extends keyof ThrongEvents>(name: K, entries: Entry<ThrongEvents[K]>[]): void {
    Object.assign(this.entries, { [name]: entries });
  }
}

/** Calls a listener; what it throws is handed over instead of harming whoever comes next. */
export function call<T>(listener: Listener<T>, value: T, failed: (error: Error) => void): void {
  try {
    listener(value);
  } catch (error) {
    failed(asError(error));
  }
}

export function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

function report(error: Error): void {
  if (typeof reportError === 'function') reportError(error);
  else console.error(error);
}
