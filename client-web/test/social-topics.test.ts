import { expect, test } from 'vitest';
import { forgetVersions, newTopics, takeTopic, type Told, toldOf, unwant, want } from '../src/social/topics.ts';
import type { LeaderRow, PresenceRow, RoomRow, TopicChange, TopicUpdate } from '../src/wire/codec.ts';

function update(topic: string, since: number, version: number, change: TopicChange): TopicUpdate {
  return { topic, since, version, change };
}

function person(who: number, name: string, linkDead = false): PresenceRow {
  return { who, name, linkDead, spectator: false };
}

function leader(place: number, name: string, score: number): LeaderRow {
  return { place, name, score, kills: 0 };
}

function room(name: string, players: number): RoomRow {
  return { name, players, playersMax: 8, spectators: 0, tickHz: 30, width: 32, height: 32 };
}

function presence(told: Told | null): string[] {
  return told?.kind === 'Presence' ? [...told.rows.values()].map(({ name }) => name) : [];
}

const HERE = 'room/main/presence';

test('presence begins with everybody and goes on with who came and left', () => {
  const topics = newTopics();
  expect(want(topics, HERE)).toBe(true);
  expect(want(topics, HERE), 'nothing is asked for twice').toBe(false);
  expect(takeTopic(topics, update(HERE, 0, 4, { kind: 'Presence', set: [person(1, 'Ada'), person(2, 'Bob')], gone: [] }))).toBe('Changed');
  expect(takeTopic(topics, update(HERE, 4, 5, { kind: 'Presence', set: [person(3, 'Cid')], gone: [1] }))).toBe('Changed');
  expect(presence(toldOf(topics, HERE))).toEqual(['Bob', 'Cid']);
});

test('an id that goes and comes in one update is somebody else', () => {
  const topics = newTopics();
  want(topics, HERE);
  takeTopic(topics, update(HERE, 0, 1, { kind: 'Presence', set: [person(1, 'Ada')], gone: [] }));
  takeTopic(topics, update(HERE, 1, 2, { kind: 'Presence', set: [person(1, 'Eve')], gone: [1] }));
  expect(presence(toldOf(topics, HERE))).toEqual(['Eve']);
});

test('a gap is told once, keeps what was seen, and ends with everything', () => {
  const topics = newTopics();
  want(topics, HERE);
  takeTopic(topics, update(HERE, 0, 1, { kind: 'Presence', set: [person(1, 'Ada')], gone: [] }));
  expect(takeTopic(topics, update(HERE, 2, 3, { kind: 'Presence', set: [], gone: [1] }))).toBe('Gap');
  expect(presence(toldOf(topics, HERE))).toEqual(['Ada']);
  expect(takeTopic(topics, update(HERE, 3, 4, { kind: 'Presence', set: [], gone: [1] })), 'asked for once').toBe('Old');
  expect(takeTopic(topics, update(HERE, 0, 4, { kind: 'Presence', set: [person(9, 'Zoe')], gone: [] }))).toBe('Changed');
  expect(presence(toldOf(topics, HERE))).toEqual(['Zoe']);
});

test('what is known already and what nobody asked for changes nothing', () => {
  const topics = newTopics();
  want(topics, HERE);
  takeTopic(topics, update(HERE, 0, 5, { kind: 'Presence', set: [person(1, 'Ada')], gone: [] }));
  expect(takeTopic(topics, update(HERE, 4, 5, { kind: 'Presence', set: [], gone: [1] }))).toBe('Old');
  expect(takeTopic(topics, update('rooms', 0, 1, { kind: 'Rooms', set: [], gone: [] }))).toBe('Unwanted');
  unwant(topics, HERE);
  expect(takeTopic(topics, update(HERE, 5, 6, { kind: 'Presence', set: [], gone: [1] }))).toBe('Unwanted');
});

test('another session has versions of its own', () => {
  const topics = newTopics();
  want(topics, HERE);
  takeTopic(topics, update(HERE, 0, 50, { kind: 'Presence', set: [person(1, 'Ada')], gone: [] }));
  forgetVersions(topics);
  expect(takeTopic(topics, update(HERE, 50, 51, { kind: 'Presence', set: [], gone: [1] }))).toBe('Old');
  takeTopic(topics, update(HERE, 0, 2, { kind: 'Presence', set: [person(1, 'Bob')], gone: [] }));
  expect(takeTopic(topics, update(HERE, 2, 3, { kind: 'Presence', set: [], gone: [1] }))).toBe('Changed');
  expect(presence(toldOf(topics, HERE))).toEqual([]);
});

test('places are replaced one by one, and those beyond the last are gone', () => {
  const topics = newTopics();
  want(topics, 'leaderboard/now');
  const first: TopicChange = { kind: 'Leaders', set: [leader(1, 'Ada', 9), leader(2, 'Bob', 5), leader(3, 'Cid', 1)], places: 3, own: 3 };
  takeTopic(topics, update('leaderboard/now', 0, 1, first));
  takeTopic(topics, update('leaderboard/now', 1, 2, { kind: 'Leaders', set: [leader(1, 'Bob', 12)], places: 2, own: 0 }));
  const told = toldOf(topics, 'leaderboard/now');
  expect(told).toEqual({ kind: 'Leaders', rows: [leader(1, 'Bob', 12), leader(2, 'Bob', 5)], own: 0 });
});

test('rooms come, change and go by name, whatever the name is', () => {
  const topics = newTopics();
  want(topics, 'rooms');
  takeTopic(topics, update('rooms', 0, 1, { kind: 'Rooms', set: [room('main', 1), room('__proto__', 2)], gone: [] }));
  takeTopic(topics, update('rooms', 1, 2, { kind: 'Rooms', set: [room('main', 7)], gone: ['__proto__'] }));
  const told = toldOf(topics, 'rooms');
  expect(told?.kind === 'Rooms' && [...told.rows.values()]).toEqual([room('main', 7)]);
});

test('a difference of another kind is a gap', () => {
  const topics = newTopics();
  want(topics, 'rooms');
  takeTopic(topics, update('rooms', 0, 1, { kind: 'Rooms', set: [], gone: [] }));
  expect(takeTopic(topics, update('rooms', 1, 2, { kind: 'Presence', set: [], gone: [] }))).toBe('Gap');
});

test('a large room comes in parts of one version', () => {
  const topics = newTopics();
  want(topics, HERE);
  takeTopic(topics, update(HERE, 0, 7, { kind: 'Presence', set: [person(1, 'Ada')], gone: [] }));
  expect(takeTopic(topics, update(HERE, 7, 7, { kind: 'Presence', set: [person(2, 'Bob')], gone: [] }))).toBe('Changed');
  expect(presence(toldOf(topics, HERE))).toEqual(['Ada', 'Bob']);
});

test("one's own place may change while the board stays", () => {
  const topics = newTopics();
  want(topics, 'leaderboard/all');
  takeTopic(topics, update('leaderboard/all', 0, 7, { kind: 'Leaders', set: [leader(1, 'Ada', 9)], places: 1, own: 12 }));
  expect(takeTopic(topics, update('leaderboard/all', 7, 7, { kind: 'Leaders', set: [], places: 1, own: 11 }))).toBe('Changed');
  expect(toldOf(topics, 'leaderboard/all')).toEqual({ kind: 'Leaders', rows: [leader(1, 'Ada', 9)], own: 11 });
});
