/**
 * Windows that share a session, because one of them is a copy of the other: the one that is to play asks whichever plays.
 * They talk within the browser and keep nothing; the server then closes the connection of the one that gave.
 */

import { type Kept, readKept, writeKept } from './kept.ts';

/** A window that plays answers at once, unless its machine is slow; without one, the asker goes on with what it has. */
const ASK_MS = 2_000;

/** What the window that plays gives. */
export interface Given {
  readonly kept: Kept;
  /** The chat and the news that it was told, as text. */
  readonly told: string;
}

type Said = { readonly kind: 'Ask' } | { readonly kind: 'Give'; readonly text: string; readonly told: string };

export class Handover {
  private readonly channel: BroadcastChannel;
  private asked: ((given: Given | null) => void) | null = null;
  /** The answer that is awaited, for whoever asks again meanwhile. */
  private answer: Promise<Given | null> | null = null;
  private timer = 0;

  /** `family` is what copies of a window have in common; `give` is the session if this window plays. */
  constructor(family: string, give: () => Given | null) {
    this.channel = new BroadcastChannel(`throng.session.${family}`);
    this.channel.addEventListener('message', ({ data }: MessageEvent<Said>) => {
      if (data.kind === 'Give') {
        const kept = readKept(data.text, Date.now(), performance.now());
        this.settle(kept && { kept, told: data.told });
        return;
      }
      const given = give();
      if (given) this.say({ kind: 'Give', text: writeKept(given.kept, Date.now(), performance.now()), told: given.told });
    });
  }

  /** The session of the window that plays, or nothing when none answers. */
  ask(): Promise<Given | null> {
    this.answer ??= new Promise((resolve) => {
      this.asked = resolve;
      this.timer = window.setTimeout(() => this.settle(null), ASK_MS);
      this.say({ kind: 'Ask' });
    });
    return this.answer;
  }

  get isAsking(): boolean {
    return this.answer !== null;
  }

  private say(said: Said): void {
    this.channel.postMessage(said);
  }

  private settle(given: Given | null): void {
    window.clearTimeout(this.timer);
    this.asked?.(given);
    this.asked = null;
    this.answer = null;
  }
}
