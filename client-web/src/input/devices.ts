/** What keys, mouse and thumbs do right now, as plain data, and what the player means by it. */

import { headingOf } from '../lattice.ts';
import { THRUST_MAX } from '../limits.ts';
import type { Intent } from '../game.ts';

/** A thumb on the glass. It starts where it is put down. */
export interface Stick {
  /** The pointer that holds it, or -1. */
  pointer: number;
  originX: number;
  originY: number;
  x: number;
  y: number;
}

/** All places are in CSS pixels. */
export interface Devices {
  readonly keys: Set<string>;
  mouseX: number;
  mouseY: number;
  mouseSeen: boolean;
  /** Whether the button that fires was pressed in the arena and is held. */
  mouseDown: boolean;
  /** The buttons that are down, wherever they were pressed, as in `MouseEvent.buttons`. */
  buttons: number;
  /** Presses of dash since they were last used, and the time of the newest. */
  dashes: number;
  dashedAtMs: number;
  /** Presses of fire that no shot has answered, and the time of the newest: a short one would fall between two ticks. */
  fires: number;
  firedAtMs: number;
  readonly move: Stick;
  readonly aim: Stick;
}

/** How far a thumb moves for full speed, in CSS pixels. */
export const STICK_REACH = 52;
/** Below this a thumb rests. */
const STICK_DEAD = 9;
/** A press that could not be used for so long is not what the player wants any more. */
const PRESS_MS = 500;

export function newDevices(): Devices {
  return {
    keys: new Set(),
    mouseX: 0,
    mouseY: 0,
    mouseSeen: false,
    mouseDown: false,
    buttons: 0,
    dashes: 0,
    dashedAtMs: 0,
    fires: 0,
    firedAtMs: 0,
    move: newStick(),
    aim: newStick(),
  };
}

function newStick(): Stick {
  return { pointer: -1, originX: 0, originY: 0, x: 0, y: 0 };
}

/** Lets go of everything: the window lost its focus. */
export function releaseAll(devices: Devices): void {
  devices.keys.clear();
  devices.mouseDown = false;
  devices.dashes = 0;
  devices.fires = 0;
  devices.move.pointer = -1;
  devices.aim.pointer = -1;
}

/** What a key does, by its place on the keyboard. */
export type KeyAction = 'Left' | 'Right' | 'Up' | 'Down' | 'Fire' | 'Dash';

const KEYS: Readonly<Record<string, KeyAction>> = {
  KeyA: 'Left',
  ArrowLeft: 'Left',
  KeyD: 'Right',
  ArrowRight: 'Right',
  KeyW: 'Up',
  ArrowUp: 'Up',
  KeyS: 'Down',
  ArrowDown: 'Down',
  KeyF: 'Fire',
  KeyJ: 'Fire',
  Space: 'Dash',
  ShiftLeft: 'Dash',
  ShiftRight: 'Dash',
};

export function keyAction(code: string): KeyAction | undefined {
  return KEYS[code];
}

export function pressDash(devices: Devices, atMs: number): void {
  devices.dashes++;
  devices.dashedAtMs = atMs;
}

function pressFire(devices: Devices, atMs: number): void {
  devices.fires++;
  devices.firedAtMs = atMs;
}

/** Forgets presses that came to nothing, as while the connection was lost. */
export function dropStalePresses(devices: Devices, nowMs: number): void {
  if (nowMs - devices.dashedAtMs > PRESS_MS) devices.dashes = 0;
  if (nowMs - devices.firedAtMs > PRESS_MS) devices.fires = 0;
}

/** The bits of `MouseEvent.buttons` that mean something here. */
const LEFT = 1;
const RIGHT = 2;

/**
 * Takes what any event of the mouse tells of its buttons: while one is down, it is a move that tells of another one.
 * `inArena`: a button that is pressed now is pressed there; one is let go wherever that is.
 */
export function takeButtons(devices: Devices, buttons: number, inArena: boolean, atMs: number): void {
  const pressed = inArena ? buttons & ~devices.buttons : 0;
  devices.buttons = buttons;
  if (pressed & LEFT) {
    devices.mouseDown = true;
    pressFire(devices, atMs);
  }
  if (pressed & RIGHT) pressDash(devices, atMs);
  if (!(buttons & LEFT)) devices.mouseDown = false;
}

