/** Walls, drawn once into chunks of 16 × 16 tiles for one scale and copied from there. */

import type { Camera } from '../camera.ts';
import { screenX, screenY } from '../camera.ts';
import {
  WALL_EDGE_HIGH,
  WALL_EDGE_LOW,
  WALL_FACE,
  WALL_FACE_LINE,
  WALL_GLOW,
  WALL_SHADOW,
} from './palette.ts';
import { newSurface } from './surface.ts';

const CHUNK_TILES = 16;
const CHUNKS_MAX = 48;

/** Whether a tile is wall; asked for tiles outside the map as well. */
export type Solid = (x: number, y: number) => boolean;

export interface Walls {
  readonly solid: Solid;
  readonly width: number;
  readonly height: number;
  scale: number;
  /** Pictures by chunk number, `null` for chunks without a wall; the order of insertion is the order of use. */
  readonly chunks: Map<number, HTMLCanvasElement | null>;
}

export function newWalls(width: number, height: number, solid: Solid): Walls {
  return { solid, width, height, scale: 0, chunks: new Map() };
}

export function drawWalls(ctx: CanvasRenderingContext2D, camera: Camera, walls: Walls): void {
  const { width, height, centreX, centreY } = camera.fit;
  // A whole number of pixels a tile, so that neighbouring chunks meet without a seam.
  const scale = Math.max(4, Math.round(camera.fit.scale));
  if (scale !== walls.scale) {
    walls.scale = scale;
    walls.chunks.clear();
  }
  const size = CHUNK_TILES * camera.fit.scale;
  const perRow = Math.ceil(walls.width / CHUNK_TILES);
  const fromX = Math.max(0, Math.floor((camera.x - centreX / camera.fit.scale) / CHUNK_TILES));
  const fromY = Math.max(0, Math.floor((camera.y - centreY / camera.fit.scale) / CHUNK_TILES));
  const toX = Math.min(perRow - 1, Math.floor((camera.x + (width - centreX) / camera.fit.scale) / CHUNK_TILES));
  const toY = Math.min(
    Math.ceil(walls.height / CHUNK_TILES) - 1,
    Math.floor((camera.y + (height - centreY) / camera.fit.scale) / CHUNK_TILES),
  );
  for (let cy = fromY; cy <= toY; cy++) {
    for (let cx = fromX; cx <= toX; cx++) {
      const picture = chunkPicture(walls, cx, cy, cy * perRow + cx);
      if (!picture) continue;
      const x = Math.round(screenX(camera, cx * CHUNK_TILES));
      const y = Math.round(screenY(camera, cy * CHUNK_TILES));
      const right = Math.round(screenX(camera, (cx + 1) * CHUNK_TILES));
      const bottom = Math.round(screenY(camera, (cy + 1) * CHUNK_TILES));
      if (Math.abs(size - picture.width) < 1) ctx.drawImage(picture, x, y);
      else ctx.drawImage(picture, x, y, right - x, bottom - y);
    }
  }
}

function chunkPicture(walls: Walls, cx: number, cy: number, key: number): HTMLCanvasElement | null {
  const kept = walls.chunks.get(key);
  if (kept !== undefined) return kept;
  if (walls.chunks.size >= CHUNKS_MAX) {
    const oldest = walls.chunks.keys().next();
    if (!oldest.done) walls.chunks.delete(oldest.value);
  }
  const picture = paintChunk(walls, cx * CHUNK_TILES, cy * CHUNK_TILES);
  walls.chunks.set(key, picture);
  return picture;
}

