/** What a resumed session goes on with, and what begins anew. */

import { expect, test } from 'vitest';
import { advance, type Intent, newGame, takeRoomEvent, takeSnapshot } from '../src/game.ts';
import { dropStalePresses, newDevices, pressDash, readIntent } from '../src/input/devices.ts';
import { newSession } from '../src/session/client.ts';
import type { Input, Welcome } from '../src/wire/codec.ts';
import { HZ, playScenario, YOU } from './fake-server.ts';

const WELCOME: Welcome = {
  secret: new Uint8Array(16),
  resumed: false,
  identity: new Uint8Array(24),
  watch: false,
  sessionMs: 60_000,
  timeMs: 0n,
  you: YOU,
  own: YOU,
  tick: 100,
  tickHz: HZ,
  room: 'test',
  map: { width: 48, height: 32, runs: [48 * 32] },
};

function begun(): NonNullable<ReturnType<typeof newGame>> {
  const game = newGame(WELCOME, 0);
  if (!game) throw new Error('The map is one.');
  takeRoomEvent(game, { kind: 'Score', shards: 5, kills: 2 }, 0);
  takeRoomEvent(game, { kind: 'Notice', text: 'hello' }, 0);
  Object.assign(game, { pingMs: 41, jitterMs: 3, lived: true, eyeX: 99 });
  return game;
}

test('a resume keeps score, feed and map, and begins clocks and view anew', () => {
  const before = begun();
  const game = newGame({ ...WELCOME, resumed: true, tick: 300 }, 7_000, before);
  expect(game?.standing, 'because what was told is not told again').toBe(before.standing);
  expect(game?.standing).toMatchObject({ shards: 5, kills: 2 });
  expect(game).toMatchObject({ pingMs: 41, jitterMs: 3, lived: true, eyeX: 99, snapshots: 0 });
  expect(game?.view.map, 'because it is drawn already').toBe(before.view.map);
  expect(game?.view.tick).toBe(300);
  expect(game?.prediction.live).toBe(false);
  expect(game?.clock).not.toBe(before.clock);
});

test('another session has a score of its own', () => {
  const game = newGame({ ...WELCOME, you: 8 }, 7_000, begun());
  expect(game?.standing).toMatchObject({ shards: 0, kills: 0, feed: [] });
  expect(game?.lived).toBe(false);
});

test('a link that is clogged gets no input, and no press is counted', () => {
  const { game } = playScenario({ up: () => 20, down: () => 20, seconds: 2, intent: () => {} });
  const { session } = newSession(0, 'Ada', 1);
  const intent: Intent = { heading: 64, thrust: 15, aim: 0, firing: true, dash: true };
  const { x, y } = game.prediction.body;
  expect(advance(game, session, intent, 2_100, null), 'because nothing was used').toBe(false);
  expect([session.fire, session.dash]).toEqual([0, 0]);
  expect(game.muzzle).toBe(false);
  expect([game.prediction.body.x, game.prediction.body.y], 'because the server moves nothing either').toEqual([x, y]);
  const sent: Input[] = [];
  expect(advance(game, session, intent, 2_200, (input) => sent.push(input))).toBe(true);
  expect(sent, 'because one press is one press').toMatchObject([{ fire: 1, dash: 1 }]);
});

test('a press that came to nothing is forgotten after half a second', () => {
  const devices = newDevices();
  const intent: Intent = { heading: 0, thrust: 0, aim: 0, firing: false, dash: false };
  const dashes = (nowMs: number): boolean => {
    dropStalePresses(devices, nowMs);
    readIntent(devices, 0, 0, intent);
    return intent.dash;
  };
  pressDash(devices, 1_000);
  expect(dashes(1_500)).toBe(true);
  expect(dashes(1_501), 'because it would be a dash that nobody wants now').toBe(false);
});

test('a snapshot that does not fit is no picture', () => {
  const game = newGame(WELCOME, 0);
  expect(game && takeSnapshot(game, { feedback: null, ticks: [{ steers: [], cells: [] }], refocus: null }, 1)).toBe('NoFocus');
  expect(game?.resyncing).toBe(true);
});
