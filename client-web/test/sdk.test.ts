/** What whoever builds on the SDK can rely on, on virtual time. */

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { CallError, connect, memoryStore, type Outage, type State, Throng, type ThrongOptions } from '../src/sdk/index.ts';
import type { Outcome } from '../src/wire/codec.ts';
import { FakeSocket, freshSockets, newest, sockets, WELCOME } from './fake-socket.ts';

const DONE: Outcome = { kind: 'Done' };
/** The longest jitter there is. */
const SLOWEST = 2 ** 32 - 1;

let throng: Throng;

beforeEach(freshSockets);
afterEach(() => {
  throng?.close();
  vi.useRealTimers();
});

function begin(options: ThrongOptions = {}, url: ConstructorParameters<typeof Throng>[0] = 'ws://x/ws'): Throng {
  throng = connect(url, { name: 'Ada', WebSocket: FakeSocket, chance: () => SLOWEST, ...options });
  return throng;
}

/** How a call ended, once it has. */
function endOf(call: Promise<Outcome>): { end: unknown } {
  const told: { end: unknown } = { end: 'waits' };
  call.then(
    (outcome) => (told.end = outcome.kind),
    (error: unknown) => (told.end = error instanceof CallError ? error.fault : error),
  );
  return told;
}

test('it comes in, plays, comes back and leaves, and says so', () => {
  throng = new Throng('ws://x/ws', { name: 'Ada', WebSocket: FakeSocket, chance: () => SLOWEST });
  const states: State[] = [];
  throng.on('state', ({ state }) => states.push(state));
  expect([throng.state, throng.readyState, throng.closeReason, throng.willRetryInMs]).toEqual(['closed', 3, null, null]);
  throng.open({ look: 3, room: 'attic', watch: true });
  newest().accept();
  expect(throng.readyState).toBe(0);
  expect(newest().heard).toMatchObject([{ kind: 'Hello', value: { name: 'Ada', look: 3, room: 'attic', watch: true, resume: null } }]);
  newest().welcome();
  expect(throng.readyState).toBe(1);
  newest().drop();
  expect(throng.closeReason).toMatchObject({ code: { number: 1006 }, willRetryInMs: 249 });
  vi.advanceTimersByTime(100);
  expect(throng.willRetryInMs).toBe(149);
  vi.advanceTimersByTime(149);
  expect(sockets).toHaveLength(2);
  newest().accept();
  expect(newest().heard).toMatchObject([{ value: { resume: { secret: WELCOME.secret, received: 0 } } }]);
  newest().welcome({ resumed: true });
  throng.close();
  expect(newest().heard.at(-1)).toEqual({ kind: 'Bye' });
  expect(throng.kept).toBeNull();
  expect(states).toEqual(['connecting', 'authenticating', 'live', 'backingOff', 'resuming', 'live', 'closed']);
});

test('waits grow by the options and are all jitter, and after so many failures none is made', () => {
  const outages: Outage[] = [];
  begin({ minDelay: 100, maxDelay: 400, growFactor: 3, maxRetries: 4 });
  throng.on('close', (outage) => outages.push(outage));
  for (let attempt = 0; attempt < 5; attempt++) {
    newest().drop();
    vi.advanceTimersByTime(outages.at(-1)?.willRetryInMs ?? 0);
  }
  expect(outages.map(({ willRetryInMs }) => willRetryInMs)).toEqual([99, 299, 399, 399, null]);
  vi.advanceTimersByTime(60_000);
  expect([sockets.length, throng.state]).toEqual([5, 'closed']);
});

test('a share of jitter is left to chance, the rest is waited for', () => {
  begin({ minDelay: 1_000, jitter: 0.25, chance: () => 0 });
  newest().drop();
  expect(throng.willRetryInMs).toBe(750);
});

test('what the server asks for is waited for', () => {
  begin({ chance: () => 0 });
  newest().accept().say({ kind: 'Goodbye', code: 1013, reason: 'the room is full', retryAfterMs: 3_000 });
  newest().drop(1013, 'the room is full; retry_after_ms=3000');
  expect(throng.closeReason).toMatchObject({ code: { number: 1013 }, reason: 'the room is full', willRetryInMs: 3_000 });
  throng.hint();
  vi.advanceTimersByTime(2_999);
  expect(sockets).toHaveLength(1);
  throng.retry();
  expect(sockets, 'because a person may ask for it sooner').toHaveLength(2);
});

