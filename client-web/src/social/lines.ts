/** The lines of chat that a page has heard, without those of players that it does not want to hear. */

import type { Line } from '../wire/codec.ts';
import { isMuted, type Mutes } from './mutes.ts';

export const LINES_MAX = 100;

export interface Heard {
  readonly line: Line;
  /** On the page's clock. */
  readonly atMs: number;
}

export interface Lines {
  room: string;
  /** Oldest first; replaced, not changed. */
  heard: readonly Heard[];
}

export function newLines(): Lines {
  return { room: '', heard: [] };
}

/** Another room has lines of its own, whose numbers begin anew. */
export function enterRoom(lines: Lines, room: string): void {
  if (lines.room === room) return;
  lines.room = room;
  lines.heard = [];
}

/** Takes a line; false when it is known already, as those are that a newcomer is told. */
export function takeLine(lines: Lines, line: Line, nowMs: number): boolean {
  const isKnown = lines.heard.some(
    ({ line: it }) => it.number === line.number && it.who === line.who && it.atS === line.atS && it.text === line.text,
  );
  if (isKnown) return false;
  lines.heard = [...lines.heard, { line, atMs: nowMs }].slice(-LINES_MAX);
  return true;
}

/** What is shown: nobody who is muted, but whoever speaks for the server is heard by all. */
export function audible(lines: Lines, mutes: Mutes): readonly Heard[] {
  return lines.heard.filter(({ line }) => !isMuted(mutes, line));
}

/** Numbers are other players' from now on: what was said by those who are muted is not kept for later. */
export function forgetWho(lines: Lines, mutes: Mutes): void {
  lines.heard = audible(lines, mutes);
  mutes.here = [];
}

/** How a line looks and is read out. */
export type LineLook = 'Own' | 'Private' | 'Operator' | 'Everyone' | 'Plain';

export function lookOf(line: Line, you: number): LineLook {
  if (line.to.kind === 'Everyone') return 'Everyone';
  if (line.to.kind === 'Player') return 'Private';
  if (line.operator) return 'Operator';
  return line.who === you ? 'Own' : 'Plain';
}
