/**
 * The movement rule: the same integer `step` at every end. Mirrors `shared/src/motion.rs`.
 *
 * Gliders pass over one another; walls alone stop them. `| 0` after a division rounds toward zero, as Rust does.
 */

import { alongX, alongY, isqrt, SUB, SUB_BITS } from './lattice.ts';
import { THRUST_MAX, TICK_HZ_MAX, TICK_HZ_MIN } from './limits.ts';
import { isOpenAround, isSolid, isSolidAt, type TileMap } from './map.ts';

/** Half the edge of the square that walls stop, in sub-units. */
export const GLIDER_HALF = 90;

/** No part of a move is longer than this before walls are looked at, in sub-units. */
const STRIDE = 128;
/** A move up to this long cannot touch a solid tile from a tile that is open around. */
const OPEN_REACH = SUB - GLIDER_HALF;

/** The movement constants of one tick rate, in sub-units and ticks. */
export interface Rules {
  readonly tickHz: number;
  /** Full speed, sub-units a tick. */
  readonly speed: number;
  /** Speed while dashing, sub-units a tick. */
  readonly dashSpeed: number;
  /** Largest change of velocity a tick under thrust. */
  readonly accel: number;
  /** Largest change of velocity a tick without thrust. */
  readonly drag: number;
  readonly dashTicks: number;
  readonly dashRestTicks: number;
  /** Speed of a bolt, sub-units a tick. */
  readonly boltSpeed: number;
  /** Ticks that a bolt flies. */
  readonly boltTicks: number;
  /** Ticks between two shots. */
  readonly fireRestTicks: number;
  /** Ticks between death and the next life. */
  readonly respawnTicks: number;
}

/** The rules at `tickHz` ticks a second, clamped to the supported rates. */
export function newRules(tickHz: number): Rules {
  const hz = Math.min(TICK_HZ_MAX, Math.max(TICK_HZ_MIN, tickHz));
  const half = (hz / 2) | 0;
  const perTick = (tilesPerS: number): number => ((tilesPerS * SUB + half) / hz) | 0;
  const perTick2 = (tilesPerS2: number): number =>
    Math.max(1, ((tilesPerS2 * SUB + (((hz * hz) / 2) | 0)) / (hz * hz)) | 0);
  const ticks = (ms: number): number => Math.min(255, Math.max(1, ((ms * hz) / 1000) | 0));
  return {
    tickHz: hz,
    speed: perTick(8),
    dashSpeed: perTick(22),
    accel: perTick2(44),
    drag: perTick2(14),
    dashTicks: ticks(160),
    dashRestTicks: ticks(1600),
    boltSpeed: perTick(20),
    boltTicks: ticks(1200),
    fireRestTicks: ticks(280),
    respawnTicks: ticks(900),
  };
}

/** What moves: everything about a glider that the next step depends on. */
export interface Body {
  /** Centre, in sub-units. */
  x: number;
  y: number;
  /** Sub-units a tick. */
  vx: number;
  vy: number;
  /** Ticks that the running dash still lasts. */
  dashLeft: number;
  /** Ticks until the next dash may start. */
  dashRest: number;
}

/** Where a glider wants to go: in force from its tick on, until the next one. */
export interface Steer {
  heading: number;
  /** 0 drifts, `THRUST_MAX` is full speed. */
  thrust: number;
}

export function bodyAt(x: number, y: number): Body {
  return { x, y, vx: 0, vy: 0, dashLeft: 0, dashRest: 0 };
}

export function copyBody(to: Body, from: Body): void {
  to.x = from.x;
  to.y = from.y;
  to.vx = from.vx;
  to.vy = from.vy;
  to.dashLeft = from.dashLeft;
  to.dashRest = from.dashRest;
}

export function sameBody(a: Body, b: Body): boolean {
  return (
    a.x === b.x &&
    a.y === b.y &&
    a.vx === b.vx &&
    a.vy === b.vy &&
    a.dashLeft === b.dashLeft &&
    a.dashRest === b.dashRest
  );
}

/** Moves `body` by one tick. `dash` is whether a dash was pressed for this tick. */
export function step(body: Body, steer: Steer, dash: boolean, rules: Rules, map: TileMap): void {
  if (dash && body.dashRest === 0) {
    body.dashLeft = rules.dashTicks;
    body.dashRest = rules.dashRestTicks;
  }
  if (body.dashRest > 0) body.dashRest--;
  if (body.dashLeft > 0) {
    body.dashLeft--;
    body.vx = alongX(steer.heading, rules.dashSpeed);
    body.vy = alongY(steer.heading, rules.dashSpeed);
  } else if (steer.thrust === 0) {
    approach(body, 0, 0, rules.drag);
  } else {
    const wanted = ((rules.speed * steer.thrust) / THRUST_MAX) | 0;
    approach(body, alongX(steer.heading, wanted), alongY(steer.heading, wanted), rules.accel);
  }
  slide(body, map);
}