test.each([1000, 1008, 4001, 4003, 4004, 4010, 4011, 4012])('nothing is tried after %i', (code) => {
  begin();
  newest().welcome().drop(code);
  vi.advanceTimersByTime(120_000);
  expect([throng.state, throng.willRetryInMs, sockets.length]).toEqual(['closed', null, 1]);
});

test('a good connection makes the next wait a first one again', () => {
  begin({ minUptime: 1_000 });
  for (let failure = 0; failure < 4; failure++) {
    newest().drop();
    vi.advanceTimersByTime(throng.willRetryInMs ?? 0);
  }
  newest().welcome();
  vi.advanceTimersByTime(1_000);
  newest().drop();
  expect(throng.willRetryInMs).toBe(249);
});

test('an attempt without an open socket is given up in time', () => {
  begin({ connectTimeout: 2_000 });
  vi.advanceTimersByTime(1_999);
  expect(throng.state).toBe('connecting');
  vi.advanceTimersByTime(1);
  expect(throng.closeReason).toMatchObject({ code: { number: 1006 } });
  expect(newest().closedWith).toBe(1000);
  vi.advanceTimersByTime(300);
  expect(sockets).toHaveLength(2);
  sockets[0]?.welcome();
  expect(throng.state, 'because nobody listens to the first any more').toBe('connecting');
});

test('ten seconds of silence end a connection', () => {
  begin();
  newest().welcome();
  vi.advanceTimersByTime(8_000);
  newest().say({ kind: 'Ping', nonce: 5, rttMs: 40, jitterMs: 3 });
  expect(newest().heard.at(-1)).toEqual({ kind: 'Pong', nonce: 5, received: 0 });
  expect(throng.latency).toEqual({ rttMs: 40, jitterMs: 3 });
  vi.advanceTimersByTime(9_900);
  expect(throng.state).toBe('live');
  vi.advanceTimersByTime(600);
  expect([throng.closeReason?.code.number, sockets[0]?.closedWith]).toEqual([4009, 4009]);
});

test('whoever steers at every frame hears of silence all the same', () => {
  begin();
  newest().welcome();
  for (let ms = 0; ms < 10_600; ms += 16) {
    throng.steer({ heading: 0, thrust: 15 });
    vi.advanceTimersByTime(16);
  }
  expect(sockets[0]?.closedWith).toBe(4009);
});

test('address and ticket are asked for at each attempt, and one that cannot be had is an attempt that failed', async () => {
  const errors: string[] = [];
  let asked = 0;
  const source = (what: string) => async (): Promise<string> => {
    asked++;
    if (asked === 1 || asked === 3) throw new Error(`no ${what}`);
    return what === 'url' ? `ws://x/${asked}` : `ticket-${asked}`;
  };
  begin({ ticket: source('ticket'), chance: () => 0 }, source('url'));
  throng.on('error', ({ message }) => errors.push(message));
  for (let turn = 0; turn < 3; turn++) await vi.advanceTimersByTimeAsync(1_000);
  expect(errors).toEqual(['no url', 'no ticket']);
  expect(sockets.map(({ url }) => url)).toEqual(['ws://x/4']);
  newest().accept();
  expect(newest().heard).toMatchObject([{ kind: 'Hello', value: { ticket: 'ticket-5' } }]);
});

test('an address that does not come is waited for as long as a socket', async () => {
  let give: (url: string) => void = () => {};
  begin({ connectTimeout: 1_000, chance: () => 0 }, () => new Promise((resolve) => (give = resolve)));
  const late = give;
  await vi.advanceTimersByTimeAsync(1_500);
  late('ws://x/late');
  await vi.advanceTimersByTimeAsync(1);
  expect(sockets, 'because that attempt is over').toHaveLength(0);
  give('ws://x/now');
  await vi.advanceTimersByTimeAsync(1);
  expect(sockets.map(({ url }) => url)).toEqual(['ws://x/now']);
});