/** Takes a key of the game that went down; `isRepeat` when it only stays down. */
export function keyDown(devices: Devices, code: string, isRepeat: boolean, atMs: number): void {
  const action = KEYS[code];
  if (!action) return;
  devices.keys.add(code);
  if (isRepeat) return;
  if (action === 'Dash') pressDash(devices, atMs);
  else if (action === 'Fire') pressFire(devices, atMs);
}

/** Whether a key is Command: while it is held, a Mac tells of no other key that is let go. */
export function isCommand(code: string): boolean {
  return code === 'MetaLeft' || code === 'MetaRight';
}

/** Brings `intent` up to date. `ownX` and `ownY` are where the own glider is shown. */
export function readIntent(devices: Devices, ownX: number, ownY: number, intent: Intent): void {
  const { move, aim, keys } = devices;
  let dx = 0;
  let dy = 0;
  let held = devices.mouseDown;
  for (const code of keys) {
    const action = KEYS[code];
    if (action === 'Left') dx = Math.max(-1, dx - 1);
    else if (action === 'Right') dx = Math.min(1, dx + 1);
    else if (action === 'Up') dy = Math.max(-1, dy - 1);
    else if (action === 'Down') dy = Math.min(1, dy + 1);
    else if (action === 'Fire') held = true;
  }
  let thrust = dx !== 0 || dy !== 0 ? THRUST_MAX : 0;
  if (move.pointer >= 0) {
    dx = move.x - move.originX;
    dy = move.y - move.originY;
    const length = Math.hypot(dx, dy);
    thrust = length < STICK_DEAD ? 0 : Math.max(1, Math.round(Math.min(1, length / STICK_REACH) * THRUST_MAX));
  }
  intent.thrust = thrust;
  if (thrust > 0) intent.heading = headingOf(dx, dy);

  const aimX = aim.x - aim.originX;
  const aimY = aim.y - aim.originY;
  const aiming = aim.pointer >= 0 && Math.hypot(aimX, aimY) >= STICK_DEAD;
  intent.firing = aiming || held || devices.fires > 0;
  if (aiming) intent.aim = headingOf(aimX, aimY);
  else if (devices.mouseSeen) intent.aim = headingOf(devices.mouseX - ownX, devices.mouseY - ownY);
  else if (thrust > 0) intent.aim = intent.heading;
  intent.dash = devices.dashes > 0;
}

/** What somebody means who does nothing any more: the glider looks where it looked. */
export function atRest({ heading, aim }: Intent): Intent {
  return { heading, thrust: 0, aim, firing: false, dash: false };
}

/** Puts a thumb down: the left half of the glass moves, the right half aims. False when that thumb is down already. */
export function thumbDown(devices: Devices, pointer: number, x: number, y: number, width: number): boolean {
  const stick = x < width / 2 ? devices.move : devices.aim;
  if (stick.pointer >= 0) return false;
  stick.pointer = pointer;
  stick.originX = x;
  stick.originY = y;
  stick.x = x;
  stick.y = y;
  return true;
}

/** Moves a thumb; the origin follows one that goes further than the stick reaches. */
export function thumbMove(devices: Devices, pointer: number, x: number, y: number): void {
  const stick = stickOf(devices, pointer);
  if (!stick) return;
  stick.x = x;
  stick.y = y;
  const dx = x - stick.originX;
  const dy = y - stick.originY;
  const length = Math.hypot(dx, dy);
  if (length <= STICK_REACH) return;
  stick.originX = x - (dx / length) * STICK_REACH;
  stick.originY = y - (dy / length) * STICK_REACH;
}

export function thumbUp(devices: Devices, pointer: number): void {
  const stick = stickOf(devices, pointer);
  if (stick) stick.pointer = -1;
}

function stickOf(devices: Devices, pointer: number): Stick | null {
  if (devices.move.pointer === pointer) return devices.move;
  if (devices.aim.pointer === pointer) return devices.aim;
  return null;
}
