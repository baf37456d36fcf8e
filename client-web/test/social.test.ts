import { expect, test } from 'vitest';
import { sayBytes, sayServer } from '../src/hud/server.ts';
import { belongsToInputMethod } from '../src/social/ime.ts';
import { audible, enterRoom, forgetWho, LINES_MAX, lookOf, newLines, takeLine } from '../src/social/lines.ts';
import { isMuted, mute, MUTES_MAX, muteStateOf, namesIn, newMutes } from '../src/social/mutes.ts';
import { fragmentTo, linkTo, roomFault, roomIn } from '../src/session/room.ts';
import { countsLookers, inOrder, madeIn, placesIn } from '../src/social/rooms.ts';
import { besides, watchKey } from '../src/social/watching.ts';
import type { Line, PresenceRow } from '../src/wire/codec.ts';

const YOU = 7;
const ADA = { who: 1, name: 'Ada' };

function line(number: number, fields: Partial<Line> = {}): Line {
  return { number, who: 1, name: 'Ada', operator: false, to: { kind: 'Room' }, text: `line ${number}`, atS: 100 + number, ...fields };
}

test('a line that is told again is known, and one of another day is not', () => {
  const lines = newLines();
  enterRoom(lines, 'main');
  expect(takeLine(lines, line(1), 0)).toBe(true);
  expect(takeLine(lines, line(1), 5)).toBe(false);
  expect(takeLine(lines, line(1, { atS: 900 }), 5)).toBe(true);
  enterRoom(lines, 'main');
  expect(lines.heard.length).toBe(2);
  enterRoom(lines, 'other');
  expect(lines.heard).toEqual([]);
});

test('the page keeps so many lines and no more', () => {
  const lines = newLines();
  for (let n = 0; n < LINES_MAX + 5; n++) takeLine(lines, line(n), n);
  expect(lines.heard.length).toBe(LINES_MAX);
  expect(lines.heard[0]?.line.number).toBe(5);
});

test('who is muted is not heard, before and after, but an operator and somebody else of that name are', () => {
  const lines = newLines();
  const mutes = newMutes();
  takeLine(lines, line(1), 0);
  takeLine(lines, line(2, { who: 2 }), 0);
  takeLine(lines, line(3, { operator: true }), 0);
  mute(mutes, ADA, true);
  takeLine(lines, line(4), 0);
  const numbers = () => audible(lines, mutes).map((heard) => heard.line.number);
  expect(numbers()).toEqual([2, 3]);
  expect([1, 2].map((who) => muteStateOf(mutes, { who, name: 'Ada' }))).toEqual(['Muted', 'Name']);
  expect(muteStateOf(mutes, { who: 2, name: 'Ada' }, new Map([[1, ADA]])), 'because the other one is here').toBe('None');
  expect(muteStateOf(mutes, { who: 1, name: 'Bob' }), 'because the number is another one’s by then').toBe('None');
  mute(mutes, ADA, false);
  expect(numbers()).toEqual([1, 2, 3, 4]);
  expect(mutes).toEqual(newMutes());
});

test('whoever is heard again leaves no trace, and others of that name stay muted', () => {
  const mutes = newMutes(['Ada']);
  expect(muteStateOf(mutes, ADA), 'because it may be the one of the visit before').toBe('Name');
  mute(mutes, ADA, true);
  mute(mutes, { who: 2, name: 'Ada' }, true);
  mute(mutes, ADA, false);
  expect([1, 2].map((who) => muteStateOf(mutes, { who, name: 'Ada' }))).toEqual(['Name', 'Muted']);
  mute(mutes, { who: 2, name: 'Ada' }, false);
  expect(mutes).toEqual(newMutes());
});

test('in another session the same number is somebody else, and what was muted is not shown after all', () => {
  const lines = newLines();
  const mutes = newMutes();
  takeLine(lines, line(1), 0);
  takeLine(lines, line(2, { who: 2, name: 'Bob' }), 0);
  mute(mutes, ADA, true);
  forgetWho(lines, mutes);
  takeLine(lines, line(3), 0);
  expect(audible(lines, mutes).map((heard) => heard.line.number)).toEqual([2, 3]);
  expect(muteStateOf(mutes, ADA)).toBe('Name');
});

test('mutes are bounded, and what is stored may be anything', () => {
  const mutes = newMutes();
  for (let who = 0; who <= MUTES_MAX; who++) mute(mutes, { who, name: `p${who}` }, true);
  expect([mutes.here.length, mutes.names.length]).toEqual([MUTES_MAX, MUTES_MAX]);
  expect(isMuted(mutes, line(1, { who: 0, name: 'p0' })), 'the oldest is forgotten').toBe(false);
  expect(namesIn(['Ada', 3, null, {}])).toEqual(['Ada']);
  expect(namesIn({ length: 2 })).toEqual([]);
  expect(namesIn(null)).toEqual([]);
});

