/** What is held of a topic is what the server holds, over differences, cuts and sessions. */

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { connect, type Leaders, type Presence, type Throng } from '../src/sdk/index.ts';
import { applyTopic, type Held } from '../src/session/topics.ts';
import type { LeaderRow, TopicChange, TopicUpdate } from '../src/wire/codec.ts';
import { FakeSocket, freshSockets, newest } from './fake-socket.ts';

function leader(place: number, name: string): LeaderRow {
  return { place, name, score: 100 - place, kills: 0 };
}

function update(topic: string, since: number, change: TopicChange): TopicUpdate {
  return { topic, version: since + 1, since, change };
}

test('differences make of what was held what is', () => {
  let held: Held | null = null;
  const take = (since: number, change: TopicChange): unknown => (held = applyTopic(held, update('t', since, change)))?.state;
  const rows = [leader(1, 'Ada'), leader(2, 'Bo'), leader(3, 'Cy')];
  expect(take(0, { kind: 'Leaders', set: [rows[1]!, rows[0]!, rows[2]!], places: 3, own: 2 })).toEqual({ kind: 'Leaders', rows, own: 2 });
  expect(take(1, { kind: 'Leaders', set: [leader(1, 'Bo')], places: 2, own: 1 })).toEqual({
    kind: 'Leaders',
    rows: [leader(1, 'Bo'), leader(2, 'Bo')],
    own: 1,
  });
  const room = (name: string, players: number) => ({ name, players, playersMax: 9, spectators: 0, tickHz: 30, width: 8, height: 8 });
  take(0, { kind: 'Rooms', set: [room('b', 1), room('a', 2)], gone: [] });
  expect(take(1, { kind: 'Rooms', set: [room('c', 3), room('b', 4)], gone: ['a'] })).toEqual({ kind: 'Rooms', rows: [room('b', 4), room('c', 3)] });
  const seat = (who: number, linkDead = false) => ({ who, name: `${who}`, linkDead, spectator: false });
  take(0, { kind: 'Presence', set: [seat(10), seat(9)], gone: [] });
  expect(take(1, { kind: 'Presence', set: [seat(10, true)], gone: [9] })).toEqual({ kind: 'Presence', rows: [seat(10, true)] });
});

test('a difference to something else is none', () => {
  const change: TopicChange = { kind: 'Presence', set: [], gone: [] };
  expect(applyTopic(null, update('t', 3, change))).toBeNull();
  const held = applyTopic(null, update('t', 0, change));
  expect(applyTopic(held, update('t', 2, change))).toBeNull();
  expect(applyTopic(held, update('t', 1, { kind: 'Rooms', set: [], gone: [] })), 'because people are no rooms').toBeNull();
});

test('an id that goes and comes in one difference is somebody else', () => {
  const seat = (name: string) => ({ who: 1, name, linkDead: false, spectator: false });
  const held = applyTopic(null, update('t', 0, { kind: 'Presence', set: [seat('Ada')], gone: [] }));
  expect(applyTopic(held, update('t', 1, { kind: 'Presence', set: [seat('Eve')], gone: [1] }))?.state).toEqual({ kind: 'Presence', rows: [seat('Eve')] });
});

test('a version may come in parts, and one’s own place change while the board stays', () => {
  const seat = (who: number) => ({ who, name: `${who}`, linkDead: false, spectator: false });
  const part: TopicUpdate = { topic: 't', version: 1, since: 1, change: { kind: 'Presence', set: [seat(2)], gone: [] } };
  const people = applyTopic(null, update('t', 0, { kind: 'Presence', set: [seat(1)], gone: [] }));
  expect(applyTopic(people, part)).toEqual({ version: 1, state: { kind: 'Presence', rows: [seat(1), seat(2)] } });
  const board = applyTopic(null, update('t', 0, { kind: 'Leaders', set: [leader(1, 'Ada')], places: 1, own: 12 }));
  const own: TopicUpdate = { topic: 't', version: 1, since: 1, change: { kind: 'Leaders', set: [], places: 1, own: 11 } };
  expect(applyTopic(board, own)?.state).toEqual({ kind: 'Leaders', rows: [leader(1, 'Ada')], own: 11 });
});

