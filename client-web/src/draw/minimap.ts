/** The whole arena in a corner: walls once, then the view, those in it and the crown. */

import type { Camera } from '../camera.ts';
import { isSolid, type TileMap } from '../map.ts';
import type { Scene } from '../scene.ts';
import { LINK_DEAD_ALPHA } from './gliders.ts';
import { CROWN, lookColour } from './palette.ts';
import { contextOf, newSurface } from './surface.ts';
import { traceCrown } from './sprites.ts';

export interface Minimap {
  readonly canvas: HTMLCanvasElement;
  readonly ctx: CanvasRenderingContext2D;
  map: TileMap | null;
  size: number;
  walls: HTMLCanvasElement | null;
}

export function newMinimap(canvas: HTMLCanvasElement): Minimap {
  return { canvas, ctx: contextOf(canvas), map: null, size: 0, walls: null };
}

/** Draws at `cssSize` CSS pixels for the longer edge. */
export function paintMinimap(
  minimap: Minimap,
  map: TileMap,
  camera: Camera,
  scene: Scene,
  crown: { readonly x: number; readonly y: number } | null,
  cssSize: number,
  ratio: number,
): void {
  const size = Math.round(cssSize * ratio);
  const scale = size / Math.max(map.width, map.height);
  const width = Math.max(1, Math.round(map.width * scale));
  const height = Math.max(1, Math.round(map.height * scale));
  const { canvas, ctx } = minimap;
  if (minimap.map !== map || minimap.size !== size || !minimap.walls) {
    minimap.map = map;
    minimap.size = size;
    minimap.walls = paintMap(map);
    canvas.width = width;
    canvas.height = height;
    canvas.style.width = `${width / ratio}px`;
    canvas.style.height = `${height / ratio}px`;
  }
  ctx.clearRect(0, 0, width, height);
  ctx.fillStyle = 'rgba(9, 14, 23, 0.72)';
  ctx.fillRect(0, 0, width, height);
  ctx.drawImage(minimap.walls, 0, 0, width, height);

  const { tilesX, tilesY } = camera.fit;
  ctx.fillStyle = 'rgba(150, 190, 240, 0.08)';
  ctx.strokeStyle = 'rgba(190, 214, 245, 0.45)';
  ctx.lineWidth = ratio;
  const left = (camera.x - tilesX / 2) * scale;
  const top = (camera.y - tilesY / 2) * scale;
  ctx.fillRect(left, top, tilesX * scale, tilesY * scale);
  ctx.strokeRect(left, top, tilesX * scale, tilesY * scale);

  const { gliders, own } = scene;
  const dot = 1.6 * ratio;
  for (let i = 0; i < gliders.count; i++) {
    if (i === own) continue;
    ctx.fillStyle = lookColour(gliders.look[i]!);
    ctx.globalAlpha = gliders.linkDead[i] === 1 ? LINK_DEAD_ALPHA : 1;
    ctx.fillRect(gliders.x[i]! * scale - dot / 2, gliders.y[i]! * scale - dot / 2, dot, dot);
  }
  ctx.globalAlpha = 1;
  if (crown) {
    ctx.save();
    ctx.translate(crown.x * scale, crown.y * scale);
    traceCrown(ctx, 11 * ratio);
    ctx.fillStyle = CROWN;
    ctx.shadowColor = '#000';
    ctx.shadowBlur = 3 * ratio;
    ctx.fill();
    ctx.restore();
  }
  if (own >= 0) {
    ctx.beginPath();
    ctx.arc(gliders.x[own]! * scale, gliders.y[own]! * scale, 2.6 * ratio, 0, Math.PI * 2);
    ctx.fillStyle = '#ffffff';
    ctx.fill();
    ctx.lineWidth = 1.4 * ratio;
    ctx.strokeStyle = lookColour(gliders.look[own]!);
    ctx.stroke();
  }
}

/** One pixel a tile. */
function paintMap(map: TileMap): HTMLCanvasElement {
  const { canvas, ctx } = newSurface(map.width, map.height);
  const image = ctx.createImageData(map.width, map.height);
  for (let y = 0; y < map.height; y++) {
    for (let x = 0; x < map.width; x++) {
      if (!isSolid(map, x, y)) continue;
      const at = (y * map.width + x) * 4;
      image.data.set([104, 140, 188, 210], at);
    }
  }
  ctx.putImageData(image, 0, 0);
  return canvas;
}