test('a ticket that is a text is used until its player has said something', () => {
  begin({ ticket: 'secret', chance: () => 0 });
  newest().welcome().drop();
  vi.advanceTimersByTime(1);
  newest().accept();
  expect(newest().heard).toMatchObject([{ value: { ticket: 'secret' } }]);
  newest().welcome({ resumed: true }).say({ kind: 'Ping', nonce: 1, rttMs: 0, jitterMs: 0 });
  newest().drop();
  vi.advanceTimersByTime(1_000);
  newest().accept();
  expect(newest().heard).toMatchObject([{ value: { ticket: '' } }]);
});

test('an address that is none is told, and tried again in case it becomes one', () => {
  const errors: string[] = [];
  throng = new Throng('nonsense', { WebSocket: FakeSocket });
  throng.on('error', ({ message }) => errors.push(message));
  throng.open();
  expect([errors, throng.state]).toEqual([['nonsense is no address'], 'backingOff']);
});

test('a name that no server takes is refused here', () => {
  expect(() => begin({ name: '' })).toThrow('A name needs at least one character.');
  throng = new Throng('ws://x');
});

test('every ordered event is told once over a cut, by its kind and in order', () => {
  begin({ chance: () => 0 });
  const told: string[] = [];
  throng.on('event', ({ kind }) => told.push(kind));
  throng.on('notice', ({ text }) => told.push(text));
  throng.on('line', ({ name, text }) => told.push(`${name}: ${text}`));
  throng.on('notification', ({ news }) => told.push(news.kind));
  newest().welcome();
  newest().event(1, { kind: 'Notice', text: 'one' });
  newest().drop();
  vi.advanceTimersByTime(1);
  newest().accept();
  expect(newest().heard).toMatchObject([{ value: { resume: { received: 1 } } }]);
  newest().welcome({ resumed: true });
  newest().event(1, { kind: 'Notice', text: 'one' });
  newest().event(2, { kind: 'Line', value: { number: 1, who: 3, name: 'Bo', operator: false, to: { kind: 'Room' }, text: 'hi', atS: 0 } });
  newest().event(3, { kind: 'Notification', value: { priority: { kind: 'Low' }, atS: 0, news: { kind: 'TookCrown' } } });
  expect(told).toEqual(['Notice', 'one', 'Line', 'Bo: hi', 'Notification', 'TookCrown']);
});

test('what had no place is told as an error, and is the answer to no call', async () => {
  begin();
  const told: string[] = [];
  throng.on('error', (error) => told.push(`${error.name}: ${error.message}`));
  newest().welcome();
  const call = endOf(throng.say('a'));
  newest().event(1, { kind: 'Answer', call: 0, outcome: { kind: 'Refused', problem: { kind: 'OutOfPlace' }, text: 'Hello was said already.', retryAfterMs: 0 } });
  await Promise.resolve();
  expect([told, call.end, throng.state]).toEqual([['RefusedError: a message: Hello was said already.'], 'waits', 'live']);
  newest().event(2, { kind: 'Answer', call: 1, outcome: DONE });
  await Promise.resolve();
  expect(call.end).toBe('Done');
});

test('calls wait over a cut, are repeated with their numbers, and each is answered once', async () => {
  begin({ chance: () => 0 });
  const a = endOf(throng.say('a'));
  newest().welcome();
  expect(newest().asked).toEqual(['1 a']);
  newest().drop();
  const b = endOf(throng.say('b'));
  vi.advanceTimersByTime(1);
  newest().welcome({ resumed: true });
  expect(newest().asked).toEqual(['1 a', '2 b']);
  newest().event(1, { kind: 'Answer', call: 1, outcome: DONE });
  newest().event(1, { kind: 'Answer', call: 2, outcome: DONE });
  await Promise.resolve();
  expect([a.end, b.end]).toEqual(['Done', 'waits']);
  newest().event(2, { kind: 'Answer', call: 2, outcome: { kind: 'Refused', problem: { kind: 'TooFast' }, text: 'Wait.', retryAfterMs: 900 } });
  await Promise.resolve();
  expect(b.end).toBe('Refused');
});

test('in another session what was on its way is lost, and what waited is done', async () => {
  begin({ chance: () => 0 });
  newest().welcome();
  const a = endOf(throng.say('a'));
  newest().drop();
  const b = endOf(throng.say('b'));
  vi.advanceTimersByTime(1);
  newest().welcome({ resumed: false });
  expect(newest().asked).toEqual(['1 b']);
  newest().event(1, { kind: 'Answer', call: 1, outcome: DONE });
  await Promise.resolve();
  expect([a.end, b.end]).toEqual(['Lost', 'Done']);
});

