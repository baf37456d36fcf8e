/** A program of somebody else's, on Node, with the package as it is packed and the real server. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { PATIENCE_MS, startServer } from './harness.mjs';
import { startProxy } from './proxy.mjs';

const web = new URL('../../client-web/', import.meta.url);
const { WebSocket } = createRequire(new URL('package.json', web))('ws');
const folder = mkdtempSync(join(tmpdir(), 'throng-sdk-'));

let sdk;
before(async () => {
  execFileSync(process.execPath, [fileURLToPath(new URL('sdk/build.mjs', web)), folder]);
  sdk = await import(pathToFileURL(join(folder, 'throng.js')));
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** The next event for which `holds`. */
function next(throng, name, holds = () => true) {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`no ${name} came, the state is ${throng.state}`)), PATIENCE_MS);
    const off = throng.on(name, (value) => {
      if (!holds(value)) return;
      clearTimeout(late);
      off();
      resolve(value);
    });
  });
}

test('a program comes in, steers, asks, and goes on after a cut', async () => {
  const server = await startServer('--listen', '127.0.0.1:0', '--arena', '40', '--house-bots', '0');
  const proxy = await startProxy(server.address);
  const errors = [];
  const lines = [];
  /** Until so many lines came. */
  const heard = (count) => lines.length >= count || next(throng, 'line', () => lines.length >= count);
  const throng = new sdk.Throng(`${proxy.url.replace('http', 'ws')}/ws`, { name: 'Ada', WebSocket, callTimeout: PATIENCE_MS });
  throng.on('error', (error) => errors.push(error));
  throng.on('line', ({ who, name, to, text }) => lines.push({ who, name, to, text }));
  try {
    const inside = next(throng, 'welcome');
    throng.open();
    const { welcome } = await inside;
    assert.equal(throng.state, 'live');
    assert.ok(throng.serverTick >= welcome.tick);
    assert.deepEqual([welcome.own, throng.kept.sessionMs], [welcome.you, 60_000]);
    const ahead = throng.serverTime() - Date.now();
    assert.ok(Math.abs(ahead) < PATIENCE_MS, `because both have one clock: ${ahead} ms`);

    const arrived = next(throng, 'snapshot', ({ feedback }) => feedback !== null);
    throng.steer({ heading: 0, thrust: 15 });
    await arrived;
    assert.deepEqual(await throng.say('hello'), { kind: 'Done' }, 'because anybody may say a line');
    const line = (text) => ({ who: welcome.you, name: 'Ada', to: { kind: 'Room' }, text });
    await heard(1);
    assert.deepEqual(lines, [line('hello')], 'because it comes back to its author');

    const again = next(throng, 'welcome');
    proxy.cut();
    const waited = throng.say('still here');
    const back = await again;
    assert.ok(back.welcome.resumed, 'because the server keeps sessions');
    assert.equal(back.welcome.you, welcome.you);
    assert.deepEqual(await waited, { kind: 'Done' }, 'because what was asked meanwhile is done in the session that goes on');
    await heard(2);
    await next(throng, 'snapshot', ({ feedback }) => feedback !== null);
    await next(throng, 'ping', ({ rttMs }) => rttMs < PATIENCE_MS);

    assert.deepEqual(await throng.say('x'.repeat(1_000)).then(({ kind, problem }) => [kind, problem?.kind]), ['Refused', 'TooLong']);
    assert.deepEqual(lines, [line('hello'), line('still here')], 'because each line was said once, in order, and no other');

    const anew = next(throng, 'welcome');
    throng.open({}, throng.kept);
    const { welcome: own } = await anew;
    assert.deepEqual([own.resumed, own.you], [true, welcome.you], 'because whoever opens its own session does not end it');
    throng.close();
    assert.equal(throng.readyState, 3);
    assert.deepEqual(errors, []);
  } finally {
    throng.close();
    await proxy.stop();
    await server.stop();
  }
});
