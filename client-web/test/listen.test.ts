/** Events as browsers give them, without a browser. */

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Devices, newDevices } from '../src/input/devices.ts';
import { Listener } from '../src/input/listen.ts';

const canvas = new EventTarget();
let page: EventTarget;
let devices: Devices;
let listener: Listener;
let isPlaying = true;

beforeEach(() => {
  page = new EventTarget();
  vi.stubGlobal('window', page);
  devices = newDevices();
  isPlaying = true;
  listener = new Listener(canvas as HTMLCanvasElement, new EventTarget() as HTMLElement, devices, () => isPlaying);
});
afterEach(() => {
  listener.dispose();
  vi.unstubAllGlobals();
});

/** An event that has come up to the window. */
function happens(kind: string, fields: object): void {
  const event = new Event(kind, { cancelable: true });
  for (const [name, value] of Object.entries({ target: canvas, pointerType: 'mouse', ...fields })) {
    Object.defineProperty(event, name, { value });
  }
  page.dispatchEvent(event);
}

test('of two buttons the second is told of by moves, and the last release need not be the left one', () => {
  happens('pointerdown', { button: 0, buttons: 1 });
  happens('pointermove', { button: 2, buttons: 3 });
  expect([devices.mouseDown, devices.dashes]).toEqual([true, 1]);
  happens('pointermove', { button: 0, buttons: 2 });
  expect(devices.mouseDown, 'because the left one was let go').toBe(false);
  happens('pointerup', { button: 2, buttons: 0 });
  happens('pointerdown', { button: 0, buttons: 1 });
  happens('pointermove', { button: -1, buttons: 1 });
  happens('pointerup', { button: 0, buttons: 0 });
  expect([devices.mouseDown, devices.dashes, devices.fires]).toEqual([false, 1, 2]);
});

test('a release that nobody told of costs no click', () => {
  happens('pointerdown', { button: 0, buttons: 1 });
  page.dispatchEvent(new Event('blur'));
  happens('pointermove', { button: -1, buttons: 1 });
  expect(devices.mouseDown, 'because the window had lost its focus').toBe(false);
  happens('pointerdown', { button: 0, buttons: 1 });
  expect(devices.mouseDown).toBe(true);
});

test('a press on a button of the page fires nothing over the arena', () => {
  happens('pointerdown', { target: page, button: 0, buttons: 1 });
  happens('pointermove', { button: -1, buttons: 1 });
  isPlaying = false;
  happens('pointerdown', { button: 0, buttons: 1 });
  expect([devices.mouseDown, devices.fires]).toEqual([false, 0]);
});

test('no key sticks that is let go while Command is held', () => {
  for (const code of ['MetaLeft', 'MetaRight']) {
    happens('keydown', { code: 'KeyD' });
    happens('keydown', { code, metaKey: true });
    expect([...devices.keys], 'because nobody will tell').toEqual([]);
    devices.keys.add('KeyD');
    happens('keyup', { code });
    expect([...devices.keys]).toEqual([]);
  }
});