/** Brings the velocity `most` nearer to a target, or onto it. */
function approach(body: Body, targetX: number, targetY: number, most: number): void {
  const gapX = targetX - body.vx;
  const gapY = targetY - body.vy;
  const length = isqrt(gapX * gapX + gapY * gapY);
  if (length <= most) {
    body.vx = targetX;
    body.vy = targetY;
    return;
  }
  body.vx += ((gapX * most) / length) | 0;
  body.vy += ((gapY * most) / length) | 0;
}

/** Moves a body along its velocity; a wall ends the movement along its axis. */
function slide(body: Body, map: TileMap): void {
  const vx = body.vx;
  const vy = body.vy;
  const reach = Math.max(Math.abs(vx), Math.abs(vy));
  if (reach <= OPEN_REACH && isOpenAround(map, body.x, body.y)) {
    body.x += vx;
    body.y += vy;
    return;
  }
  const strides = ((reach + STRIDE - 1) / STRIDE) | 0;
  for (let stride = 1; stride <= strides; stride++) {
    if (body.vx !== 0) {
      slideX(body, (((vx * stride) / strides) | 0) - (((vx * (stride - 1)) / strides) | 0), map);
    }
    if (body.vy !== 0) {
      slideY(body, (((vy * stride) / strides) | 0) - (((vy * (stride - 1)) / strides) | 0), map);
    }
  }
}

function slideX(body: Body, dx: number, map: TileMap): void {
  const x = body.x + dx;
  const column = leadingTile(x, dx);
  const top = (body.y - GLIDER_HALF) >> SUB_BITS;
  const bottom = (body.y + GLIDER_HALF - 1) >> SUB_BITS;
  for (let row = top; row <= bottom; row++) {
    if (isSolid(map, column, row)) {
      body.x = against(column, dx);
      body.vx = 0;
      return;
    }
  }
  body.x = x;
}

function slideY(body: Body, dy: number, map: TileMap): void {
  const y = body.y + dy;
  const row = leadingTile(y, dy);
  const left = (body.x - GLIDER_HALF) >> SUB_BITS;
  const right = (body.x + GLIDER_HALF - 1) >> SUB_BITS;
  for (let column = left; column <= right; column++) {
    if (isSolid(map, column, row)) {
      body.y = against(row, dy);
      body.vy = 0;
      return;
    }
  }
  body.y = y;
}

/** The tile under the edge that leads a move by `delta` to `centre`. */
function leadingTile(centre: number, delta: number): number {
  return (delta > 0 ? centre + GLIDER_HALF - 1 : centre - GLIDER_HALF) >> SUB_BITS;
}

/** The centre of a glider that touches `tile`, coming from the side that `delta` left. */
function against(tile: number, delta: number): number {
  return delta > 0 ? (tile << SUB_BITS) - GLIDER_HALF : ((tile + 1) << SUB_BITS) + GLIDER_HALF;
}

/** A bolt in flight. It is a point to walls and flies straight. */
export interface Flight {
  x: number;
  y: number;
  heading: number;
  /** Ticks that it still flies. */
  left: number;
}

/** Moves a bolt by one tick. False when a wall or its age ended it; its place is then the last open point. */
export function fly(flight: Flight, rules: Rules, map: TileMap): boolean {
  if (flight.left === 0) return false;
  flight.left--;
  const vx = alongX(flight.heading, rules.boltSpeed);
  const vy = alongY(flight.heading, rules.boltSpeed);
  const reach = Math.max(Math.abs(vx), Math.abs(vy));
  if (reach <= SUB && isOpenAround(map, flight.x, flight.y)) {
    flight.x += vx;
    flight.y += vy;
    return true;
  }
  const strides = ((reach + STRIDE - 1) / STRIDE) | 0;
  const startX = flight.x;
  const startY = flight.y;
  for (let stride = 1; stride <= strides; stride++) {
    const x = startX + (((vx * stride) / strides) | 0);
    const y = startY + (((vy * stride) / strides) | 0);
    if (isSolidAt(map, x, y)) return false;
    flight.x = x;
    flight.y = y;
  }
  return true;
}
