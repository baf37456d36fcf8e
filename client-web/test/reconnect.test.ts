import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { closeCodeOf, splitReason } from '../src/session/close.ts';
import {
  handleEnd,
  handleHint,
  handleWelcome,
  handleWish,
  newReconnect,
  pollReconnect,
  retryAt,
} from '../src/session/reconnect.ts';

type Step = [what: string, now: number, retryAfterMs: number, chance: number, began: boolean, stage: string, at: number | null];

test('every plan is the one that Rust makes', () => {
  const file = new URL('../../tests/golden/reconnect.json', import.meta.url);
  const plans = JSON.parse(readFileSync(file, 'utf8')) as { start: number; steps: Step[] }[];
  const seen = new Set<string>();
  for (const { start, steps } of plans) {
    const plan = newReconnect(start);
    for (const [what, now, retryAfterMs, chance, began, stage, at] of steps) {
      let begins = false;
      if (what === 'welcome') handleWelcome(plan, now);
      else if (what === 'end') handleEnd(plan, now, 'Retry', retryAfterMs, chance);
      else if (what === 'never') handleEnd(plan, now, 'Never', retryAfterMs, chance);
      else if (what === 'hint') handleHint(plan, now);
      else if (what === 'wish') handleWish(plan, now);
      else begins = pollReconnect(plan, now);
      seen.add(`${what} ${stage}`);
      expect([begins, plan.stage.kind, retryAt(plan)], JSON.stringify(what)).toEqual([began, stage, at ?? Number.NaN]);
    }
  }
  expect(seen.size, 'because every step is taken from every place').toBeGreaterThan(8);
});

test('the wait grows by 1.8 from 250 ms and stops at 8 s, and all of it is jitter', () => {
  const plan = newReconnect(0);
  const waits = Array.from({ length: 9 }, () => {
    handleEnd(plan, 0, 'Retry', 0, 2 ** 32 - 1);
    return retryAt(plan) + 1;
  });
  expect(waits).toEqual([250, 450, 810, 1458, 2624, 4723, 8000, 8000, 8000]);
  handleEnd(plan, 0, 'Retry', 0, 0);
  expect(retryAt(plan)).toBe(0);
});

test('terminal codes are never retried, unknown ones are', () => {
  for (const code of [1000, 1002, 1003, 1007, 1008, 1009, 4001, 4003, 4004, 4010, 4011, 4012]) {
    expect(closeCodeOf(code).comeback, `because ${code} ends the session`).toBe('Never');
  }
  for (const code of [1001, 1006, 1011, 1012, 1013, 4008, 4009, 4013, 1005, 4999]) {
    expect(closeCodeOf(code).comeback, `because ${code} may pass`).toBe('Retry');
  }
});

test('a close reason tells when to come back', () => {
  expect(splitReason('the room is full; retry_after_ms=12500')).toEqual({ text: 'the room is full', retryAfterMs: 12_500 });
  expect(splitReason('left')).toEqual({ text: 'left', retryAfterMs: 0 });
  expect(splitReason('; retry_after_ms=99999999999999')).toEqual({ text: '', retryAfterMs: 2 ** 32 - 1 });
  expect(splitReason('x; retry_after_ms=-5')).toEqual({ text: 'x; retry_after_ms=-5', retryAfterMs: 0 });
});
