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

/** `log2(VEL)`, for shifts. */
const VEL_BITS = 6;
/** Steps of velocity in one sub-unit a tick: velocities are finer than places. */
export const VEL = 1 << VEL_BITS;

/** Full speed and that of bolts, in tiles a second; thrust and drag, in tiles a second, a second. */
const SPEED = 8;
const BOLT_SPEED = 20;
const ACCEL = 44;
const DRAG = 14;
/** How long a dash lasts, and how far it goes in 1/100 tile, at any tick rate. */
const DASH_MS = 160;
const DASH_WAY = 352;
const DASH_REST_MS = 1600;
const BOLT_MS = 1200;
const FIRE_REST_MS = 280;
const RESPAWN_MS = 900;

/** The movement constants of one tick rate. Speeds are in 1/`VEL` sub-units a tick. */
export interface Rules {
  readonly tickHz: number;
  /** Full speed. */
  readonly speed: number;
  /** Speed while dashing. */
  readonly dashSpeed: number;
  /** Largest change of velocity a tick under thrust. */
  readonly accel: number;
  /** Largest change of velocity a tick without thrust. */
  readonly drag: number;
  readonly dashTicks: number;
  readonly dashRestTicks: number;
  /** Speed of a bolt. */
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
  const perTick = (tilesPerS: number): number => nearest(tilesPerS * SUB * VEL, hz);
  const perTick2 = (tilesPerS2: number): number => nearest(tilesPerS2 * SUB * VEL, hz * hz);
  const ticks = (ms: number): number => Math.max(1, nearest(ms * hz, 1000));
  const dashTicks = ticks(DASH_MS);
  return {
    tickHz: hz,
    speed: perTick(SPEED),
    dashSpeed: nearest(((DASH_WAY * SUB * VEL) / 100) | 0, dashTicks),
    accel: perTick2(ACCEL),
    drag: perTick2(DRAG),
    dashTicks,
    dashRestTicks: ticks(DASH_REST_MS),
    boltSpeed: perTick(BOLT_SPEED),
    boltTicks: ticks(BOLT_MS),
    fireRestTicks: ticks(FIRE_REST_MS),
    respawnTicks: ticks(RESPAWN_MS),
  };
}

/** `n / d`, rounded to the nearest, halves away from zero. */
function nearest(n: number, d: number): number {
  const half = (d / 2) | 0;
  return ((n < 0 ? n - half : n + half) / d) | 0;
}

/** What moves: everything about a glider that the next step depends on. */
export interface Body {
  /** Centre, in sub-units. */
  x: number;
  y: number;
  /** 1/`VEL` sub-units a tick. */
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

/** Moves `body` to `tick` from the one before. `dash` is whether a dash was pressed for it. */
export function step(body: Body, steer: Steer, dash: boolean, tick: number, rules: Rules, map: TileMap): void {
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
  slide(body, tick, map);
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
  body.vx += nearest(gapX * most, length);
  body.vy += nearest(gapY * most, length);
}

/**
 * How far the part of a velocity along one axis leads in the `ticks` after `from`, in sub-units.
 *
 * What is lost in one tick, because places are whole sub-units, comes in another: over any `VEL` ticks a velocity leads
 * exactly as far as it says.
 */
export function way(vel: number, from: number, ticks: number): number {
  const phase = from & (VEL - 1);
  return reached(vel, phase + ticks) - reached(vel, phase);
}

/** Where it is after so many ticks: to the nearest, and in the middle of ticks. */
function reached(vel: number, ticks: number): number {
  return (vel * (2 * ticks + 1) + VEL) >> (VEL_BITS + 1);
}

/** Moves a body along its velocity; a wall ends the movement along its axis. */
function slide(body: Body, tick: number, map: TileMap): void {
  const deltaX = way(body.vx, tick - 1, 1);
  const deltaY = way(body.vy, tick - 1, 1);
  const reach = Math.max(Math.abs(deltaX), Math.abs(deltaY));
  if (reach <= OPEN_REACH && isOpenAround(map, body.x, body.y)) {
    body.x += deltaX;
    body.y += deltaY;
    return;
  }
  const strides = Math.max(1, ((reach + STRIDE - 1) / STRIDE) | 0);
  for (let stride = 1; stride <= strides; stride++) {
    if (body.vx !== 0) {
      slideX(body, (((deltaX * stride) / strides) | 0) - (((deltaX * (stride - 1)) / strides) | 0), map);
    }
    if (body.vy !== 0) {
      slideY(body, (((deltaY * stride) / strides) | 0) - (((deltaY * (stride - 1)) / strides) | 0), map);
    }
  }
}

/** A wall that is touched stops also what is too slow to move in this tick. */
function slideX(body: Body, dx: number, map: TileMap): void {
  const ahead = dx === 0 ? Math.sign(body.vx) : dx;
  const column = leadingTile(body.x + ahead, ahead);
  const top = (body.y - GLIDER_HALF) >> SUB_BITS;
  const bottom = (body.y + GLIDER_HALF - 1) >> SUB_BITS;
  for (let row = top; row <= bottom; row++) {
    if (isSolid(map, column, row)) {
      body.x = against(column, ahead);
      body.vx = 0;
      return;
    }
  }
  body.x += dx;
}

function slideY(body: Body, dy: number, map: TileMap): void {
  const ahead = dy === 0 ? Math.sign(body.vy) : dy;
  const row = leadingTile(body.y + ahead, ahead);
  const left = (body.x - GLIDER_HALF) >> SUB_BITS;
  const right = (body.x + GLIDER_HALF - 1) >> SUB_BITS;
  for (let column = left; column <= right; column++) {
    if (isSolid(map, column, row)) {
      body.y = against(row, ahead);
      body.vy = 0;
      return;
    }
  }
  body.y += dy;
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

/** Moves a bolt to `tick` from the one before. False when a wall or its age ended it; its place is then the last open point. */
export function fly(flight: Flight, tick: number, rules: Rules, map: TileMap): boolean {
  if (flight.left === 0) return false;
  flight.left--;
  const deltaX = way(alongX(flight.heading, rules.boltSpeed), tick - 1, 1);
  const deltaY = way(alongY(flight.heading, rules.boltSpeed), tick - 1, 1);
  const reach = Math.max(Math.abs(deltaX), Math.abs(deltaY));
  if (reach <= SUB && isOpenAround(map, flight.x, flight.y)) {
    flight.x += deltaX;
    flight.y += deltaY;
    return true;
  }
  const strides = ((reach + STRIDE - 1) / STRIDE) | 0;
  const startX = flight.x;
  const startY = flight.y;
  for (let stride = 1; stride <= strides; stride++) {
    const x = startX + (((deltaX * stride) / strides) | 0);
    const y = startY + (((deltaY * stride) / strides) | 0);
    if (isSolidAt(map, x, y)) return false;
    flight.x = x;
    flight.y = y;
  }
  return true;
}
