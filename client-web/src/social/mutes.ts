/**
 * Whom a player does not want to hear. The server keeps it by who they are, and tells nothing of them any more. The page
 * hides what it has heard of them already, and remembers their names, under which others may come.
 */

import type { Line } from '../wire/codec.ts';

export const MUTES_MAX = 100;
const STORED = 'throng.mutes';

/** Somebody in the room. Another one gets the number later, and others have the name. */
export interface Muted {
  readonly who: number;
  readonly name: string;
}

export interface Mutes {
  /** Who is muted in this room, newest last; replaced, not changed. */
  here: readonly Muted[];
  /** Under which names somebody was muted, also on visits before, newest last; replaced, not changed. */
  names: readonly string[];
}

/** What is known of somebody. `Name`: one of that name was muted, who may be somebody else. */
export type MuteState = 'None' | 'Name' | 'Muted';

export function newMutes(names: readonly string[] = []): Mutes {
  return { here: [], names };
}

/** `people` are those in the room: where whoever is muted is one of them, others of that name are somebody else. */
export function muteStateOf({ here, names }: Mutes, { who, name }: Muted, people: ReadonlyMap<number, Muted> = new Map()): MuteState {
  const alike = here.filter((it) => it.name === name);
  if (alike.some((it) => it.who === who)) return 'Muted';
  const isAnother = alike.some((it) => people.get(it.who)?.name === name);
  return names.includes(name) && !isAnother ? 'Name' : 'None';
}

export function isMuted(mutes: Mutes, line: Line): boolean {
  return !line.operator && muteStateOf(mutes, line) === 'Muted';
}

/** With too many, the oldest is forgotten. Whoever hears somebody again forgets the name, unless another one here has it. */
export function mute(mutes: Mutes, { who, name }: Muted, on: boolean): void {
  const here = mutes.here.filter((it) => it.who !== who);
  const names = mutes.names.filter((it) => it !== name);
  mutes.here = on ? [...here, { who, name }].slice(-MUTES_MAX) : here;
  mutes.names = on || here.some((it) => it.name === name) ? [...names, name].slice(-MUTES_MAX) : names;
}

export function recallMutes(): Mutes {
  try {
    return newMutes(namesIn(JSON.parse(localStorage.getItem(STORED) ?? '[]')));
  } catch {
    return newMutes();
  }
}

export function storeMutes(mutes: Mutes): void {
  try {
    localStorage.setItem(STORED, JSON.stringify(mutes.names));
  } catch {
    // A browser that stores nothing remembers no names; the server mutes all the same.
  }
}

/** The names in something that may be anything. */
export function namesIn(stored: unknown): readonly string[] {
  if (!Array.isArray(stored)) return [];
  return stored.filter((name): name is string => typeof name === 'string').slice(-MUTES_MAX);
}
