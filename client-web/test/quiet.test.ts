import { expect, test } from 'vitest';
import { newQuiet, watchQuiet } from '../src/hud/quiet.ts';

test('two seconds without a snapshot are quiet, and the next one ends it', () => {
  const quiet = newQuiet();
  let now = 0;
  const frames = (count: number, snapshots: number): boolean[] =>
    Array.from({ length: count }, () => watchQuiet(quiet, snapshots, (now += 20)));
  expect(frames(100, 1)).not.toContain(true);
  expect(frames(1, 1)).toEqual([true]);
  expect(frames(100, 2)).not.toContain(true);
  expect(frames(1, 3), 'because that is another one').toEqual([false]);
  expect(frames(300, -1), 'because none can come').not.toContain(true);
});

test('a page that was stalled does not blame the server', () => {
  const quiet = newQuiet();
  expect([0, 100, 60_000, 60_800, 61_000].map((now) => watchQuiet(quiet, 1, now))).toEqual([false, false, false, false, true]);
});
