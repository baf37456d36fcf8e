import { describe, expect, test } from 'vitest';
import { type Game, ownGlider, tickShare } from '../src/game.ts';
import { SUB } from '../src/lattice.ts';
import { sameBody } from '../src/motion.ts';
import { fadeError, shownX, shownY } from '../src/prediction.ts';
import { playScenario, TICK_MS } from './fake-server.ts';

/** Turns every 300 ms, stops at times, and dashes now and then. */
function restless(nowMs: number, intent: { heading: number; thrust: number; aim: number; dash: boolean }): void {
  const turn = Math.floor(nowMs / 300);
  intent.heading = (turn * 89) & 255;
  intent.thrust = turn % 5 === 4 ? 0 : 15;
  intent.aim = intent.heading;
  if (nowMs % 2_000 === 0 && nowMs > 0) intent.dash = true;
}

describe('prediction', () => {
  for (const delay of [5, 40, 120]) {
    test(`needs no correction on a calm link of ${delay} ms each way`, () => {
      let warm = -1;
      const { game, late } = playScenario({
        seconds: 20,
        up: () => delay,
        down: () => delay,
        // While the clock still looks for its place, inputs may come late: the player rests.
        intent: (now, intent) => {
          if (now > 3_000) restless(now, intent);
        },
        frame: (game, now) => {
          if (now <= 3_000) warm = game.prediction.corrections;
        },
      });
      expect(game.prediction.corrections - warm, 'because both ends run the same step').toBe(0);
      expect(late).toBeLessThan(30);
      expect(game.desyncs).toBe(0);
    });
  }

  test('needs no correction on a page that draws eight frames a second', () => {
    let warm = -1;
    const { game } = playScenario({
      seconds: 20,
      up: () => 20,
      down: () => 20,
      frameMs: 125,
      intent: (now, intent) => {
        if (now > 5_000) restless(now, intent);
      },
      frame: (game, now) => {
        if (now <= 5_000) warm = game.prediction.corrections;
      },
    });
    expect(game.prediction.corrections - warm, 'because missed ticks keep the last input').toBe(0);
  });

  test('runs ahead of the newest snapshot', () => {
    const { game } = playScenario({ seconds: 5, up: () => 60, down: () => 60, intent: restless });
    expect(game.prediction.tick - game.view.tick).toBeGreaterThanOrEqual(Math.floor(120 / TICK_MS));
    expect(game.prediction.tick - game.view.tick).toBeLessThan(12);
  });

  test('a late input is corrected once and then agrees again', () => {
    const { game } = playScenario({
      seconds: 12,
      up: (now) => (now > 6_000 && now < 6_400 ? 350 : 20),
      down: () => 20,
      intent: restless,
    });
    expect(game.prediction.corrections, 'because the server moved on without the input').toBeGreaterThan(0);
    const own = ownGlider(game);
    expect(own).toBeDefined();
    const moment = game.prediction.moments[game.view.tick & 511];
    expect(own && moment && sameBody(moment.body, own.body), 'because the rewound prediction is exact').toBe(true);
  });

  test('a correction does not make the picture jump', () => {
    let last: { x: number; y: number } | null = null;
    let furthest = 0;
    const watch = (game: Game, now: number): void => {
      fadeError(game.prediction, 16);
      if (!game.prediction.live || now < 3_000) return;
      const share = tickShare(game, now);
      const x = shownX(game.prediction, share);
      const y = shownY(game.prediction, share);
      if (last) furthest = Math.max(furthest, Math.hypot(x - last.x, y - last.y));
      last = { x, y };
    };
    const { game } = playScenario({
      seconds: 10,
      up: (now) => (now > 6_000 && now < 6_300 ? 250 : 20),
      down: () => 20,
      intent: (now, intent) => {
        restless(now, intent);
        intent.dash = false;
      },
      frame: watch,
    });
    expect(game.prediction.corrections).toBeGreaterThan(0);
    // The clock jumps by more than two tiles here, and a frame at full speed shows an eighth of one.
    expect(furthest, 'because an error fades over some frames').toBeLessThan(0.8 * SUB);
  });

  test('a page that reads its welcome late steers all the same, and its clock finds the server', () => {
    let jumps = 0;
    const { game, sent, late } = playScenario({
      seconds: 6,
      welcomedMs: 500,
      up: () => 20,
      down: () => 20,
      intent: restless,
      frame: (game) => (jumps = game.clock.jumps),
    });
    expect(sent.length, 'because the first input needs no clock that is right').toBeGreaterThan(30);
    expect(late, 'because it is right soon').toBeLessThan(5);
    expect(jumps, 'because it was half a second behind').toBeGreaterThan(0);
    expect(game.prediction.tick, 'because it is ahead as on any link').toBeGreaterThan(game.view.tick);
  });

  test('after a burst of latency the trigger works at once', () => {
    const fired: number[] = [];
    let jumps = 0;
    const { game } = playScenario({
      seconds: 12,
      up: (now) => (now > 5_000 && now < 7_000 ? 1_500 : 20),
      down: () => 20,
      intent: (_, intent) => {
        intent.firing = true;
      },
      frame: (game, now) => {
        if (game.muzzle) fired.push(now);
        game.muzzle = false;
        jumps = game.clock.jumps;
      },
    });
    expect(jumps, 'because the clock went ahead and came back').toBeGreaterThan(1);
    const restMs = game.view.rules.fireRestTicks * TICK_MS;
    const gaps = fired.slice(1).map((at, n) => at - fired[n]!);
    expect(Math.max(...gaps)).toBeLessThan(2 * restMs + 100);
  });

  test('inputs ascend, one a tick, and at least every 100 ms', () => {
    const { sent } = playScenario({
      seconds: 5,
      up: () => 10,
      down: () => 10,
      intent: (_, intent) => {
        intent.thrust = 15;
      },
    });
    for (let i = 1; i < sent.length; i++) {
      const gap = sent[i]!.tick - sent[i - 1]!.tick;
      expect(gap).toBeGreaterThan(0);
      expect(gap * TICK_MS).toBeLessThan(100 + 2 * TICK_MS);
    }
    expect(sent.length, 'because an intent that does not change is not repeated each tick').toBeLessThan(5 * 13);
  });
});
