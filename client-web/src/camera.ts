/** What part of the arena the canvas shows. Every screen sees at most the same 40 × 22.5 tiles. */

export const VIEW_TILES_X = 40;
export const VIEW_TILES_Y = 22.5;
/** A tall screen shows at least this many tiles across, and leaves the rest of its height to the thumbs. */
const TALL_TILES_X = 17;

/** Where the view lies on the canvas, all in device pixels but for the tiles. */
export interface Fit {
  readonly width: number;
  readonly height: number;
  /** Device pixels in one tile. */
  readonly scale: number;
  readonly tilesX: number;
  readonly tilesY: number;
  /** Centre of the view on the canvas. */
  readonly centreX: number;
  readonly centreY: number;
}

export interface Camera {
  /** Centre in tiles. */
  x: number;
  y: number;
  fit: Fit;
}

/** Space that the head-up display keeps above and below a view on a tall screen, in device pixels. */
export interface Margins {
  readonly top: number;
  readonly bottom: number;
}

/** Fills the whole canvas: for pictures that nobody plays in. */
export function coverFit(width: number, height: number): Fit {
  return centred(width, height, Math.max(width / VIEW_TILES_X, height / VIEW_TILES_Y), height / 2);
}

export function fit(width: number, height: number, margins: Margins = { top: 0, bottom: 0 }): Fit {
  const covering = Math.max(width / VIEW_TILES_X, height / VIEW_TILES_Y);
  const tall = width / TALL_TILES_X;
  if (tall >= covering) {
    return centred(width, height, covering, height / 2);
  }
  // Covering the height would leave too few tiles across, so the view becomes a band of full height in tiles.
  const scale = Math.max(tall, 1);
  const tilesY = Math.min(VIEW_TILES_Y, height / scale);
  const free = Math.max(0, height - tilesY * scale);
  const wanted = margins.top + margins.bottom;
  const above = wanted > 0 ? Math.min(margins.top, (free * margins.top) / wanted) : free / 2;
  return centred(width, height, scale, above + (tilesY * scale) / 2);
}

function centred(width: number, height: number, scale: number, centreY: number): Fit {
  return {
    width,
    height,
    scale,
    tilesX: Math.min(VIEW_TILES_X, width / scale),
    tilesY: Math.min(VIEW_TILES_Y, height / scale),
    centreX: width / 2,
    centreY,
  };
}

export function newCamera(): Camera {
  return { x: 0, y: 0, fit: fit(1280, 720) };
}

/** Canvas x of a place in tiles. */
export function screenX(camera: Camera, x: number): number {
  return camera.fit.centreX + (x - camera.x) * camera.fit.scale;
}

/** Canvas y of a place in tiles. */
export function screenY(camera: Camera, y: number): number {
  return camera.fit.centreY + (y - camera.y) * camera.fit.scale;
}

/** Whether something of radius `reach` tiles at this place touches the view. */
export function inView(camera: Camera, x: number, y: number, reach: number): boolean {
  return (
    Math.abs(x - camera.x) <= camera.fit.tilesX / 2 + reach && Math.abs(y - camera.y) <= camera.fit.tilesY / 2 + reach
  );
}
