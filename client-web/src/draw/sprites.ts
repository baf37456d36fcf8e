/** Everything small that is drawn many times, rendered once for one scale. */

import { CROWN, CROWN_DEEP, LOOKS, SHARD, SHARD_DEEP, SHARD_LIGHT, shade, withAlpha } from './palette.ts';
import { newSurface } from './surface.ts';

/** Half the width of a glider as drawn, in tiles; wing tips reach over the body that walls stop. */
export const GLIDER_REACH = 0.62;
const SHARD_REACH = 0.3;
const SHARD_FRAMES = 12;

export interface Sprites {
  readonly scale: number;
  /** One for each look, nose to the east; `half` is half the edge of the square picture. */
  readonly gliders: readonly HTMLCanvasElement[];
  readonly flash: readonly HTMLCanvasElement[];
  readonly gliderHalf: number;
  /** Soft round lights, one for each look, then one of the shards' colour, then a white one. */
  readonly lights: readonly HTMLCanvasElement[];
  readonly lightHalf: number;
  readonly shards: readonly HTMLCanvasElement[];
  readonly shardHalf: number;
  readonly crown: HTMLCanvasElement;
}

export const LIGHT_SHARD = LOOKS.length;
export const LIGHT_WHITE = LOOKS.length + 1;

export function buildSprites(scale: number): Sprites {
  const reach = GLIDER_REACH * scale;
  const gliderHalf = Math.ceil(reach * 2.1);
  const lightHalf = Math.max(8, Math.ceil(scale * 1.1));
  const shardHalf = Math.ceil(SHARD_REACH * scale * 1.5);
  return {
    scale,
    gliders: LOOKS.map((colour, look) => gliderSprite(colour, look, reach, gliderHalf)),
    flash: [0, 1, 2, 3].map((hull) => flashSprite(hull, reach, gliderHalf)),
    gliderHalf,
    lights: [...LOOKS, SHARD, '#ffffff'].map((colour) => lightSprite(colour, lightHalf)),
    lightHalf,
    shards: Array.from({ length: SHARD_FRAMES }, (_, frame) => shardSprite(frame, SHARD_REACH * scale, shardHalf)),
    shardHalf,
    crown: crownSprite(scale),
  };
}

/** The outline of one of four hulls around the origin, nose to the east. */
function traceHull(ctx: CanvasRenderingContext2D, hull: number, r: number): void {
  ctx.beginPath();
  switch (hull & 3) {
    case 0: // manta
      ctx.moveTo(1.2 * r, 0);
      ctx.bezierCurveTo(0.7 * r, 0.22 * r, 0.35 * r, 0.5 * r, -0.62 * r, 1.08 * r);
      ctx.quadraticCurveTo(-0.42 * r, 0.5 * r, -0.66 * r, 0.16 * r);
      ctx.lineTo(-0.95 * r, 0);
      ctx.lineTo(-0.66 * r, -0.16 * r);
      ctx.quadraticCurveTo(-0.42 * r, -0.5 * r, -0.62 * r, -1.08 * r);
      ctx.bezierCurveTo(0.35 * r, -0.5 * r, 0.7 * r, -0.22 * r, 1.2 * r, 0);
      break;
    case 1: // dart
      ctx.moveTo(1.3 * r, 0);
      ctx.lineTo(-0.85 * r, 0.86 * r);
      ctx.lineTo(-0.5 * r, 0.22 * r);
      ctx.lineTo(-0.72 * r, 0);
      ctx.lineTo(-0.5 * r, -0.22 * r);
      ctx.lineTo(-0.85 * r, -0.86 * r);
      break;
    case 2: // crescent
      ctx.moveTo(0.95 * r, 0);
      ctx.bezierCurveTo(0.85 * r, 0.55 * r, 0.3 * r, 1.0 * r, -0.5 * r, 1.14 * r);
      ctx.bezierCurveTo(0.05 * r, 0.72 * r, 0.0 * r, 0.3 * r, -0.42 * r, 0.2 * r);
      ctx.lineTo(-0.8 * r, 0);
      ctx.lineTo(-0.42 * r, -0.2 * r);
      ctx.bezierCurveTo(0.0 * r, -0.3 * r, 0.05 * r, -0.72 * r, -0.5 * r, -1.14 * r);
      ctx.bezierCurveTo(0.3 * r, -1.0 * r, 0.85 * r, -0.55 * r, 0.95 * r, 0);
      break;
    default: // kite
      ctx.moveTo(1.28 * r, 0);
      ctx.lineTo(0.18 * r, 0.42 * r);
      ctx.lineTo(-0.2 * r, 1.06 * r);
      ctx.lineTo(-0.56 * r, 0.44 * r);
      ctx.lineTo(-0.92 * r, 0.3 * r);
      ctx.lineTo(-0.66 * r, 0);
      ctx.lineTo(-0.92 * r, -0.3 * r);
      ctx.lineTo(-0.56 * r, -0.44 * r);
      ctx.lineTo(-0.2 * r, -1.06 * r);
      ctx.lineTo(0.18 * r, -0.42 * r);
      break;
  }
  ctx.closePath();
}

