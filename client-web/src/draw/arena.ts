/** One frame of the arena, from the floor up. Drawing changes nothing but what is kept to draw faster. */

import type { Camera } from '../camera.ts';
import { screenX, screenY } from '../camera.ts';
import { isSolid, type TileMap } from '../map.ts';
import type { Scene } from '../scene.ts';
import { drawEffects, type Effects } from './effects.ts';
import { drawFloor } from './floor.ts';
import { drawAim, drawGliders, drawGlows, drawHealth, drawLinkDead, drawNames } from './gliders.ts';
import { type Labels, newLabels } from './labels.ts';
import { CROWN, FOG, withAlpha } from './palette.ts';
import { buildSprites, type Sprites, traceCrown } from './sprites.ts';
import { drawBolts, drawShards } from './things.ts';
import { drawTrails, type Trails } from './trails.ts';
import { drawWalls, newWalls, type Walls } from './walls.ts';

export interface Painter {
  readonly ctx: CanvasRenderingContext2D;
  readonly labels: Labels;
  sprites: Sprites | null;
  walls: Walls | null;
  map: TileMap | null;
}

/** What a frame shows beside the scene. */
export interface Frame {
  readonly nowMs: number;
  /** Device pixels in a CSS pixel. */
  readonly ratio: number;
  /** Speed of the camera, tiles a second. */
  readonly driftX: number;
  readonly driftY: number;
  /** Where the crown is when somebody else wears it, in tiles. */
  readonly crown: { readonly x: number; readonly y: number } | null;
  readonly names: boolean;
}

export function newPainter(ctx: CanvasRenderingContext2D): Painter {
  return { ctx, labels: newLabels(), sprites: null, walls: null, map: null };
}

export function paint(
  painter: Painter,
  map: TileMap,
  camera: Camera,
  scene: Scene,
  trails: Trails,
  effects: Effects,
  frame: Frame,
): void {
  const { ctx } = painter;
  const sprites = spritesFor(painter, camera.fit.scale);
  const shaken = shakenCamera(camera, effects, frame.nowMs);
  drawFloor(ctx, shaken, map.width, map.height, frame.driftX, frame.driftY);
  drawGlows(ctx, shaken, sprites, scene);
  drawWalls(ctx, shaken, wallsFor(painter, map));
  drawShards(ctx, shaken, sprites, scene, frame.nowMs);
  drawTrails(ctx, shaken, trails);
  drawBolts(ctx, shaken, scene);
  drawHealth(ctx, shaken, scene);
  drawGliders(ctx, shaken, sprites, scene);
  drawAim(ctx, shaken, scene);
  drawEffects(ctx, shaken, sprites, effects);
  drawLinkDead(ctx, shaken, scene);
  if (frame.names) drawNames(ctx, shaken, sprites, painter.labels, scene, frame.ratio);
  drawFog(ctx, camera);
  if (frame.crown) drawCrownArrow(ctx, camera, frame.crown.x, frame.crown.y, frame.ratio);
}

function spritesFor(painter: Painter, scale: number): Sprites {
  if (painter.sprites?.scale !== scale) painter.sprites = buildSprites(scale);
  return painter.sprites ?? buildSprites(scale);
}

function wallsFor(painter: Painter, map: TileMap): Walls {
  if (painter.map !== map || !painter.walls) {
    painter.map = map;
    painter.walls = newWalls(map.width, map.height, (x, y) => isSolid(map, x, y));
  }
  return painter.walls;
}

function shakenCamera(camera: Camera, effects: Effects, nowMs: number): Camera {
  if (effects.shake < 0.01) return camera;
  const reach = 0.32 * effects.shake * effects.shake;
  return {
    x: camera.x + Math.sin(nowMs / 17) * reach,
    y: camera.y + Math.cos(nowMs / 13) * reach,
    fit: camera.fit,
  };
}

/** Covers what lies outside the view on a tall screen: nothing is known of it. */
function drawFog(ctx: CanvasRenderingContext2D, camera: Camera): void {
  const { width, height, scale, tilesY, centreY } = camera.fit;
  const top = centreY - (tilesY * scale) / 2;
  const bottom = centreY + (tilesY * scale) / 2;
  if (top <= 1 && bottom >= height - 1) return;
  const soft = 2.2 * scale;
  const shadeBand = (from: number, to: number, edge: number): void => {
    if (to <= from) return;
    const fog = ctx.createLinearGradient(0, edge - soft, 0, edge + soft);
    const above = edge === top;
    fog.addColorStop(0, withAlpha(FOG, above ? 0.94 : 0));
    fog.addColorStop(1, withAlpha(FOG, above ? 0 : 0.94));
    ctx.fillStyle = fog;
    ctx.fillRect(0, from, width, to - from);
  };
  shadeBand(0, Math.min(height, top + soft), top);
  shadeBand(Math.max(0, bottom - soft), height, bottom);
}

/** An arrow at the rim of the view towards a crown that is out of sight. */
function drawCrownArrow(ctx: CanvasRenderingContext2D, camera: Camera, x: number, y: number, ratio: number): void {
  const { scale, tilesX, tilesY, centreX, centreY } = camera.fit;
  const dx = x - camera.x;
  const dy = y - camera.y;
  const reachX = tilesX / 2 - 1.3;
  const reachY = tilesY / 2 - 1.8;
  const over = Math.max(Math.abs(dx) / reachX, Math.abs(dy) / reachY);
  if (over <= 1) return;
  const px = centreX + (dx / over) * scale;
  const py = centreY + (dy / over) * scale;
  const size = 13 * ratio;
  ctx.save();
  ctx.translate(px, py);
  ctx.fillStyle = CROWN;
  ctx.shadowColor = 'rgba(0, 0, 0, 0.8)';
  ctx.shadowBlur = 6 * ratio;
  traceCrown(ctx, size * 1.5);
  ctx.fill();
  ctx.rotate(Math.atan2(dy, dx));
  ctx.beginPath();
  ctx.moveTo(size * 1.75, 0);
  ctx.lineTo(size * 1.15, size * 0.42);
  ctx.lineTo(size * 1.15, -size * 0.42);
  ctx.closePath();
  ctx.fill();
  ctx.restore();
}

/** Canvas x of a place in CSS pixels from the window's left edge; for input. */
export function pageX(camera: Camera, x: number, ratio: number): number {
  return screenX(camera, x) / ratio;
}

export function pageY(camera: Camera, y: number, ratio: number): number {
  return screenY(camera, y) / ratio;
}
