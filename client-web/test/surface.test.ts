import { afterEach, expect, test, vi } from 'vitest';
import { watchDensity } from '../src/draw/surface.ts';

afterEach(() => vi.unstubAllGlobals());

test('each change of the density is heard of, and not only the first', () => {
  const screen = { devicePixelRatio: 1 };
  const asked: { media: string; change: () => void }[] = [];
  vi.stubGlobal('window', screen);
  vi.stubGlobal('matchMedia', (media: string) => {
    const list = new EventTarget();
    asked.push({ media, change: () => list.dispatchEvent(new Event('change')) });
    return list;
  });
  const seen: number[] = [];
  watchDensity(() => seen.push(screen.devicePixelRatio));
  for (const ratio of [2, 1, 1.5]) {
    screen.devicePixelRatio = ratio;
    asked.at(-1)?.change();
  }
  expect(seen).toEqual([2, 1, 1.5]);
  expect(asked.map(({ media }) => media), 'because only one can be asked about').toEqual(
    [1, 2, 1, 1.5].map((ratio) => `(resolution: ${ratio}dppx)`),
  );
  asked[0]?.change();
  expect(seen.length, 'because that one was heard of').toBe(3);
});
