/** What a person who opens the page may expect, in a real browser against the real server. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { glide, openPage, PATIENCE_MS, picture, play, startBrowser, startServer, state, until } from './harness.mjs';
import { colours, decodePng } from './png.mjs';

const EDGE = 40;
/** An arena that every screen shows as a whole. */
const SMALL_EDGE = 16;
const SMALL = ['--listen', '127.0.0.1:0', '--arena', String(SMALL_EDGE), '--house-bots', '0'];
const EMPTY = ['--listen', '127.0.0.1:0', '--arena', String(EDGE), '--house-bots', '0'];
const CROWDED = ['--listen', '127.0.0.1:0', '--house-bots', '20'];
/** A phone held upright. */
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };

let browser;
before(async () => {
  browser = await startBrowser();
});
after(() => browser?.close());

/** A test with a server and a page of its own, which are gone after it. */
function scenario(name, flags, body, options) {
  test(name, async () => {
    const server = await startServer(...flags);
    const opened = await openPage(browser, server.url, options);
    try {
      await body({ server, ...opened });
    } finally {
      await opened.page.context().close();
      await server.stop();
    }
  });
}

scenario('the page opens clean, and Enter plays', CROWDED, async ({ page, response, complaints }) => {
  const headers = response.headers();
  assert.match(headers['content-type'], /^text\/html/, 'because a browser must show it');
  assert.match(headers['content-security-policy'] ?? '', /script-src 'self'|default-src 'self'/, 'because no foreign script may run');
  assert.equal((await state(page)).phase, 'menu', 'because nobody plays unasked');
  assert.notEqual(await page.locator('#name').inputValue(), '', 'because one key is enough to play');
  const now = await play(page);
  assert.equal(now.desyncs, 0, 'because what the page holds is what the server holds');
  // The corner tells how the server keeps its ticks.
  await page.waitForFunction(() => /server: \d+ overruns? · \d+ skips?$/m.test(document.getElementById('readout').textContent));
  assert.deepEqual(complaints, [], 'because the console has nothing to complain about');
});

scenario('a key moves the own glider, exactly as predicted', EMPTY, async ({ page, complaints }) => {
  await play(page);
  // On a machine that stalls an input may be late and be corrected, but not on every leg.
  const corrections = [];
  for (let leg = 0; leg < 5 && !corrections.includes(0); leg++) {
    const before = (await state(page)).corrections;
    await glide(page, 8, EDGE);
    corrections.push((await state(page)).corrections - before);
  }
  const now = await state(page);
  assert.ok(corrections.includes(0), `because nothing disturbed the own glider: ${corrections}`);
  assert.equal(now.desyncs, 0, 'because every check value matched');
  assert.deepEqual(complaints, [], 'because the console has nothing to complain about');
});

scenario('house bots come and go', CROWDED, async ({ page }) => {
  await play(page);
  const seen = new Set();
  while (seen.size < 2) seen.add((await until(page, (now) => !seen.has(now.others))).others);
  assert.equal((await state(page)).desyncs, 0, 'because what the page holds is what the server holds');
});

scenario('two pages see each other, and see each other move', SMALL, async ({ server, page }) => {
  const here = (await play(page)).own;
  const other = await openPage(browser, server.url);
  const start = (await play(other.page)).own;
  await until(page, (now) => now.others === 1);
  await until(other.page, (now) => now.others === 1);
  const end = (await glide(other.page, 5, SMALL_EDGE)).own;
  // Where the other one came to rest, and where it was, on the page that did not move.
  const rest = await until(other.page, settled());
  let image = decodePng(await picture(page, 'seen'));
  const since = performance.now();
  while (!(isBright(image, here, rest.own) && !isBright(image, here, start))) {
    assert.ok(performance.now() - since < PATIENCE_MS, `because a glider is drawn where it went: ${JSON.stringify([here, start, end, rest.own])}`);
    image = decodePng(await picture(page, 'seen'));
  }
  await other.page.context().close();
  await until(page, (now) => now.others === 0);
});

/** True once the own glider has been in one place for a while. */
function settled() {
  let [since, at] = [0, null];
  return ({ own, tick }) => {
    if (own?.x !== at?.x || own?.y !== at?.y) [since, at] = [tick, own];
    return at !== null && tick - since > 10;
  };
}

/** Whether something shines at a place of the arena; the view is 40 tiles wide, and `here` is its middle. */
function isBright(image, here, there) {
  const tile = image.width / 40;
  const x = Math.round(image.width / 2 + (there.x - here.x) * tile);
  const y = Math.round(image.height / 2 + (there.y - here.y) * tile);
  const reach = 6;
  for (let dy = -reach; dy <= reach; dy++) {
    for (let dx = -reach; dx <= reach; dx++) {
      if (Math.max(...image.at(x + dx, y + dy)) > 150) return true;
    }
  }
  return false;
}

test('the page plays on after the server was restarted', async () => {
  let server = await startServer(...EMPTY);
  const { page } = await openPage(browser, server.url);
  try {
    await play(page);
    const ended = await server.stop();
    assert.equal(ended.code, 0, 'because SIGTERM is a wish, not a fault');
    assert.ok(ended.ms < 2000, `because a restart is quick: ${ended.ms} ms`);
    await until(page, (now) => now.phase === 'reconnecting');
    assert.ok(await page.locator('#link').isVisible(), 'because the player is told');
    server = await startServer('--listen', server.address, ...EMPTY.slice(2));
    await until(page, (now) => now.phase === 'playing' && now.own !== null);
    await glide(page, 4, EDGE);
    assert.equal((await state(page)).desyncs, 0, 'because the new session starts from nothing');
  } finally {
    await page.context().close();
    await server.stop();
  }
});

scenario('an arena is drawn, not a blank', CROWDED, async ({ page }) => {
  await play(page);
  await until(page, (now) => now.others > 0 && now.snapshots > 30);
  const image = decodePng(await picture(page, 'desktop'));
  assertDrawn(image);
});

scenario(
  'on a phone, a thumb moves the glider',
  CROWDED,
  async ({ page, complaints }) => {
    await page.locator('#play').tap();
    const from = (await until(page, (now) => now.phase === 'playing' && now.own !== null)).own;
    const touch = await page.context().newCDPSession(page);
    const thumb = (type, ...points) =>
      touch.send('Input.dispatchTouchEvent', { type, touchPoints: points.map(([x, y]) => ({ x, y, id: 1 })) });
    await thumb('touchStart', [100, 640]);
    await thumb('touchMove', [150, 640]);
    await until(page, ({ own }) => own !== null && Math.hypot(own.x - from.x, own.y - from.y) > 1.5);
    assertDrawn(decodePng(await picture(page, 'phone')));
    await thumb('touchEnd');
    assert.deepEqual(complaints, [], 'because the console has nothing to complain about');
  },
  PHONE,
);

/** A drawn arena has many colours, none of which covers nearly everything, and a floor that is not flat. */
function assertDrawn(image) {
  const counts = colours(image);
  const area = image.width * image.height;
  const often = [...counts.values()].filter((count) => count > area / 20_000);
  assert.ok(often.length > 20, `because walls, gliders and shards have colours of their own: ${often.length}`);
  assert.ok(Math.max(...counts.values()) < area * 0.9, 'because more than a background is drawn');
  const middle = { x: image.width >> 2, y: image.height >> 2, width: image.width >> 1, height: image.height >> 1 };
  assert.ok(colours(image, middle).size > 10, 'because the middle of the screen is where the game is');
}
