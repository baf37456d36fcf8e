/**
 * Attempts, one after the other, and the one connection that comes of them: the shell that owns socket and timer around
 * the session machine and the plan of reconnects. Of calls, topics and listeners it knows nothing.
 */

import { type ClientSession, doubt, encodeMessage, handleFrame, keep, type KeptSession, newSession, pollTimeout } from '../session/client.ts';
import { type CloseCode, closeCode, closeCodeOf, splitReason } from '../session/close.ts';
import {
  handleEnd,
  handleHint,
  handleWelcome,
  handleWish,
  newReconnect,
  PACE,
  pollReconnect,
  type Reconnect,
  retryAt,
} from '../session/reconnect.ts';
import type { ClientMessage, Event, Resume, Snapshot, Welcome } from '../wire/codec.ts';
import { asError, type Outage, type State } from './events.ts';
import { defaultStore, type IdentityStore, loadIdentity, saveIdentity } from './identity.ts';
import { watchLifecycle } from './lifecycle.ts';
import { Link, type SocketClass } from './link.ts';
import { CONNECT_TIMEOUT_MS, type Player, type Source, type ThrongOptions } from './options.ts';

/** Silence is looked for so often: a gap that takes much longer is a stall of this program. */
const LOOK_MS = 500;
/** Longest that a timer is set for. */
const TIMER_MS_MAX = 2 ** 30;

export interface ConnectionEvents {
  state(state: State, before: State): void;
  opened(url: string): void;
  /** `moved`: on the same connection into another room. */
  welcome(welcome: Welcome, moved: boolean): void;
  snapshot(snapshot: Snapshot): void;
  event(event: Event): void;
  /** A heartbeat, before it is answered: what the server is told to have come can be put away first. */
  ping(rttMs: number, jitterMs: number): void;
  /** Nothing more comes or goes on the last connection. */
  cut(): void;
  closed(outage: Outage): void;
  /** The page may never run again. */
  leaving(): void;
  fault(error: Error): void;
  /** The timer, for whatever else is due, and when that is next. */
  woken(now: number): void;
  dueAt(now: number): number;
}

export class Connection {
  readonly player: Player;
  state: State = 'closed';
  /** Why the last attempt or connection ended. */
  outage: Outage | null = null;
  session: ClientSession | null = null;
  /** How long the server holds a session whose connection is lost. */
  sessionMs = 0;
  private readonly url: Source;
  private readonly options: ThrongOptions;
  private readonly events: ConnectionEvents;
  private readonly store: IdentityStore;
  private plan: Reconnect;
  private link: Link | null = null;
  /** What the next connection goes on with, while there is no session, and until when the server has it. */
  private resume: Resume | null = null;
  private resumeEnds = 0;
  /** When it was looked last whether the server is silent. */
  private lookedMs = 0;
  private goodbye: { code: number; reason: string; retryAfterMs: number } | null = null;
  /** Counts attempts: what an earlier one waited for is not heard. */
  private attempt = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private unwatch: () => void = () => {};

  constructor(url: Source, options: ThrongOptions, events: ConnectionEvents) {
    const { name = 'Guest', look = 0, room = '', watch = false, ticket = '' } = options;
    this.url = url;
    this.options = options;
    this.events = events;
    this.player = { name, look, room, watch, ticket };
    this.store = options.identity ?? defaultStore();
    this.plan = newReconnect(this.now());
  }

  /** Begins anew, or goes on with a session that was kept. */
  open(player: Player, kept: KeptSession | null): void {
    // A session that goes on is not said goodbye to.
    const own = String(this.session?.secret);
    this.end(closeCode(own === String(kept?.secret) ? 'Replaced' : 'Left'));
    Object.assign(this.player, player);
    this.resume = kept && { secret: kept.secret, received: kept.received };
    this.sessionMs = kept?.sessionMs ?? 0;
    this.resumeEnds = this.now() + this.sessionMs;
    this.plan = newReconnect(this.now(), { ...PACE, ...given(this.options) });
    this.unwatch();
    this.unwatch = watchLifecycle({ awake: () => this.hint(), leaving: () => this.events.leaving() });
    this.connect();
  }

