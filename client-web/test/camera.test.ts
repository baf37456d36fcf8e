import { describe, expect, test } from 'vitest';
import { fit, inView, newCamera, screenX, screenY, VIEW_TILES_X, VIEW_TILES_Y } from '../src/camera.ts';

const SCREENS: readonly (readonly [number, number])[] = [
  [1280, 720],
  [2560, 1080],
  [1024, 768],
  [844, 390],
  [390, 844],
  [780, 1688],
  [320, 568],
  [3840, 2160],
  [1, 1],
];

describe('the fit', () => {
  test('no screen sees more than 40 × 22.5 tiles', () => {
    for (const [width, height] of SCREENS) {
      const view = fit(width, height, { top: 112, bottom: 190 });
      expect(view.tilesX, `because ${width} × ${height} is no advantage`).toBeLessThanOrEqual(VIEW_TILES_X);
      expect(view.tilesY).toBeLessThanOrEqual(VIEW_TILES_Y + 1e-9);
    }
  });

  test('a 16:9 screen sees exactly that', () => {
    const view = fit(1280, 720);
    expect([view.scale, view.tilesX, view.tilesY]).toEqual([32, 40, 22.5]);
  });

  test('a tall phone sees the full height in a band, and enough across to play', () => {
    const view = fit(390, 844, { top: 112, bottom: 190 });
    expect(view.tilesY).toBe(VIEW_TILES_Y);
    expect(view.tilesX).toBeGreaterThanOrEqual(16);
    const top = view.centreY - (view.tilesY * view.scale) / 2;
    expect(top, 'because facts are shown above the band').toBeGreaterThan(80);
    expect(top + view.tilesY * view.scale).toBeLessThanOrEqual(844);
  });
});

test('the centre of the camera is the centre of the view', () => {
  const camera = newCamera();
  camera.x = 10;
  camera.y = 20;
  expect([screenX(camera, 10), screenY(camera, 20)]).toEqual([640, 360]);
  expect([screenX(camera, 11), screenY(camera, 19)]).toEqual([672, 328]);
});

test('what lies outside the view is not drawn', () => {
  const camera = newCamera();
  expect(inView(camera, 20.5, 0, 1)).toBe(true);
  expect(inView(camera, 21.5, 0, 1)).toBe(false);
  expect(inView(camera, 0, -12, 0.5)).toBe(false);
});
