/** From what happened in the arena to lights and shakes. */

import { angleOf, SUB } from '../lattice.ts';
import type { Happening } from '../view.ts';
import { burst, type Effects, ring, shake } from './effects.ts';
import { LIGHT_SHARD, LIGHT_WHITE } from './sprites.ts';

const SHARD_RING_LOOK = 5;

/** `you` is the own glider's id; `eyeX` and `eyeY` are where the player looks, in tiles. */
export function showHappening(effects: Effects, happening: Happening, you: number, eyeX: number, eyeY: number): void {
  const x = happening.x / SUB;
  const y = happening.y / SUB;
  switch (happening.kind) {
    case 'Enter':
      ring(effects, x, y, happening.look, 2.2, 480);
      burst(effects, x, y, happening.look, 16, 5, 520, 0.2);
      break;
    case 'Death': {
      ring(effects, x, y, happening.look, 3.4, 620);
      ring(effects, x, y, happening.look, 1.7, 360);
      burst(effects, x, y, happening.look, 46, 11, 900, 0.26);
      burst(effects, x, y, LIGHT_WHITE, 14, 6, 420, 0.3);
      const near = Math.max(0, 1 - Math.hypot(x - eyeX, y - eyeY) / 14);
      shake(effects, happening.who === you ? 0.95 : happening.by === you ? 0.5 : near * 0.3);
      break;
    }
    case 'Hurt':
      burst(effects, x, y, LIGHT_WHITE, 8, 6, 260, 0.17);
      if (happening.who === you) shake(effects, 0.42);
      break;
    case 'Dash':
      ring(effects, x, y, happening.look, 1.3, 300);
      burst(effects, x, y, happening.look, 14, 4, 420, 0.2);
      break;
    case 'Fire':
      if (happening.owner !== you) muzzle(effects, x, y, happening.look, angleOf(happening.heading));
      break;
    case 'BoltEnd':
      burst(effects, x, y, happening.look, 7, 6, 280, 0.16, angleOf(happening.heading) + Math.PI, 1.1);
      break;
    case 'Gathered':
      burst(effects, x, y, LIGHT_SHARD, 9, 4, 420, 0.17);
      if (happening.by === you) ring(effects, x, y, SHARD_RING_LOOK, 0.9, 260);
      break;
  }
}

/** The flash of a shot, at the nose of who fired. */
export function muzzle(effects: Effects, x: number, y: number, light: number, angle: number): void {
  burst(effects, x + Math.cos(angle) * 0.7, y + Math.sin(angle) * 0.7, light, 5, 7, 170, 0.2, angle, 0.5);
}
