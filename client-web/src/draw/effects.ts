/** Short-lived lights: sparks, rings and the shake of the screen. Places are in tiles, times in milliseconds. */

import type { Camera } from '../camera.ts';
import { inView, screenX, screenY } from '../camera.ts';
import { lookColour } from './palette.ts';
import type { Sprites } from './sprites.ts';

const SPARKS_MAX = 1_200;
const RINGS_MAX = 64;

export interface Effects {
  /** 0 shows no particles and no shake, 1 all of them. */
  motion: number;
  shake: number;
  /** Sparks live in a ring: the oldest makes room. */
  nextSpark: number;
  readonly sparkX: Float32Array;
  readonly sparkY: Float32Array;
  readonly sparkVx: Float32Array;
  readonly sparkVy: Float32Array;
  readonly sparkLeft: Float32Array;
  readonly sparkLife: Float32Array;
  readonly sparkSize: Float32Array;
  readonly sparkLight: Uint8Array;
  nextRing: number;
  readonly ringX: Float32Array;
  readonly ringY: Float32Array;
  readonly ringLeft: Float32Array;
  readonly ringLife: Float32Array;
  readonly ringReach: Float32Array;
  readonly ringLook: Uint8Array;
}

export function newEffects(): Effects {
  const sparks = (): Float32Array => new Float32Array(SPARKS_MAX);
  const rings = (): Float32Array => new Float32Array(RINGS_MAX);
  return {
    motion: 1,
    shake: 0,
    nextSpark: 0,
    sparkX: sparks(),
    sparkY: sparks(),
    sparkVx: sparks(),
    sparkVy: sparks(),
    sparkLeft: sparks(),
    sparkLife: sparks(),
    sparkSize: sparks(),
    sparkLight: new Uint8Array(SPARKS_MAX),
    nextRing: 0,
    ringX: rings(),
    ringY: rings(),
    ringLeft: rings(),
    ringLife: rings(),
    ringReach: rings(),
    ringLook: new Uint8Array(RINGS_MAX),
  };
}

/** Throws `count` sparks about `angle` within `spread` radians to each side, at up to `speed` tiles a second. */
export function burst(
  effects: Effects,
  x: number,
  y: number,
  light: number,
  count: number,
  speed: number,
  lifeMs: number,
  size: number,
  angle = 0,
  spread = Math.PI,
): void {
  const scaled = Math.round(count * effects.motion);
  for (let n = 0; n < scaled; n++) {
    const i = effects.nextSpark;
    effects.nextSpark = (i + 1) % SPARKS_MAX;
    const direction = angle + (Math.random() * 2 - 1) * spread;
    const pace = speed * (0.25 + 0.75 * Math.random());
    effects.sparkX[i] = x;
    effects.sparkY[i] = y;
    effects.sparkVx[i] = Math.cos(direction) * pace;
    effects.sparkVy[i] = Math.sin(direction) * pace;
    const life = lifeMs * (0.5 + 0.5 * Math.random());
    effects.sparkLife[i] = life;
    effects.sparkLeft[i] = life;
    effects.sparkSize[i] = size * (0.6 + 0.4 * Math.random());
    effects.sparkLight[i] = light;
  }
}

/** Starts a ring that grows to `reach` tiles. */
export function ring(effects: Effects, x: number, y: number, look: number, reach: number, lifeMs: number): void {
  const i = effects.nextRing;
  effects.nextRing = (i + 1) % RINGS_MAX;
  effects.ringX[i] = x;
  effects.ringY[i] = y;
  effects.ringLook[i] = look;
  effects.ringReach[i] = reach;
  effects.ringLife[i] = lifeMs;
  effects.ringLeft[i] = lifeMs;
}

export function shake(effects: Effects, amount: number): void {
  effects.shake = Math.min(1, effects.shake + amount * effects.motion);
}

export function stepEffects(effects: Effects, elapsedMs: number): void {
  const seconds = elapsedMs / 1000;
  const drag = Math.exp(-3.2 * seconds);
  for (let i = 0; i < SPARKS_MAX; i++) {
    if (effects.sparkLeft[i]! <= 0) continue;
    effects.sparkLeft[i]! -= elapsedMs;
    effects.sparkX[i]! += effects.sparkVx[i]! * seconds;
    effects.sparkY[i]! += effects.sparkVy[i]! * seconds;
    effects.sparkVx[i]! *= drag;
    effects.sparkVy[i]! *= drag;
  }
  for (let i = 0; i < RINGS_MAX; i++) {
    if (effects.ringLeft[i]! > 0) effects.ringLeft[i]! -= elapsedMs;
  }
  effects.shake *= Math.exp(-7 * seconds);
}

export function drawEffects(ctx: CanvasRenderingContext2D, camera: Camera, sprites: Sprites, effects: Effects): void {
  const { scale } = camera.fit;
  ctx.globalCompositeOperation = 'lighter';
  for (let i = 0; i < SPARKS_MAX; i++) {
    const left = effects.sparkLeft[i]!;
    if (left <= 0 || !inView(camera, effects.sparkX[i]!, effects.sparkY[i]!, 0.2)) continue;
    const light = sprites.lights[effects.sparkLight[i]!];
    if (!light) continue;
    const half = effects.sparkSize[i]! * scale * (0.4 + (0.6 * left) / effects.sparkLife[i]!);
    ctx.globalAlpha = Math.min(1, (left / effects.sparkLife[i]!) * 1.6);
    const x = screenX(camera, effects.sparkX[i]!);
    const y = screenY(camera, effects.sparkY[i]!);
    ctx.drawImage(light, x - half, y - half, half * 2, half * 2);
  }
  for (let i = 0; i < RINGS_MAX; i++) {
    const left = effects.ringLeft[i]!;
    if (left <= 0 || !inView(camera, effects.ringX[i]!, effects.ringY[i]!, 1)) continue;
    const share = 1 - left / effects.ringLife[i]!;
    const eased = 1 - (1 - share) ** 3;
    ctx.globalAlpha = (1 - share) * 0.8;
    ctx.strokeStyle = lookColour(effects.ringLook[i]!);
    ctx.lineWidth = Math.max(1, scale * 0.16 * (1 - share));
    ctx.beginPath();
    ctx.arc(
      screenX(camera, effects.ringX[i]!),
      screenY(camera, effects.ringY[i]!),
      Math.max(1, eased * effects.ringReach[i]! * scale),
      0,
      Math.PI * 2,
    );
    ctx.stroke();
  }
  ctx.globalAlpha = 1;
  ctx.globalCompositeOperation = 'source-over';
}
