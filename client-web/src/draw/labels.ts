/** Names as pictures: text is slow to set, so each is set once a scale. */

import { LABEL, LABEL_OWN, LABEL_SHADE } from './palette.ts';
import { contextOf } from './surface.ts';

const KEPT_MAX = 256;
/** Widest that a name is drawn, in letter sizes; wider ones, of which some scripts have many, are squeezed. */
const WIDTH_MAX = 14;
export const FONT = 'system-ui, "Segoe UI", Roboto, "Helvetica Neue", "Liberation Sans", sans-serif';

export interface Labels {
  size: number;
  readonly kept: Map<string, HTMLCanvasElement>;
}

export function newLabels(): Labels {
  return { size: 0, kept: new Map() };
}

/** The picture of a name in letters of `size` pixels. */
export function labelPicture(labels: Labels, name: string, size: number, own: boolean): HTMLCanvasElement {
  if (labels.size !== size) {
    labels.size = size;
    labels.kept.clear();
  }
  const key = own ? `\u0000${name}` : name;
  const kept = labels.kept.get(key);
  if (kept) return kept;
  if (labels.kept.size >= KEPT_MAX) labels.kept.clear();
  const picture = setLabel(name, size, own);
  labels.kept.set(key, picture);
  return picture;
}

function setLabel(name: string, size: number, own: boolean): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  const ctx = contextOf(canvas);
  const font = `${own ? 700 : 600} ${size}px ${FONT}`;
  ctx.font = font;
  const pad = Math.ceil(size * 0.4);
  const width = Math.min(size * WIDTH_MAX, ctx.measureText(name).width);
  canvas.width = Math.ceil(width) + pad * 2;
  canvas.height = Math.ceil(size * 1.3) + pad;
  ctx.font = font;
  ctx.textBaseline = 'middle';
  ctx.lineJoin = 'round';
  ctx.lineWidth = Math.max(2, size * 0.24);
  ctx.strokeStyle = LABEL_SHADE;
  ctx.strokeText(name, pad, canvas.height / 2, width);
  ctx.fillStyle = own ? LABEL_OWN : LABEL;
  ctx.fillText(name, pad, canvas.height / 2, width);
  return canvas;
}