  /** Ends the session, and tells the server. */
  close(): void {
    this.send({ kind: 'Bye' });
    const isOver = this.state === 'closed';
    this.end(closeCode('Left'));
    this.resume = null;
    handleEnd(this.plan, this.now(), 'Never', 0, 0);
    if (!isOver) this.told(closeCode('Left'), '');
  }

  /** Ends the connection as if it had ended with that code. */
  lose(code: CloseCode, reason: string, retryAfterMs: number): void {
    if (this.state === 'closed') return;
    this.end(code);
    handleEnd(this.plan, this.now(), code.comeback, retryAfterMs, this.chance());
    this.told(code, reason);
    this.schedule();
  }

  /**
   * An attempt is more likely to succeed now: it is made soon, and not sooner than the server asked for. A link that is
   * up has to show that it lives.
   */
  hint(): void {
    if (this.session) doubt(this.session, this.now());
    handleHint(this.plan, this.now());
    this.wake();
  }

  /** Somebody does not want to wait. */
  retry(): void {
    handleWish(this.plan, this.now());
    this.wake();
  }

  /** False when there is nobody to hear it. */
  send(message: ClientMessage): boolean {
    return this.link !== null && this.link.send(encodeMessage(message));
  }

  get bufferedAmount(): number {
    return this.link?.bufferedAmount ?? 0;
  }

  get willRetryInMs(): number | null {
    const at = retryAt(this.plan);
    return Number.isNaN(at) ? null : Math.max(0, at - this.now());
  }

  get kept(): Resume | null {
    return this.session ? keep(this.session) : this.resume;
  }

  now(): number {
    return this.options.now ? this.options.now() : performance.now();
  }

  /** Sets the timer to what is due next. */
  schedule(): void {
    clearTimeout(this.timer);
    if (this.state === 'closed') return;
    const now = this.now();
    const retry = retryAt(this.plan);
    const at = Math.min(
      this.isAttempting ? this.attemptEnds : Number.POSITIVE_INFINITY,
      // Not from now: whoever sets it at each frame would put it off for ever.
      this.session ? this.lookedMs + LOOK_MS : Number.POSITIVE_INFINITY,
      Number.isNaN(retry) ? Number.POSITIVE_INFINITY : retry,
      this.events.dueAt(now),
    );
    if (at !== Number.POSITIVE_INFINITY) {
      this.timer = setTimeout(() => this.wake(), Math.min(TIMER_MS_MAX, Math.max(0, Math.ceil(at - now))));
    }
  }

  private chance(): number {
    return this.options.chance ? this.options.chance() : Math.floor(Math.random() * 2 ** 32);
  }

  /** Whether an address, a ticket or a socket is awaited. */
  private get isAttempting(): boolean {
    return this.session === null && (this.state === 'connecting' || this.state === 'resuming');
  }

  private get attemptEnds(): number {
    return this.plan.tried + (this.options.connectTimeout ?? CONNECT_TIMEOUT_MS);
  }

  private wake(): void {
    const now = this.now();
    this.lookedMs = now;
    if (this.isAttempting && now >= this.attemptEnds) this.lose(closeCode('Lost'), '', 0);
    else if (this.session && pollTimeout(this.session, now)) this.lose(closeCode('Silent'), '', 0);
    this.events.woken(now);
    if (pollReconnect(this.plan, now)) this.connect();
    else this.schedule();
  }

  private connect(): void {
    this.goodbye = null;
    const attempt = ++this.attempt;
    if (this.now() >= this.resumeEnds) this.resume = null;
    this.enter(this.resume ? 'resuming' : 'connecting');
    if (attempt !== this.attempt) return;
    this.schedule();
    this.have(this.url, attempt, (url) => this.have(this.player.ticket, attempt, (ticket) => this.dial(url, ticket)));
  }

  /** Hands over what a source gives, at once when it can, unless the attempt is over by then. */
  private have(source: Source, attempt: number, use: (text: string) => void): void {
    const failed = (error: unknown): void => {
      if (attempt === this.attempt) this.fail(error);
    };
    let given: string | Promise<string>;
    try {
      given = typeof source === 'string' ? source : source();
    } catch (error) {
      failed(error);
      return;
    }
    if (typeof given === 'string') use(given);
    else given.then((text) => attempt === this.attempt && use(text), failed);
  }

