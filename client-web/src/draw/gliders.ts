/** Gliders with their health, names and crown, and the mark that shows the own one's aim. */

import type { Camera } from '../camera.ts';
import { inView, screenX, screenY } from '../camera.ts';
import type { Scene } from '../scene.ts';
import { type Labels, labelPicture } from './labels.ts';
import { HEALTH_BACK, HEALTH_GOOD, HEALTH_LOW, LABEL_SHADE, LINK_DEAD, lookColour } from './palette.ts';
import { GLIDER_REACH, type Sprites } from './sprites.ts';

const LABELS_MAX = 80;
const ARC_START = Math.PI * 0.75;
const ARC_SPAN = Math.PI * 1.5;
const EDGE = 1.2;
/** What is left of a glider whose player's connection is lost. */
export const LINK_DEAD_ALPHA = 0.38;

export function drawGliders(ctx: CanvasRenderingContext2D, camera: Camera, sprites: Sprites, scene: Scene): void {
  const { gliders, own } = scene;
  const grow = camera.fit.scale / sprites.scale;
  const half = sprites.gliderHalf;
  for (let n = 0; n <= gliders.count; n++) {
    // The own glider is drawn last, above the crowd.
    if (n === own || (n === gliders.count && own < 0)) continue;
    const i = n === gliders.count ? own : n;
    if (!inView(camera, gliders.x[i]!, gliders.y[i]!, EDGE)) continue;
    const look = gliders.look[i]!;
    const picture = sprites.gliders[look % sprites.gliders.length];
    if (!picture) continue;
    const cos = Math.cos(gliders.heading[i]!) * grow;
    const sin = Math.sin(gliders.heading[i]!) * grow;
    ctx.globalAlpha = bodyAlpha(scene, i);
    ctx.setTransform(cos, sin, -sin, cos, screenX(camera, gliders.x[i]!), screenY(camera, gliders.y[i]!));
    ctx.drawImage(picture, -half, -half);
    const flash = Math.max(gliders.flash[i]!, gliders.dash[i]! * 0.55);
    const white = sprites.flash[look & 3];
    if (flash > 0.02 && white) {
      ctx.globalAlpha = bodyAlpha(scene, i) * flash;
      ctx.drawImage(white, -half, -half);
    }
  }
  ctx.setTransform(1, 0, 0, 1, 0, 0);
  ctx.globalAlpha = 1;
}

/** Soft light on the floor below each glider; walls are drawn over it. */
export function drawGlows(ctx: CanvasRenderingContext2D, camera: Camera, sprites: Sprites, scene: Scene): void {
  const { gliders } = scene;
  const half = 1.9 * camera.fit.scale;
  ctx.globalCompositeOperation = 'lighter';
  for (let i = 0; i < gliders.count; i++) {
    if (!inView(camera, gliders.x[i]!, gliders.y[i]!, 2)) continue;
    const light = sprites.lights[gliders.look[i]! % sprites.gliders.length];
    if (!light) continue;
    ctx.globalAlpha = ((i === scene.own ? 0.42 : 0.26) + 0.35 * gliders.dash[i]!) * bodyAlpha(scene, i);
    const x = screenX(camera, gliders.x[i]!);
    const y = screenY(camera, gliders.y[i]!);
    ctx.drawImage(light, x - half, y - half, half * 2, half * 2);
  }
  ctx.globalAlpha = 1;
  ctx.globalCompositeOperation = 'source-over';
}

/** A broken link above each glider whose player is away. Its name stays as it is. */
export function drawLinkDead(ctx: CanvasRenderingContext2D, camera: Camera, scene: Scene): void {
  const { gliders } = scene;
  const { scale } = camera.fit;
  const size = Math.max(5, scale * 0.2);
  ctx.lineCap = 'round';
  for (let i = 0; i < gliders.count; i++) {
    if (gliders.linkDead[i] === 0 || !inView(camera, gliders.x[i]!, gliders.y[i]!, EDGE)) continue;
    const lift = (gliders.id[i] === scene.crownId ? 3.4 : 2.1) * GLIDER_REACH * scale;
    ctx.setTransform(1, 0, 0, 1, screenX(camera, gliders.x[i]!), screenY(camera, gliders.y[i]!) - lift);
    ctx.rotate(-0.55);
    ctx.globalAlpha = gliders.alpha[i]!;
    traceBrokenLink(ctx, size);
    ctx.strokeStyle = LABEL_SHADE;
    ctx.lineWidth = size * 0.78;
    ctx.stroke();
    ctx.strokeStyle = LINK_DEAD;
    ctx.lineWidth = size * 0.36;
    ctx.stroke();
  }
  ctx.setTransform(1, 0, 0, 1, 0, 0);
  ctx.globalAlpha = 1;
}

/** Two half links that do not meet, around the origin. */
function traceBrokenLink(ctx: CanvasRenderingContext2D, r: number): void {
  ctx.beginPath();
  for (const side of [-1, 1]) {
    ctx.moveTo(side * 0.5 * r, -0.62 * r);
    ctx.lineTo(side * 1.05 * r, -0.62 * r);
    ctx.arc(side * 1.05 * r, 0, 0.62 * r, -Math.PI / 2, Math.PI / 2, side < 0);
    ctx.lineTo(side * 0.5 * r, 0.62 * r);
  }
}

