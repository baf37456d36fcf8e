/** Two browsers, a Python client and curl in one private room, over a reload and over a server that is killed. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { inArena, openPage, PATIENCE_MS, picture, startBrowser, startServer, state, until } from './harness.mjs';

const CLIENT = fileURLToPath(new URL('together.py', import.meta.url));
/** Tiles at which a shard is no more to one side. */
const NEAR = 0.2;
/** How long keys are held before it is looked where the glider is. */
const STRIDE_MS = 60;

/** Looks again and again until `look` gives something. */
async function eventually(what, look) {
  for (const since = performance.now(); ; await new Promise((resolve) => setTimeout(resolve, 50))) {
    const found = await look();
    if (found) return found;
    assert.ok(performance.now() - since < PATIENCE_MS, `because ${what} by now`);
  }
}

/** A program and the lines that it says. */
function listenTo(program, ...args) {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = [];
  createInterface(child.stdout).on('line', (line) => lines.push(line));
  return { lines, ask: (what) => child.stdin.write(`${JSON.stringify(what)}\n`), leave: () => child.stdin.end(), stop: () => child.kill() };
}

function startPython(server, name, room) {
  const { THRONG_PYTHON } = process.env;
  assert.ok(THRONG_PYTHON, 'THRONG_PYTHON must name a Python with websockets, as `cargo xtask browser` does');
  const program = listenTo(THRONG_PYTHON, CLIENT, `ws://${server.address}/ws`, name, room);
  const told = (type) => program.lines.map((line) => JSON.parse(line)).filter((it) => it.type === type);
  const places = (whom) => new Set(told('Seen').filter((it) => it.name === whom).map(({ x, y }) => `${x},${y}`)).size;
  return { ...program, told, places, news: () => told('Notification').map(({ news }) => `${news.type} ${news.name ?? ''}`) };
}

/** `curl -N` on a board: its rows by place, from what came so far. */
function curlBoard(server, topic) {
  const program = listenTo('curl', '-sN', `${server.url}/events?topic=${topic}`);
  const rows = () => {
    const held = new Map();
    for (const line of program.lines.filter((it) => it.startsWith('data: '))) {
      const { set, since, places } = JSON.parse(line.slice(6));
      if (since === 0) held.clear();
      for (const row of set ?? []) held.set(row.place, row);
      for (const place of held.keys()) if (place > places) held.delete(place);
    }
    return [...held.values()];
  };
  return { ...program, scoreOf: (name) => rows().find((row) => row.name === name)?.score ?? 0 };
}

async function say(page, words) {
  await page.keyboard.press('Enter');
  await page.locator('#say-text').fill(words);
  await page.keyboard.press('Enter');
}

async function hears(page, words) {
  await page.locator('#lines li', { hasText: words }).first().waitFor({ state: 'attached' });
}

/** Until a notice is in the list, which is closed before and after. */
async function noticed(page, words) {
  await page.locator('#bar .bell').click();
  await page.locator('.notices li', { hasText: words }).first().waitFor();
  await page.keyboard.press('Escape');
}

/** Glides to the shards that are nearest until `holds`. */
async function gather(page, holds) {
  for (const since = performance.now(); ; ) {
    const now = await state(page);
    if (holds(now)) return;
    assert.ok(performance.now() - since < 2 * PATIENCE_MS, `because it should be so by now: ${holds}, but it is ${JSON.stringify(now)}`);
    const [way] = now.own ? now.lying.map(({ x, y }) => ({ x: x - now.own.x, y: y - now.own.y })).sort((a, b) => Math.hypot(a.x, a.y) - Math.hypot(b.x, b.y)) : [];
    if (!way) continue;
    const keys = [Math.abs(way.x) > NEAR && (way.x > 0 ? 'KeyD' : 'KeyA'), Math.abs(way.y) > NEAR && (way.y > 0 ? 'KeyS' : 'KeyW')].filter(Boolean);
    for (const key of keys) await page.keyboard.down(key);
    await page.waitForTimeout(STRIDE_MS);
    for (const key of keys) await page.keyboard.up(key);
  }
}

/** Until a page has seen somebody at two places. */
async function seesMove(page, name) {
  const place = ({ seen }) => seen.filter((it) => it.name === name).map(({ x, y }) => `${x},${y}`)[0];
  const first = place(await until(page, (now) => place(now) !== undefined));
  await until(page, (now) => ![undefined, first].includes(place(now)));
}

/** The rows of a board in the page's panel, which is left open. */
async function openBoard(page, label) {
  if (!(await page.locator('.leaders').last().isVisible())) await page.locator('#bar .leaders').click();
  await page.locator('#pane-leaders label', { hasText: label }).click();
}

async function enter(page, name) {
  await page.locator('#name').fill(name);
  await page.locator('#play').click();
  return inArena(page, (now) => now.snapshots > 5);
}