  private dial(url: string, ticket: string): void {
    try {
      this.link = new Link(this.options.WebSocket ?? platformSocket(), url, {
        opened: () => this.greet(url, ticket),
        frame: (bytes) => this.take(bytes),
        closed: (number, words) => this.lost(number, words),
      });
    } catch (error) {
      this.fail(error);
    }
  }

  /** An attempt came to nothing before there was a socket. */
  private fail(error: unknown): void {
    this.events.fault(asError(error));
    this.lose(closeCode('Lost'), '', 0);
  }

  private greet(url: string, ticket: string): void {
    const { name, look, room, watch } = this.player;
    const wish = { identity: loadIdentity(this.store), room, watch };
    const { session, hello } = newSession(this.now(), name, look, ticket, this.resume, wish);
    this.session = session;
    this.lookedMs = this.now();
    this.events.opened(url);
    if (this.session !== session) return;
    if (!this.resume) this.enter('authenticating');
    this.send(hello);
    this.schedule();
  }

  private lost(number: number, words: string): void {
    const { goodbye } = this;
    const { text, retryAfterMs } = splitReason(words);
    if (goodbye) this.lose(closeCodeOf(goodbye.code), goodbye.reason, Math.max(goodbye.retryAfterMs, retryAfterMs));
    else this.lose(closeCodeOf(number), text, retryAfterMs);
  }

  private take(bytes: Uint8Array): void {
    const { session } = this;
    if (!session) return;
    const update = handleFrame(session, this.now(), bytes);
    switch (update.kind) {
      case 'Welcome':
        this.takeWelcome(update.welcome, session);
        break;
      case 'Snapshot':
        this.events.snapshot(update.snapshot);
        break;
      case 'Event':
        this.events.event(update.event);
        break;
      case 'Duplicate':
        break;
      case 'Ping':
        this.events.ping(update.rttMs, update.jitterMs);
        if (this.session !== session) break;
        this.send(update.answer);
        // From here on the session is proof enough; before, a cut could have kept it from us.
        if (typeof this.player.ticket === 'string') this.player.ticket = '';
        break;
      case 'Goodbye':
        this.goodbye = update;
        break;
      case 'Fault':
        this.lose(closeCode('Decode'), '', 0);
        break;
    }
  }

  private takeWelcome(welcome: Welcome, session: ClientSession): void {
    const moved = this.state === 'live';
    handleWelcome(this.plan, this.now());
    saveIdentity(this.store, welcome.identity);
    this.sessionMs = welcome.sessionMs;
    // Should the session be lost, the next one is like it.
    this.player.watch = welcome.watch;
    this.enter('live');
    if (this.session === session) this.events.welcome(welcome, moved);
  }

  private end(code: CloseCode): void {
    this.attempt++;
    clearTimeout(this.timer);
    this.resume = this.kept;
    if (this.state === 'live') this.resumeEnds = this.now() + this.sessionMs;
    this.link?.dispose(code.number);
    this.link = null;
    this.session = null;
    this.events.cut();
  }

  private told(code: CloseCode, reason: string): void {
    const { willRetryInMs } = this;
    const outage = { code, reason, willRetryInMs };
    this.outage = outage;
    if (willRetryInMs === null) {
      this.unwatch();
      if (typeof this.player.ticket === 'string') this.player.ticket = '';
    }
    const before = this.state;
    const state = willRetryInMs === null ? 'closed' : 'backingOff';
    this.state = state;
    this.events.closed(outage);
    // Whoever was told may have begun anew.
    if (this.state === state && this.outage === outage) this.events.state(state, before);
  }

  private enter(state: State): void {
    const before = this.state;
    this.state = state;
    if (state !== before) this.events.state(state, before);
  }
}

/** The class that browsers have, and Node since 22. */
function platformSocket(): SocketClass {
  if (typeof WebSocket === 'undefined') throw new Error('There is no WebSocket here: hand one in as the option `WebSocket`.');
  return WebSocket;
}

/** Without the options that are named and not given. */
function given(options: ThrongOptions): ThrongOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
