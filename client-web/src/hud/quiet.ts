/** Says that the server is not heard, while the link still counts as up: what is seen stands still, and why. */

import type { App } from '../app.ts';
import { CLIENT_STALL_MS } from '../limits.ts';
import { setHidden, setText } from './page.ts';

/** Snapshots come several times a second: after so long without one there is something to say. */
const QUIET_MS = 2_000;

export interface Quiet {
  /** How many had come when one came last, and the time since, of which long stalls of the page are no part. */
  snapshots: number;
  ms: number;
  /** The newest frame. */
  atMs: number;
}

export function newQuiet(): Quiet {
  return { snapshots: -1, ms: 0, atMs: 0 };
}

/** Takes a frame, and how many snapshots have come by now, or -1 while none can. True when it is quiet. */
export function watchQuiet(quiet: Quiet, snapshots: number, nowMs: number): boolean {
  const elapsedMs = Math.min(CLIENT_STALL_MS, nowMs - quiet.atMs);
  quiet.ms = snapshots >= 0 && snapshots === quiet.snapshots ? quiet.ms + elapsedMs : 0;
  quiet.snapshots = snapshots;
  quiet.atMs = nowMs;
  return quiet.ms >= QUIET_MS;
}

export function showQuiet(note: HTMLElement, quiet: Quiet, { game, coming, outage }: App, nowMs: number): void {
  const isUp = game !== null && coming === null && outage === null;
  const isQuiet = watchQuiet(quiet, isUp ? game.snapshots : -1, nowMs);
  if (isQuiet) setText(note, navigator.onLine ? 'Nothing is heard from the server.' : 'Your device is offline.');
  setHidden(note, !isQuiet);
}
