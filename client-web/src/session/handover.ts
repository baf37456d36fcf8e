/**
 * Windows that share a session, because one of them is a copy of the other: the one that is to play asks whichever plays.
 * They talk within the browser and keep nothing; the server then closes the connection of the one that gave.
 */

import { type Kept, readKept, writeKept } from './kept.ts';

/** A window that plays answers at once, unless its machine is slow; without one, the asker goes on with what it has. */
const ASK_MS = 2_000;

type Said = { readonly kind: 'Ask' } | { readonly kind: 'Give'; readonly text: string };

export class Handover {
  private readonly channel: BroadcastChannel;
  private asked: ((kept: Kept | null) => void) | null = null;
  /** The answer that is awaited, for whoever asks again meanwhile. */
  private answer: Promise<Kept | null> | null = null;
  private timer = 0;

  /** `family` is what copies of a window have in common; `give` is the session if this window plays. */
  constructor(family: string, give: () => Kept | null) {
    this.channel = new BroadcastChannel(`throng.session.${family}`);
    this.channel.addEventListener('message', ({ data }: MessageEvent<Said>) => {
      if (data.kind === 'Give') {
        this.settle(readKept(data.text, Date.now(), performance.now()));
        return;
      }
      const kept = give();
      if (kept) this.say({ kind: 'Give', text: writeKept(kept, Date.now(), performance.now()) });
    });
  }

  /** The session of the window that plays, or nothing when none answers. */
  ask(): Promise<Kept | null> {
    this.answer ??= new Promise((resolve) => {
      this.asked = resolve;
      this.timer = window.setTimeout(() => this.settle(null), ASK_MS);
      this.say({ kind: 'Ask' });
    });
    return this.answer;
  }

  private say(said: Said): void {
    this.channel.postMessage(said);
  }

  private settle(kept: Kept | null): void {
    window.clearTimeout(this.timer);
    this.asked?.(kept);
    this.asked = null;
    this.answer = null;
  }
}