test('a line looks like what it is', () => {
  expect(lookOf(line(1), YOU)).toBe('Plain');
  expect(lookOf(line(1, { who: YOU }), YOU)).toBe('Own');
  expect(lookOf(line(1, { operator: true }), YOU)).toBe('Operator');
  expect(lookOf(line(1, { operator: true, to: { kind: 'Player', who: YOU } }), YOU)).toBe('Private');
  expect(lookOf(line(1, { operator: true, to: { kind: 'Everyone' } }), YOU)).toBe('Everyone');
});

test('a key of an input method is not the page’s', () => {
  expect(belongsToInputMethod({ isComposing: true, keyCode: 13 })).toBe(true);
  expect(belongsToInputMethod({ isComposing: false, keyCode: 229 })).toBe(true);
  expect(belongsToInputMethod({ isComposing: false, keyCode: 13 })).toBe(false);
});

test('a link leads to a room and back, and nonsense leads nowhere', () => {
  for (const room of ['main', 'K7PQ2M', 'a&b=c#d', '<b>x</b>', '竞技场']) {
    const { hash } = new URL(linkTo('http://127.0.0.1', room));
    expect(roomIn(hash)).toBe(room);
    expect(hash, 'because an address that is right is left alone').toBe(fragmentTo(room));
  }
  for (const fragment of ['', '#', '#room=', '#room=a%20b', `#room=${'x'.repeat(25)}`, '#room=%00', '#ticket=abc', '#room=a%E2%80%AEb']) {
    expect(roomIn(fragment)).toBe('');
  }
  expect(roomFault('')).toContain('Type the code');
  expect(roomFault('x'.repeat(25))).toContain('at most 24');
});

test('rooms are read from an answer that may be anything', () => {
  const answer = { rooms: [{ name: 'main', players: 3, players_max: 8 }, { name: 4 }, null, { name: 'odd', players: 'many', players_max: -1, spectators: 2 }] };
  expect(placesIn(answer)).toEqual([
    { name: 'main', players: 3, playersMax: 8, spectators: 0 },
    { name: 'odd', players: 0, playersMax: 0, spectators: 2 },
  ]);
  expect(placesIn('no')).toEqual([]);
  expect(countsLookers(answer)).toBe(true);
  expect(countsLookers({ rooms: [{ name: 'main' }] })).toBe(false);
});

test('the fullest room with a free place is first', () => {
  const room = (name: string, players: number, playersMax = 8) => ({ name, players, playersMax, spectators: 0 });
  const order = inOrder([room('empty', 0), room('full', 8), room('b', 5), room('a', 5)]);
  expect(order.map(({ name }) => name)).toEqual(['a', 'b', 'empty', 'full']);
});

test('a room that was made has a code, and one that was not has a reason', () => {
  expect(madeIn(true, { name: 'room-3', code: 'K7PQ2M' })).toEqual({ kind: 'Made', room: 'K7PQ2M' });
  expect(madeIn(true, { name: 'room-3' })).toEqual({ kind: 'Made', room: 'room-3' });
  expect(madeIn(false, { error: 'There are 64 rooms already.' })).toEqual({ kind: 'Refused', text: 'There are 64 rooms already.' });
  expect(madeIn(true, null).kind).toBe('Refused');
});

test('the next player to look at is the next by id, around the end, and never one who looks on', () => {
  const people = new Map([3, 9, 5, 12].map((who): [number, PresenceRow] => [who, { who, name: String(who), linkDead: false, spectator: who === 5 }]));
  expect(besides(people, 3, 1)).toBe(9);
  expect(besides(people, 12, 1)).toBe(3);
  expect(besides(people, 3, -1)).toBe(12);
  expect(besides(people, 10, 1), 'who was seen has left').toBe(12);
  expect(besides(people, 10, -1)).toBe(9);
  expect(besides(people, 50, 1)).toBe(3);
  expect(besides(people, -1, -1)).toBe(12);
  expect(besides(new Map(), 3, 1)).toBe(null);
  expect([watchKey('ArrowRight'), watchKey('KeyA'), watchKey('KeyC'), watchKey('KeyX')]).toEqual(['Next', 'Before', 'Crown', null]);
});

test('the server is told of in figures that fit a corner', () => {
  const row = { rooms: 1, players: 1, spectators: 0, connections: 1, workUs: 1_340, lateTicks: 0, bytesIn: 0, bytesOut: 41_200, uptimeS: 1 };
  expect(sayServer(row)).toBe('1 player · 1.3 ms a tick · 41 kB/s');
  expect([999, 1_000, 12_345_678].map(sayBytes)).toEqual(['999 B', '1.0 kB', '12 MB']);
});
