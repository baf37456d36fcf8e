/**
 * A client of a Throng server that comes back by itself. The game's page is played through it, and so is every other
 * program: what it tells is in `ThrongEvents`, what can be set in `ThrongOptions`.
 */

import { CLIENT_MESSAGE_BYTES } from '../limits.ts';
import {
  abandonCalls,
  addCall,
  type Calls,
  handleAnswer,
  handleCut,
  handleOpen,
  newCalls,
  pollCall,
  pollTimeouts,
  type Settled,
  timeoutAt,
} from '../session/calls.ts';
import { type ClientSession, encodeMessage, type KeptSession, makeInput } from '../session/client.ts';
import { type Clock, clockFeedback, clockSeen, newClock, noteSent, tickAt } from '../session/clock.ts';
import { closeCode, type CloseName } from '../session/close.ts';
import { daytimeAt, handleRoundTrip, handleTold, newDaytime } from '../session/daytime.ts';
import { nameFault } from '../session/name.ts';
import { newSteering, pollSteering, steer, steeringAt, type Wanted } from '../session/steering.ts';
import type { StateOf, TopicState } from '../session/topics.ts';
import { tickOffset } from '../tick.ts';
import type { Ask, Audience, ClientMessage, Event, Outcome, Snapshot, Welcome } from '../wire/codec.ts';
import { Connection } from './connection.ts';
import { CallError, RefusedError } from './errors.ts';
import { Emitter, type Listener, type Outage, type State, type ThrongEvents, type Unsubscribe } from './events.ts';
import { BUFFERED_BYTES, CALL_TIMEOUT_MS, type Player, type Source, type ThrongOptions } from './options.ts';
import { Topics } from './topics.ts';

/** The number under which something is answered that had no place: calls count from 1. */
const NO_CALL = 0;

interface Waiting {
  resolve(outcome: Outcome): void;
  reject(error: Error): void;
}

export class Throng {
  private readonly options: ThrongOptions;
  private readonly emitter = new Emitter();
  private readonly connection: Connection;
  private readonly topics: Topics;
  private readonly waiting = new Map<number, Waiting>();
  private calls: Calls;
  private steering = newSteering();
  private clock: Clock | null = null;
  /** Tick of the newest snapshot, and when it came. */
  private seen = 0;
  private seenMs = 0;
  private heartbeat = { rttMs: 0, jitterMs: 0 };
  private readonly daytime = newDaytime();

  /** Connects to nothing before `open`. `url` is that of the endpoint, like `wss://example.org/ws`. */
  constructor(url: Source, options: ThrongOptions = {}) {
    const fault = (error: Error): void => this.emitter.fault(error);
    this.options = options;
    this.calls = newCalls(options.maxQueue);
    this.topics = new Topics({ ask: (ask) => this.ask(ask), fault });
    this.connection = new Connection(url, options, {
      state: (state, before) => this.emitter.emit('state', { state, before }),
      opened: (url) => this.emitter.emit('open', { url }),
      welcome: (welcome, moved) => this.takeWelcome(welcome, moved),
      snapshot: (snapshot) => this.takeSnapshot(snapshot),
      event: (event) => this.takeEvent(event),
      ping: (rttMs, jitterMs) => {
        this.heartbeat = { rttMs, jitterMs };
        handleRoundTrip(this.daytime, rttMs);
        this.emitter.emit('keep', this.kept);
        this.emitter.emit('ping', this.heartbeat);
      },
      cut: () => {
        handleCut(this.calls);
        this.topics.handleCut();
      },
      closed: (outage) => this.takeEnd(outage),
      leaving: () => {
        if (this.kept) this.emitter.emit('keep', this.kept);
      },
      fault,
      woken: (now) => {
        this.settle(pollTimeouts(this.calls, now));
        this.flushSteering();
      },
      dueAt: (now) => Math.min(timeoutAt(this.calls), this.steeringAt(now)),
    });
  }

  /** Listens, until the function that is given back is called. */
  on<K extends keyof ThrongEvents>(name: K, listener: Listener<ThrongEvents[K]>): Unsubscribe {
    return this.emitter.add(name, listener, false);
  }

  /** Listens to the next one only. */
  once<K extends keyof ThrongEvents>(name: K, listener: Listener<ThrongEvents[K]>): Unsubscribe {
    return this.emitter.add(name, listener, true);
  }

  /** Ends what `on` or `once` began with the same listener. */
  off<K extends keyof ThrongEvents>(name: K, listener: Listener<ThrongEvents[K]>): void {
    this.emitter.remove(name, listener);
  }

  /**
   * Comes in, as a new session or as one that was kept. What is given of the player holds from now on. Throws a
   * `RangeError` at a name that no server takes.
   */
  open(player: Partial<Player> = {}, kept: KeptSession | null = null): void {
    const next = { ...this.connection.player, ...player };
    const fault = nameFault(next.name);
    if (fault !== '') throw new RangeError(fault);
    // Whoever waits for an answer waits for that of another session.
    this.settle(abandonCalls(this.calls, 'Lost'));
    this.calls = newCalls(this.options.maxQueue, kept?.called);
    this.steering = newSteering();
    this.connection.open(next, kept);
  }

