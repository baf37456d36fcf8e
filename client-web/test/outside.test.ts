/** The browser's own notifications, with a browser that is made up. */

import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { Outside } from '../src/social/outside.ts';

/** What was shown outside of the page. */
let shown: string[];
let asked: number;
let stored: Map<string, string>;

class FakeNotification {
  static permission = 'default';
  static answer = 'granted';

  constructor(_: string, { body }: { body: string }) {
    shown.push(body);
  }

  static requestPermission(): Promise<string> {
    asked++;
    FakeNotification.permission = FakeNotification.answer;
    return Promise.resolve(FakeNotification.answer);
  }

  addEventListener(): void {}
}

function hide(hidden: boolean): void {
  vi.stubGlobal('document', { hidden });
}

beforeEach(() => {
  [shown, asked, stored] = [[], 0, new Map()];
  FakeNotification.permission = 'default';
  FakeNotification.answer = 'granted';
  vi.stubGlobal('Notification', FakeNotification);
  vi.stubGlobal('window', { Notification: FakeNotification });
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => stored.set(key, value),
  });
  hide(true);
});

afterEach(() => {
  vi.unstubAllGlobals();
});

test('nothing is asked and nothing is shown before the player wants it', () => {
  new Outside().tell('killed');
  expect([shown, asked]).toEqual([[], 0]);
});

test('once allowed, a hidden page tells outside of itself, and one that is seen does not', async () => {
  const outside = new Outside();
  await outside.turn(true);
  expect([outside.on, outside.fault, asked]).toEqual([true, '', 1]);
  outside.tell('killed');
  hide(false);
  outside.tell('seen anyway');
  expect(shown).toEqual(['killed']);
  await outside.turn(false);
  hide(true);
  outside.tell('off');
  expect(shown).toEqual(['killed']);
});

test('who does not allow it is told where to, and nothing is shown', async () => {
  FakeNotification.answer = 'denied';
  const outside = new Outside();
  await outside.turn(true);
  expect(outside.on).toBe(false);
  expect(outside.fault).toContain('settings');
  outside.tell('killed');
  expect(shown).toEqual([]);
});

test('the wish is kept, but not against the browser', async () => {
  await new Outside().turn(true);
  expect(new Outside().on).toBe(true);
  FakeNotification.permission = 'denied';
  expect(new Outside().on).toBe(false);
});

test('a browser without notifications says so', async () => {
  vi.stubGlobal('window', {});
  const outside = new Outside();
  await outside.turn(true);
  expect([outside.on, outside.fault]).toEqual([false, 'This browser has no notifications.']);
});
