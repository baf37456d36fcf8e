/** The server's end of every socket that a client opens, without a network: what was heard, and what is said. */

import { vi } from 'vitest';
import type { SocketLike } from '../src/sdk/link.ts';
import { type ClientMessage, decodeClientMessage, encodeServerMessage, type Event, type ServerMessage, type Welcome } from '../src/wire/codec.ts';
import { Reader } from '../src/wire/reader.ts';
import { Writer } from '../src/wire/writer.ts';

type Kind = 'open' | 'error' | 'message' | 'close';
type Given = { data: unknown; code: number; reason: string };

export class FakeSocket implements SocketLike {
  binaryType = 'blob';
  readyState = 0;
  bufferedAmount = 0;
  /** What the client closed with, if it did. */
  closedWith: number | null = null;
  readonly url: string;
  readonly heard: ClientMessage[] = [];
  private readonly listeners: { kind: Kind; listener: (event: Given) => void }[] = [];

  constructor(url: string) {
    if (!/^wss?:/.test(url)) throw new SyntaxError(`${url} is no address`);
    this.url = url;
    sockets.push(this);
  }

  addEventListener(kind: Kind, listener: (event: Given) => void): void {
    this.listeners.push({ kind, listener });
  }

  send(data: ArrayBuffer): void {
    const reader = new Reader(new Uint8Array(data));
    this.heard.push(decodeClientMessage(reader));
    reader.done();
  }

  close(code = 1005): void {
    this.readyState = 3;
    this.closedWith = code;
  }

  /** The socket opens. */
  accept(): this {
    this.readyState = 1;
    this.fire('open');
    return this;
  }

  say(message: ServerMessage): void {
    const writer = new Writer();
    encodeServerMessage(writer, message);
    this.fire('message', { data: writer.finish().buffer });
  }

  /** The socket opens, and the client is in. */
  welcome(value: Partial<Welcome> = {}): this {
    if (this.readyState === 0) this.accept();
    this.say({ kind: 'Welcome', value: { ...WELCOME, ...value } });
    return this;
  }

  event(number: number, event: Event): void {
    this.say({ kind: 'Event', number, event });
  }

  /** A message that is none of the protocol's. */
  babble(data: unknown): void {
    this.fire('message', { data });
  }

  /** The connection ends. */
  drop(code = 1006, reason = ''): void {
    this.readyState = 3;
    this.fire('close', { code, reason });
  }

  /** The calls that were heard: number and what was asked for. */
  get asked(): string[] {
    return this.heard.flatMap((message) => (message.kind === 'Ask' ? [`${message.call} ${textOf(message)}`] : []));
  }

  private fire(kind: Kind, given: Partial<Given> = {}): void {
    for (const it of this.listeners) {
      if (it.kind === kind) it.listener({ data: null, code: 0, reason: '', ...given });
    }
  }
}

export const WELCOME: Welcome = {
  secret: new Uint8Array(16).fill(9),
  resumed: false,
  identity: new Uint8Array(24).fill(0xa5),
  watch: false,
  sessionMs: 60_000,
  timeMs: 0n,
  you: 7,
  own: 7,
  tick: 100,
  tickHz: 30,
  room: 'main',
  map: { width: 8, height: 8, runs: [64] },
};

/** Every socket that was opened since `freshSockets`. */
export const sockets: FakeSocket[] = [];

/** Forgets the sockets of the test before, and holds the clock. */
export function freshSockets(): void {
  sockets.length = 0;
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
}

/** The newest socket. */
export function newest(): FakeSocket {
  const socket = sockets.at(-1);
  if (!socket) throw new Error('No socket was opened.');
  return socket;
}

function textOf({ ask }: Extract<ClientMessage, { kind: 'Ask' }>): string {
  if (ask.kind === 'Say') return ask.text;
  return 'topic' in ask ? `${ask.kind} ${ask.topic}` : ask.kind;
}
