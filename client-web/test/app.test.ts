/** The session as the player sees it, on virtual time and without a page. */

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { act, type App, goOn, join, keptOf, leave, newApp, nextTryMs, phaseOf, playHere, settleIn } from '../src/app.ts';
import { ownGlider } from '../src/game.ts';
import { Throng } from '../src/sdk/throng.ts';
import type { Kept } from '../src/session/kept.ts';
import { conditionOf } from '../src/wire/records.ts';
import type { GliderRecord, Snapshot, Welcome } from '../src/wire/codec.ts';
import { FakeSocket, freshSockets, newest, sockets, WELCOME } from './fake-socket.ts';

const OWN: GliderRecord = {
  id: 7,
  place: 1000 | (1000 << 12),
  heading: 0,
  trim: 3 << 4,
  motion: { kind: 'Free', vx: 0, vy: 0 },
  condition: conditionOf(100, false),
  name: 'Ada',
};

let app: App;
let stored: (Kept | null)[];

beforeEach(() => {
  freshSockets();
  stored = [];
  const throng = new Throng('ws://x/ws', { WebSocket: FakeSocket, chance: () => 0 });
  app = newApp(throng, { now: () => performance.now(), store: (kept) => stored.push(kept) });
});
afterEach(() => {
  leave(app);
  vi.useRealTimers();
});

/** The first picture after a Welcome, with or without the own glider. */
function picture(own: GliderRecord[] = [OWN]): Snapshot {
  const keyframes = [{ gliders: own, bolts: [], shards: [] }];
  return { feedback: null, ticks: [], refocus: { restart: 100, focus: { x: 0, y: 0, w: 1, h: 1 }, keyframes } };
}

/** Takes the player in, up to the first picture. */
function takeIn(welcome: Partial<Welcome> = {}): FakeSocket {
  const socket = newest().welcome({ map: { width: 8, height: 8, runs: [64] }, ...welcome });
  socket.say({ kind: 'Snapshot', value: picture() });
  return socket;
}

test('from the entry screen into the arena and back', () => {
  expect(phaseOf(app)).toBe('menu');
  app.ticket = 'secret';
  join(app, 'Ada', 3);
  expect([phaseOf(app), app.anew]).toEqual(['connecting', true]);
  newest().accept();
  expect(newest().heard).toMatchObject([{ value: { name: 'Ada', look: 3, ticket: 'secret', resume: null } }]);
  newest().welcome();
  expect(phaseOf(app), 'because there is no picture').toBe('connecting');
  expect(act(app, { heading: 0, thrust: 15, aim: 0, firing: false, dash: false })).toBe(false);
  newest().say({ kind: 'Snapshot', value: picture() });
  expect(phaseOf(app)).toBe('playing');
  vi.advanceTimersByTime(200);
  expect(act(app, { heading: 0, thrust: 15, aim: 0, firing: true, dash: false })).toBe(true);
  expect(newest().heard.at(-1)).toMatchObject({ kind: 'Input', value: { thrust: 15, fire: 1 } });
  leave(app);
  expect([phaseOf(app), newest().heard.at(-1)?.kind, stored.at(-1)]).toEqual(['menu', 'Bye', null]);
});

test('after a loss the last picture stays, and score and standing go on', () => {
  join(app, 'Ada', 3);
  takeIn().event(1, { kind: 'Score', shards: 5, kills: 1 });
  newest().drop();
  expect([phaseOf(app), app.outage?.code.number, nextTryMs(app)]).toEqual(['reconnecting', 1006, performance.now()]);
  expect(app.game).not.toBeNull();
  vi.advanceTimersByTime(1);
  newest().welcome({ resumed: true });
  expect(phaseOf(app), 'because what is shown is the old one').toBe('reconnecting');
  newest().say({ kind: 'Snapshot', value: picture() });
  expect(phaseOf(app)).toBe('playing');
  expect([app.game?.standing.shards, app.welcomes, app.resumed]).toEqual([5, 2, true]);
});

test('a room that cannot be made sense of ends with 4001', () => {
  join(app, 'Ada', 3);
  newest().welcome({ map: { width: 8, height: 8, runs: [63] } });
  expect([phaseOf(app), app.outage?.code.number, newest().closedWith]).toEqual(['closed', 4001, 4001]);
});

test('a reload goes on with what was stored at the last heartbeat', () => {
  join(app, 'Ada', 3);
  takeIn().event(1, { kind: 'Score', shards: 5, kills: 1 });
  newest().say({ kind: 'Ping', nonce: 1, rttMs: 41, jitterMs: 2 });
  expect(app.game).toMatchObject({ pingMs: 41, jitterMs: 2 });
  const kept = stored.at(-1) as Kept;
  expect(kept).toMatchObject({ name: 'Ada', look: 3, resume: { received: 1, called: 0 }, standing: { shards: 5 } });
  const other = newApp(new Throng('ws://x/ws', { WebSocket: FakeSocket, chance: () => 0 }), app.around);
  goOn(other, kept);
  expect([phaseOf(other), other.anew]).toEqual(['connecting', false]);
  newest().accept();
  expect(newest().heard).toMatchObject([{ value: { name: 'Ada', resume: { received: 1 } } }]);
  takeIn({ resumed: true });
  expect([phaseOf(other), other.game?.standing.shards]).toEqual(['playing', 5]);
  leave(other);
});

