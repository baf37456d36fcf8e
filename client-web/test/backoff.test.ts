import { expect, test } from 'vitest';
import { ceilingMs, connectionEnded, newBackoff, nextWaitMs, STABLE_MS } from '../src/session/backoff.ts';
import { closeCodeOf } from '../src/session/close.ts';

test('the ceiling grows by 1.8 from 250 ms and stops at 8 s', () => {
  const backoff = newBackoff();
  const ceilings = Array.from({ length: 9 }, () => {
    const ceiling = ceilingMs(backoff);
    nextWaitMs(backoff, 0.5);
    return Math.round(ceiling);
  });
  expect(ceilings).toEqual([250, 450, 810, 1458, 2624, 4724, 8000, 8000, 8000]);
});

test('the whole wait is jitter', () => {
  expect(nextWaitMs({ attempts: 6 }, 0)).toBe(0);
  expect(nextWaitMs({ attempts: 6 }, 1)).toBe(8_000);
});

test('what the server asks for is a floor', () => {
  expect(nextWaitMs({ attempts: 0 }, 0, 3_000)).toBe(3_000);
});

test('a stable connection resets the wait, a short one does not', () => {
  const backoff = { attempts: 5 };
  connectionEnded(backoff, STABLE_MS - 1);
  expect(backoff.attempts).toBe(5);
  connectionEnded(backoff, STABLE_MS);
  expect(backoff.attempts).toBe(0);
});

test('terminal codes are never retried, unknown ones are', () => {
  for (const code of [1000, 1002, 1003, 1007, 1008, 1009, 4001, 4003, 4004, 4010, 4011, 4012]) {
    expect(closeCodeOf(code).comeback, `because ${code} ends the session`).toBe('Never');
  }
  for (const code of [1001, 1006, 1011, 1012, 1013, 4008, 4009, 4013, 1005, 4999]) {
    expect(closeCodeOf(code).comeback, `because ${code} may pass`).toBe('Retry');
  }
});