  /** Says goodbye, which ends the session on the server too. */
  close(): void {
    this.connection.close();
  }

  /** Ends the connection for what the caller found wrong with it, as if it had ended with that code. */
  fail(name: CloseName, reason = ''): void {
    this.connection.lose(closeCode(name), reason, 0);
  }

  /**
   * An attempt is more likely to succeed now: it is made soon, and not sooner than the server asked for. A link that is
   * up and says nothing for another 3.5 s is given up.
   */
  hint(): void {
    this.connection.hint();
  }

  /** Somebody does not want to wait for the next attempt. */
  retry(): void {
    this.connection.retry();
  }

  get state(): State {
    return this.connection.state;
  }

  /** As that of a WebSocket which connects for as long as it tries: 0 connecting, 1 open, 3 closed. */
  get readyState(): 0 | 1 | 3 {
    return this.state === 'live' ? 1 : this.state === 'closed' ? 3 : 0;
  }

  /** Why the last attempt or connection ended; nothing before the first end. */
  get closeReason(): Outage | null {
    return this.connection.outage;
  }

  /** Time to the next attempt; nothing while one runs or when none will be made. */
  get willRetryInMs(): number | null {
    return this.connection.willRetryInMs;
  }

  /** What a program that is started anew could go on with, also after another one took this session over. */
  get kept(): KeptSession | null {
    const { kept } = this.connection;
    return kept && { ...kept, called: this.calls.called, sessionMs: this.connection.sessionMs };
  }

  /** For whoever makes inputs without `steer`: it counts the presses in them. Nothing before the first welcome. */
  get session(): ClientSession | null {
    return this.state === 'live' ? this.connection.session : null;
  }

  /** Unsent bytes. */
  get bufferedAmount(): number {
    return this.connection.bufferedAmount;
  }

  /** Whether so much is unsent that what is said now arrives late. */
  get isClogged(): boolean {
    return this.bufferedAmount > (this.options.maxBuffered ?? BUFFERED_BYTES);
  }

  /** Round trip and its variation as the server measures them, in milliseconds; 0 before the first heartbeat. */
  get latency(): { readonly rttMs: number; readonly jitterMs: number } {
    return this.heartbeat;
  }

  /** The tick that the server is likely at, with its fraction; nothing before the first welcome. */
  get serverTick(): number | null {
    const { clock, seen, seenMs } = this;
    return clock && seen + (this.connection.now() - seenMs + this.heartbeat.rttMs / 2) / clock.tickMs;
  }

  /**
   * What the server's clock likely says, in milliseconds of Unix time; nothing before the first welcome. It is wrong by
   * half of what the two ways of the link differ, at most half a round trip, and by what a link that was full held the
   * last welcome up.
   */
  serverTime(): number | null {
    return daytimeAt(this.daytime, this.connection.now());
  }

