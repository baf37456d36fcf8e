/**
 * What moves behind the entry screen: a flock in an arena of its own, by the same movement rule, without a server.
 */

import { angleOf, headingOf, SUB } from './lattice.ts';
import { LOOKS, THRUST_MAX } from './limits.ts';
import { isSolid, newMap, type TileMap } from './map.ts';
import { type Body, bodyAt, newRules, type Steer, step, VEL } from './motion.ts';
import { addRow, clearScene, type Scene } from './scene.ts';

const TICK_HZ = 60;
const TICK_MS = 1000 / TICK_HZ;
const WIDTH = 72;
const HEIGHT = 48;
const FLOCK = 46;
const SHARDS = 40;
const rules = newRules(TICK_HZ);
/** In tiles a second. */
const FULL_SPEED = (rules.speed * TICK_HZ) / (SUB * VEL);

interface Bird {
  readonly body: Body;
  readonly steer: Steer;
  readonly look: number;
  /** Where it swings to, and how fast. */
  readonly bias: number;
  lastX: number;
  lastY: number;
}

export interface Attract {
  readonly map: TileMap;
  readonly birds: readonly Bird[];
  readonly shards: readonly { readonly x: number; readonly y: number }[];
  tick: number;
  tickAtMs: number;
  startMs: number;
}

/** `chance` gives uniform numbers in 0 to 1. */
export function newAttract(nowMs: number, chance: () => number): Attract {
  const map = attractMap();
  const open = (): { x: number; y: number } => {
    for (;;) {
      const x = 2 + chance() * (WIDTH - 4);
      const y = 2 + chance() * (HEIGHT - 4);
      if (!isSolid(map, Math.floor(x), Math.floor(y))) return { x: Math.floor(x) + 0.5, y: Math.floor(y) + 0.5 };
    }
  };
  const birds = Array.from({ length: FLOCK }, (_, n) => {
    const at = open();
    return {
      body: bodyAt(at.x * SUB, at.y * SUB),
      steer: { heading: Math.floor(chance() * 256), thrust: THRUST_MAX },
      look: n % LOOKS,
      bias: chance() * 2 - 1,
      lastX: at.x * SUB,
      lastY: at.y * SUB,
    };
  });
  return { map, birds, shards: Array.from({ length: SHARDS }, open), tick: 0, tickAtMs: nowMs, startMs: nowMs };
}

/** Moves the flock to now. */
export function stepAttract(attract: Attract, nowMs: number): void {
  if (nowMs - attract.tickAtMs > 250) attract.tickAtMs = nowMs - TICK_MS;
  while (attract.tickAtMs + TICK_MS <= nowMs) {
    attract.tickAtMs += TICK_MS;
    attract.tick++;
    const seconds = (attract.tickAtMs - attract.startMs) / 1000;
    for (const bird of attract.birds) {
      bird.lastX = bird.body.x;
      bird.lastY = bird.body.y;
      steer(attract, bird, seconds);
      step(bird.body, bird.steer, false, attract.tick, rules, attract.map);
    }
  }
}

/** Fills the scene; returns where the camera looks, in tiles. */
export function sampleAttract(attract: Attract, scene: Scene, nowMs: number): { x: number; y: number } {
  clearScene(scene);
  const share = Math.min(1, (nowMs - attract.tickAtMs) / TICK_MS);
  const { gliders, shards } = scene;
  for (const [n, bird] of attract.birds.entries()) {
    const i = addRow(gliders);
    if (i < 0) break;
    gliders.id[i] = n;
    gliders.x[i] = (bird.lastX + (bird.body.x - bird.lastX) * share) / SUB;
    gliders.y[i] = (bird.lastY + (bird.body.y - bird.lastY) * share) / SUB;
    gliders.heading[i] = angleOf(bird.steer.heading);
    gliders.speed[i] = FULL_SPEED;
    gliders.look[i] = bird.look;
    gliders.health[i] = 1;
    gliders.flash[i] = 0;
    gliders.dash[i] = 0;
    gliders.alpha[i] = 1;
    gliders.linkDead[i] = 0;
    gliders.names[i] = '';
  }
  for (const [n, shard] of attract.shards.entries()) {
    const i = addRow(shards);
    if (i < 0) break;
    shards.id[i] = n;
    shards.x[i] = shard.x;
    shards.y[i] = shard.y;
  }
  const seconds = (nowMs - attract.startMs) / 1000;
  return { x: WIDTH / 2 + Math.sin(seconds * 0.11) * 13, y: HEIGHT / 2 + Math.cos(seconds * 0.087) * 10 };
}

/** Each bird turns towards a point that wanders, and away from the walls in front of it. */
function steer(attract: Attract, bird: Bird, seconds: number): void {
  const { body } = bird;
  const goalX = (WIDTH / 2 + Math.sin(seconds * 0.31 + bird.bias * 5) * WIDTH * 0.42) * SUB;
  const goalY = (HEIGHT / 2 + Math.cos(seconds * 0.23 + bird.bias * 7) * HEIGHT * 0.4) * SUB;
  let wanted = headingOf(goalX - body.x, goalY - body.y);
  const angle = angleOf(bird.steer.heading);
  const aheadX = Math.floor(body.x / SUB + Math.cos(angle) * 2.4);
  const aheadY = Math.floor(body.y / SUB + Math.sin(angle) * 2.4);
  const blocked = isSolid(attract.map, aheadX, aheadY);
  if (blocked) wanted = (bird.steer.heading + (bird.bias > 0 ? 96 : 160)) & 255;
  const turn = ((wanted - bird.steer.heading + 384) & 255) - 128;
  const most = blocked ? 6 : 2;
  bird.steer.heading = (bird.steer.heading + Math.max(-most, Math.min(most, turn))) & 255;
}

function attractMap(): TileMap {
  const solid = new Uint8Array(WIDTH * HEIGHT);
  const block = (left: number, top: number, width: number, height: number): void => {
    for (let y = top; y < top + height; y++) solid.fill(1, y * WIDTH + left, y * WIDTH + left + width);
  };
  block(0, 0, WIDTH, 1);
  block(0, HEIGHT - 1, WIDTH, 1);
  block(0, 0, 1, HEIGHT);
  block(WIDTH - 1, 0, 1, HEIGHT);
  // One quarter is laid out and mirrored into the other three.
  const quarter: readonly (readonly [number, number, number, number])[] = [
    [8, 8, 6, 2],
    [8, 8, 2, 6],
    [20, 5, 2, 7],
    [26, 14, 5, 2],
    [14, 18, 7, 2],
    [5, 19, 2, 3],
    [30, 6, 2, 2],
  ];
  for (const [x, y, w, h] of quarter) {
    block(x, y, w, h);
    block(WIDTH - x - w, y, w, h);
    block(x, HEIGHT - y - h, w, h);
    block(WIDTH - x - w, HEIGHT - y - h, w, h);
  }
  const map = newMap(WIDTH, HEIGHT, solid);
  if (!map) throw new Error('The arena behind the entry screen is well formed.');
  return map;
}
