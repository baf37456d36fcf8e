/** What browser tests may ask the page, as `window.throng`. */

import { type App, nextTryMs, type Phase, phaseOf } from './app.ts';
import { ownGlider } from './game.ts';
import { SUB } from './lattice.ts';

export interface ThrongState {
  readonly phase: Phase;
  readonly tick: number;
  /** Id of the own glider, or -1 before the first picture. */
  readonly you: number;
  /** The own glider as predicted, in tiles. */
  readonly own: { readonly x: number; readonly y: number } | null;
  /** Where the page looks, in tiles. */
  readonly eye: { readonly x: number; readonly y: number };
  readonly others: number;
  /** Gliders in view whose players' connections are lost. */
  readonly linkDead: number;
  readonly names: readonly string[];
  /** Where the page holds gliders, its own among them, in tiles. */
  readonly seen: readonly { readonly name: string; readonly x: number; readonly y: number }[];
  /** Where shards lie, in tiles. */
  readonly lying: readonly { readonly x: number; readonly y: number }[];
  readonly shards: number;
  readonly kills: number;
  readonly corrections: number;
  readonly desyncs: number;
  readonly pingMs: number;
  readonly snapshots: number;
  /** Number of the newest ordered event. */
  readonly received: number;
  /** Welcomes since the page was loaded, and whether the newest went on with a session. */
  readonly welcomes: number;
  readonly resumed: boolean;
  /** Close code of the outage, or 0. */
  readonly code: number;
  /** Time to the next attempt, or -1 while one runs or when none will be made. */
  readonly retryInMs: number;
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
  const { game, welcomes, resumed } = app;
  const own = game ? ownGlider(game) : undefined;
  const body = game?.prediction.body;
  const gliders = [...(game?.view.gliders.values() ?? [])];
  const retryMs = nextTryMs(app) - app.around.now();
  return {
    phase: phaseOf(app),
    tick: game?.view.tick ?? 0,
    you: game?.you ?? -1,
    own: own && body && game.prediction.live ? { x: body.x / SUB, y: body.y / SUB } : null,
    eye: { x: (game?.eyeX ?? 0) / SUB, y: (game?.eyeY ?? 0) / SUB },
    others: gliders.length - (own ? 1 : 0),
    linkDead: gliders.filter((glider) => glider.linkDead).length,
    names: gliders.map((glider) => glider.name),
    seen: gliders.map((glider) => ({ name: glider.name, x: glider.body.x / SUB, y: glider.body.y / SUB })),
    lying: [...(game?.view.shards.values() ?? [])].map(({ x, y }) => ({ x: x / SUB, y: y / SUB })),
    shards: game?.standing.shards ?? 0,
    kills: game?.standing.kills ?? 0,
    corrections: game?.prediction.corrections ?? 0,
    desyncs: game?.desyncs ?? 0,
    pingMs: game?.pingMs ?? 0,
    snapshots: game?.snapshots ?? 0,
    received: app.throng.kept?.received ?? 0,
    welcomes,
    resumed,
    code: app.outage?.code.number ?? 0,
    retryInMs: Number.isNaN(retryMs) ? -1 : Math.max(0, retryMs),
  };
}
