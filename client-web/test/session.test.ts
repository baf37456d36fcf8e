import { expect, test } from 'vitest';
import { type ClientSession, doubt, handleFrame, keep, makeInput, newSession, pollTimeout } from '../src/session/client.ts';
import { encodeServerMessage, type ServerMessage } from '../src/wire/codec.ts';
import { Writer } from '../src/wire/writer.ts';

function bytesOf(message: ServerMessage): Uint8Array {
  const writer = new Writer();
  encodeServerMessage(writer, message);
  return writer.finish();
}

const WELCOME = {
  kind: 'Welcome',
  value: { secret: new Uint8Array(16).fill(9), resumed: false, identity: new Uint8Array(24), sessionMs: 60_000, timeMs: 0n, watch: false, you: 3, own: 3, tick: 10, tickHz: 30, room: 'main', map: { width: 8, height: 8, runs: [64] } },
} satisfies ServerMessage;

test('nothing but Welcome or Goodbye may come first', () => {
  const { session } = newSession(0, 'Ada', 1);
  expect(handleFrame(session, 1, bytesOf({ kind: 'Ping', nonce: 1, rttMs: 0, jitterMs: 0 }))).toEqual({ kind: 'Fault', fault: 'Unexpected' });
  expect(handleFrame(session, 1, bytesOf(WELCOME)).kind).toBe('Welcome');
  expect(session.you).toBe(3);
  expect(handleFrame(session, 1, bytesOf(WELCOME))).toEqual({ kind: 'Fault', fault: 'Unexpected' });
});

test('a ping is answered with its nonce', () => {
  const { session } = newSession(0, 'Ada', 1);
  handleFrame(session, 1, bytesOf(WELCOME));
  expect(handleFrame(session, 2, bytesOf({ kind: 'Ping', nonce: 500, rttMs: 31, jitterMs: 4 }))).toEqual({
    kind: 'Ping',
    answer: { kind: 'Pong', nonce: 500, received: 0 },
    rttMs: 31,
    jitterMs: 4,
  });
});

test('bytes that are no message are a fault, never half a state', () => {
  const { session } = newSession(0, 'Ada', 1);
  const welcome = bytesOf(WELCOME);
  for (let cut = 0; cut < welcome.length; cut++) {
    expect(handleFrame(session, 1, welcome.subarray(0, cut)).kind).toBe('Fault');
    expect(session.you).toBeNull();
  }
  expect(handleFrame(session, 1, Uint8Array.of(...welcome, 0)).kind).toBe('Fault');
});

test('an event is taken once and in order over connections', () => {
  const take = (session: ClientSession, number: number): string =>
    handleFrame(session, 1, bytesOf({ kind: 'Event', number, event: { kind: 'Notice', text: String(number) } })).kind;
  const welcome = (resumed: boolean): Uint8Array => bytesOf({ kind: 'Welcome', value: { ...WELCOME.value, resumed } });
  const first = newSession(0, 'Ada', 1).session;
  expect(keep(first), 'because nothing was begun').toBeNull();
  handleFrame(first, 1, welcome(false));
  expect([take(first, 1), take(first, 2)]).toEqual(['Event', 'Event']);
  expect(handleFrame(first, 1, bytesOf({ kind: 'Ping', nonce: 1, rttMs: 0, jitterMs: 0 }))).toMatchObject({
    answer: { kind: 'Pong', received: 2 },
  });
  const kept = keep(first);
  expect(kept).toEqual({ secret: WELCOME.value.secret, received: 2 });
  const second = newSession(0, 'Ada', 1, '', kept);
  expect(second.hello).toMatchObject({ value: { resume: kept } });
  handleFrame(second.session, 1, welcome(true));
  expect(take(second.session, 2), 'because it came before the cut').toBe('Duplicate');
  expect(take(second.session, 3)).toBe('Event');
  expect(take(second.session, 5), 'because 4 is lost').toBe('Fault');
  const third = newSession(0, 'Ada', 1, '', kept).session;
  handleFrame(third, 1, welcome(false));
  expect(take(third, 1), 'because the numbers begin anew').toBe('Event');
});

test('an input names a tick that the server takes, and counts presses', () => {
  const { session } = newSession(0, 'Ada', 1);
  const steer = { heading: 1, thrust: 2 };
  expect(makeInput(session, 5, 3, steer, 9, true, false)).toEqual({
    tick: 5,
    ahead: 2,
    heading: 1,
    thrust: 2,
    aim: 9,
    fire: 1,
    dash: 0,
  });
  expect(makeInput(session, 6, 7, steer, 9, false, false), 'because 6 has passed').toMatchObject({ tick: 8, ahead: 1 });
  expect(makeInput(session, 900, 7, steer, 9, false, false), 'because 900 is too far').toMatchObject({ ahead: 256 });
  session.dash = 255;
  expect(makeInput(session, 8, 7, steer, 9, false, true)).toMatchObject({ fire: 1, dash: 0 });
});

test('ten seconds of silence end the session', () => {
  const { session } = newSession(0, 'Ada', 1);
  for (let now = 0; now < 10_000; now += 16) expect(pollTimeout(session, now)).toBe(false);
  expect(pollTimeout(session, 10_000)).toBe(true);
});

test('a stall of the page is no silence of the server', () => {
  const { session } = newSession(0, 'Ada', 1);
  expect(pollTimeout(session, 900)).toBe(false);
  expect(pollTimeout(session, 60_000), 'because the page did not look').toBe(false);
  let now = 60_000;
  while (!pollTimeout(session, now)) now += 100;
  expect(now, 'because 1900 were silent').toBe(68_100);
});

test('a link that is doubted shows within 3.5 s that it lives, or is dead', () => {
  const { session } = newSession(0, 'Ada', 1);
  const diesAt = (from: number): number => {
    let now = from;
    while (!pollTimeout(session, now)) now += 100;
    return now;
  };
  doubt(session, 0);
  expect(diesAt(0), 'because nothing was to come yet').toBe(10_000);
  handleFrame(session, 10_000, bytesOf(WELCOME));
  for (const now of [11_000, 12_000, 13_000]) {
    expect(pollTimeout(session, now)).toBe(false);
    doubt(session, now);
  }
  expect(diesAt(13_000), 'because another reason is no reason to wait longer').toBe(14_500);
  doubt(session, 14_500);
  handleFrame(session, 14_600, bytesOf({ kind: 'Ping', nonce: 1, rttMs: 0, jitterMs: 0 }));
  expect(diesAt(14_600), 'because the server is heard').toBe(24_600);
});

test('a stall of the page is no proof against a link that is doubted', () => {
  const { session } = newSession(0, 'Ada', 1);
  handleFrame(session, 0, bytesOf(WELCOME));
  doubt(session, 1_000);
  expect(pollTimeout(session, 60_000), 'because messages may wait to be read').toBe(false);
});
