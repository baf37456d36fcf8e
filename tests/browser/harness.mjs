/** Starts the real server and a real browser, and waits for what a test wants to see. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

// The web client's package holds the driver, so that there is one lock file.
const fromWeb = createRequire(new URL('../../client-web/package.json', import.meta.url));
const { chromium } = fromWeb('playwright-core');

/** Generous, because a busy machine is no fault of the server. */
export const PATIENCE_MS = 30_000;
const LISTENING = /^throng listening on http:\/\/(\S+):(\d+)$/;
const LEADING = /^throng via listening on (\S+):(\d+)$/;
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** A running server: its address and ways to end it. */
export function startServer(...flags) {
  return startThrong(LISTENING, 'serve', '--seed', '7', ...flags);
}

/** A bad link to a server, `host:port`: what it does is written as for `throng via`. */
export function startVia(target, link) {
  return startThrong(LEADING, 'via', link, '--to', target);
}

async function startThrong(said, ...args) {
  const bin = process.env.THRONG_BIN;
  assert.ok(bin, 'THRONG_BIN must name the server, as `cargo xtask browser` does');
  const child = spawn(bin, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  child.stderr.on('data', (chunk) => {
    log += chunk;
  });
  const exited = once(child, 'exit');
  const first = once(createInterface(child.stdout), 'line').then(([line]) => line);
  const line = await Promise.race([first, exited.then(() => `nothing, and ended: ${log}`)]);
  const [, host, port] = said.exec(line) ?? [];
  assert.ok(port, `because it says where it listens, but it said ${line}`);
  return {
    url: `http://${host}:${port}`,
    address: `${host}:${port}`,
    /** Ends it at once, without a chance to put anything in order. */
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
    async stop() {
      const since = performance.now();
      child.kill('SIGTERM');
      const [code] = await exited;
      return { code, ms: performance.now() - since };
    },
  };
}

export function startBrowser() {
  const executablePath = process.env.THRONG_CHROMIUM;
  assert.ok(executablePath, 'THRONG_CHROMIUM must name a browser, as `cargo xtask browser` does');
  return chromium.launch({ executablePath, headless: true, args: FLAGS });
}

/** A page in a profile of its own, with all that its console complained about. */
export async function openPage(browser, url, options = { viewport: { width: 1280, height: 720 } }) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const complaints = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      console.error(`violates ${event.violatedDirective}: ${event.blockedURI}`);
    });
  });
  const response = await page.goto(url);
  await page.waitForFunction(() => window.throng !== undefined);
  return { page, response, complaints };
}

/** What the page says of itself, after its next frame. */
export function state(page) {
  return page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => resolve(window.throng.state()))));
}

/** Looks frame by frame until `holds` is true of the state, and gives that state. */
export async function until(page, holds) {
  const since = performance.now();
  for (;;) {
    const now = await state(page);
    if (holds(now)) return now;
    const waited = performance.now() - since;
    assert.ok(waited < PATIENCE_MS, `because it should be so by now: ${holds}, but it is ${JSON.stringify(now)}`);
  }
}

/** Presses Enter on the entry screen and waits for the first life. */
export async function play(page) {
  await page.keyboard.press('Enter');
  return inArena(page, (now) => now.snapshots > 5);
}

/** Waits until the page plays and `holds`. A busy machine makes its server say that it is full: then a person insists. */
export async function inArena(page, holds) {
  for (;;) {
    const now = await until(page, (it) => (it.phase === 'playing' && it.own !== null && holds(it)) || (it.code === 1013 && it.retryInMs > 1_000));
    if (now.phase === 'playing') return now;
    await page.evaluate(() => document.getElementById('link-button').click());
    await until(page, ({ code, retryInMs }) => code !== 1013 || retryInMs < 1_000);
  }
}

/** Holds a key toward the far side of a square arena until the glider went `tiles`. */
export async function glide(page, tiles, edge) {
  const from = (await until(page, ({ own }) => own !== null)).own;
  const key = from.x < edge / 2 ? 'KeyD' : 'KeyA';
  await page.keyboard.down(key);
  const there = await until(page, ({ own }) => own !== null && Math.abs(own.x - from.x) >= tiles);
  await page.keyboard.up(key);
  return there;
}

/**
 * Loads the page anew with a server of the test's own, which welcomes it into the recorded session and shows its first
 * picture. `say` sends the bytes of a message, and `heard` has the bytes of those that the page sent.
 */
export async function playRecorded(page) {
  const recording = readFileSync(new URL('../golden/session.json', import.meta.url), 'utf8');
  const [welcome, first] = JSON.parse(recording).map(({ hex }) => Buffer.from(hex, 'hex'));
  const heard = [];
  let server;
  await page.routeWebSocket(/\/ws$/, (socket) => {
    socket.onMessage((said) => {
      heard.push([...said]);
      if (said[0] !== 1) return;
      server = socket;
      socket.send(welcome);
      socket.send(first);
    });
  });
  await page.reload();
  await page.waitForFunction(() => window.throng !== undefined);
  await page.locator('#play').click();
  await until(page, (now) => now.snapshots > 0);
  return { heard, say: (...bytes) => server.send(Buffer.from(bytes)), close: (options) => server.close(options) };
}

/** A whole number below 65536 as the wire has it. */
export function varint(n) {
  return n < 251 ? [n] : [251, n & 255, n >> 8];
}

/** A text as the wire has it. */
export function text(of) {
  const bytes = [...new TextEncoder().encode(of)];
  return [...varint(bytes.length), ...bytes];
}

/** Which of what is shown lies over another, or beyond the screen. */
export function crowded(page, ...selectors) {
  return page.evaluate((all) => {
    const shown = all.flatMap((selector) =>
      [...document.querySelectorAll(selector)].filter((it) => it.checkVisibility({ visibilityProperty: true })).map((it) => ({ selector, box: it.getBoundingClientRect() })),
    );
    const inside = ({ box }) => box.left >= 0 && box.top >= 0 && box.right <= innerWidth && box.bottom <= innerHeight;
    const over = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1;
    const pairs = shown.flatMap((one, n) => shown.slice(n + 1).filter((other) => over(one.box, other.box)).map((other) => `${one.selector} and ${other.selector}`));
    return [...pairs, ...shown.filter((it) => !inside(it)).map(({ selector }) => `${selector} beyond the screen`)];
  }, selectors);
}

/** A picture of the page, kept in `tests/artifacts` for people to look at. */
export async function picture(page, name) {
  const folder = new URL('../artifacts/', import.meta.url);
  mkdirSync(folder, { recursive: true });
  return page.screenshot({ path: fileURLToPath(new URL(`${name}.png`, folder)) });
}