test('two browsers and a Python client in one private room', { timeout: 20 * PATIENCE_MS }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'throng-together-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const flags = ['--arena', '16', '--house-bots', '2', '--data', folder];
  let server = await startServer('--listen', '127.0.0.1:0', ...flags);
  t.after(() => server.stop());
  const browser = await startBrowser();
  t.after(() => browser.close());
  const made = await fetch(`${server.url}/api/rooms`, { method: 'POST', body: JSON.stringify({ private: true, map: '16' }) });
  assert.equal(made.status, 201);
  const { name: room, code } = await made.json();

  const [ada, bob] = [await openPage(browser, `${server.url}/#room=${code}`), await openPage(browser, `${server.url}/#room=${code}`)];
  await enter(ada.page, 'Ada');
  const python = startPython(server, 'Grace', code);
  t.after(() => python.stop());
  await eventually('Python is welcomed', () => python.told('Welcome').length > 0);
  assert.equal(python.told('Welcome')[0].room, room);
  await enter(bob.page, 'Bob');
  for (const { page } of [ada, bob]) assert.equal(await page.locator('#bar .room b').textContent(), room);

  // They hear of each other.
  await noticed(ada.page, 'Grace joined.');
  await noticed(ada.page, 'Bob joined.');
  await eventually('Python hears of Bob', () => python.news().includes('Joined Bob'));

  // They chat.
  await say(ada.page, 'hello from a browser');
  await eventually('Python hears Ada', () => python.told('Line').some(({ text }) => text === 'hello from a browser'));
  python.ask({ type: 'Say', to: { type: 'Room' }, text: 'hello from Python' });
  for (const { page } of [ada, bob]) for (const from of ['a browser', 'Python']) await hears(page, `hello from ${from}`);
  await eventually('Python is answered', () => python.told('Answer').some(({ outcome }) => outcome.type === 'Done'));

  // They see each other move, and who gathers is told everywhere.
  await gather(ada.page, ({ shards }) => shards > 0);
  await Promise.all([
    seesMove(bob.page, 'Grace'),
    eventually('Python sees Ada at two places', () => python.places('Ada') > 1),
    eventually('Bob is in the picture of Ada', async () => (await state(ada.page)).names.includes('Bob')),
  ]);
  const now = curlBoard(server, 'leaderboard/now');
  t.after(() => now.stop());
  await openBoard(bob.page, 'Now');
  const shown = async () => Number(await bob.page.locator('ol.leaders li', { hasText: 'Ada' }).locator('.score').textContent());
  await eventually('page and curl show what Ada has', async () => {
    const { shards } = await state(ada.page);
    return shards > 0 && now.scoreOf('Ada') === shards && (await shown()) === shards;
  });
  const had = (await state(ada.page)).shards;
  await gather(ada.page, ({ shards }) => shards > had);
  await eventually('page and curl show what Ada has gathered since', async () => now.scoreOf('Ada') > had && (await shown()) > had);
  await picture(bob.page, 'together-leaders');
  await bob.page.keyboard.press('Escape');

  // One reloads and resumes: the same glider, and everything that was said and told is still there.
  const before = await state(bob.page);
  await bob.page.reload();
  await bob.page.waitForFunction(() => window.throng !== undefined);
  const after = await inArena(bob.page, ({ resumed }) => resumed);
  assert.equal(after.you, before.you);
  await hears(bob.page, 'hello from Python');
  await say(ada.page, 'welcome back');
  await hears(bob.page, 'welcome back');
  await bob.page.locator('#bar .people').click();
  for (const name of ['Ada', 'Bob', 'Grace']) await bob.page.locator('.people li', { hasText: name }).waitFor();
  await bob.page.keyboard.press('Escape');
  python.leave();
  for (const { page } of [ada, bob]) await noticed(page, 'Grace left.');
  await noticed(ada.page, 'Bob joined.');

  // A score is kept when its player leaves, and what was told as kept outlasts the server.
  const all = curlBoard(server, 'leaderboard/all');
  t.after(() => all.stop());
  await ada.page.keyboard.press('Escape');
  await until(ada.page, ({ phase }) => phase === 'menu');
  const kept = await eventually('the score of Ada is kept', () => all.scoreOf('Ada'));
  await server.kill();
  await until(bob.page, ({ phase }) => phase === 'reconnecting');
  server = await startServer('--listen', server.address, ...flags);
  const anew = curlBoard(server, 'leaderboard/all');
  t.after(() => anew.stop());
  await eventually('the score of Ada is still there', () => anew.scoreOf('Ada') >= kept);

  // The room went with its server: who was in it comes back by itself, is told so, and plays elsewhere.
  await until(bob.page, ({ phase }) => phase === 'closed');
  assert.equal(await bob.page.locator('#link-title').textContent(), 'No such room');
  await bob.page.locator('#link-any').click();
  await inArena(bob.page, ({ resumed, code }) => !resumed && code === 0);
  await eventually('Bob is in another room', async () => (await bob.page.locator('#bar .room b').textContent()) !== room);
  assert.equal(await bob.page.locator('#lines li', { hasText: 'welcome back' }).count(), 0, 'because lines belong to their room');
  // The browser knows who its player is.
  await ada.page.locator('#invited-any').click();
  await enter(ada.page, 'Ada');
  await openBoard(ada.page, 'All time');
  await ada.page.locator('ol.leaders li.own', { hasText: 'Ada' }).waitFor();
  await picture(ada.page, 'together-all-time');
  for (const { complaints } of [ada, bob]) {
    const others = complaints.filter((text) => !/ERR_|WebSocket connection|Failed to load resource/.test(text));
    assert.deepEqual(others, [], 'because a server that is gone is all there is to complain about');
  }
});
