/** What a caller is told when there is no answer, or when nobody waits for the one that came. */

import type { CallFault } from '../session/calls.ts';
import type { Outcome } from '../wire/codec.ts';

const WORDS: Readonly<Record<CallFault, string>> = {
  Timeout: 'no answer came in time; it may have been done all the same',
  Lost: 'the session ended while the call was on its way; it may have been done',
  QueueFull: 'too many calls wait to be sent',
  Closed: 'the connection is closed',
};

/** A call ended without an answer. */
export class CallError extends Error {
  readonly fault: CallFault;

  constructor(fault: CallFault) {
    super(WORDS[fault]);
    this.name = 'CallError';
    this.fault = fault;
  }
}

export type Refusal = Extract<Outcome, { kind: 'Refused' }>;

/** The server refuses to tell of a topic; its sentence is the message. */
export class RefusedError extends Error {
  readonly topic: string;
  readonly refusal: Refusal;

  constructor(topic: string, refusal: Refusal) {
    super(`${topic}: ${refusal.text}`);
    this.name = 'RefusedError';
    this.topic = topic;
    this.refusal = refusal;
  }
}
