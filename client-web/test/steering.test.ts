/** What a player wants counts now or not at all. */

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { connect, type Throng } from '../src/sdk/index.ts';
import type { Input } from '../src/wire/codec.ts';
import { FakeSocket, freshSockets, newest } from './fake-socket.ts';

let throng: Throng;

beforeEach(() => {
  freshSockets();
  throng = connect('ws://x/ws', { WebSocket: FakeSocket, maxBuffered: 1_000, chance: () => 0 });
});
afterEach(() => {
  throng.close();
  vi.useRealTimers();
});

function inputs(): Input[] {
  return newest().heard.flatMap((message) => (message.kind === 'Input' ? [message.value] : []));
}

test('a wish is said at once, at most once a tick, and again every 100 ms', () => {
  newest().welcome();
  throng.steer({ heading: 64, thrust: 15, fire: true });
  expect(inputs()).toMatchObject([{ tick: 102, ahead: 2, heading: 64, thrust: 15, aim: 64, fire: 1, dash: 0 }]);
  throng.steer({ heading: 1, thrust: 15 });
  throng.steer({ heading: 2, thrust: 15 });
  expect(inputs()).toHaveLength(1);
  vi.advanceTimersByTime(40);
  expect(inputs()[1], 'because the latest wins').toMatchObject({ heading: 2, fire: 1 });
  vi.advanceTimersByTime(1_000);
  const repeats = inputs().slice(2);
  expect(repeats.length).toBeGreaterThanOrEqual(9);
  expect(repeats.every(({ heading, fire, tick }) => heading === 2 && fire === 1 && tick > 102)).toBe(true);
});

test('a clogged link is said nothing, and a wish that is older than half a second is dropped with its presses', () => {
  const socket = newest().welcome();
  socket.bufferedAmount = 1_001;
  throng.steer({ heading: 1, thrust: 15, dash: true });
  vi.advanceTimersByTime(400);
  throng.steer({ heading: 2, thrust: 15 });
  expect(inputs()).toEqual([]);
  socket.bufferedAmount = 0;
  vi.advanceTimersByTime(40);
  expect(inputs(), 'because no press is lost while it is fresh').toMatchObject([{ heading: 2, dash: 1 }]);
  socket.bufferedAmount = 1_001;
  throng.steer({ heading: 3, thrust: 0, dash: true });
  vi.advanceTimersByTime(600);
  socket.bufferedAmount = 0;
  vi.advanceTimersByTime(300);
  expect(inputs().every(({ heading, dash }) => heading === 2 && dash === 1)).toBe(true);
});

test('a wish is not kept for a connection that comes later', () => {
  throng.steer({ heading: 1, thrust: 15 });
  vi.advanceTimersByTime(600);
  newest().welcome();
  vi.advanceTimersByTime(1_000);
  expect(inputs()).toEqual([]);
});

test('an input names the newest snapshot, and the clock follows what the server reports', () => {
  newest().welcome();
  newest().say({ kind: 'Tick', value: { steers: [], cells: [] } });
  throng.steer({ heading: 0, thrust: 1 });
  expect(inputs()).toMatchObject([{ tick: 102, ahead: 1 }]);
  newest().say({ kind: 'Snapshot', value: { feedback: { ack: 0, early: -160 }, ticks: [{ steers: [], cells: [] }], refocus: null } });
  vi.advanceTimersByTime(34);
  throng.steer({ heading: 1, thrust: 1 });
  expect(inputs()[1]?.tick, 'because the first came ten ticks late').toBeGreaterThan(110);
});

test('the tick of the server runs on between snapshots', () => {
  expect(throng.serverTick).toBeNull();
  newest().welcome();
  vi.advanceTimersByTime(100);
  expect(throng.serverTick).toBeCloseTo(103);
  newest().say({ kind: 'Ping', nonce: 0, rttMs: 200, jitterMs: 0 });
  expect(throng.serverTick, 'because what it says is half a round trip old').toBeCloseTo(106);
  newest().say({ kind: 'Tick', value: { steers: [], cells: [] } });
  expect(throng.serverTick).toBeCloseTo(104);
});