test('a call that is not answered in time, finds no room or no connection says so', async () => {
  begin({ maxQueue: 1 });
  const ends = [endOf(throng.ask({ kind: 'Go', room: 'x' }, { timeoutMs: 300 })), endOf(throng.say('b'))];
  await vi.advanceTimersByTimeAsync(299);
  expect(ends.map(({ end }) => end)).toEqual(['waits', 'QueueFull']);
  await vi.advanceTimersByTimeAsync(1);
  expect(ends[0]?.end).toBe('Timeout');
  newest().welcome();
  ends.push(endOf(throng.say('c')));
  newest().drop(4010);
  ends.push(endOf(throng.say('d')));
  await vi.advanceTimersByTimeAsync(1);
  expect(ends.map(({ end }) => end)).toEqual(['Timeout', 'QueueFull', 'Closed', 'Closed']);
});

test('what no server could take is refused here and spoils nothing', async () => {
  begin();
  newest().welcome();
  await expect(throng.say('x', 70_000)).rejects.toThrow(RangeError);
  await expect(throng.say('x'.repeat(1_020))).rejects.toThrow('bytes are more than 1024');
  const fine = endOf(throng.say('fine', 3));
  expect(newest().heard.at(-1)).toEqual({ kind: 'Ask', call: 1, ask: { kind: 'Say', to: { kind: 'Player', who: 3 }, text: 'fine' } });
  expect(fine.end).toBe('waits');
});

test('a listener that throws harms nobody', () => {
  begin();
  const told: string[] = [];
  throng.on('welcome', () => {
    throw new Error('mine');
  });
  throng.on('welcome', () => told.push('next'));
  throng.on('error', ({ message }) => told.push(message));
  throng.on('error', () => {
    throw new Error('again');
  });
  const platform = vi.spyOn(console, 'error').mockImplementation(() => {});
  newest().welcome();
  expect([told, throng.state]).toEqual([['mine', 'next'], 'live']);
  expect(platform, 'because an error about errors has nobody else to go to').toHaveBeenCalledOnce();
  platform.mockRestore();
});

test('listening ends as it began', () => {
  begin();
  const told: string[] = [];
  const heard = (what: string) => (): unknown => told.push(what);
  const off = throng.on('ping', heard('on'));
  const named = heard('named');
  throng.on('ping', named);
  throng.once('ping', heard('once'));
  newest().welcome();
  const ping = (): void => newest().say({ kind: 'Ping', nonce: 1, rttMs: 0, jitterMs: 0 });
  ping();
  ping();
  off();
  throng.off('ping', named);
  ping();
  expect(told).toEqual(['on', 'named', 'once', 'on', 'named']);
});

test('an identity is kept for the next visit', () => {
  const identity = memoryStore();
  begin({ identity });
  newest().welcome();
  expect(identity.load()).toBe('a5'.repeat(24));
  throng.close();
  begin({ identity });
  newest().accept();
  expect(newest().heard).toMatchObject([{ value: { identity: WELCOME.identity } }]);
  throng.close();
  begin({ identity: { load: () => 'rubbish', save: () => expect.unreachable() } });
  newest().accept();
  expect(newest().heard).toMatchObject([{ value: { identity: null } }]);
});

test('a second welcome is a move, after which the session goes on there', async () => {
  begin({ chance: () => 0 });
  const moves: [string, boolean][] = [];
  throng.on('welcome', ({ welcome, moved }) => moves.push([welcome.room, moved]));
  newest().welcome();
  void throng.go('attic');
  newest().event(1, { kind: 'Answer', call: 1, outcome: DONE });
  newest().welcome({ resumed: true, room: 'attic', you: 3 });
  newest().event(2, { kind: 'Notice', text: 'there' });
  expect([moves, throng.state]).toEqual([[['main', false], ['attic', true]], 'live']);
  await vi.advanceTimersByTimeAsync(1);
  newest().drop();
  vi.advanceTimersByTime(1);
  newest().accept();
  expect(newest().heard).toMatchObject([{ value: { room: 'attic', resume: { received: 2 } } }]);
});

