/** What is held of a topic: everything once, then differences by version. */

import type { LeaderRow, PresenceRow, RoomRow, ServerRow, TopicChange, TopicUpdate } from '../wire/codec.ts';

export interface Leaders {
  readonly kind: 'Leaders';
  /** By place. */
  readonly rows: readonly LeaderRow[];
  /** The client's own place, 0 for none. */
  readonly own: number;
}

export interface Rooms {
  readonly kind: 'Rooms';
  /** By name. */
  readonly rows: readonly RoomRow[];
}

export interface Presence {
  readonly kind: 'Presence';
  /** By id. */
  readonly rows: readonly PresenceRow[];
}

export interface ServerFigures extends ServerRow {
  readonly kind: 'Server';
}

export type TopicState = Leaders | Rooms | Presence | ServerFigures;

/** What is held of a topic by its name. */
export type StateOf<T extends string> = T extends `leaderboard/${string}`
  ? Leaders
  : T extends 'rooms'
    ? Rooms
    : T extends `room/${string}/presence`
      ? Presence
      : T extends 'server'
        ? ServerFigures
        : TopicState;

export interface Held {
  readonly version: number;
  readonly state: TopicState;
}

/** What is held after an update, or nothing when it tells the difference to what is not held. */
export function applyTopic(held: Held | null, { version, since, change }: TopicUpdate): Held | null {
  if (since === 0) return { version, state: applyChange(null, change) };
  if (held?.version !== since || held.state.kind !== change.kind) return null;
  return { version, state: applyChange(held.state, change) };
}

function applyChange(state: TopicState | null, change: TopicChange): TopicState {
  switch (change.kind) {
    case 'Leaders': {
      const { places, own } = change;
      const rows = merged(state?.kind === 'Leaders' ? state.rows : [], change.set, [], ({ place }) => place);
      return { kind: 'Leaders', rows: rows.filter(({ place }) => place <= places), own };
    }
    case 'Rooms':
      return {
        kind: 'Rooms',
        rows: merged(state?.kind === 'Rooms' ? state.rows : [], change.set, change.gone, ({ name }) => name),
      };
    case 'Presence':
      return {
        kind: 'Presence',
        rows: merged(state?.kind === 'Presence' ? state.rows : [], change.set, change.gone, ({ who }) => who),
      };
    case 'Server':
      return { kind: 'Server', ...change.value };
  }
}

/** Rows in the order of their keys: those that were, without what is gone, and with what is new or another. */
function merged<R, K extends string | number>(
  were: readonly R[],
  set: readonly R[],
  gone: readonly K[],
  keyOf: (row: R) => K,
): R[] {
  const rows = new Map(were.map((row) => [keyOf(row), row]));
  for (const key of gone) rows.delete(key);
  for (const row of set) rows.set(keyOf(row), row);
  return [...rows].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, row]) => row);
}
