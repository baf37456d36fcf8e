/** Whom a player does not want to hear. The server keeps it too; here it is by name, which outlasts an id. */

import type { Line } from '../wire/codec.ts';

export const MUTES_MAX = 100;
const STORED = 'throng.mutes';

export interface Mutes {
  /** Newest last; replaced, not changed. */
  names: readonly string[];
}

export function isMutedName(mutes: Mutes, name: string): boolean {
  return mutes.names.includes(name);
}

export function isMuted(mutes: Mutes, line: Line): boolean {
  return !line.operator && isMutedName(mutes, line.name);
}

/** With too many, the oldest is heard again. */
export function mute(mutes: Mutes, name: string, on: boolean): void {
  const others = mutes.names.filter((it) => it !== name);
  mutes.names = on ? [...others, name].slice(-MUTES_MAX) : others;
}

export function recallMutes(): Mutes {
  try {
    return { names: namesIn(JSON.parse(localStorage.getItem(STORED) ?? '[]')) };
  } catch {
    return { names: [] };
  }
}

export function storeMutes(mutes: Mutes): void {
  try {
    localStorage.setItem(STORED, JSON.stringify(mutes.names));
  } catch {
    // A browser that stores nothing mutes until the page is closed.
  }
}

/** The names in something that may be anything. */
export function namesIn(stored: unknown): readonly string[] {
  if (!Array.isArray(stored)) return [];
  return stored.filter((name): name is string => typeof name === 'string').slice(-MUTES_MAX);
}
