/** A server of one glider in virtual time: the rules of intents and snapshots, without a socket. */

import { cellAt, slotAt } from '../src/cells.ts';
import { checkValue, gliderCheck } from '../src/check.ts';
import { advance, type Game, type Intent, newGame, takeSnapshot } from '../src/game.ts';
import { SUB } from '../src/lattice.ts';
import { walled } from '../src/map.ts';
import { type Body, bodyAt, newRules, type Steer, step } from '../src/motion.ts';
import { newSession } from '../src/session/client.ts';
import { conditionOf } from '../src/wire/records.ts';
import type { CellEvent, CellKeyframe, GliderRecord, Input, Snapshot, TickDelta } from '../src/wire/codec.ts';

export const HZ = 30;
export const TICK_MS = 1000 / HZ;
export const YOU = 7;
const COLUMNS = 48;
const ROWS = 32;
const FOCUS = { x: 0, y: 0, w: COLUMNS / 8, h: ROWS / 8 };

const CELL_SUB = 8 * SUB;
const rules = newRules(HZ);
const map = walled(COLUMNS, ROWS);

export interface Scenario {
  /** Way to the server, in milliseconds, of an input sent at this time. */
  readonly up: (nowMs: number) => number;
  /** Way from the server, in milliseconds, of a snapshot sent at this time. */
  readonly down: (nowMs: number) => number;
  readonly seconds: number;
  readonly intent: (nowMs: number, intent: Intent) => void;
  /** When the page gets to read the welcome and what came behind it; 0 when it is not given. */
  readonly welcomedMs?: number;
  /** Time between two frames; 16 when it is not given. */
  readonly frameMs?: number;
  /** Called after each frame. */
  readonly frame?: (game: Game, nowMs: number) => void;
}

export interface Outcome {
  readonly game: Game;
  readonly body: Body;
  readonly late: number;
  readonly sent: readonly Input[];
}

/** Plays a scenario in steps of one millisecond. */
export function playScenario(scenario: Scenario): Outcome {
  if (!map) throw new Error('The size is allowed.');
  const body = bodyAt(20 * SUB, 16 * SUB);
  const steer: Steer = { heading: 0, thrust: 0 };
  const { session } = newSession(0, 'Ada', 3);
  session.you = YOU;
  const runs: number[] = [];
  let solid = 0;
  for (const tile of map.tiles) {
    if ((tile & 1) !== solid || runs.length === 0) {
      if (runs.length === 0 && (tile & 1) === 1) runs.push(0);
      runs.push(0);
      solid = tile & 1;
    }
    runs[runs.length - 1]!++;
  }
  const game = newGame(
    { secret: new Uint8Array(16), resumed: false, identity: new Uint8Array(24), sessionMs: 60_000, timeMs: 0n, watch: false, you: YOU, own: YOU, tick: 0, tickHz: HZ, room: 'test', map: { width: COLUMNS, height: ROWS, runs } },
    scenario.welcomedMs ?? 0,
  );
  if (!game) throw new Error('The map is one.');

  const upstream: { atMs: number; input: Input }[] = [];
  const downstream: { atMs: number; snapshot: Snapshot }[] = [];
  const buffer: Input[] = [];
  const sent: Input[] = [];
  const intent: Intent = { heading: 0, thrust: 0, aim: 0, firing: false, dash: false };
  let dashes = 0;
  let late = 0;
  let tick = 0;
  let arrived: { tick: number; early: number } | null = null;
  const state = { upAtMs: 0, downAtMs: 0 };

  for (let now = 0; now < scenario.seconds * 1000; now++) {
    while (upstream[0] && upstream[0].atMs <= now) {
      const { input } = upstream.shift()!;
      arrived = { tick: input.tick, early: Math.floor(((input.tick * TICK_MS - now) / TICK_MS) * 16) };
      while (buffer.length > 0 && buffer[buffer.length - 1]!.tick >= input.tick) buffer.pop();
      buffer.push(input);
    }
    if (now >= (tick + 1) * TICK_MS) {
      tick++;
      const events: CellEvent[] = [];
      const delta: TickDelta = { steers: [], cells: [] };
      let taken: Input | null = null;
      while (buffer[0] && buffer[0].tick <= tick) {
        taken = buffer.shift()!;
        if (taken.tick < tick) late++;
      }
      const slot = slotAt(FOCUS, body.x, body.y);
      let dash = false;
      if (taken) {
        if (taken.heading !== steer.heading) delta.steers.push({ who: YOU, heading: taken.heading });
        if (taken.thrust !== steer.thrust) events.push({ kind: 'Thrust', who: YOU, thrust: taken.thrust });
        steer.heading = taken.heading;
        steer.thrust = taken.thrust;
        dash = taken.dash !== dashes && body.dashRest === 0;
        dashes = taken.dash;
        if (dash) events.push({ kind: 'Dash', who: YOU });
      }
      step(body, steer, dash, tick, rules, map);
      if (events.length > 0) delta.cells.push({ slot, events });
      const after = slotAt(FOCUS, body.x, body.y);
      const value = checkValue(gliderCheck(YOU, body, steer, conditionOf(100, false)));
      delta.cells.push({ slot: after, events: [{ kind: 'Check', value }] });
      const feedback = arrived && { ack: arrived.tick - tick, early: arrived.early };
      arrived = null;
      state.downAtMs = Math.max(state.downAtMs, now + scenario.down(now));
      const snapshot: Snapshot =
        tick === 1
          ? { feedback, ticks: [], refocus: { restart: 1, focus: FOCUS, keyframes: keyframes(body, steer) } }
          : { feedback, ticks: [delta], refocus: null };
      downstream.push({ atMs: state.downAtMs, snapshot });
    }
    if (now < (scenario.welcomedMs ?? 0)) continue;
    while (downstream[0] && downstream[0].atMs <= now) {
      const fault = takeSnapshot(game, downstream.shift()!.snapshot, now);
      if (fault) throw new Error(`The view does not fit: ${fault}.`);
    }
    if (now % (scenario.frameMs ?? 16) === 0) {
      scenario.intent(now, intent);
      const used = advance(game, session, intent, now, (input) => {
        sent.push(input);
        state.upAtMs = Math.max(state.upAtMs, now + scenario.up(now));
        upstream.push({ atMs: state.upAtMs, input });
      });
      if (used) intent.dash = false;
      scenario.frame?.(game, now);
    }
  }
  return { game, body, late, sent };
}

function keyframes(body: Body, steer: Steer): CellKeyframe[] {
  const home = slotAt(FOCUS, body.x, body.y);
  const withinX = body.x - cellAt(body.x) * CELL_SUB;
  const withinY = body.y - cellAt(body.y) * CELL_SUB;
  const record: GliderRecord = {
    id: YOU,
    place: withinX | (withinY << 12),
    heading: steer.heading,
    trim: (3 << 4) | steer.thrust,
    motion: { kind: 'Free', vx: body.vx, vy: body.vy },
    condition: conditionOf(100, false),
    name: 'Ada',
  };
  return Array.from({ length: FOCUS.w * FOCUS.h }, (_, slot) => ({
    gliders: slot === home ? [record] : [],
    bolts: [],
    shards: [],
  }));
}
