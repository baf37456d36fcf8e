import { describe, expect, test } from 'vitest';
import { advancePlayback, arrived, delayMs, newPlayback } from '../src/playback.ts';

const HZ = 30;
const TICK_MS = 1000 / HZ;

/** Plays `seconds` of snapshots, each late by `lateness(tick)` milliseconds, in frames of 16 ms. */
function play(
  seconds: number,
  lateness: (tick: number) => number,
  frame: (tick: number, nowMs: number, rate: number) => void = () => {},
): ReturnType<typeof newPlayback> {
  const playback = newPlayback(HZ);
  let tick = 0;
  for (let now = 100; now < 100 + seconds * 1000; now += 16) {
    while (100 + tick * TICK_MS + lateness(tick) <= now) {
      arrived(playback, 100 + tick * TICK_MS + lateness(tick), tick);
      tick++;
    }
    frame(advancePlayback(playback, now), now, playback.rate);
  }
  return playback;
}

describe('the playback clock', () => {
  test('settles two intervals behind on a calm link', () => {
    const playback = play(5, () => 0);
    expect(delayMs(playback)).toBeCloseTo(2 * TICK_MS, 0);
    const behind = (playback.newest - playback.tick) * TICK_MS;
    expect(behind, 'because a frame shows what lies between two known ticks').toBeGreaterThan(TICK_MS * 0.9);
    expect(behind).toBeLessThan(TICK_MS * 3);
  });

  test('never runs backwards, never passes the newest tick, never bends by more than 5 %', () => {
    let last = -1e9;
    let seed = 7;
    const jitter = (): number => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
      return (seed / 2 ** 32) * 30;
    };
    const late = Array.from({ length: 400 }, jitter);
    const playback = play(
      10,
      (tick) => late[tick] ?? 0,
      (tick, now, rate) => {
        if (now < 300) return;
        expect(tick).toBeGreaterThanOrEqual(last);
        last = tick;
        expect(Math.abs(rate - 1)).toBeLessThanOrEqual(0.0501);
      },
    );
    expect(playback.tick).toBeLessThanOrEqual(playback.newest);
    expect(delayMs(playback), 'because a jittery link needs a longer delay').toBeGreaterThan(2 * TICK_MS + 5);
  });

  test('a jittery link seldom runs dry', () => {
    let dry = 0;
    let frames = 0;
    const playback = newPlayback(HZ);
    let tick = 0;
    for (let now = 0; now < 20_000; now += 16) {
      while (tick * TICK_MS + (tick % 3) * 12 <= now) {
        arrived(playback, now, tick);
        tick++;
      }
      frames++;
      if (advancePlayback(playback, now) >= playback.newest && now > 3_000) dry++;
    }
    expect(dry / frames).toBeLessThan(0.01);
  });

  test('jumps over a gap instead of racing through it', () => {
    const playback = newPlayback(HZ);
    for (let tick = 0; tick < 60; tick++) {
      arrived(playback, tick * TICK_MS, tick);
      advancePlayback(playback, tick * TICK_MS);
    }
    arrived(playback, 10_000, 300);
    const tick = advancePlayback(playback, 10_000);
    expect(tick, 'because a hidden tab comes back with the newest state').toBeGreaterThan(290);
    expect(tick).toBeLessThanOrEqual(300);
  });
});
