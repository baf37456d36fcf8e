/** What topics told last, for panels that look again and again. The SDK asks for them, and for everything after a gap. */

import type { Unsubscribe } from '../sdk/events.ts';
import type { StateOf, TopicState } from '../session/topics.ts';

export type Subscribe = <T extends string>(topic: T, listener: (state: StateOf<T>) => void) => Unsubscribe;

interface Heard {
  /** What was told last stays to be seen until there is something newer. */
  state: TopicState | null;
  refused: boolean;
  stop: Unsubscribe;
}

export class Listening {
  private readonly subscribe: Subscribe;
  private readonly changed: () => void;
  private readonly topics = new Map<string, Heard>();

  constructor(subscribe: Subscribe, changed: () => void) {
    this.subscribe = subscribe;
    this.changed = changed;
  }

  /** Begins to listen, unless the page does already. */
  want(topic: string): void {
    if (this.topics.has(topic)) return;
    const it: Heard = { state: null, refused: false, stop: () => {} };
    this.topics.set(topic, it);
    it.stop = this.subscribe(topic, (state) => {
      it.state = state;
      this.changed();
    });
  }

  unwant(topic: string): void {
    this.topics.get(topic)?.stop();
    this.topics.delete(topic);
  }

  /** What a topic told, if it told anything. */
  of<T extends string>(topic: T): StateOf<T> | null {
    // A server tells of a topic what its name promises.
    return (this.topics.get(topic)?.state ?? null) as StateOf<T> | null;
  }

  isRefused(topic: string): boolean {
    return this.topics.get(topic)?.refused ?? false;
  }

  /** The server does not tell of it, in this session. */
  refuse(topic: string): void {
    const it = this.topics.get(topic);
    if (!it) return;
    it.refused = true;
    this.changed();
  }

  /** A connection that begins is asked again for what was refused. */
  handleWelcome(): void {
    for (const it of this.topics.values()) it.refused = false;
  }
}
