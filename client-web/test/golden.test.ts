/** The golden vectors of `tests/golden`, which hold Rust and TypeScript together bit for bit. */

import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { boltCheck, checkValue, gliderCheck, shardCheck } from '../src/check.ts';
import { alongX, alongY, HEADING_X, HEADING_Y, headingOf, isqrt } from '../src/lattice.ts';
import { isSolidAt, mapFromRuns, type TileMap } from '../src/map.ts';
import { type Body, fly, newRules, type Rules, step, way } from '../src/motion.ts';
import { nameFault, trimName } from '../src/session/name.ts';
import { tickOffset } from '../src/tick.ts';
import * as codec from '../src/wire/codec.ts';
import { DecodeError, Reader } from '../src/wire/reader.ts';
import { Writer } from '../src/wire/writer.ts';

const folder = new URL('../../tests/golden/', import.meta.url);

function golden<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(name, folder), 'utf8'), asInMemory) as T;
}

/** JSON has no bytes and one kind of number: there secrets and identities are lists, and a time of day is as others are. */
function asInMemory(key: string, value: unknown): unknown {
  if (key === 'timeMs' && typeof value === 'number') return BigInt(value);
  return (key === 'secret' || key === 'identity') && Array.isArray(value) ? Uint8Array.from(value as number[]) : value;
}

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

type Decode = (r: Reader) => unknown;
type Encode = (w: Writer, v: unknown) => void;
const functions = codec as unknown as Readonly<Record<string, Decode & Encode>>;

function codecOf(type: string): { decode: Decode; encode: Encode } {
  const decode = functions[`decode${type}`];
  const encode = functions[`encode${type}`];
  if (!decode || !encode) throw new Error(`The codec has no ${type}.`);
  return { decode, encode };
}

function defaultMap(): TileMap {
  const { width, height, runs } = golden<{ width: number; height: number; runs: number[] }>('map.json');
  const map = mapFromRuns(width, height, runs);
  if (!map) throw new Error('The golden map is none.');
  return map;
}

describe.skipIf(!existsSync(folder))('golden vectors', () => {
  test('every message decodes to its value and encodes to its bytes', () => {
    const items = golden<{ type: string; name: string; hex: string; value: unknown }[]>('messages.json');
    expect(items.length).toBeGreaterThan(0);
    for (const { type, name, hex, value } of items) {
      const { decode, encode } = codecOf(type);
      const reader = new Reader(bytesOf(hex));
      expect(decode(reader), name).toEqual(value);
      reader.done();
      const writer = new Writer(1);
      encode(writer, value);
      expect(hexOf(writer.finish()), name).toBe(hex);
    }
  });

  test('malformed bytes are refused', () => {
    for (const { type, why, hex, reason } of golden<{ type: string; why: string; hex: string; reason: string }[]>(
      'malformed.json',
    )) {
      if (type === 'ClientMessage' && (reason === 'OutOfRange' || reason === 'TooLong')) continue;
      const { decode } = codecOf(type);
      const whole = (): void => {
        const reader = new Reader(bytesOf(hex));
        decode(reader);
        reader.done();
      };
      expect(whole, `${why}: ${hex}`).toThrow(DecodeError);
    }
  });

  test('the rules of every tick rate agree', () => {
    for (const { hz, rules } of golden<{ hz: number; rules: Rules }[]>('rules.json')) {
      expect(newRules(hz), `at ${hz} Hz`).toEqual(rules);
    }
  });

  test('the lattice agrees', () => {
    const lattice = golden<{
      headings: [number, number][];
      along: [number, number, number, number][];
      headingOf: [number, number, number][];
      isqrt: [number, number][];
      ways: [number, number, number, number, number, number][];
    }>('lattice.json');
    expect(lattice.headings).toEqual(Array.from(HEADING_X, (x, heading) => [x, HEADING_Y[heading]]));
    for (const [heading, length, x, y] of lattice.along) {
      expect([alongX(heading, length), alongY(heading, length)]).toEqual([x, y]);
    }
    for (const [dx, dy, heading] of lattice.headingOf) expect(headingOf(dx, dy), `${dx}, ${dy}`).toBe(heading);
    for (const [square, root] of lattice.isqrt) expect(isqrt(square)).toBe(root);
    for (const [vx, vy, from, ticks, x, y] of lattice.ways) {
      expect([way(vx, from, ticks), way(vy, from, ticks)]).toEqual([x, y]);
    }
  });

  test('every step agrees, collisions and dashes among them', () => {
    const map = defaultMap();
    let steps = 0;
    for (const run of golden<{ hz: number; tick: number; start: number[]; steps: number[][] }[]>('steps.json')) {
      const rules = newRules(run.hz);
      const [x = 0, y = 0, vx = 0, vy = 0, dashLeft = 0, dashRest = 0] = run.start;
      const body: Body = { x, y, vx, vy, dashLeft, dashRest };
      let { tick } = run;
      for (const [heading = 0, thrust = 0, dash = 0, ...after] of run.steps) {
        tick = tickOffset(tick, 1);
        step(body, { heading, thrust }, dash === 1, tick, rules, map);
        expect([body.x, body.y, body.vx, body.vy, body.dashLeft, body.dashRest], `step ${steps}`).toEqual(after);
        steps++;
      }
    }
    expect(steps).toBeGreaterThanOrEqual(1_000);
  });

  test('every flight agrees, to its end', () => {
    const map = defaultMap();
    for (const run of golden<{ hz: number; tick: number; start: number[]; steps: number[][] }[]>('flights.json')) {
      const rules = newRules(run.hz);
      const [x = 0, y = 0, heading = 0, left = 0] = run.start;
      const flight = { x, y, heading, left };
      let { tick } = run;
      expect(isSolidAt(map, x, y)).toBe(false);
      for (const after of run.steps) {
        tick = tickOffset(tick, 1);
        const flies = fly(flight, tick, rules, map);
        expect([flight.x, flight.y, flight.heading, flight.left, flies ? 1 : 0]).toEqual(after);
      }
    }
  });

  test('check values agree', () => {
    for (const cell of golden<{ gliders: number[][]; bolts: number[][]; shards: number[][]; value: number }[]>(
      'checks.json',
    )) {
      let sum = 0;
      for (const [id = 0, x = 0, y = 0, vx = 0, vy = 0, heading = 0, thrust = 0, left = 0, rest = 0, condition = 0] of cell.gliders) {
        sum += gliderCheck(id, { x, y, vx, vy, dashLeft: left, dashRest: rest }, { heading, thrust }, condition);
      }
      for (const [id = 0, x = 0, y = 0, heading = 0, left = 0] of cell.bolts) {
        sum += boltCheck(id, { x, y, heading, left });
      }
      for (const [id = 0, value = 0] of cell.shards) sum += shardCheck(id, value);
      expect(checkValue(sum | 0)).toBe(cell.value);
    }
  });

  test('names are judged alike', () => {
    for (const item of golden<{ text: string; name?: string; error?: string }[]>('names.json')) {
      const trimmed = trimName(item.text);
      const fault = nameFault(trimmed);
      expect(fault === '', JSON.stringify(item)).toBe(item.error === undefined);
      if (item.name !== undefined) expect(trimmed).toBe(item.name);
    }
  });
});