test('a session that was kept goes on elsewhere, with the next number', () => {
  begin();
  newest().welcome();
  void throng.say('a').catch(() => {});
  newest().event(1, { kind: 'Notice', text: 'one' });
  const { kept } = throng;
  expect(kept).toEqual({ secret: WELCOME.secret, received: 1, sessionMs: 60_000, called: 1 });
  newest().drop(4011);
  expect(throng.kept, 'because a person may want to go on here').toEqual(kept);
  throng.open({}, kept);
  expect(throng.state).toBe('resuming');
  newest().welcome({ resumed: true });
  void throng.say('b').catch(() => {});
  expect(newest().asked).toEqual(['2 b']);
});

test('what is kept is told before the server is told that it came', () => {
  begin();
  const order: unknown[] = [];
  throng.on('keep', (kept) => order.push(kept?.received ?? 'over'));
  newest().welcome().event(1, { kind: 'Notice', text: 'one' });
  const socket = newest();
  const said = vi.spyOn(socket, 'send').mockImplementation(() => order.push('pong'));
  socket.say({ kind: 'Ping', nonce: 1, rttMs: 0, jitterMs: 0 });
  said.mockRestore();
  throng.close();
  expect(order).toEqual([0, 1, 'pong', 'over']);
});

test('nonsense ends with 4001 and is not asked for again', () => {
  begin();
  newest().welcome().babble('text');
  expect([throng.state, newest().closedWith]).toEqual(['closed', 4001]);
});

test('a link that counts as up is given up soon when it says nothing after a hint', () => {
  begin({ minDelay: 8_000, chance: () => 2 ** 31 });
  newest().welcome();
  vi.advanceTimersByTime(5_000);
  expect(throng.state, 'because there was no reason to doubt it').toBe('live');
  throng.hint();
  vi.advanceTimersByTime(3_000);
  expect(throng.state).toBe('live');
  vi.advanceTimersByTime(1_000);
  expect([throng.state, throng.closeReason?.code.name]).toEqual(['backingOff', 'Silent']);
});

test('a page that is looked at or online again tries soon, and tells what to keep when it goes', () => {
  const [window, document] = [new EventTarget(), Object.assign(new EventTarget(), { visibilityState: 'hidden' })];
  vi.stubGlobal('window', window);
  vi.stubGlobal('document', document);
  try {
    const kept: unknown[] = [];
    begin({ minDelay: 8_000, identity: memoryStore() });
    throng.on('keep', (it) => kept.push(it?.received ?? 'over'));
    newest().welcome();
    kept.length = 0;
    window.dispatchEvent(new Event('pagehide'));
    expect(kept).toEqual([0]);
    newest().drop();
    document.dispatchEvent(new Event('visibilitychange'));
    expect(throng.willRetryInMs, 'because nobody looks').toBe(7_999);
    vi.advanceTimersByTime(3_000);
    document.visibilityState = 'visible';
    document.dispatchEvent(new Event('visibilitychange'));
    expect([throng.state, sockets.length]).toEqual(['resuming', 2]);
    newest().drop();
    window.dispatchEvent(new Event('online'));
    vi.advanceTimersByTime(1_000);
    expect(sockets, 'because two hints are at least a second apart').toHaveLength(3);
    throng.close();
    window.dispatchEvent(new Event('pagehide'));
    expect(kept, 'because nobody listens any more').toEqual([0, 'over']);
  } finally {
    vi.unstubAllGlobals();
  }
});

test('without a WebSocket anywhere it says what to do', () => {
  vi.stubGlobal('WebSocket', undefined);
  const errors: string[] = [];
  throng = new Throng('ws://x/ws');
  throng.on('error', ({ message }) => errors.push(message));
  throng.open();
  vi.unstubAllGlobals();
  expect(errors).toEqual(['There is no WebSocket here: hand one in as the option `WebSocket`.']);
});