function bodyAlpha(scene: Scene, i: number): number {
  return scene.gliders.alpha[i]! * (scene.gliders.linkDead[i] === 1 ? LINK_DEAD_ALPHA : 1);
}

/** Arcs of health: always for the own glider, for others once they were hurt. */
export function drawHealth(ctx: CanvasRenderingContext2D, camera: Camera, scene: Scene): void {
  const { gliders, own } = scene;
  const radius = GLIDER_REACH * 1.55 * camera.fit.scale;
  const thick = Math.max(2, camera.fit.scale * 0.1);
  ctx.lineCap = 'round';
  for (let i = 0; i < gliders.count; i++) {
    const health = gliders.health[i]!;
    if ((health >= 1 && i !== own) || !inView(camera, gliders.x[i]!, gliders.y[i]!, EDGE)) continue;
    const x = screenX(camera, gliders.x[i]!);
    const y = screenY(camera, gliders.y[i]!);
    ctx.globalAlpha = gliders.alpha[i]! * (i === own ? 0.95 : 0.6);
    const width = i === own ? thick : thick * 0.62;
    ctx.lineWidth = width * 1.7;
    ctx.strokeStyle = HEALTH_BACK;
    ctx.beginPath();
    ctx.arc(x, y, radius, ARC_START, ARC_START + ARC_SPAN);
    ctx.stroke();
    if (health <= 0) continue;
    ctx.lineWidth = width;
    ctx.strokeStyle = health > 0.35 ? HEALTH_GOOD : HEALTH_LOW;
    ctx.beginPath();
    ctx.arc(x, y, radius, ARC_START, ARC_START + ARC_SPAN * health);
    ctx.stroke();
  }
  ctx.globalAlpha = 1;
}

/** Names below gliders, and the crown above its wearer. `ratio` is device pixels in a CSS pixel. */
export function drawNames(
  ctx: CanvasRenderingContext2D,
  camera: Camera,
  sprites: Sprites,
  labels: Labels,
  scene: Scene,
  ratio: number,
): void {
  const { gliders, own } = scene;
  const { scale } = camera.fit;
  const size = Math.round(Math.min(15 * ratio, Math.max(10 * ratio, scale * 0.4)));
  const drop = GLIDER_REACH * 2.05 * scale;
  let left = LABELS_MAX;
  for (let i = 0; i < gliders.count && left > 0; i++) {
    const name = gliders.names[i]!;
    if (name === '' || i === own || !inView(camera, gliders.x[i]!, gliders.y[i]!, 1)) continue;
    left--;
    const picture = labelPicture(labels, name, size, false);
    ctx.globalAlpha = gliders.alpha[i]! * 0.85;
    ctx.drawImage(
      picture,
      Math.round(screenX(camera, gliders.x[i]!) - picture.width / 2),
      Math.round(screenY(camera, gliders.y[i]!) + drop - picture.height / 2),
    );
  }
  ctx.globalAlpha = 1;
  for (let i = 0; i < gliders.count; i++) {
    if (gliders.id[i] !== scene.crownId || !inView(camera, gliders.x[i]!, gliders.y[i]!, 1)) continue;
    const { crown } = sprites;
    ctx.drawImage(
      crown,
      Math.round(screenX(camera, gliders.x[i]!) - crown.width / 2),
      Math.round(screenY(camera, gliders.y[i]!) - GLIDER_REACH * 2.35 * scale - crown.height / 2),
    );
  }
}

/** Where the own glider's next bolt would go. */
export function drawAim(ctx: CanvasRenderingContext2D, camera: Camera, scene: Scene): void {
  const { gliders, own } = scene;
  if (own < 0) return;
  const { scale } = camera.fit;
  const angle = gliders.aim[own]!;
  const cos = Math.cos(angle);
  const sin = Math.sin(angle);
  const x = screenX(camera, gliders.x[own]!);
  const y = screenY(camera, gliders.y[own]!);
  ctx.strokeStyle = lookColour(gliders.look[own]!);
  ctx.lineCap = 'round';
  ctx.lineJoin = 'round';
  ctx.globalAlpha = 0.85;
  ctx.lineWidth = Math.max(1.5, scale * 0.07);
  const tip = 1.55 * scale;
  const back = 1.3 * scale;
  const wing = 0.17 * scale;
  ctx.beginPath();
  ctx.moveTo(x + cos * back - sin * wing, y + sin * back + cos * wing);
  ctx.lineTo(x + cos * tip, y + sin * tip);
  ctx.lineTo(x + cos * back + sin * wing, y + sin * back - cos * wing);
  ctx.stroke();
  ctx.globalAlpha = 0.25;
  ctx.setLineDash([scale * 0.08, scale * 0.3]);
  ctx.beginPath();
  ctx.moveTo(x + cos * 1.8 * scale, y + sin * 1.8 * scale);
  ctx.lineTo(x + cos * 4.6 * scale, y + sin * 4.6 * scale);
  ctx.stroke();
  ctx.setLineDash([]);
  ctx.globalAlpha = 1;
}
