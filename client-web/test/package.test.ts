/** The package as somebody gets it: packed, installed elsewhere, type-checked and used over a real socket. */

import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { decodeClientMessage, encodeServerMessage, type ServerMessage } from '../src/wire/codec.ts';
import { Reader } from '../src/wire/reader.ts';
import { Writer } from '../src/wire/writer.ts';
import { WELCOME } from './fake-socket.ts';

const WEB = resolve(import.meta.dirname, '..');
const BYTES_MAX = 12 * 1024;
/** A busy machine is no fault of the package. */
const PATIENCE_MS = 120_000;

const folder = mkdtempSync(join(tmpdir(), 'throng-sdk-'));
const made = join(folder, 'package');
const user = join(folder, 'user');
const run = promisify(execFile);

beforeAll(() => {
  execFileSync(process.execPath, [join(WEB, 'sdk/build.mjs'), made]);
  const npm = (cwd: string, ...args: string[]): unknown => execFileSync('npm', [...args, '--silent'], { cwd, shell: process.platform === 'win32' });
  npm(folder, 'pack', made, '--pack-destination', folder);
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? '';
  mkdirSync(user);
  writeFileSync(join(user, 'package.json'), JSON.stringify({ name: 'user', private: true, type: 'module' }));
  npm(user, 'install', join(folder, tarball), '--offline', '--no-audit', '--no-fund');
  // What a user of Node 20 installs beside it.
  for (const name of ['ws', '@types']) symlinkSync(join(WEB, 'node_modules', name), join(user, 'node_modules', name), 'junction');
}, PATIENCE_MS);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('it is at most 12 KB compressed, and needs nothing', () => {
  const code = readFileSync(join(made, 'throng.js'));
  expect(gzipSync(code, { level: 9 }).length).toBeLessThanOrEqual(BYTES_MAX);
  expect(code.toString(), 'because everything is in it').not.toMatch(/\bimport\b|\brequire\(/);
  const described = JSON.parse(readFileSync(join(made, 'package.json'), 'utf8')) as Record<string, unknown>;
  expect(described).toMatchObject({ type: 'module', sideEffects: false });
  expect(described).not.toHaveProperty('dependencies');
});

test('its types say what everything is', () => {
  const types = readdirSync(join(made, 'types'), { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.d.ts'));
  expect(types.length).toBeGreaterThan(10);
  for (const path of types) {
    const text = readFileSync(join(made, 'types', path), 'utf8').replace(/\/\*[\s\S]*?\*\//g, '');
    expect(text, path).not.toMatch(/\bany\b/);
    expect(text, `${path}, because there are no sources beside it`).not.toMatch(/\.ts['"]/);
  }
});

/** Compiles a program of the user, and gives what the compiler said. */
async function check(name: string, text: string, ...flags: string[]): Promise<string> {
  writeFileSync(join(user, name), text);
  const tsc = join(WEB, 'node_modules/typescript/bin/tsc');
  const shared = ['--strict', '--noEmit', '--target', 'es2022', '--lib', 'es2022', '--module', 'nodenext'];
  return run(process.execPath, [tsc, ...shared, ...flags, name], { cwd: user }).then(
    () => '',
    (error: { stdout: string }) => error.stdout,
  );
}

test('a program type-checks strictly, without a browser and with a socket of its own', async () => {
  const plain = `
    import { CallError, connect, type Outcome, type ThrongEvents } from 'throng-sdk';
    const throng = connect(async () => 'wss://x/ws', { name: 'Ada', ticket: async () => 'ticket', maxRetries: 3 });
    const off: () => void = throng.on('line', ({ name, text }) => { const said: string = name + text; void said; });
    throng.once('welcome', ({ welcome, moved }) => { const tick: number = welcome.tick; void [tick, moved]; });
    throng.subscribe('leaderboard/day', ({ rows, own }) => { const best: string | undefined = rows[0]?.name; void [best, own]; });
    throng.subscribe('rooms', ({ rows }) => { const free: number[] = rows.map((row) => row.playersMax - row.players); void free; });
    throng.subscribe('room/main/presence', ({ rows }) => { const dead: boolean[] = rows.map((row) => row.linkDead); void dead; });
    throng.subscribe('server', ({ players }) => { const count: number = players; void count; });
    const named: keyof ThrongEvents = 'notification';
    throng.say('hello').then((outcome: Outcome) => outcome.kind === 'Refused' && outcome.text, (error: unknown) => error instanceof CallError && error.fault);
    off(); void named;
  `;
  expect(await check('plain.ts', plain, '--types', '')).toBe('');
  const node = `
    import { WebSocket } from 'ws';
    import { connect, Throng } from 'throng-sdk';
    const throng: Throng = connect('ws://x/ws', { WebSocket });
    throng.close();
  `;
  expect(await check('node.ts', node, '--types', 'node', '--skipLibCheck')).toBe('');
  const browser = `import { connect } from 'throng-sdk';\nconnect('ws://x/ws', { WebSocket });\n`;
  expect(await check('browser.ts', browser, '--lib', 'es2022,dom', '--types', '')).toBe('');
  const written = [readFileSync(join(WEB, 'sdk/README.md'), 'utf8'), readFileSync(join(WEB, '../docs/sdk.md'), 'utf8')];
  const examples = written.flatMap((text) => [...text.matchAll(/```[jt]s\n([\s\S]*?)```/g)].map(([, code]) => code ?? ''));
  expect(examples).toHaveLength(2);
  for (const [index, code] of examples.entries()) {
    expect(await check(`example${index}.ts`, code, '--lib', 'es2022,dom', '--types', '')).toBe('');
  }
  const wrong = `import { connect } from 'throng-sdk';\nconnect('ws://x/ws').on('lime', () => {});\n`;
  expect(await check('wrong.ts', wrong, '--types', ''), 'because events are named').toContain('lime');
}, PATIENCE_MS);

test('a program comes in, asks, loses its connection and goes on', async () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  const heard: string[] = [];
  let cuts = 0;
  server.on('connection', (socket) => {
    const say = (message: ServerMessage): void => {
      const writer = new Writer();
      encodeServerMessage(writer, message);
      socket.send(writer.finish());
    };
    let events = 0;
    socket.on('message', (data: Buffer) => {
      const message = decodeClientMessage(new Reader(data));
      if (message.kind === 'Hello') {
        const { name, resume } = message.value;
        heard.push(`${name} ${resume ? `after ${resume.received}` : 'anew'}`);
        events = resume?.received ?? 0;
        say({ kind: 'Welcome', value: { ...WELCOME, resumed: resume !== null } });
      } else if (message.kind === 'Ask') {
        heard.push(`call ${message.call}`);
        if (message.call === 2 && cuts++ === 0) return socket.terminate();
        say({ kind: 'Event', number: ++events, event: { kind: 'Answer', call: message.call, outcome: { kind: 'Done' } } });
      } else heard.push(message.kind);
    });
  });
  await new Promise((listening) => server.once('listening', listening));
  const { port } = server.address() as AddressInfo;
  writeFileSync(
    join(user, 'program.js'),
    `
    import { WebSocket } from 'ws';
    import { connect } from 'throng-sdk';
    const throng = connect('ws://127.0.0.1:${port}/ws', { name: 'Ada', WebSocket });
    throng.on('state', ({ state }) => console.log(state));
    console.log((await throng.say('one')).kind);
    console.log((await throng.say('two')).kind);
    throng.close();
  `,
  );
  try {
    const ended = await run(process.execPath, ['program.js'], { cwd: user, timeout: PATIENCE_MS });
    const said = ended.stdout.trim().split('\n');
    expect(said).toEqual(['authenticating', 'live', 'Done', 'backingOff', 'resuming', 'live', 'Done', 'closed']);
    expect(heard).toEqual(['Ada anew', 'call 1', 'call 2', 'Ada after 1', 'call 2', 'Bye']);
  } finally {
    for (const client of server.clients) client.terminate();
    await new Promise((closed) => server.close(closed));
  }
}, PATIENCE_MS);
