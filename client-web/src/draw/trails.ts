/** The light that gliders leave behind: their last shown places, drawn as ribbons that grow fainter. */

import type { Camera } from '../camera.ts';
import { screenX, screenY } from '../camera.ts';
import type { GliderBatch } from '../scene.ts';
import { LOOKS } from './palette.ts';

const POINTS = 16;
const POINT_MS = 26;
/** A glider that moves further between two points was somewhere else before. */
const LEAP_TILES = 3;
/** Ribbons that taper to nothing; laid over each other they fade along the way. */
const RIBBONS: readonly { readonly points: number; readonly alpha: number; readonly width: number }[] = [
  { points: 15, alpha: 0.16, width: 0.34 },
  { points: 10, alpha: 0.16, width: 0.3 },
  { points: 5, alpha: 0.2, width: 0.26 },
];
const DASH_RIBBON = { points: 8, alpha: 0.5, width: 0.24 };

interface Trail {
  readonly x: Float32Array;
  readonly y: Float32Array;
  /** Where the newest point is in the ring, and how many there are. */
  head: number;
  count: number;
  look: number;
  dash: number;
  seen: number;
}

export interface Trails {
  readonly byId: Map<number, Trail>;
  readonly spare: Trail[];
  pointAtMs: number;
  frame: number;
}

export function newTrails(): Trails {
  return { byId: new Map(), spare: [], pointAtMs: 0, frame: 0 };
}

export function stepTrails(trails: Trails, gliders: GliderBatch, nowMs: number): void {
  const isDue = nowMs - trails.pointAtMs >= POINT_MS;
  if (isDue) trails.pointAtMs = nowMs;
  trails.frame++;
  for (let i = 0; i < gliders.count; i++) {
    const id = gliders.id[i]!;
    let trail = trails.byId.get(id);
    if (!trail) {
      trail = trails.spare.pop() ?? newTrail();
      trail.count = 0;
      trails.byId.set(id, trail);
    }
    trail.seen = trails.frame;
    trail.look = gliders.look[i]!;
    trail.dash = gliders.dash[i]!;
    const x = gliders.x[i]!;
    const y = gliders.y[i]!;
    const lastX = trail.x[trail.head]!;
    const lastY = trail.y[trail.head]!;
    if (trail.count > 0 && Math.abs(x - lastX) + Math.abs(y - lastY) > LEAP_TILES) trail.count = 0;
    if (isDue || trail.count < 2) {
      trail.head = (trail.head + 1) % POINTS;
      trail.count = Math.min(POINTS, trail.count + 1);
    }
    // The newest point stays with the glider until the next one is due.
    trail.x[trail.head] = x;
    trail.y[trail.head] = y;
  }
  for (const [id, trail] of trails.byId) {
    if (trail.seen === trails.frame) continue;
    trails.byId.delete(id);
    trails.spare.push(trail);
  }
}

export function drawTrails(ctx: CanvasRenderingContext2D, camera: Camera, trails: Trails): void {
  ctx.globalCompositeOperation = 'lighter';
  for (const ribbon of RIBBONS) {
    ctx.globalAlpha = ribbon.alpha;
    for (let look = 0; look < LOOKS.length; look++) {
      let any = false;
      ctx.beginPath();
      for (const trail of trails.byId.values()) {
        if (trail.look % LOOKS.length !== look || trail.count < 3) continue;
        any = true;
        traceRibbon(ctx, camera, trail, Math.min(ribbon.points, trail.count - 1), ribbon.width);
      }
      if (!any) continue;
      ctx.fillStyle = LOOKS[look]!;
      ctx.fill();
    }
  }
  // A dash burns its path white for a moment.
  ctx.beginPath();
  let dashing = false;
  for (const trail of trails.byId.values()) {
    if (trail.dash <= 0 || trail.count < 3) continue;
    dashing = true;
    traceRibbon(ctx, camera, trail, Math.min(DASH_RIBBON.points, trail.count - 1), DASH_RIBBON.width);
  }
  if (dashing) {
    ctx.fillStyle = '#ffffff';
    ctx.globalAlpha = DASH_RIBBON.alpha;
    ctx.fill();
  }
  ctx.globalAlpha = 1;
  ctx.globalCompositeOperation = 'source-over';
}

/** Down one side of the ribbon and up the other. */
function traceRibbon(ctx: CanvasRenderingContext2D, camera: Camera, trail: Trail, most: number, width: number): void {
  // A glider that rested has its oldest points on one spot: the ribbon ends at the first of them.
  let points = most;
  while (points > 1 && isSameSpot(trail, points)) points--;
  for (let n = 0; n <= points; n++) traceEdge(ctx, camera, trail, n, points, width / 2, n === 0);
  for (let n = points - 1; n >= 0; n--) traceEdge(ctx, camera, trail, n, points, -width / 2, false);
}

/** Whether the `n`-th point lies where the one after it does. */
function isSameSpot(trail: Trail, n: number): boolean {
  const at = (trail.head - n + POINTS) % POINTS;
  const newer = (at + 1) % POINTS;
  return trail.x[at] === trail.x[newer] && trail.y[at] === trail.y[newer];
}

function traceEdge(
  ctx: CanvasRenderingContext2D,
  camera: Camera,
  trail: Trail,
  n: number,
  points: number,
  half: number,
  first: boolean,
): void {
  const at = (trail.head - n + POINTS) % POINTS;
  const newer = n === 0 ? at : (at + 1) % POINTS;
  const older = n === points ? at : (at - 1 + POINTS) % POINTS;
  const dx = trail.x[newer]! - trail.x[older]!;
  const dy = trail.y[newer]! - trail.y[older]!;
  const length = Math.hypot(dx, dy);
  const reach = length > 0.001 ? (half * (1 - n / points)) / length : 0;
  const x = screenX(camera, trail.x[at]! - dy * reach);
  const y = screenY(camera, trail.y[at]! + dx * reach);
  if (first) ctx.moveTo(x, y);
  else ctx.lineTo(x, y);
}

function newTrail(): Trail {
  return { x: new Float32Array(POINTS), y: new Float32Array(POINTS), head: 0, count: 0, look: 0, dash: 0, seen: 0 };
}
