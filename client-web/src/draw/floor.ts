/** The floor: a grid that moves with the arena, and dust below it that moves slower and draws out with speed. */

import type { Camera } from '../camera.ts';
import { screenX, screenY } from '../camera.ts';
import { DUST, FLOOR, GRID_MAJOR, GRID_MINOR, GRID_NODE, OUTSIDE } from './palette.ts';

const MAJOR_TILES = 8;
const DUST_GRAINS = 110;
/** Grains repeat after so many tiles. */
const DUST_TILES = 48;

/** Grains as x, y in tiles and depth, in which nearer grains are larger and move more. */
const grains = scatter();

export function drawFloor(
  ctx: CanvasRenderingContext2D,
  camera: Camera,
  mapWidth: number,
  mapHeight: number,
  driftX: number,
  driftY: number,
): void {
  const { width, height, scale } = camera.fit;
  ctx.fillStyle = OUTSIDE;
  ctx.fillRect(0, 0, width, height);
  const left = Math.max(0, screenX(camera, 0));
  const top = Math.max(0, screenY(camera, 0));
  const right = Math.min(width, screenX(camera, mapWidth));
  const bottom = Math.min(height, screenY(camera, mapHeight));
  if (right <= left || bottom <= top) return;
  ctx.fillStyle = FLOOR;
  ctx.fillRect(left, top, right - left, bottom - top);
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, top, right - left, bottom - top);
  ctx.clip();
  drawDust(ctx, camera, driftX, driftY);
  ctx.restore();

  const hair = Math.max(1, Math.round(scale / 34));
  const firstX = Math.max(0, Math.floor(camera.x - camera.fit.centreX / scale));
  const lastX = Math.min(mapWidth, Math.ceil(camera.x + (width - camera.fit.centreX) / scale));
  const firstY = Math.max(0, Math.floor(camera.y - camera.fit.centreY / scale));
  const lastY = Math.min(mapHeight, Math.ceil(camera.y + (height - camera.fit.centreY) / scale));
  ctx.fillStyle = GRID_MINOR;
  for (let x = firstX; x <= lastX; x++) {
    if (x % MAJOR_TILES !== 0) ctx.fillRect(Math.round(screenX(camera, x)), top, hair, bottom - top);
  }
  for (let y = firstY; y <= lastY; y++) {
    if (y % MAJOR_TILES !== 0) ctx.fillRect(left, Math.round(screenY(camera, y)), right - left, hair);
  }
  ctx.fillStyle = GRID_MAJOR;
  const majorX = Math.ceil(firstX / MAJOR_TILES) * MAJOR_TILES;
  const majorY = Math.ceil(firstY / MAJOR_TILES) * MAJOR_TILES;
  for (let x = majorX; x <= lastX; x += MAJOR_TILES) {
    ctx.fillRect(Math.round(screenX(camera, x)), top, hair, bottom - top);
  }
  for (let y = majorY; y <= lastY; y += MAJOR_TILES) {
    ctx.fillRect(left, Math.round(screenY(camera, y)), right - left, hair);
  }
  ctx.fillStyle = GRID_NODE;
  const arm = Math.round(scale * 0.16);
  for (let x = majorX; x <= lastX; x += MAJOR_TILES) {
    for (let y = majorY; y <= lastY; y += MAJOR_TILES) {
      const px = Math.round(screenX(camera, x));
      const py = Math.round(screenY(camera, y));
      ctx.fillRect(px - arm, py, arm * 2 + hair, hair);
      ctx.fillRect(px, py - arm, hair, arm * 2 + hair);
    }
  }
}

/** `driftX` and `driftY` are the camera's speed in tiles a second. */
function drawDust(ctx: CanvasRenderingContext2D, camera: Camera, driftX: number, driftY: number): void {
  const { width, height, scale, centreX, centreY } = camera.fit;
  ctx.strokeStyle = DUST;
  ctx.lineCap = 'round';
  for (let layer = 0; layer < 3; layer++) {
    const depth = 0.35 + layer * 0.2;
    ctx.globalAlpha = 0.1 + layer * 0.07;
    ctx.lineWidth = Math.max(1, scale * (0.03 + layer * 0.018));
    // At speed a grain smears over about a fortieth of a second.
    const smearX = driftX * depth * 0.028 * scale;
    const smearY = driftY * depth * 0.028 * scale;
    ctx.beginPath();
    for (let i = layer; i < DUST_GRAINS; i += 3) {
      const x = centreX + wrapped(grains[i * 2]! - camera.x * depth) * scale;
      const y = centreY + wrapped(grains[i * 2 + 1]! - camera.y * depth) * scale;
      if (x < 0 || y < 0 || x > width || y > height) continue;
      ctx.moveTo(x, y);
      ctx.lineTo(x + smearX + 0.01, y + smearY);
    }
    ctx.stroke();
  }
  ctx.globalAlpha = 1;
}

function wrapped(tiles: number): number {
  const rest = tiles % DUST_TILES;
  const positive = rest < 0 ? rest + DUST_TILES : rest;
  return positive - DUST_TILES / 2;
}

function scatter(): Float32Array {
  const places = new Float32Array(DUST_GRAINS * 2);
  let seed = 0x2545f491;
  for (let i = 0; i < places.length; i++) {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    places[i] = (seed / 2 ** 32) * DUST_TILES;
  }
  return places;
}
