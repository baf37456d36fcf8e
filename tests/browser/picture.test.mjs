/** The picture itself: it goes on after a fault, and what the entry screen tells is of now. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { openPage, PATIENCE_MS, startBrowser, startServer } from './harness.mjs';

const SMALL = ['--listen', '127.0.0.1:0', '--arena', '16', '--house-bots', '0'];

let browser;
let server;
before(async () => {
  [browser, server] = await Promise.all([startBrowser(), startServer(...SMALL)]);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/** A test on the entry screen, behind which gliders are drawn. */
function scenario(name, body) {
  test(name, async () => {
    const { page, complaints } = await openPage(browser, server.url);
    try {
      await body({ page, complaints });
    } finally {
      await page.context().close();
    }
  });
}

scenario('a fault in one picture is not the end of all', async ({ page, complaints }) => {
  await page.evaluate(() => {
    const { prototype } = CanvasRenderingContext2D;
    const draw = prototype.setTransform;
    prototype.setTransform = function (...where) {
      window.drawn = (window.drawn ?? -1) + 1;
      if (window.drawn === 0) throw new Error('this one is not drawn');
      return draw.apply(this, where);
    };
  });
  await page.waitForFunction(() => window.drawn > 20);
  assert.equal(complaints.length, 1, `because it is told of once: ${complaints}`);
});

scenario('the entry screen tells how many play now', async ({ page }) => {
  let rooms = [{ name: 'main', players: 2, players_max: 8 }, { name: 'other', players: 1, players_max: 8 }];
  await page.route('**/api/rooms', (route) => (rooms ? route.fulfill({ json: { rooms } }) : route.abort()));
  const says = (words) => page.waitForFunction((it) => document.getElementById('company').textContent === it, words, { timeout: PATIENCE_MS });
  await page.reload();
  await says('3 gliders are in the arena now.');
  rooms = [{ name: 'main', players: 1, players_max: 8 }];
  await says('One glider is in the arena now.');
  rooms = null;
  await says('');
});
