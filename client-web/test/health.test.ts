import { expect, test } from 'vitest';
import { keptIn, newHealth, sayKept, watchHealth } from '../src/hud/health.ts';

const ANSWER = { rooms: [{ name: 'other', overruns: 9, skipped: 9 }, { name: 'arena', overruns: 1, skipped: 250 }] };

test('the figures of the own room are found in whatever comes', () => {
  expect(keptIn(ANSWER, 'arena')).toEqual({ overruns: 1, skipped: 250 });
  for (const wrong of [null, 7, {}, { rooms: 3 }, { rooms: [null] }, { rooms: [{ name: 'arena', overruns: '1', skipped: 0 }] }]) {
    expect(keptIn(wrong, 'arena')).toBeNull();
  }
});

test('the figures read as a sentence would', () => {
  expect(sayKept(null)).toBe('');
  expect(sayKept({ overruns: 1, skipped: 250 })).toBe('server: 1 overrun · 250 skips');
});

test('the server is asked every five seconds, and a silent one more rarely', async () => {
  const health = newHealth();
  const asked: number[] = [];
  let answer: () => Promise<unknown> = async () => ANSWER;
  const watch = async (untilMs: number): Promise<void> => {
    for (let now = asked.at(-1) ?? 0; now < untilMs; now += 500) {
      await watchHealth(health, 'arena', now, () => {
        asked.push(now);
        return answer();
      });
    }
  };
  await watch(16_000);
  expect(asked).toEqual([0, 5_000, 10_000, 15_000]);
  expect(health.kept).toEqual({ overruns: 1, skipped: 250 });
  answer = () => Promise.reject(new Error('gone'));
  await watch(90_000);
  expect(asked.slice(4), 'because a server in need is left alone').toEqual([20_000, 30_000, 50_000]);
  expect(health.kept, 'because what was told last stays').toEqual({ overruns: 1, skipped: 250 });
});

test('one question at a time is on its way', async () => {
  const health = newHealth();
  let asked = 0;
  let reply = (_: unknown): void => {};
  const ask = (): Promise<unknown> => {
    asked++;
    return new Promise((resolve) => (reply = resolve));
  };
  const first = watchHealth(health, 'arena', 0, ask);
  await watchHealth(health, 'arena', 60_000, ask);
  expect(asked).toBe(1);
  reply(ANSWER);
  await first;
  expect(health.kept).toEqual({ overruns: 1, skipped: 250 });
});