let throng: Throng;

beforeEach(() => {
  freshSockets();
  throng = connect('ws://x/ws', { WebSocket: FakeSocket, chance: () => 0 });
});
afterEach(() => {
  throng.close();
  vi.useRealTimers();
});

const TOP: TopicUpdate = update('leaderboard/now', 0, { kind: 'Leaders', set: [leader(1, 'Ada')], places: 1, own: 0 });

test('the server is asked once for all who listen, and no more when none does', () => {
  const told: string[] = [];
  const listen = (who: string) => throng.subscribe('leaderboard/now', ({ rows }: Leaders) => told.push(`${who} ${rows[0]?.name}`));
  const first = listen('first');
  newest().welcome();
  const second = listen('second');
  expect(newest().asked).toEqual(['1 Subscribe leaderboard/now']);
  newest().event(1, { kind: 'Topic', value: TOP });
  const third = listen('third');
  expect(told, 'because whoever comes later is told what is held').toEqual(['first Ada', 'second Ada', 'third Ada']);
  first();
  second();
  expect(newest().asked).toHaveLength(1);
  third();
  third();
  expect(newest().asked).toEqual(['1 Subscribe leaderboard/now', '2 Unsubscribe leaderboard/now']);
  listen('again');
  expect(newest().asked.at(-1)).toBe('3 Subscribe leaderboard/now');
});

test('a session that goes on is asked for nothing twice, and another one for everything', () => {
  const stay = throng.subscribe('server', () => {});
  const go = throng.subscribe('rooms', () => {});
  newest().welcome();
  for (const call of [1, 2]) newest().event(call, { kind: 'Answer', call, outcome: { kind: 'Done' } });
  newest().drop();
  go();
  throng.subscribe('leaderboard/all', () => {});
  vi.advanceTimersByTime(1);
  newest().welcome({ resumed: true });
  expect(newest().asked).toEqual(['3 Unsubscribe rooms', '4 Subscribe leaderboard/all']);
  newest().drop();
  vi.advanceTimersByTime(1);
  newest().welcome({ resumed: false });
  expect(newest().asked).toEqual(['1 Subscribe server', '2 Subscribe leaderboard/all']);
  stay();
});

test('what does not fit is asked for anew, once', () => {
  const topic = 'room/main/presence';
  const seen: number[] = [];
  const people = (since: number, ...whos: number[]): TopicUpdate =>
    update(topic, since, { kind: 'Presence', set: whos.map((who) => ({ who, name: `${who}`, linkDead: false, spectator: false })), gone: [] });
  throng.subscribe(topic, ({ rows }: Presence) => seen.push(rows.length));
  newest().welcome();
  newest().event(1, { kind: 'Topic', value: people(0, 1) });
  for (const [number, since] of [[2, 7], [3, 8], [4, 9]] as const) newest().event(number, { kind: 'Topic', value: people(since, 2) });
  const verbs = () => newest().asked.map((asked) => asked.split(' ')[1]);
  expect(verbs(), 'because what is on its way meanwhile is worth nothing').toEqual(['Subscribe', 'Unsubscribe', 'Subscribe']);
  expect(seen).toEqual([1]);
  newest().event(5, { kind: 'Topic', value: people(0, 1, 2) });
  expect(seen).toEqual([1, 2]);
  expect(verbs()).toHaveLength(3);
});

test('a topic that is refused is an error, and a listener that throws is one too', async () => {
  const errors: string[] = [];
  throng.on('error', ({ message }) => errors.push(message));
  throng.subscribe('leaderboard/now', () => {
    throw new Error('mine');
  });
  const cheese = throng.subscribe('cheese', () => {});
  newest().welcome().event(1, { kind: 'Topic', value: TOP });
  const refused = { kind: 'Refused', problem: { kind: 'UnknownTopic' }, text: 'There is no such topic.', retryAfterMs: 0 } as const;
  newest().event(2, { kind: 'Answer', call: 2, outcome: refused });
  await vi.advanceTimersByTimeAsync(1);
  expect(errors).toEqual(['mine', 'cheese: There is no such topic.']);
  cheese();
  expect(newest().asked, 'because nothing is to be ended').toHaveLength(2);
});
