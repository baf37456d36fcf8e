/** Just enough of PNG to look at a screenshot: eight bits a channel, RGB or RGBA, not interlaced. */

import assert from 'node:assert/strict';
import { inflateSync } from 'node:zlib';

/** Width, height and a function from a place to `[red, green, blue]`. */
export function decodePng(bytes) {
  let at = 8;
  const parts = [];
  let header;
  while (at < bytes.length) {
    const length = bytes.readUInt32BE(at);
    const type = bytes.toString('latin1', at + 4, at + 8);
    const body = bytes.subarray(at + 8, at + 8 + length);
    if (type === 'IHDR') header = body;
    if (type === 'IDAT') parts.push(body);
    at += 12 + length;
  }
  const width = header.readUInt32BE(0);
  const height = header.readUInt32BE(4);
  const [depth, colour, , , interlace] = header.subarray(8);
  assert.ok(depth === 8 && (colour === 2 || colour === 6) && interlace === 0, 'a screenshot is plain RGB or RGBA');
  const step = colour === 6 ? 4 : 3;
  const rows = unfilter(inflateSync(Buffer.concat(parts)), width * step, height, step);
  return { width, height, at: (x, y) => rows.subarray((y * width + x) * step, (y * width + x) * step + 3) };
}

function unfilter(raw, stride, height, step) {
  const out = Buffer.alloc(stride * height);
  for (let y = 0; y < height; y++) {
    const filter = raw[y * (stride + 1)];
    for (let i = 0; i < stride; i++) {
      const here = y * stride + i;
      const left = i >= step ? out[here - step] : 0;
      const up = y > 0 ? out[here - stride] : 0;
      const corner = i >= step && y > 0 ? out[here - stride - step] : 0;
      out[here] = raw[y * (stride + 1) + 1 + i] + [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter];
    }
  }
  return out;
}

function paeth(left, up, corner) {
  const guess = left + up - corner;
  const [a, b, c] = [left, up, corner].map((value) => Math.abs(guess - value));
  if (a <= b && a <= c) return left;
  return b <= c ? up : corner;
}

/** How often each colour occurs in a rectangle of the picture, coarsened to 16 steps a channel. */
export function colours(image, { x = 0, y = 0, width = image.width, height = image.height } = {}) {
  const counts = new Map();
  for (let row = y; row < y + height; row++) {
    for (let column = x; column < x + width; column++) {
      const [red, green, blue] = image.at(column, row);
      const key = ((red >> 4) << 8) | ((green >> 4) << 4) | (blue >> 4);
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  return counts;
}
