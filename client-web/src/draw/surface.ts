/** Canvases that are drawn once and copied often. */

export interface Surface {
  readonly canvas: HTMLCanvasElement;
  readonly ctx: CanvasRenderingContext2D;
}

/** A canvas that is in no document. */
export function newSurface(width: number, height: number): Surface {
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.ceil(width));
  canvas.height = Math.max(1, Math.ceil(height));
  return { canvas, ctx: contextOf(canvas) };
}

/** Calls `changed` whenever the page comes to a screen of another density. The window may keep its size. */
export function watchDensity(changed: () => void): void {
  // One can only ask whether it still is a certain one.
  matchMedia(`(resolution: ${window.devicePixelRatio}dppx)`).addEventListener(
    'change',
    () => {
      changed();
      watchDensity(changed);
    },
    { once: true },
  );
}

export function contextOf(canvas: HTMLCanvasElement, opaque = false): CanvasRenderingContext2D {
  const ctx = canvas.getContext('2d', { alpha: !opaque });
  if (!ctx) throw new Error('This browser gives no 2D canvas.');
  return ctx;
}
