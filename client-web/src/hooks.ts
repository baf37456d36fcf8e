/** What browser tests may ask the page, as `window.throng`. */

import { type App, type Phase, phaseOf } from './app.ts';
import { ownGlider } from './game.ts';
import { SUB } from './lattice.ts';

export interface ThrongState {
  readonly phase: Phase;
  readonly tick: number;
  /** The own glider as predicted, in tiles. */
  readonly own: { readonly x: number; readonly y: number } | null;
  readonly others: number;
  readonly corrections: number;
  readonly desyncs: number;
  readonly pingMs: number;
  readonly snapshots: number;
}

export interface ThrongHooks {
  readonly state: () => ThrongState;
}

declare global {
  interface Window {
    throng?: ThrongHooks;
  }
}

export function installHooks(app: App): void {
  window.throng = Object.freeze({ state: () => stateOf(app) });
}

function stateOf(app: App): ThrongState {
  const { game } = app;
  const phase = phaseOf(app);
  if (!game) {
    return { phase, tick: 0, own: null, others: 0, corrections: 0, desyncs: 0, pingMs: 0, snapshots: 0 };
  }
  const { prediction, view } = game;
  const own = ownGlider(game);
  return {
    phase,
    tick: view.tick,
    own: own && prediction.live ? { x: prediction.body.x / SUB, y: prediction.body.y / SUB } : null,
    others: view.gliders.size - (own ? 1 : 0),
    corrections: prediction.corrections,
    desyncs: game.desyncs,
    pingMs: game.pingMs,
    snapshots: game.snapshots,
  };
}
