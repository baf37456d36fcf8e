/** Calls over cuts, resumes and new sessions: each is done at most once, and whoever waits is told how it ended. */

import { expect, test } from 'vitest';
import { CALLS_MAX } from '../src/limits.ts';
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
  timeoutAt,
} from '../src/session/calls.ts';
import type { Ask, Outcome } from '../src/wire/codec.ts';

const DONE: Outcome = { kind: 'Done' };

function say(text: string): Ask {
  return { kind: 'Say', to: { kind: 'Room' }, text };
}

function add(calls: Calls, ...texts: string[]): (number | null)[] {
  return texts.map((text) => addCall(calls, 0, say(text), 1_000));
}

/** Number and text of everything that goes on the wire now. */
function sent(calls: Calls): [number, string][] {
  const out: [number, string][] = [];
  for (let next = pollCall(calls); next; next = pollCall(calls)) {
    if (next.kind === 'Ask' && next.ask.kind === 'Say') out.push([next.call, next.ask.text]);
  }
  return out;
}

test('calls wait for a welcome and are numbered from 1', () => {
  const calls = newCalls();
  const [a, b] = add(calls, 'a', 'b');
  expect(sent(calls)).toEqual([]);
  handleOpen(calls, false);
  expect(sent(calls)).toEqual([[1, 'a'], [2, 'b']]);
  expect(handleAnswer(calls, 2, DONE)).toEqual({ id: b, end: { kind: 'Answer', outcome: DONE } });
  expect(handleAnswer(calls, 2, DONE), 'because it was answered').toBeNull();
  expect(handleAnswer(calls, 1, DONE)).toMatchObject({ id: a });
});

test('no more than eight are on the wire, and the next goes when one is answered', () => {
  const calls = newCalls();
  handleOpen(calls, false);
  add(calls, ...Array.from({ length: CALLS_MAX + 2 }, (_, index) => `${index + 1}`));
  expect(sent(calls)).toHaveLength(CALLS_MAX);
  handleAnswer(calls, 3, DONE);
  expect(sent(calls)).toEqual([[9, '9']]);
});

test('a full queue takes nothing more', () => {
  const calls = newCalls(2);
  expect(add(calls, 'a', 'b', 'c')).toEqual([1, 2, null]);
  handleOpen(calls, false);
  sent(calls);
  expect(add(calls, 'd')).not.toEqual([null]);
});

test('a session that goes on is told again what was not answered, with the same numbers and in order', () => {
  const calls = newCalls();
  handleOpen(calls, false);
  add(calls, 'a', 'b');
  sent(calls);
  handleAnswer(calls, 1, DONE);
  handleCut(calls);
  add(calls, 'c');
  expect(sent(calls)).toEqual([]);
  expect(handleOpen(calls, true)).toEqual([]);
  expect(sent(calls)).toEqual([[2, 'b'], [3, 'c']]);
  expect(sent(calls), 'because each goes once a connection').toEqual([]);
});

test('in another session those on their way are lost and those that waited are sent once', () => {
  const calls = newCalls();
  handleOpen(calls, false);
  const [a] = add(calls, 'a');
  sent(calls);
  handleCut(calls);
  add(calls, 'b');
  expect(handleOpen(calls, false)).toEqual([{ id: a, end: { kind: 'Fault', fault: 'Lost' } }]);
  expect(sent(calls)).toEqual([[1, 'b']]);
});

test('a move to another room says nothing twice', () => {
  const calls = newCalls();
  handleOpen(calls, false);
  add(calls, 'a');
  sent(calls);
  expect(handleOpen(calls, true)).toEqual([]);
  expect(sent(calls)).toEqual([]);
});

test('whoever waited long enough is told, and the place on the wire stays taken until the answer', () => {
  const calls = newCalls();
  handleOpen(calls, false);
  expect(timeoutAt(calls)).toBe(Number.POSITIVE_INFINITY);
  const ids = add(calls, ...Array.from({ length: CALLS_MAX + 1 }, (_, index) => `${index + 1}`));
  sent(calls);
  expect(timeoutAt(calls)).toBe(1_000);
  expect(pollTimeouts(calls, 999)).toEqual([]);
  expect(pollTimeouts(calls, 1_000)).toEqual(ids.map((id) => ({ id, end: { kind: 'Fault', fault: 'Timeout' } })));
  expect(pollTimeouts(calls, 2_000), 'because each is told once').toEqual([]);
  addCall(calls, 2_000, say('next'), 1_000);
  expect(sent(calls), 'because the server counts eight').toEqual([]);
  expect(handleAnswer(calls, 1, DONE)).toBeNull();
  expect(sent(calls)).toEqual([[9, 'next']]);
});

test('what nobody waits for is not said again', () => {
  const calls = newCalls();
  handleOpen(calls, false);
  add(calls, 'a');
  addCall(calls, 0, say('b'), 5_000);
  sent(calls);
  handleCut(calls);
  pollTimeouts(calls, 1_000);
  handleOpen(calls, true);
  expect(sent(calls)).toEqual([[2, 'b']]);
});

test('a page that was loaded anew goes on counting', () => {
  const calls = newCalls(100, 7);
  add(calls, 'a');
  handleOpen(calls, true);
  expect(sent(calls)).toEqual([[8, 'a']]);
});

test('at the end everybody is told', () => {
  const calls = newCalls();
  handleOpen(calls, false);
  const ids = add(calls, ...Array.from({ length: CALLS_MAX + 1 }, (_, index) => `${index}`));
  sent(calls);
  expect(abandonCalls(calls, 'Closed').map(({ id }) => id)).toEqual(ids);
  expect(sent(calls)).toEqual([]);
});
