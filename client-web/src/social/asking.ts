/** Calls and the promises of their answers: they wait for a connection, and outlast a cut as long as the session does. */

import { CALLS_MAX, CALLS_QUEUED_MAX } from '../limits.ts';
import type { Ask, Outcome } from '../wire/codec.ts';

interface Call {
  readonly ask: Ask;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (why: Error) => void;
}

export class Asking {
  private readonly sent = new Map<number, Call>();
  private readonly queue: Call[] = [];
  private send: ((call: number, ask: Ask) => void) | null = null;
  private called = 0;

  /** Asks as soon as it can; fails when too many wait or the session ends. */
  ask(ask: Ask): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      if (this.queue.length >= CALLS_QUEUED_MAX) {
        reject(new Error('too many calls wait for a connection'));
        return;
      }
      this.queue.push({ ask, resolve, reject });
      this.flush();
    });
  }

  answered(number: number, outcome: Outcome): void {
    const call = this.sent.get(number);
    this.sent.delete(number);
    call?.resolve(outcome);
    this.flush();
  }

  /** Welcomed: what was sent in the same session is sent again under its number, which the server takes once. */
  opened(resumed: boolean, send: (call: number, ask: Ask) => void): void {
    this.send = send;
    if (resumed) for (const [number, { ask }] of this.sent) send(number, ask);
    else {
      this.called = 0;
      this.fail([...this.sent.values()]);
      this.sent.clear();
    }
    this.flush();
  }

  cut(): void {
    this.send = null;
  }

  /** The session is over, and nobody will answer. */
  over(): void {
    this.fail([...this.sent.values(), ...this.queue]);
    this.sent.clear();
    this.queue.length = 0;
  }

  private flush(): void {
    while (this.send && this.sent.size < CALLS_MAX) {
      const call = this.queue.shift();
      if (!call) return;
      this.sent.set(++this.called, call);
      this.send(this.called, call.ask);
    }
  }

  private fail(calls: readonly Call[]): void {
    for (const { reject } of calls) reject(new Error('the session ended before an answer came'));
  }
}
