/** What the room told everybody: score, leaders, crown and kills. */

import type { BoardRow, Event } from './wire/codec.ts';

const FEED_MAX = 5;

export interface FeedEntry {
  readonly atMs: number;
  readonly kind: 'Kill' | 'Notice';
  readonly killer: string;
  readonly victim: string;
  readonly text: string;
  /** Whether the crown fell. */
  readonly crown: boolean;
  /** Whether the own glider had part in it. */
  readonly own: boolean;
}

export interface Standing {
  shards: number;
  kills: number;
  rows: readonly BoardRow[];
  players: number;
  /** 1 is best, 0 is not known yet. */
  rank: number;
  /** -1 while nobody wears the crown. */
  crownId: number;
  crownName: string;
  /** In tiles; the crown's place is known when `crownKnown`. */
  crownX: number;
  crownY: number;
  crownKnown: boolean;
  /** Newest last; replaced, not changed, so that a reader sees a difference. */
  feed: readonly FeedEntry[];
  /** Who shot the own glider down last. */
  killedBy: string;
}

export function newStanding(): Standing {
  return {
    shards: 0,
    kills: 0,
    rows: [],
    players: 0,
    rank: 0,
    crownId: -1,
    crownName: '',
    crownX: 0,
    crownY: 0,
    crownKnown: false,
    feed: [],
    killedBy: '',
  };
}

export function takeEvent(standing: Standing, you: number, event: Event, nowMs: number): void {
  switch (event.kind) {
    case 'Score':
      standing.shards = event.shards;
      standing.kills = event.kills;
      break;
    case 'Board':
      standing.rows = event.rows;
      standing.players = event.players;
      standing.rank = event.rank;
      break;
    case 'Crown':
      standing.crownId = event.name === '' ? -1 : event.holder;
      standing.crownName = event.name;
      standing.crownKnown = false;
      break;
    case 'CrownAt':
      standing.crownX = event.x + 0.5;
      standing.crownY = event.y + 0.5;
      standing.crownKnown = standing.crownId >= 0;
      break;
    case 'Kill': {
      const { killer, killerName, victim, victimName, crown } = event;
      if (victim === you) standing.killedBy = killer === you ? '' : killerName;
      const own = killer === you || victim === you;
      pushFeed(standing, { atMs: nowMs, kind: 'Kill', killer: killerName, victim: victimName, text: '', crown, own });
      break;
    }
    case 'Notice':
      pushFeed(standing, {
        atMs: nowMs,
        kind: 'Notice',
        killer: '',
        victim: '',
        text: event.text,
        crown: false,
        own: false,
      });
      break;
  }
}

/** Drops entries older than `ageMs`. */
export function ageFeed(standing: Standing, nowMs: number, ageMs: number): void {
  const oldest = standing.feed[0];
  if (oldest && nowMs - oldest.atMs > ageMs) standing.feed = standing.feed.filter((entry) => nowMs - entry.atMs <= ageMs);
}

function pushFeed(standing: Standing, entry: FeedEntry): void {
  standing.feed = [...standing.feed.slice(1 - FEED_MAX), entry];
}
