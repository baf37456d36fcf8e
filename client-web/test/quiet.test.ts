import { expect, test } from 'vitest';
import { newQuiet, watchQuiet } from '../src/hud/quiet.ts';

test('two seconds without a snapshot are quiet, and the next one ends it', () => {
  const quiet = newQuiet();
  const frames = (count: number, snapshots: number): boolean[] => Array.from({ length: count }, () => watchQuiet(quiet, snapshots, 20));
  expect(frames(100, 1)).not.toContain(true);
  expect(frames(1, 1)).toEqual([true]);
  expect(frames(100, 2)).not.toContain(true);
  expect(frames(1, 3), 'because that is another one').toEqual([false]);
});
