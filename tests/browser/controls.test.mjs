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
      /** Does it until it was told: on a machine that stalls a press may be half a second old, and is forgotten. Says how often. */
      const insist = async (holds, deed, undo = async () => {}) => {
        for (let times = 1; ; times++) {
          await deed();
          for (const since = performance.now(); performance.now() - since < 3_000; await page.waitForTimeout(20)) {
            if (holds(presses())) return times;
          }
          assert.ok(times < 10, `because it should be so by now: ${holds}, but it is ${JSON.stringify(presses())}`);
          await undo();
        }
      };
      /** Waits until nothing is pressed any more, which is told for a second. */
      const calm = async () => {
        for (const since = performance.now(); ; ) {
          const { fires, dashes } = presses();
          await page.waitForTimeout(1_000);
          if (presses().fires === fires && presses().dashes === dashes) return { fires, dashes };
          assert.ok(performance.now() - since < PATIENCE_MS, 'because nothing is held');
        }
      };
      await page.mouse.move(900, 300);
      await body({ page, heard, say, told, insist, calm });
      assert.deepEqual(complaints, [], 'because the console has nothing to complain about');
    } finally {
      await page.context().close();
      await server.stop();
    }
  });
}

scenario('the right button dashes while the left one fires, and fire ends with the left one', async ({ page, told, insist, calm }) => {
  const { mouse } = page;
  await mouse.down({ button: 'left' });
  await told(({ fires }) => fires >= 2);
  await insist(
    ({ dashes }) => dashes > 0,
    () => mouse.down({ button: 'right' }),
    () => mouse.up({ button: 'right' }),
  );
  await mouse.up({ button: 'left' });
  await mouse.up({ button: 'right' });
  await calm();
});

scenario('a click is a shot however short it is, also in the rest after another one', async ({ page, insist, calm }) => {
  // Both ends of it in one task, which no frame divides.
  const click = () =>
    page.evaluate(() => {
      const arena = document.getElementById('arena');
      for (const [kind, buttons] of [['pointerdown', 1], ['pointerup', 0]]) {
        arena.dispatchEvent(new PointerEvent(kind, { pointerType: 'mouse', button: 0, buttons, clientX: 900, clientY: 300, bubbles: true, cancelable: true }));
      }
    });
  const clicks = (await insist(({ fires }) => fires > 0, click)) + (await insist(({ fires }) => fires > 1, click));
  const { fires } = await calm();
  assert.ok(fires <= clicks, `because a click is one shot: ${fires} of ${clicks}`);
});

scenario('J fires without a mouse, once for a short press and on while it is held', async ({ page, told, insist, calm }) => {
  const { keyboard } = page;
  await insist(({ fires }) => fires > 0, () => keyboard.press('j'));
  const { fires } = await calm();
  await keyboard.down('j');
  await told((now) => now.fires >= fires + 3);
  await keyboard.up('j');
  await calm();
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