test('a reload remembers the room that was asked for, and the one that the session went to', () => {
  app.room = 'CODE77';
  join(app, 'Ada', 3);
  takeIn({ room: 'private-1' });
  expect(stored.at(-1)?.room).toBe('CODE77');
  settleIn(app, 'CODE88');
  const kept = stored.at(-1) as Kept;
  expect(kept.room).toBe('CODE88');
  const other = newApp(new Throng('ws://x/ws', { WebSocket: FakeSocket, chance: () => 0 }), app.around);
  goOn(other, kept);
  newest().accept();
  expect(newest().heard, 'because a server that lost the session has to be told').toMatchObject([{ value: { room: 'CODE88' } }]);
  leave(other);
});

test('of two windows the one that was replaced can have its session back', () => {
  join(app, 'Ada', 3);
  takeIn().event(1, { kind: 'Notice', text: 'hi' });
  newest().drop(4011);
  expect([phaseOf(app), app.outage?.code.name, stored.at(-1), keptOf(app)]).toEqual(['closed', 'Replaced', null, null]);
  playHere(app, null);
  newest().accept();
  expect(newest().heard).toMatchObject([{ value: { resume: { secret: WELCOME.secret, received: 1 } } }]);
  takeIn({ resumed: true });
  expect([phaseOf(app), sockets.length]).toEqual(['playing', 2]);
});

test('whoever goes back to the start while the other window is asked stays there', () => {
  join(app, 'Ada', 3);
  takeIn();
  newest().drop(4011);
  leave(app);
  expect(playHere(app, null), 'because the answer comes late').toBe(false);
  expect([phaseOf(app), sockets.length]).toEqual(['menu', 1]);
  join(app, 'Ada', 3);
  expect([playHere(app, null), sockets.length]).toEqual([false, 2]);
});

test('whoever looks on has no glider, also not the one that its Welcome names', () => {
  app.watch = true;
  join(app, 'Ada', 3);
  takeIn({ watch: true, you: OWN.id });
  expect([phaseOf(app), app.game?.view.gliders.has(OWN.id), app.game && ownGlider(app.game)]).toEqual(['watching', true, undefined]);
  expect(act(app, { heading: 0, thrust: 15, aim: 0, firing: false, dash: false }), 'because an input would end the session').toBe(false);
});

test('whoever looks on and wants to play sees the last picture until the next one, with a score of its own', () => {
  app.watch = true;
  join(app, 'Ada', 3);
  takeIn({ watch: true }).event(1, { kind: 'Score', shards: 5, kills: 1 });
  const before = app.game;
  app.watch = false;
  join(app, 'Ada', 3);
  expect([phaseOf(app), app.game]).toEqual(['connecting', before]);
  newest().welcome({ map: { width: 8, height: 8, runs: [64] } });
  expect([phaseOf(app), app.game]).toEqual(['connecting', before]);
  newest().say({ kind: 'Snapshot', value: picture() });
  expect([phaseOf(app), app.game === before, app.game?.standing.shards]).toEqual(['playing', false, 0]);
});

test('whoever looks on still does after a reload, also when the session was lost meanwhile', () => {
  app.watch = true;
  join(app, 'Ada', 3);
  takeIn({ watch: true });
  const kept = stored.at(-1) as Kept;
  for (const resumed of [true, false]) {
    const other = newApp(new Throng('ws://x/ws', { WebSocket: FakeSocket, chance: () => 0 }), app.around);
    goOn(other, kept);
    newest().accept();
    expect(newest().heard, 'because a server that lost the session takes what is asked for').toMatchObject([{ value: { watch: true } }]);
    takeIn({ watch: true, resumed });
    newest().drop();
    vi.advanceTimersByTime(1);
    newest().accept();
    expect([phaseOf(other), newest().heard[0]]).toMatchObject(['reconnecting', { value: { watch: true } }]);
    leave(other);
  }
});

test('a window that takes over looks on if the other one did', () => {
  join(app, 'Ada', 3);
  takeIn();
  const kept = { ...(stored.at(-1) as Kept), watch: true };
  newest().drop(4011);
  playHere(app, kept);
  newest().accept();
  expect(newest().heard).toMatchObject([{ value: { watch: true } }]);
});

test('in another room the board is another one, and what was read stays', () => {
  join(app, 'Ada', 3);
  const socket = takeIn();
  socket.event(1, { kind: 'Score', shards: 5, kills: 1 });
  socket.event(2, { kind: 'Notice', text: 'hi' });
  socket.welcome({ resumed: true, room: 'attic', you: 7 });
  expect(phaseOf(app), 'because there is no picture of it').toBe('connecting');
  socket.say({ kind: 'Snapshot', value: picture() });
  expect([phaseOf(app), app.game?.room, app.game?.standing.shards]).toEqual(['playing', 'attic', 0]);
  expect(app.game?.standing.feed).toMatchObject([{ kind: 'Notice', text: 'hi' }]);
});

test('what does not fit is asked for anew', () => {
  join(app, 'Ada', 3);
  newest().welcome().say({ kind: 'Tick', value: { steers: [], cells: [] } });
  expect(newest().heard.at(-1)).toEqual({ kind: 'Resync' });
  expect(phaseOf(app)).toBe('connecting');
});
