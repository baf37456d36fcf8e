import { beforeEach, describe, expect, test } from 'vitest';
import { CELL_SUB } from '../src/cells.ts';
import { SUB } from '../src/lattice.ts';
import { walled } from '../src/map.ts';
import { newRules, VEL, way } from '../src/motion.ts';
import { applyRefocus, applyTick, checkCell, newView, type View } from '../src/view.ts';
import { conditionOf } from '../src/wire/records.ts';
import type { BoltRecord, CellEvent, CellKeyframe, GliderRecord, TickDelta } from '../src/wire/codec.ts';

const rules = newRules(30);
const map = walled(64, 32);
if (!map) throw new Error('The size is allowed.');
const FOCUS = { x: 1, y: 0, w: 3, h: 2 };

let view: View;

function glider(id: number, x: number, y: number, heading = 0): GliderRecord {
  return { id, place: x | (y << 12), heading, trim: (5 << 4) | 15, motion: { kind: 'Cruise' }, condition: conditionOf(100, false), name: `g${id}` };
}

function bolt(id: number, x: number, y: number, heading: number, left: number): BoltRecord {
  return { id, owner: 9, place: x | (y << 12), heading, left };
}

function keyframes(count: number, at = -1, what: Partial<CellKeyframe> = {}): CellKeyframe[] {
  return Array.from({ length: count }, (_, n) => ({ gliders: [], bolts: [], shards: [], ...(n === at ? what : {}) }));
}

function tickOf(slot: number, ...events: CellEvent[]): TickDelta {
  return { steers: [], cells: [{ slot, events }] };
}

const QUIET: TickDelta = { steers: [], cells: [] };

beforeEach(() => {
  view = newView(rules, map, 100);
  const start = { restart: 100, focus: FOCUS, keyframes: keyframes(6, 1, { gliders: [glider(9, 1000, 1000)] }) };
  expect(applyRefocus(view, start)).toBeNull();
});

describe('the view', () => {
  test('places what a keyframe tells in its cell', () => {
    const held = view.gliders.get(9);
    expect(held?.body).toMatchObject({ x: 2 * CELL_SUB + 1000, y: 1000, vx: rules.speed, vy: 0 });
    expect(held).toMatchObject({ name: 'g9', look: 5, hp: 100 });
  });

  test('moves what it holds without being told', () => {
    for (let n = 0; n < 10; n++) expect(applyTick(view, QUIET)).toBeNull();
    expect(view.tick).toBe(110);
    expect(view.gliders.get(9)?.body.x).toBe(2 * CELL_SUB + 1000 + way(rules.speed, 100, 10));
  });

  test('drops who crosses the rim of the focus', () => {
    const ticks = Math.ceil(((2 * CELL_SUB - 1000) * VEL) / rules.speed);
    for (let n = 0; n < ticks - 1; n++) applyTick(view, QUIET);
    expect(view.gliders.has(9)).toBe(true);
    applyTick(view, QUIET);
    expect(view.gliders.has(9)).toBe(false);
  });

  test('steers before the step, and everything else comes after it', () => {
    const delta: TickDelta = {
      steers: [{ who: 9, heading: 64 }],
      cells: [
        { slot: 0, events: [{ kind: 'Arrival', value: glider(4, 10, 10) }] },
        { slot: 1, events: [{ kind: 'Dash', who: 9 }] },
      ],
    };
    expect(applyTick(view, delta)).toBeNull();
    expect(view.gliders.get(9)?.body).toMatchObject({ vx: 0, vy: rules.dashSpeed });
    expect(view.gliders.get(4)?.body.x, 'because an arrival has made its step').toBe(CELL_SUB + 10);
  });

  test('a lost connection shows, and is part of the check value', () => {
    const before = checkCell(view, 1);
    applyTick(view, tickOf(1, { kind: 'Link', who: 9, dead: true }));
    expect(view.gliders.get(9)).toMatchObject({ linkDead: true, hp: 100 });
    const after = checkCell(view, 1);
    applyTick(view, tickOf(1, { kind: 'Link', who: 9, dead: false }));
    expect(after).not.toBe(before);
    expect(view.gliders.get(9)?.linkDead).toBe(false);
  });

  test('a death is shown where it was', () => {
    applyTick(view, tickOf(1, { kind: 'Death', who: 9, by: 3 }));
    expect(view.gliders.size).toBe(0);
    expect(view.happenings).toContainEqual({ kind: 'Death', who: 9, by: 3, look: 5, x: 2 * CELL_SUB + 1000 + way(rules.speed, 100, 1), y: 1000 });
  });

  test('bolts end at walls and of age without a word', () => {
    const bolts = [bolt(1, 200, 300, 192, 30), bolt(2, 1000, 1000, 0, 2)];
    applyTick(view, tickOf(0, ...bolts.map((value): CellEvent => ({ kind: 'BoltArrival', value }))));
    expect(view.bolts.size).toBe(2);
    for (let n = 0; n < 3; n++) applyTick(view, QUIET);
    expect(view.bolts.size).toBe(0);
  });

  test('a matching check value passes, another is a desync', () => {
    const twin = newView(rules, map, 100);
    applyRefocus(twin, { restart: 100, focus: FOCUS, keyframes: keyframes(6, 1, { gliders: [glider(9, 1000, 1000)] }) });
    applyTick(twin, QUIET);
    const value = checkCell(twin, 1);
    expect(applyTick(view, tickOf(1, { kind: 'Check', value }))).toBeNull();
    expect(view.checks).toBe(1);
    expect(applyTick(view, tickOf(1, { kind: 'Check', value }))).toBe('Check');
  });

  test('what does not fit is named', () => {
    expect(applyTick(newView(rules, map, 1), QUIET)).toBe('NoFocus');
    expect(applyTick(view, tickOf(1, { kind: 'Thrust', who: 77, thrust: 3 }))).toBe('UnknownGlider');
    expect(applyTick(view, tickOf(6, { kind: 'Leave', who: 9 }))).toBe('UnknownSlot');
    expect(applyRefocus(view, { restart: null, focus: { ...FOCUS, x: 2 }, keyframes: [] })).toBe('Keyframes');
    expect(applyRefocus(view, { restart: 5, focus: FOCUS, keyframes: keyframes(7) })).toBe('Keyframes');
  });

  test('a moved focus keeps the cells in common and takes keyframes of the new ones', () => {
    const shards = [{ id: 8, place: 5, value: 1 }];
    const moved = { restart: null, focus: { ...FOCUS, x: 2 }, keyframes: keyframes(2, 1, { shards }) };
    expect(applyRefocus(view, moved)).toBeNull();
    expect(view.gliders.has(9), 'because its cell stays held').toBe(true);
    expect(view.shards.get(8)).toMatchObject({ x: 4 * CELL_SUB + 5, y: CELL_SUB });
    expect(applyRefocus(view, { restart: null, focus: { x: 4, y: 0, w: 1, h: 2 }, keyframes: [] })).toBeNull();
    expect(view.gliders.has(9), 'because its cell is let go').toBe(false);
  });

  test('a restart forgets everything and sets the tick', () => {
    const place = SUB;
    const fresh = keyframes(6, 0, { gliders: [glider(2, place, place)] });
    expect(applyRefocus(view, { restart: 900, focus: FOCUS, keyframes: fresh })).toBeNull();
    expect([...view.gliders.keys()]).toEqual([2]);
    expect(view.tick).toBe(900);
  });
});
