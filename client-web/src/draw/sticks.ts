/** Where thumbs are, drawn below them. */

import { type Devices, type Stick, STICK_REACH } from '../input/devices.ts';

export function drawSticks(ctx: CanvasRenderingContext2D, devices: Devices, ratio: number): void {
  drawStick(ctx, devices.move, '#bcd4f5', ratio);
  drawStick(ctx, devices.aim, '#ffb4a8', ratio);
}

function drawStick(ctx: CanvasRenderingContext2D, stick: Stick, colour: string, ratio: number): void {
  if (stick.pointer < 0) return;
  ctx.strokeStyle = colour;
  ctx.fillStyle = colour;
  ctx.lineWidth = 2 * ratio;
  ctx.globalAlpha = 0.4;
  ctx.beginPath();
  ctx.arc(stick.originX * ratio, stick.originY * ratio, STICK_REACH * ratio, 0, Math.PI * 2);
  ctx.stroke();
  ctx.globalAlpha = 0.12;
  ctx.fill();
  ctx.globalAlpha = 0.6;
  ctx.beginPath();
  ctx.arc(stick.x * ratio, stick.y * ratio, 22 * ratio, 0, Math.PI * 2);
  ctx.fill();
  ctx.globalAlpha = 1;
}
