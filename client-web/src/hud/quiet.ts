/** Says that the server is not heard, while the link still counts as up: what is seen stands still, and why. */

import type { App } from '../app.ts';
import { setHidden, setText } from './page.ts';

/** Snapshots come several times a second: after so long without one there is something to say. */
const QUIET_MS = 2_000;

export interface Quiet {
  /** How many had come when one came last, and the time since, as far as it was seen. */
  snapshots: number;
  ms: number;
}

export function newQuiet(): Quiet {
  return { snapshots: -1, ms: 0 };
}

/** Takes a frame `elapsedMs` after the one before, of which a stall of the page is no part. True when it is quiet. */
export function watchQuiet(quiet: Quiet, snapshots: number, elapsedMs: number): boolean {
  quiet.ms = snapshots === quiet.snapshots ? quiet.ms + elapsedMs : 0;
  quiet.snapshots = snapshots;
  return quiet.ms >= QUIET_MS;
}

export function showQuiet(note: HTMLElement, quiet: Quiet, { game, coming, outage }: App, elapsedMs: number): void {
  const isUp = game !== null && coming === null && outage === null;
  const isQuiet = watchQuiet(quiet, isUp ? game.snapshots : -1, isUp ? elapsedMs : 0);
  if (isQuiet) setText(note, navigator.onLine ? 'Nothing is heard from the server.' : 'Your device is offline.');
  setHidden(note, !isQuiet);
}
