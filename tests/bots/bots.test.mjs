/** The bots of docs/bots.md against a real server, seen by a witness that speaks JSON too. */

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import WebSocket from 'ws';

import { PATIENCE_MS, startServer } from '../browser/harness.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
/** Keyframes are given anew once a second. */
const LOOK_MS = 1_100;
/** What `cargo xtask bots` sets: a Python with the packages, and the bot in Rust. */
const { THRONG_PYTHON, THRONG_WANDER } = process.env;

const BOTS = [
  { name: 'Python', file: 'tests/bots/wander.py', start: (url) => [THRONG_PYTHON, here('wander.py'), url] },
  // Node 20 runs no TypeScript: this is what the compiler made of it.
  { name: 'TypeScript', file: 'tests/bots/wander.ts', start: (url) => [process.execPath, here('built/wander.js'), url] },
  {
    name: 'Rust',
    file: 'client-bot/examples/wander.rs',
    start: (url) => [THRONG_WANDER, new URL(url).host],
  },
];

/** A client that keeps what it was told, and where it has seen whom. */
function join(url, hello) {
  const socket = new WebSocket(url, ['throng.json.1']);
  const client = { socket, told: [], lines: [], places: new Map(), closed: null, received: 0 };
  client.say = (message) => socket.send(JSON.stringify(message));
  socket.on('open', () => client.say({ type: 'Hello', ...hello }));
  socket.on('close', (code, reason) => {
    client.closed = { code, reason: String(reason) };
  });
  socket.on('message', (data, isBinary) => {
    assert.equal(isBinary, false, 'because JSON is text');
    const message = JSON.parse(data);
    client.lines.push(String(data));
    client.told.push(message);
    if (message.type === 'Event') client.received = message.number;
    if (message.type === 'Ping') {
      client.say({ type: 'Pong', nonce: message.nonce, received: client.received });
    }
    for (const { cell, gliders } of message.refocus?.keyframes ?? []) {
      for (const { name, place } of gliders) {
        const seen = client.places.get(name) ?? new Set();
        client.places.set(name, seen.add(`${cell.x * 2048 + place.x},${cell.y * 2048 + place.y}`));
      }
    }
  });
  client.welcome = () => client.told.find(({ type }) => type === 'Welcome');
  return client;
}

async function until(isSo, what, act = () => {}, patienceMs = PATIENCE_MS) {
  const end = performance.now() + patienceMs;
  for (let next = 0; !isSo(); ) {
    assert.ok(performance.now() < end, `because ${what} in time`);
    if (performance.now() >= next) {
      act();
      next = performance.now() + LOOK_MS;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A server on which all see all. */
async function arena(t) {
  const server = await startServer('--listen', '127.0.0.1:0', '--arena', 'disc:8', '--house-bots', '0');
  t.after(() => server.stop());
  return `ws://${server.address}/ws`;
}

for (const { name, file, start } of BOTS) {
  test(`the bot in docs/bots.md for ${name} moves`, async (t) => {
    const url = await arena(t);
    const witness = join(url, { name: 'witness' });
    t.after(() => witness.socket.terminate());
    await until(witness.welcome, 'a witness is welcomed');
    const [program, ...args] = start(url);
    const bot = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit'] });
    t.after(() => bot.kill());
    const places = () => witness.places.get(name)?.size ?? 0;
    await until(() => places() >= 3, `${name} is seen at three places`, () => {
      witness.say({ type: 'Resync' });
    });
    assert.equal(bot.exitCode, null, 'because it plays on');
    const told = spawnSync(THRONG_PYTHON, [here('schema.py')], { input: `${witness.lines.join('\n')}\n` });
    assert.equal(told.status, 0, `because what is told fits the schema: ${told.stderr}`);
  });

  test(`docs/bots.md has ${file} word for word`, () => {
    const source = readFileSync(here(`../../${file}`), 'utf8');
    const text = readFileSync(here('../../docs/bots.md'), 'utf8');
    assert.ok(text.includes(`\n${source}\`\`\`\n`), `because ${file} is what CI runs`);
  });
}

test('the Gymnasium environment passes the checks of Gymnasium, and is played', async (t) => {
  const url = await arena(t);
  const env = spawn(THRONG_PYTHON, [here('gym_env.py'), url, '3'], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => env.kill());
  let told = '';
  env.stdout.on('data', (text) => (told += text));
  // Its checks take some twenty steps of a second each.
  await until(() => env.exitCode !== null, 'it ends', () => {}, 4 * PATIENCE_MS);
  assert.equal(env.exitCode, 0, 'because nothing is wrong with it');
  assert.equal(told.trim().split('\n').length, 3, `because it is asked for three steps: ${told}`);
});

test('a connection that is lost goes on with its session', async (t) => {
  const url = await arena(t);
  const first = join(url, { name: 'Ada' });
  await until(first.welcome, 'a player is welcomed');
  await until(() => first.told.some(({ type }) => type === 'Snapshot'), 'a snapshot comes');
  const { secret, you, identity } = first.welcome();
  assert.match(secret, /^[0-9a-f]{32}$/);
  assert.match(identity, /^[0-9a-f]{48}$/);
  first.socket.terminate();
  const resume = { secret, received: first.received };
  const second = join(url, { name: 'Ada', resume });
  t.after(() => second.socket.terminate());
  await until(second.welcome, 'a player is welcomed again');
  assert.equal(second.welcome().resumed, true);
  assert.equal(second.welcome().you, you, 'because it is the same glider');
});

test('what is wrong is said in a sentence', async (t) => {
  const url = await arena(t);
  const table = [
    ['{"type":"Hello",\n"name":}', 4001, 'no JSON, at line 2, column 8: expected value'],
    ['{"type":"Hello","name":"Ada","lok":3}', 4001, 'lok: unknown; Hello has version, schema, name, look'],
    ['{"type":"Hello","name":"Ada","look":300}', 4001, 'look: 300 is no whole number from 0 to 255'],
    ['{"type":"Resync"}', 4003, 'the first message must be Hello'],
    [Buffer.from([4]), 1003, 'JSON is spoken here, in text messages only'],
    ['x'.repeat(5_000), 1009, ''],
  ];
  for (const [said, code, reason] of table) {
    const socket = new WebSocket(url, ['chat', 'throng.json.1']);
    const [closed, told] = await new Promise((resolve) => {
      socket.on('open', () => socket.send(said));
      socket.on('close', (number, text) => resolve([number, String(text)]));
    });
    assert.equal(closed, code, `because of ${said}: ${told}`);
    assert.ok(told.startsWith(reason), `because ${told} names what is wrong`);
  }
});

test('a flood of inputs is dropped before it ends the connection', async (t) => {
  const url = await arena(t);
  const client = join(url, { name: 'flood' });
  t.after(() => client.socket.terminate());
  await until(client.welcome, 'a player is welcomed');
  const input = { type: 'Input', tick: client.welcome().tick, ahead: 0, heading: 0, thrust: 0 };
  const flood = setInterval(() => {
    for (let n = 0; n < 50 && client.closed === null; n++) client.say(input);
  }, 10);
  t.after(() => clearInterval(flood));
  await until(() => client.closed !== null, 'a flood ends');
  assert.equal(client.closed.code, 4008);
});
