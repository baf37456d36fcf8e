import { beforeEach, describe, expect, test } from 'vitest';
import type { Intent } from '../src/game.ts';
import {
  atRest,
  type Devices,
  dropStalePresses,
  keyAction,
  keyDown,
  newDevices,
  readIntent,
  releaseAll,
  STICK_REACH,
  takeButtons,
  thumbDown,
  thumbMove,
  thumbUp,
} from '../src/input/devices.ts';

let devices: Devices;
let intent: Intent;

beforeEach(() => {
  devices = newDevices();
  intent = { heading: 0, thrust: 0, aim: 0, firing: false, dash: false };
});

const read = (): Intent => {
  readIntent(devices, 100, 100, intent);
  return intent;
};

describe('keys', () => {
  test('letters and arrows steer by their place on the keyboard', () => {
    for (const [codes, heading] of [
      [['KeyD'], 0],
      [['ArrowDown'], 64],
      [['KeyA'], 128],
      [['ArrowUp'], 192],
      [['KeyS', 'KeyD'], 32],
      [['KeyW', 'ArrowLeft'], 160],
    ] as const) {
      devices.keys.clear();
      for (const code of codes) devices.keys.add(code);
      expect(read()).toMatchObject({ heading, thrust: 15 });
    }
  });

  test('opposite keys cancel, and no key drifts on the last heading', () => {
    devices.keys.add('KeyW');
    read();
    devices.keys.add('KeyS');
    expect(read()).toMatchObject({ heading: 192, thrust: 0 });
    devices.keys.clear();
    expect(read()).toMatchObject({ heading: 192, thrust: 0 });
  });

  test('whoever rests looks where they looked', () => {
    keyDown(devices, 'KeyA', false, 10);
    keyDown(devices, 'KeyJ', false, 10);
    keyDown(devices, 'Space', false, 10);
    expect(atRest(read())).toEqual({ heading: 128, thrust: 0, aim: 128, firing: false, dash: false });
  });

  test('both keys of one direction are one direction', () => {
    devices.keys.add('KeyD').add('ArrowRight').add('KeyS');
    expect(read().heading).toBe(32);
  });

  test('space and shift dash, other keys do nothing', () => {
    expect([keyAction('Space'), keyAction('ShiftLeft'), keyAction('ShiftRight')]).toEqual(['Dash', 'Dash', 'Dash']);
    expect(keyAction('KeyQ')).toBeUndefined();
    devices.dashes = 1;
    expect(read().dash).toBe(true);
  });

  test('J and F fire along the heading, once for a short press and on while held', () => {
    devices.keys.add('KeyA');
    for (const code of ['KeyJ', 'KeyF']) {
      expect(read().firing).toBe(false);
      keyDown(devices, code, false, 10);
      expect(read()).toMatchObject({ firing: true, aim: 128 });
      devices.keys.delete(code);
      expect(read().firing, 'because no shot has answered it').toBe(true);
      devices.fires = 0;
      keyDown(devices, code, true, 20);
      expect([read().firing, devices.fires], 'because a key that stays down is one press').toEqual([true, 0]);
      devices.keys.delete(code);
    }
  });

  test('a window that loses its focus lets go of everything', () => {
    devices.keys.add('KeyD');
    devices.mouseDown = true;
    keyDown(devices, 'KeyJ', false, 10);
    thumbDown(devices, 1, 10, 10, 400);
    releaseAll(devices);
    expect(read()).toMatchObject({ thrust: 0, firing: false });
  });
});

describe('the mouse', () => {
  test('aims from where the own glider is shown, and fires while held', () => {
    devices.mouseSeen = true;
    devices.mouseX = 100;
    devices.mouseY = 300;
    expect(read()).toMatchObject({ aim: 64, firing: false });
    devices.mouseDown = true;
    expect(read()).toMatchObject({ aim: 64, firing: true });
  });

  test('a click between two ticks is a shot, for half a second', () => {
    takeButtons(devices, 1, true, 1_000);
    takeButtons(devices, 0, true, 1_005);
    dropStalePresses(devices, 1_500);
    expect(read().firing).toBe(true);
    dropStalePresses(devices, 1_501);
    expect(read().firing, 'because that is not what the player wants any more').toBe(false);
  });

  test('each button does what it does while the other one is held', () => {
    takeButtons(devices, 1, true, 10);
    takeButtons(devices, 3, true, 20);
    expect([devices.mouseDown, devices.dashes]).toEqual([true, 1]);
    devices.fires = 0;
    takeButtons(devices, 2, true, 30);
    expect([read().firing, devices.dashes], 'because the left one was let go').toEqual([false, 1]);
    takeButtons(devices, 3, true, 40);
    takeButtons(devices, 1, true, 50);
    takeButtons(devices, 3, true, 60);
    expect([read().firing, devices.dashes]).toEqual([true, 2]);
  });

  test('a button that was pressed elsewhere does nothing in the arena, and is let go anywhere', () => {
    takeButtons(devices, 1, false, 10);
    takeButtons(devices, 1, true, 20);
    expect(read().firing).toBe(false);
    takeButtons(devices, 0, true, 30);
    takeButtons(devices, 1, true, 40);
    expect(read().firing).toBe(true);
    takeButtons(devices, 0, false, 50);
    expect(devices.mouseDown).toBe(false);
  });

  test('without one, the aim follows the heading', () => {
    devices.keys.add('KeyA');
    expect(read().aim).toBe(128);
  });
});

describe('thumbs', () => {
  test('two of them move and aim at once', () => {
    thumbDown(devices, 1, 50, 300, 400);
    thumbDown(devices, 2, 350, 300, 400);
    thumbMove(devices, 1, 50, 300 - STICK_REACH);
    thumbMove(devices, 2, 350 - STICK_REACH, 300);
    expect(read()).toMatchObject({ heading: 192, thrust: 15, aim: 128, firing: true });
    thumbUp(devices, 2);
    expect(read(), 'because a lifted thumb leaves the aim to the heading').toMatchObject({ aim: 192, firing: false });
  });

  test('half a reach is half speed, and a resting thumb is none', () => {
    thumbDown(devices, 1, 50, 300, 400);
    expect(read().thrust).toBe(0);
    thumbMove(devices, 1, 50 + STICK_REACH / 2, 300);
    expect(read().thrust).toBe(8);
  });

  test('the stick follows a thumb that goes too far', () => {
    thumbDown(devices, 1, 50, 300, 400);
    thumbMove(devices, 1, 150, 300);
    expect(devices.move.originX).toBe(150 - STICK_REACH);
    thumbMove(devices, 1, 150 - STICK_REACH * 1.5, 300);
    expect(read().heading, 'because turning back takes one thumb width, not the whole way').toBe(128);
  });

  test('a second finger on the same half changes nothing', () => {
    thumbDown(devices, 1, 50, 300, 400);
    expect(thumbDown(devices, 9, 60, 200, 400)).toBe(false);
    thumbUp(devices, 9);
    expect(devices.move.pointer).toBe(1);
  });
});