function paintChunk(walls: Walls, left: number, top: number): HTMLCanvasElement | null {
  const { solid, scale } = walls;
  const inside = (x: number, y: number): boolean => x >= 0 && y >= 0 && x < walls.width && y < walls.height;
  const wall = (x: number, y: number): boolean => inside(x, y) && solid(x, y);
  // Outside counts as wall, so that the border has one lit side only.
  const covered = (x: number, y: number): boolean => !inside(x, y) || solid(x, y);
  let any = false;
  for (let y = top - 1; y <= top + CHUNK_TILES && !any; y++) {
    for (let x = left - 1; x <= left + CHUNK_TILES && !any; x++) any = wall(x, y);
  }
  if (!any) return null;

  const { canvas, ctx } = newSurface(CHUNK_TILES * scale, CHUNK_TILES * scale);
  const mask = newSurface((CHUNK_TILES + 2) * scale, (CHUNK_TILES + 2) * scale);
  const radius = scale * 0.3;
  const each = (paint: (x: number, y: number, px: number, py: number) => void): void => {
    for (let y = top - 1; y <= top + CHUNK_TILES; y++) {
      for (let x = left - 1; x <= left + CHUNK_TILES; x++) {
        if (wall(x, y)) paint(x, y, (x - left + 1) * scale, (y - top + 1) * scale);
      }
    }
  };

  // The silhouette, rounded where a corner stands free.
  mask.ctx.fillStyle = '#000';
  each((x, y, px, py) => {
    const n = covered(x, y - 1);
    const s = covered(x, y + 1);
    const w = covered(x - 1, y);
    const e = covered(x + 1, y);
    mask.ctx.beginPath();
    mask.ctx.roundRect(px, py, scale, scale, [
      n || w ? 0 : radius,
      n || e ? 0 : radius,
      s || e ? 0 : radius,
      s || w ? 0 : radius,
    ]);
    mask.ctx.fill();
  });

  ctx.shadowColor = WALL_SHADOW;
  ctx.shadowBlur = scale * 0.35;
  ctx.shadowOffsetX = scale * 0.16;
  ctx.shadowOffsetY = scale * 0.26;
  ctx.drawImage(mask.canvas, -scale, -scale);
  ctx.shadowOffsetX = 0;
  ctx.shadowOffsetY = 0;
  ctx.shadowColor = WALL_GLOW;
  ctx.shadowBlur = scale * 0.45;
  ctx.drawImage(mask.canvas, -scale, -scale);
  ctx.shadowBlur = 0;

  // Rims: the same silhouette in the colour of the edge, then the face a little smaller on its open sides.
  const rim = Math.max(1.5, scale * 0.075);
  const lit = newSurface(mask.canvas.width, mask.canvas.height);
  lit.ctx.drawImage(mask.canvas, 0, 0);
  lit.ctx.globalCompositeOperation = 'source-atop';
  each((x, y, px, py) => {
    lit.ctx.fillStyle = covered(x, y - 1) ? WALL_EDGE_LOW : WALL_EDGE_HIGH;
    lit.ctx.fillRect(px, py, scale, scale);
    if (covered(x, y - 1)) return;
    const fall = lit.ctx.createLinearGradient(0, py, 0, py + scale);
    fall.addColorStop(0, WALL_EDGE_HIGH);
    fall.addColorStop(0.7, WALL_EDGE_LOW);
    lit.ctx.fillStyle = fall;
    lit.ctx.fillRect(px, py, scale, scale);
  });
  lit.ctx.globalCompositeOperation = 'source-over';
  each((x, y, px, py) => {
    const n = covered(x, y - 1) ? 0 : rim;
    const s = covered(x, y + 1) ? 0 : rim;
    const w = covered(x - 1, y) ? 0 : rim;
    const e = covered(x + 1, y) ? 0 : rim;
    const inner = radius - rim * 0.6;
    lit.ctx.fillStyle = WALL_FACE;
    lit.ctx.beginPath();
    lit.ctx.roundRect(px + w, py + n, scale - w - e, scale - n - s, [
      n && w ? inner : 0,
      n && e ? inner : 0,
      s && e ? inner : 0,
      s && w ? inner : 0,
    ]);
    lit.ctx.fill();
    // A slant across each tile shows how far it is along a wall.
    lit.ctx.fillStyle = WALL_FACE_LINE;
    lit.ctx.beginPath();
    lit.ctx.moveTo(px + scale * 0.5, py + n);
    lit.ctx.lineTo(px + scale - e, py + n);
    lit.ctx.lineTo(px + scale * 0.5, py + scale - s);
    lit.ctx.lineTo(px + w, py + scale - s);
    lit.ctx.fill();
    // Where two walls meet at an inner corner, the rim turns around it.
    lit.ctx.fillStyle = WALL_EDGE_LOW;
    if (!n && !w && !covered(x - 1, y - 1)) lit.ctx.fillRect(px, py, rim, rim);
    if (!n && !e && !covered(x + 1, y - 1)) lit.ctx.fillRect(px + scale - rim, py, rim, rim);
    if (!s && !w && !covered(x - 1, y + 1)) lit.ctx.fillRect(px, py + scale - rim, rim, rim);
    if (!s && !e && !covered(x + 1, y + 1)) lit.ctx.fillRect(px + scale - rim, py + scale - rim, rim, rim);
  });
  ctx.drawImage(lit.canvas, -scale, -scale);
  return canvas;
}