  /**
   * Asks the server for something. What cannot be sent now waits; it is done at most once, also when the connection
   * breaks. Rejects with a `CallError` when there is no answer, and with a `RangeError` when no server could take it.
   */
  ask(ask: Ask, { timeoutMs = this.options.callTimeout ?? CALL_TIMEOUT_MS }: { timeoutMs?: number } = {}): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      const { length } = encodeMessage({ kind: 'Ask', call: 0xffff_ffff, ask });
      if (length > CLIENT_MESSAGE_BYTES) throw new RangeError(`${length} bytes are more than ${CLIENT_MESSAGE_BYTES}`);
      if (this.state === 'closed') throw new CallError('Closed');
      const id = addCall(this.calls, this.connection.now(), ask, timeoutMs);
      if (id === null) throw new CallError('QueueFull');
      this.waiting.set(id, { resolve, reject });
      this.flushCalls();
      this.connection.schedule();
    });
  }

  /** Says a line to the room, to the player with that id, or to whom the audience is. */
  say(text: string, to: Audience | number = { kind: 'Room' }): Promise<Outcome> {
    return this.ask({ kind: 'Say', to: typeof to === 'number' ? { kind: 'Player', who: to } : to, text });
  }

  /** Goes to another room with the same session: a welcome that `moved` tells that it came to that. */
  async go(room: string): Promise<Outcome> {
    const outcome = await this.ask({ kind: 'Go', room });
    // Should the session be lost, the next one begins there.
    if (outcome.kind === 'Done') this.connection.player.room = room;
    return outcome;
  }

  mute(who: number, on = true): Promise<Outcome> {
    return this.ask({ kind: 'Mute', who, on });
  }

  report(who: number, text: string): Promise<Outcome> {
    return this.ask({ kind: 'Report', who, text });
  }

  /**
   * Listens to a topic: to all that is held of it, at once and after each change, over every connection and session. A
   * refusal is an `error`.
   */
  subscribe<T extends string>(topic: T, listener: Listener<StateOf<T>>): Unsubscribe {
    // A server tells of a topic what its name promises.
    return this.topics.add(topic, listener as Listener<TopicState>);
  }

  /**
   * What the player wants from now on. It is volatile: a newer one takes its place, and one that could not be said for
   * half a second is dropped. What was said last holds until the next.
   */
  steer(wanted: Wanted): void {
    steer(this.steering, this.connection.now(), wanted);
    this.flushSteering();
    this.connection.schedule();
  }

  /** Says something now or not at all: false when there is nobody to hear it. */
  send(message: ClientMessage): boolean {
    return this.connection.send(message);
  }

  private takeWelcome(welcome: Welcome, moved: boolean): void {
    const now = this.connection.now();
    this.clock = newClock(now, welcome.tick, welcome.tickHz);
    this.seen = welcome.tick;
    this.seenMs = now;
    handleTold(this.daytime, now, Number(welcome.timeMs), moved);
    if (!welcome.resumed) this.steering.said = null;
    const lost = handleOpen(this.calls, welcome.resumed);
    this.topics.handleWelcome(welcome.resumed, welcome.room);
    this.emitter.emit('welcome', { welcome, moved });
    this.settle(lost);
    // A listener may have ended it again.
    if (this.state !== 'live') return;
    this.topics.handleLive();
    this.emitter.emit('keep', this.kept);
    this.flushCalls();
    this.connection.schedule();
  }

  private takeSnapshot(snapshot: Snapshot): void {
    const now = this.connection.now();
    const { feedback, ticks, refocus } = snapshot;
    this.seen = refocus?.restart ?? tickOffset(this.seen, ticks.length);
    this.seenMs = now;
    if (feedback && this.clock) clockFeedback(this.clock, now, this.seen + feedback.ack, feedback.early);
    if (this.clock) clockSeen(this.clock, now, this.seen);
    this.emitter.emit('snapshot', snapshot);
  }

  private takeEvent(event: Event): void {
    const { emitter } = this;
    emitter.emit('event', event);
    switch (event.kind) {
      case 'Answer': {
        const { call, outcome } = event;
        if (call === NO_CALL && outcome.kind === 'Refused') {
          if (outcome.problem.kind === 'UnknownTopic') this.topics.handleEnded();
          else emitter.fault(new RefusedError('a message', outcome));
        }
        const settled = handleAnswer(this.calls, call, outcome);
        if (settled) this.settle([settled]);
        this.flushCalls();
        this.connection.schedule();
        break;
      }
      case 'Topic':
        this.topics.take(event.value);
        emitter.emit('topic', event.value);
        break;
      case 'Line':
        emitter.emit('line', event.value);
        break;
      case 'Notification':
        emitter.emit('notification', event.value);
        break;
      case 'Score':
        emitter.emit('score', event);
        break;
      case 'Board':
        emitter.emit('board', event);
        break;
      case 'Crown':
        emitter.emit('crown', event);
        break;
      case 'CrownAt':
        emitter.emit('crownAt', event);
        break;
      case 'Kill':
        emitter.emit('kill', event);
        break;
      case 'Notice':
        emitter.emit('notice', event);
        break;
      case 'Watching':
        emitter.emit('watching', event);
        break;
    }
  }

  private takeEnd(outage: Outage): void {
    if (outage.willRetryInMs === null) {
      this.settle(abandonCalls(this.calls, 'Closed'));
      this.emitter.emit('keep', null);
    }
    this.emitter.emit('close', outage);
  }

  private flushCalls(): void {
    const { called } = this.calls;
    for (let next = pollCall(this.calls); next; next = pollCall(this.calls)) this.send(next);
    // The next program must not give the same numbers to other calls.
    if (this.calls.called !== called) this.emitter.emit('keep', this.kept);
  }

  private settle(ended: readonly Settled[]): void {
    for (const { id, end } of ended) {
      const waiting = this.waiting.get(id);
      this.waiting.delete(id);
      if (end.kind === 'Answer') waiting?.resolve(end.outcome);
      else waiting?.reject(new CallError(end.fault));
    }
  }

  private flushSteering(): void {
    const { clock, session, steering } = this;
    const now = this.connection.now();
    const canSend = clock !== null && session !== null && !this.isClogged;
    const wanted = pollSteering(steering, now, clock?.tickMs ?? 0, canSend);
    if (!wanted || !clock || !session) return;
    const input = makeInput(session, Math.floor(tickAt(clock, now)), this.seen, wanted, wanted.aim, wanted.fire, wanted.dash);
    noteSent(clock, input.tick);
    this.send({ kind: 'Input', value: input });
  }

  private steeringAt(now: number): number {
    return this.session && this.clock ? steeringAt(this.steering, now, this.clock.tickMs) : Number.POSITIVE_INFINITY;
  }
}

/** A client that comes in at once. */
export function connect(url: Source, options: ThrongOptions = {}): Throng {
  const throng = new Throng(url, options);
  throng.open();
  return throng;
}
