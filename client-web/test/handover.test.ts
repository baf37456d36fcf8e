/** Two windows of one browser: the one that is to play is given what the other one has. */

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Given, Handover } from '../src/session/handover.ts';
import { newStanding } from '../src/standing.ts';

const GIVEN: Given = {
  kept: {
    name: 'Ada',
    look: 3,
    room: '',
    watch: false,
    resume: { secret: new Uint8Array(16).fill(7), received: 9, called: 2, sessionMs: 60_000 },
    standing: newStanding(),
  },
  told: 'lines and news',
};

/** Windows that hear each other, as those of one browser do. */
class Channel {
  static readonly all: Channel[] = [];
  private readonly name: string;
  private readonly listeners: ((event: { data: unknown }) => void)[] = [];

  constructor(name: string) {
    this.name = name;
    Channel.all.push(this);
  }

  addEventListener(_: string, listener: (event: { data: unknown }) => void): void {
    this.listeners.push(listener);
  }

  postMessage(data: unknown): void {
    const others = Channel.all.filter((it) => it !== this && it.name === this.name);
    for (const it of others.flatMap(({ listeners }) => listeners)) setTimeout(() => it({ data: structuredClone(data) }), 1);
  }
}

beforeEach(() => {
  Channel.all.length = 0;
  vi.useFakeTimers();
  vi.stubGlobal('BroadcastChannel', Channel);
  vi.stubGlobal('window', globalThis);
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

test('the window that plays gives its session, and what it was told', async () => {
  const asking = new Handover('f', () => null);
  new Handover('f', () => GIVEN);
  new Handover('g', () => ({ ...GIVEN, told: 'of another family' }));
  const given = asking.ask();
  expect(asking.isAsking).toBe(true);
  await vi.advanceTimersByTimeAsync(2);
  expect(await given).toEqual(GIVEN);
  expect(asking.isAsking).toBe(false);
});

test('where no window plays, the asker is told so in two seconds', async () => {
  const asking = new Handover('f', () => null);
  new Handover('f', () => null);
  const given = asking.ask();
  expect(asking.ask(), 'because one answer is enough').toBe(given);
  await vi.advanceTimersByTimeAsync(1_999);
  expect(asking.isAsking).toBe(true);
  await vi.advanceTimersByTimeAsync(1);
  expect([await given, asking.isAsking]).toEqual([null, false]);
});
