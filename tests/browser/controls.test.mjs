/** What keys and buttons of the mouse do, alone and at once, as a real browser tells of them. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { openPage, PATIENCE_MS, playRecorded, startBrowser, startServer } from './harness.mjs';

const SMALL = ['--listen', '127.0.0.1:0', '--arena', '16', '--house-bots', '0'];

let browser;
before(async () => {
  browser = await startBrowser();
});
after(() => browser?.close());

/** A test in which a page plays in a recorded session; `presses` is what it told the server last. */
function scenario(name, body) {
  test(name, async () => {
    const server = await startServer(...SMALL);
    const { page, complaints } = await openPage(browser, server.url);
    try {
      const { heard, say } = await playRecorded(page);
      const presses = () => {
        const input = heard.findLast(([kind]) => kind === 0) ?? [0, 0, 0, 0, 0];
        return { heading: input.at(-5), fires: input.at(-2), dashes: input.at(-1) };
      };
      /** Waits until it was told. */
      const told = async (holds) => {
        const since = performance.now();
        while (!holds(presses())) {
          assert.ok(performance.now() - since < PATIENCE_MS, `because it should be so by now: ${holds}, but it is ${JSON.stringify(presses())}`);
          await page.waitForTimeout(20);
        }
      };
      await page.mouse.move(900, 300);
      await body({ page, heard, say, presses, told });
      assert.deepEqual(complaints, [], 'because the console has nothing to complain about');
    } finally {
      await page.context().close();
      await server.stop();
    }
  });
}

scenario('the right button dashes while the left one fires, and fire ends with the left one', async ({ page, presses, told }) => {
  const { mouse } = page;
  await mouse.down({ button: 'left' });
  await told(({ fires }) => fires >= 2);
  await mouse.down({ button: 'right' });
  await told(({ dashes }) => dashes === 1);
  await mouse.up({ button: 'left' });
  await mouse.up({ button: 'right' });
  // A shot that was on its way is the last one.
  await page.waitForTimeout(200);
  const { fires } = presses();
  await page.waitForTimeout(1_000);
  assert.deepEqual([presses().fires, presses().dashes], [fires, 1], 'because nothing is held');
});

scenario('a click is a shot however short it is, also in the rest after another one', async ({ page, presses, told }) => {
  // Both ends of it in one task, which no frame divides.
  const click = () =>
    page.evaluate(() => {
      const arena = document.getElementById('arena');
      for (const [kind, buttons] of [['pointerdown', 1], ['pointerup', 0]]) {
        arena.dispatchEvent(new PointerEvent(kind, { pointerType: 'mouse', button: 0, buttons, clientX: 900, clientY: 300, bubbles: true, cancelable: true }));
      }
    });
  await click();
  await told(({ fires }) => fires === 1);
  await click();
  await told(({ fires }) => fires === 2);
  await page.waitForTimeout(700);
  assert.equal(presses().fires, 2, 'because a click is one shot');
});

scenario('J fires without a mouse, once for a short press and on while it is held', async ({ page, presses, told }) => {
  await page.keyboard.press('j');
  await told(({ fires }) => fires === 1);
  await page.keyboard.down('j');
  await told(({ fires }) => fires >= 4);
  await page.keyboard.up('j');
  await page.waitForTimeout(200);
  const { fires } = presses();
  await page.waitForTimeout(700);
  assert.equal(presses().fires, fires, 'because it was let go');
});

scenario('a tab that is hidden lets go, and its glider looks where it looked', async ({ page, heard, say, told }) => {
  await page.keyboard.down('a');
  await told(({ heading }) => heading === 128);
  await page.keyboard.up('a');
  await page.evaluate(() => Object.defineProperty(document, 'hidden', { get: () => true }));
  const before = heard.length;
  for (let n = 0; n < 10; n++) {
    say(5, 0, 0);
    await page.waitForTimeout(50);
  }
  await told(() => heard.slice(before).some(([kind]) => kind === 0));
  const headings = new Set(heard.slice(before).filter(([kind]) => kind === 0).map((input) => input.at(-5)));
  assert.deepEqual([...headings], [128], 'because nobody turned it');
});
