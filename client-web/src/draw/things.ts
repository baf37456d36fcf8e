/** Bolts and shards. */

import type { Camera } from '../camera.ts';
import { inView, screenX, screenY } from '../camera.ts';
import type { Scene } from '../scene.ts';
import { LOOKS } from './palette.ts';
import { LIGHT_SHARD, type Sprites } from './sprites.ts';

const SPIN_MS = 1_700;

export function drawShards(
  ctx: CanvasRenderingContext2D,
  camera: Camera,
  sprites: Sprites,
  scene: Scene,
  nowMs: number,
): void {
  const { shards } = scene;
  const { scale } = camera.fit;
  const glow = sprites.lights[LIGHT_SHARD];
  const frames = sprites.shards.length;
  const half = 0.62 * scale;
  ctx.globalCompositeOperation = 'lighter';
  for (let i = 0; i < shards.count; i++) {
    if (!glow || !inView(camera, shards.x[i]!, shards.y[i]!, 0.6)) continue;
    ctx.globalAlpha = 0.34 + 0.16 * Math.sin(nowMs / 260 + shards.id[i]! * 1.7);
    ctx.drawImage(glow, screenX(camera, shards.x[i]!) - half, screenY(camera, shards.y[i]!) - half, half * 2, half * 2);
  }
  ctx.globalCompositeOperation = 'source-over';
  ctx.globalAlpha = 1;
  for (let i = 0; i < shards.count; i++) {
    if (!inView(camera, shards.x[i]!, shards.y[i]!, 0.6)) continue;
    const turn = nowMs / SPIN_MS + shards.id[i]! * 0.37;
    const picture = sprites.shards[Math.floor((turn - Math.floor(turn)) * frames)];
    if (!picture) continue;
    const bob = Math.sin(nowMs / 420 + shards.id[i]! * 2.3) * 0.06;
    ctx.drawImage(
      picture,
      screenX(camera, shards.x[i]!) - sprites.shardHalf,
      screenY(camera, shards.y[i]! + bob) - sprites.shardHalf,
    );
  }
}

/** Each bolt is a wide faint streak with a narrow bright one in it: one path a colour. */
export function drawBolts(ctx: CanvasRenderingContext2D, camera: Camera, scene: Scene): void {
  const { bolts } = scene;
  if (bolts.count === 0) return;
  const { scale } = camera.fit;
  ctx.globalCompositeOperation = 'lighter';
  ctx.lineCap = 'round';
  for (let look = 0; look < LOOKS.length; look++) {
    if (!traceBolts(ctx, camera, scene, look, 1)) continue;
    ctx.strokeStyle = LOOKS[look]!;
    ctx.globalAlpha = 0.28;
    ctx.lineWidth = Math.max(3, scale * 0.34);
    ctx.stroke();
    ctx.globalAlpha = 0.9;
    ctx.lineWidth = Math.max(2, scale * 0.15);
    ctx.stroke();
  }
  ctx.globalCompositeOperation = 'source-over';
  ctx.globalAlpha = 1;
  if (traceBolts(ctx, camera, scene, -1, 0.5)) {
    ctx.strokeStyle = '#ffffff';
    ctx.lineWidth = Math.max(1.25, scale * 0.07);
    ctx.stroke();
  }
}

/** Traces the bolts of one look, or of all when it is -1; false when there are none. */
function traceBolts(ctx: CanvasRenderingContext2D, camera: Camera, scene: Scene, look: number, share: number): boolean {
  const { bolts } = scene;
  const { scale } = camera.fit;
  let any = false;
  ctx.beginPath();
  for (let i = 0; i < bolts.count; i++) {
    if ((look >= 0 && bolts.look[i]! % LOOKS.length !== look) || !inView(camera, bolts.x[i]!, bolts.y[i]!, 1)) continue;
    any = true;
    const x = screenX(camera, bolts.x[i]!);
    const y = screenY(camera, bolts.y[i]!);
    const length = bolts.length[i]! * share * scale;
    ctx.moveTo(x, y);
    ctx.lineTo(x - Math.cos(bolts.heading[i]!) * length, y - Math.sin(bolts.heading[i]!) * length);
  }
  return any;
}