test('ends that a listener brings about are ends', () => {
  begin();
  throng.on('welcome', () => throng.close());
  newest().welcome();
  expect([throng.state, newest().closedWith, newest().heard.at(-1)]).toEqual(['closed', 1000, { kind: 'Bye' }]);
  const again = throng.once('close', () => throng.open());
  throng.open();
  newest().drop(4010);
  again();
  expect([throng.state, sockets.length]).toEqual(['connecting', 3]);
  const call = endOf(throng.say('a'));
  throng.once('state', ({ state }) => state === 'closed' && throng.open());
  newest().drop(4010);
  expect([throng.state, sockets.length, call.end]).toEqual(['connecting', 4, 'waits']);
});

test('a session is offered for as long as its server holds it', () => {
  begin({ chance: () => 0 });
  newest().welcome({ sessionMs: 5_000 }).drop();
  const resumes = (): boolean => {
    const [hello] = newest().accept().heard;
    return hello?.kind === 'Hello' && hello.value.resume !== null;
  };
  vi.advanceTimersByTime(0);
  expect([resumes(), throng.kept?.sessionMs]).toEqual([true, 5_000]);
  // An attempt that fails makes a session no younger.
  newest().drop(1013, 'the room is full; retry_after_ms=4999');
  vi.advanceTimersByTime(4_999);
  expect(resumes()).toBe(true);
  newest().drop(1013, 'the room is full; retry_after_ms=1');
  vi.advanceTimersByTime(1);
  expect(resumes(), 'because the server has let go of it').toBe(false);
  const kept = { secret: WELCOME.secret, received: 3, called: 1, sessionMs: 2_000 };
  throng.open({}, kept);
  vi.advanceTimersByTime(0);
  expect(resumes()).toBe(true);
});

test('the time of day is the one that the server told, and half of the shortest round trip', () => {
  begin();
  expect(throng.serverTime()).toBeNull();
  newest().welcome({ timeMs: 1_800_000_000_000n });
  vi.advanceTimersByTime(250);
  expect(throng.serverTime(), 'because the way here is not known').toBe(1_800_000_000_250);
  for (const rttMs of [0, 80, 40, 300]) newest().say({ kind: 'Ping', nonce: 1, rttMs, jitterMs: 0 });
  expect(throng.serverTime()).toBe(1_800_000_000_270);
  newest().welcome({ resumed: true, timeMs: 1_800_000_009_000n });
  expect(throng.serverTime(), 'because another room is on the same connection').toBe(1_800_000_009_020);
  newest().drop();
  vi.advanceTimersByTime(1_000);
  expect(throng.serverTime(), 'because clocks go on').toBe(1_800_000_010_020);
  newest().welcome({ timeMs: 1_800_000_007_000n });
  expect(throng.serverTime(), 'because the newest Welcome is believed').toBe(1_800_000_007_000);
});

test('who goes on with a session that looks on looks on in the next one too', () => {
  const kept = { secret: WELCOME.secret, received: 3, called: 1, sessionMs: 60_000 };
  begin();
  throng.open({}, kept);
  newest().welcome({ watch: true, resumed: true });
  newest().drop();
  vi.advanceTimersByTime(250);
  newest().accept();
  expect(newest().heard[0]).toMatchObject({ kind: 'Hello', value: { watch: true } });
});

/** Numbers of the calls of this connection that asked for a topic. */
function askedFor(topic: string): number[] {
  return newest().heard.flatMap((said) =>
    said.kind === 'Ask' && said.ask.kind === 'Subscribe' && said.ask.topic === topic ? [said.call] : [],
  );
}

test('a topic whose call had no answer in time is asked for again', async () => {
  const faults: unknown[] = [];
  begin({ callTimeout: 3_000 });
  throng.on('error', (error) => faults.push(error instanceof CallError && error.fault));
  newest().welcome();
  throng.subscribe('rooms', () => {});
  for (const times of [1, 2]) {
    expect(askedFor('rooms')).toHaveLength(times);
    newest().say({ kind: 'Ping', nonce: 1, rttMs: 1, jitterMs: 0 });
    await vi.advanceTimersByTimeAsync(3_100);
  }
  expect([askedFor('rooms'), faults]).toEqual([[1, 2, 3], ['Timeout', 'Timeout']]);
});

