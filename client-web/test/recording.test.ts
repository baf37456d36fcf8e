/** A recorded session of the real simulation: both clients decode it to the same state. */

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { mapFromRuns } from '../src/map.ts';
import { newRules } from '../src/motion.ts';
import { type ClientSession, handleFrame, newSession } from '../src/session/client.ts';
import { applyRefocus, applyTick, newView, type View } from '../src/view.ts';

interface State {
  tick: number;
  focus: number[];
  gliders: number[][];
  bolts: number[][];
  shards: number[][];
}

interface Frame {
  hex: string;
  state?: State;
}

const file = new URL('../../tests/golden/session.json', import.meta.url);

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

function begin(session: ClientSession, frame: Frame): View {
  const update = handleFrame(session, 0, bytesOf(frame.hex));
  if (update.kind !== 'Welcome') throw new Error('A recording begins with a Welcome.');
  const { map: runs, tick, tickHz } = update.welcome;
  const map = mapFromRuns(runs.width, runs.height, runs.runs);
  if (!map) throw new Error('The map of the recording is none.');
  return newView(newRules(tickHz), map, tick);
}

function byId<T extends { id: number }>(things: Map<number, T>): T[] {
  return [...things.values()].sort((a, b) => a.id - b.id);
}

function stateOf(view: View): State {
  const { x, y, w, h } = view.focus;
  return {
    tick: view.tick,
    focus: [x, y, w, h],
    gliders: byId(view.gliders).map(({ id, body, steer, hp }) => [
      id, body.x, body.y, body.vx, body.vy, steer.heading, steer.thrust, body.dashLeft, body.dashRest, hp,
    ]),
    bolts: byId(view.bolts).map(({ id, flight }) => [id, flight.x, flight.y, flight.heading, flight.left]),
    shards: byId(view.shards).map(({ id, x: sx, y: sy, value }) => [id, sx, sy, value]),
  };
}

test('a recorded session ends in the same state here and in Rust, all the way', () => {
  const frames = JSON.parse(readFileSync(file, 'utf8')) as Frame[];
  const { session } = newSession(0, 'Ada', 0);
  const view = begin(session, frames[0]!);
  let compared = 0;
  for (const { hex, state } of frames.slice(1)) {
    const update = handleFrame(session, 0, bytesOf(hex));
    if (update.kind !== 'Snapshot') throw new Error('A recording goes on with snapshots.');
    const { ticks, refocus } = update.snapshot;
    for (const delta of ticks) expect(applyTick(view, delta), `tick ${view.tick}`).toBeNull();
    if (refocus) expect(applyRefocus(view, refocus), `tick ${view.tick}`).toBeNull();
    if (state) {
      expect(stateOf(view)).toEqual(state);
      compared++;
    }
  }
  expect(frames.length, 'because a few hundred snapshots are asked for').toBeGreaterThan(300);
  expect(compared).toBeGreaterThan(20);
  expect(view.checks, 'because check values came along').toBeGreaterThan(20);
});
