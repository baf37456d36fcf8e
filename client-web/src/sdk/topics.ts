/** Who listens to which topic, over connections and sessions: the server is asked once for each. */

import { applyTopic, type Held, type TopicState } from '../session/topics.ts';
import type { Ask, Outcome, TopicUpdate } from '../wire/codec.ts';
import { CallError, RefusedError } from './errors.ts';
import { asError, call, type Listener, type Unsubscribe } from './events.ts';

interface Subscription {
  listeners: Listener<TopicState>[];
  /** The number of the wish with which this session was asked for it, 0: it was not. */
  asked: number;
  held: Held | null;
}

export interface TopicEvents {
  /** Asks the server, which is there. */
  ask(ask: Ask): Promise<Outcome>;
  fault(error: Error): void;
}

export class Topics {
  private readonly events: TopicEvents;
  private readonly topics = new Map<string, Subscription>();
  private live = false;
  private room = '';
  private wishes = 0;

  constructor(events: TopicEvents) {
    this.events = events;
  }

  /** The listener is told what is held already, and from then on each time that it changes. */
  add(topic: string, listener: Listener<TopicState>): Unsubscribe {
    const own: Listener<TopicState> = (state) => listener(state);
    const it = this.topics.get(topic) ?? { listeners: [], asked: 0, held: null };
    this.topics.set(topic, it);
    it.listeners = [...it.listeners, own];
    if (it.held) call(own, it.held.state, (error) => this.events.fault(error));
    this.match(topic, it);
    return () => {
      it.listeners = it.listeners.filter((other) => other !== own);
      this.match(topic, it);
    };
  }

  /**
   * The session goes on, or another one begins, which was asked for nothing. Whoever has left a room is not told of its
   * people any more. To be called before anybody hears of it, who may begin to listen; and then `handleLive`.
   */
  handleWelcome(resumed: boolean, room: string): void {
    const left = room === this.room ? '' : `room/${this.room}/presence`;
    this.room = room;
    for (const [topic, it] of this.topics) if (!resumed || topic === left) Object.assign(it, { asked: 0, held: null });
  }

  /** Asks for what this session was not asked for. */
  handleLive(): void {
    this.live = true;
    for (const [topic, it] of this.topics) this.match(topic, it);
  }

  /**
   * A room has ended, and its presence with it. Those of rooms are asked for again: of one that is gone the refusal is
   * told, and one that was opened anew under its name goes on.
   */
  handleEnded(): void {
    for (const [topic, it] of this.topics) {
      if (!topic.startsWith('room/')) continue;
      Object.assign(it, { asked: 0, held: null });
      this.match(topic, it);
    }
  }

  handleCut(): void {
    this.live = false;
  }

  take(update: TopicUpdate): void {
    const it = this.topics.get(update.topic);
    if (!it?.asked) return;
    const held = applyTopic(it.held, update);
    if (!held) {
      // Everything is on its way, and whatever was said before it is worth nothing.
      if (!it.held) return;
      // What was told before this is not known: from the beginning, then.
      this.unsubscribe(update.topic, it);
      this.match(update.topic, it);
      return;
    }
    it.held = held;
    for (const listener of it.listeners) call(listener, held.state, (error) => this.events.fault(error));
  }

  /** Asks for what somebody wants, and no more for what nobody does. */
  private match(topic: string, it: Subscription): void {
    const isWanted = it.listeners.length > 0;
    if (!isWanted && (this.live || !it.asked)) {
      if (it.asked) this.unsubscribe(topic, it);
      if (this.topics.get(topic) === it) this.topics.delete(topic);
    } else if (isWanted && this.live && !it.asked) {
      // Whoever listens again after the last one left finds another entry there.
      this.topics.set(topic, it);
      const wish = (it.asked = ++this.wishes);
      this.events.ask({ kind: 'Subscribe', topic }).then(
        (outcome) => {
          if (outcome.kind !== 'Refused' || it.asked !== wish) return;
          it.asked = 0;
          this.events.fault(new RefusedError(topic, outcome));
        },
        (error: unknown) => {
          const fault = error instanceof CallError ? error.fault : null;
          // Another session was asked anew.
          if (it.asked !== wish) return;
          // The session may go on in another connection, which asks.
          it.asked = 0;
          if (fault === 'Lost' || fault === 'Closed') return;
          this.events.fault(asError(error));
          // It may have been taken: asked again, it is told from the beginning. Where too many calls wait, the next
          // connection asks.
          if (fault === 'Timeout' && this.topics.get(topic) === it) this.match(topic, it);
        },
      );
    }
  }

  private unsubscribe(topic: string, it: Subscription): void {
    it.asked = 0;
    it.held = null;
    // Whatever the answer is, it is not listened to.
    this.events.ask({ kind: 'Unsubscribe', topic }).catch(() => {});
  }
}