function gliderSprite(colour: string, look: number, r: number, half: number): HTMLCanvasElement {
  const { canvas, ctx } = newSurface(half * 2, half * 2);
  ctx.translate(half, half);
  ctx.lineJoin = 'round';

  traceHull(ctx, look, r);
  ctx.shadowColor = withAlpha(colour, 0.75);
  ctx.shadowBlur = r * 0.8;
  ctx.fillStyle = shade(colour, -0.55);
  ctx.fill();
  ctx.shadowBlur = 0;

  const body = ctx.createLinearGradient(-r, 0, r * 1.2, 0);
  body.addColorStop(0, shade(colour, -0.62));
  body.addColorStop(0.5, shade(colour, -0.3));
  body.addColorStop(1, colour);
  ctx.fillStyle = body;
  ctx.fill();
  ctx.lineWidth = Math.max(1.25, r * 0.13);
  ctx.strokeStyle = shade(colour, 0.3);
  ctx.stroke();

  ctx.save();
  ctx.clip();
  ctx.beginPath();
  ctx.moveTo(-r, 0);
  ctx.lineTo(r * 1.3, 0);
  ctx.lineWidth = Math.max(1, r * 0.07);
  ctx.strokeStyle = withAlpha('#ffffff', 0.35);
  ctx.stroke();
  ctx.restore();

  // The cockpit light tells the nose apart at any size.
  ctx.beginPath();
  ctx.ellipse(r * 0.34, 0, r * 0.26, r * 0.15, 0, 0, Math.PI * 2);
  ctx.fillStyle = '#ffffff';
  ctx.shadowColor = colour;
  ctx.shadowBlur = r * 0.4;
  ctx.fill();
  return canvas;
}

function flashSprite(hull: number, r: number, half: number): HTMLCanvasElement {
  const { canvas, ctx } = newSurface(half * 2, half * 2);
  ctx.translate(half, half);
  traceHull(ctx, hull, r * 1.04);
  ctx.shadowColor = '#ffffff';
  ctx.shadowBlur = r * 0.9;
  ctx.fillStyle = '#ffffff';
  ctx.fill();
  return canvas;
}

function lightSprite(colour: string, half: number): HTMLCanvasElement {
  const { canvas, ctx } = newSurface(half * 2, half * 2);
  const light = ctx.createRadialGradient(half, half, 0, half, half, half);
  light.addColorStop(0, withAlpha(colour, 0.9));
  light.addColorStop(0.25, withAlpha(colour, 0.38));
  light.addColorStop(0.6, withAlpha(colour, 0.09));
  light.addColorStop(1, withAlpha(colour, 0));
  ctx.fillStyle = light;
  ctx.fillRect(0, 0, half * 2, half * 2);
  return canvas;
}

/** One frame of a shard that turns about its upright axis. */
function shardSprite(frame: number, r: number, half: number): HTMLCanvasElement {
  const { canvas, ctx } = newSurface(half * 2, half * 2);
  ctx.translate(half, half);
  const turn = Math.cos((frame / SHARD_FRAMES) * Math.PI);
  const width = Math.max(0.18, Math.abs(turn)) * r * 0.72;
  const facet = (x: number, colour: string): void => {
    ctx.beginPath();
    ctx.moveTo(0, -r);
    ctx.lineTo(x, 0);
    ctx.lineTo(0, r);
    ctx.closePath();
    ctx.fillStyle = colour;
    ctx.fill();
  };
  facet(-width, turn > 0 ? SHARD_LIGHT : SHARD);
  facet(width, turn > 0 ? SHARD_DEEP : SHARD_LIGHT);
  ctx.beginPath();
  ctx.moveTo(0, -r);
  ctx.lineTo(width, 0);
  ctx.lineTo(0, r);
  ctx.lineTo(-width, 0);
  ctx.closePath();
  ctx.lineWidth = Math.max(1, r * 0.1);
  ctx.strokeStyle = SHARD_LIGHT;
  ctx.stroke();
  return canvas;
}

function crownSprite(scale: number): HTMLCanvasElement {
  const w = Math.max(14, scale * 0.8);
  const { canvas, ctx } = newSurface(w * 1.5, w * 1.2);
  ctx.translate(w * 0.75, w * 0.66);
  traceCrown(ctx, w);
  ctx.shadowColor = CROWN;
  ctx.shadowBlur = w * 0.25;
  const gold = ctx.createLinearGradient(0, -w * 0.4, 0, w * 0.35);
  gold.addColorStop(0, '#fff3c0');
  gold.addColorStop(0.5, CROWN);
  gold.addColorStop(1, CROWN_DEEP);
  ctx.fillStyle = gold;
  ctx.fill();
  return canvas;
}

/** The outline of a crown of width `w` around the origin. */
export function traceCrown(ctx: CanvasRenderingContext2D, w: number): void {
  ctx.beginPath();
  ctx.moveTo(-0.42 * w, 0.3 * w);
  ctx.lineTo(-0.5 * w, -0.22 * w);
  ctx.lineTo(-0.22 * w, 0.02 * w);
  ctx.lineTo(0, -0.38 * w);
  ctx.lineTo(0.22 * w, 0.02 * w);
  ctx.lineTo(0.5 * w, -0.22 * w);
  ctx.lineTo(0.42 * w, 0.3 * w);
  ctx.closePath();
}
