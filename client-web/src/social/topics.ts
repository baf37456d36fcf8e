/**
 * What topics told so far. A topic begins with everything, and goes on with differences, each to the version before: one
 * that is missing makes the rest worthless, and everything is asked for anew.
 */

import type { LeaderRow, PresenceRow, RoomRow, ServerRow, TopicChange, TopicUpdate } from '../wire/codec.ts';

/** Rows by what they are known by; nobody changes a map that was handed out. */
export type Told =
  | { readonly kind: 'Leaders'; readonly rows: readonly LeaderRow[]; readonly own: number }
  | { readonly kind: 'Rooms'; readonly rows: ReadonlyMap<string, RoomRow> }
  | { readonly kind: 'Presence'; readonly rows: ReadonlyMap<number, PresenceRow> }
  | { readonly kind: 'Server'; readonly row: ServerRow };

interface Topic {
  /** 0: nothing was told yet, or not since a gap. */
  version: number;
  /** The last that was told whole, which stays to be seen over a gap. */
  told: Told | null;
}

/** The topics that a page listens to, by name. */
export interface Topics {
  readonly wanted: Map<string, Topic>;
}

/** What an update did: `Gap` means that the topic is to be subscribed to anew. */
export type Taken = 'Changed' | 'Old' | 'Unwanted' | 'Gap';

export function newTopics(): Topics {
  return { wanted: new Map() };
}

/** Begins to listen; false when the page does already. */
export function want(topics: Topics, topic: string): boolean {
  if (topics.wanted.has(topic)) return false;
  topics.wanted.set(topic, { version: 0, told: null });
  return true;
}

/** Stops listening; false when the page did not. */
export function unwant(topics: Topics, topic: string): boolean {
  return topics.wanted.delete(topic);
}

/** What a topic told, if it told anything. */
export function toldOf(topics: Topics, topic: string): Told | null {
  return topics.wanted.get(topic)?.told ?? null;
}

/** Another session has versions of its own. */
export function forgetVersions(topics: Topics): void {
  for (const topic of topics.wanted.values()) topic.version = 0;
}

export function takeTopic(topics: Topics, update: TopicUpdate): Taken {
  const topic = topics.wanted.get(update.topic);
  if (!topic) return 'Unwanted';
  const isWhole = update.since === 0;
  if (isWhole) {
    topic.version = update.version;
    topic.told = apply(null, update.change);
    return 'Changed';
  }
  // After a gap, only everything helps; it was asked for when the gap was seen.
  // An update to the version that is held has another part of it, or one's own place alone.
  const isPart = update.since === update.version;
  if (topic.version === 0 || update.version < topic.version || (update.version === topic.version && !isPart)) return 'Old';
  if (update.since !== topic.version || topic.told?.kind !== update.change.kind) {
    topic.version = 0;
    return 'Gap';
  }
  topic.version = update.version;
  topic.told = apply(topic.told, update.change);
  return 'Changed';
}

function apply(told: Told | null, change: TopicChange): Told {
  switch (change.kind) {
    case 'Leaders': {
      const rows = new Map((told?.kind === 'Leaders' ? told.rows : []).map((row) => [row.place, row]));
      for (const row of change.set) rows.set(row.place, row);
      const kept = [...rows.values()].filter(({ place }) => place <= change.places);
      return { kind: 'Leaders', rows: kept.sort((a, b) => a.place - b.place), own: change.own };
    }
    case 'Rooms': {
      const rows = new Map(told?.kind === 'Rooms' ? told.rows : []);
      for (const row of change.set) rows.set(row.name, row);
      for (const name of change.gone) rows.delete(name);
      return { kind: 'Rooms', rows };
    }
    case 'Presence': {
      const rows = new Map(told?.kind === 'Presence' ? told.rows : []);
      // An id may be somebody else's the moment after, so who left goes first.
      for (const who of change.gone) rows.delete(who);
      for (const row of change.set) rows.set(row.who, row);
      return { kind: 'Presence', rows };
    }
    case 'Server':
      return { kind: 'Server', row: change.value };
  }
}