test('who leaves a room asks for its people anew if it still wants to know, and for nothing else', async () => {
  begin();
  newest().welcome();
  for (const topic of ['rooms', 'room/attic/presence']) throng.subscribe(topic, () => {});
  for (const call of [1, 2]) newest().event(call, { kind: 'Answer', call, outcome: DONE });
  await vi.advanceTimersByTimeAsync(0);
  newest().welcome({ room: 'cellar', resumed: true });
  expect([askedFor('rooms'), askedFor('room/attic/presence')]).toEqual([[1], [2]]);
  newest().welcome({ room: 'attic', resumed: true });
  newest().welcome({ room: 'main', resumed: true });
  expect([askedFor('rooms'), askedFor('room/attic/presence')]).toEqual([[1], [2, 3]]);
});

test('when a room has ended its people are asked for again, and a refusal is told as that of the topic', async () => {
  begin();
  newest().welcome();
  const told: string[] = [];
  throng.on('error', (error) => told.push(error.message));
  for (const topic of ['rooms', 'room/attic/presence']) throng.subscribe(topic, () => {});
  for (const call of [1, 2]) newest().event(call, { kind: 'Answer', call, outcome: DONE });
  await vi.advanceTimersByTimeAsync(0);
  const gone = { kind: 'Refused', problem: { kind: 'UnknownTopic' }, text: 'It has ended.', retryAfterMs: 0 } as const;
  newest().event(3, { kind: 'Answer', call: 0, outcome: gone });
  await vi.advanceTimersByTimeAsync(0);
  expect([askedFor('rooms'), askedFor('room/attic/presence'), told]).toEqual([[1], [2, 3], []]);
  newest().event(4, { kind: 'Answer', call: 3, outcome: gone });
  await vi.advanceTimersByTimeAsync(0);
  expect([askedFor('room/attic/presence'), told]).toEqual([[2, 3], ['room/attic/presence: It has ended.']]);
});

test('who listens to the people of another room once there asks once, and no more for those of the room before', async () => {
  begin();
  const presence = (room: string): `room/${string}/presence` => `room/${room}/presence`;
  let stop = (): void => {};
  throng.on('welcome', ({ welcome }) => {
    stop();
    stop = throng.subscribe(presence(welcome.room), () => {});
  });
  newest().welcome({ room: 'main' });
  newest().event(1, { kind: 'Answer', call: 1, outcome: DONE });
  newest().welcome({ room: 'attic', resumed: true });
  expect(newest().asked).toEqual(['1 Subscribe room/main/presence', '2 Subscribe room/attic/presence']);
});

test('a topic whose call ended with the connection is asked for again when the session goes on', async () => {
  begin();
  newest().welcome();
  throng.subscribe('rooms', () => {});
  newest().drop(4011);
  await vi.advanceTimersByTimeAsync(0);
  const { kept } = throng;
  throng.open({}, kept);
  newest().welcome({ resumed: true });
  expect(askedFor('rooms'), 'because nobody knows whether the server heard of it').toEqual([2]);
  // Also when it was on its way, or waited, as the session was opened elsewhere.
  newest().drop();
  throng.subscribe('server', () => {});
  throng.open({}, throng.kept);
  await vi.advanceTimersByTimeAsync(0);
  newest().welcome({ resumed: true });
  expect([askedFor('rooms').length, askedFor('server').length]).toEqual([1, 1]);
});

test('who opens its own session anew does not end it, and who begins another one does', async () => {
  begin();
  const socket = newest().welcome();
  throng.open({}, throng.kept);
  expect(socket.closedWith, 'because 1000 would end it on the server').toBe(4011);
  newest().accept();
  expect(newest().heard[0]).toMatchObject({ kind: 'Hello', value: { resume: { secret: WELCOME.secret } } });
  for (const kept of [null, { secret: new Uint8Array(16), received: 0, called: 0, sessionMs: 60_000 }]) {
    newest().welcome();
    const before = newest();
    throng.open({}, kept);
    expect(before.closedWith).toBe(1000);
  }
});

test('a call that ended with a session does not undo what the next one was asked for', async () => {
  begin();
  newest().welcome();
  throng.subscribe('rooms', () => {});
  newest().drop();
  await vi.advanceTimersByTimeAsync(250);
  newest().welcome({ resumed: false });
  await vi.advanceTimersByTimeAsync(0);
  newest().welcome({ resumed: true, room: 'attic' });
  expect(askedFor('rooms')).toEqual([1]);
});
