/** Looking on, the panels, an operator's orders and other rooms: pages on one server, as those who use them see it. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { crowded, glide, inArena, openPage, PATIENCE_MS, picture, startBrowser, startServer, state, until } from './harness.mjs';

const SECRET = 'a secret of an operator, long enough';
const EDGE = 24;
const FLAGS = ['--listen', '127.0.0.1:0', '--arena', `${EDGE}`, '--house-bots', '2', '--operator-secret', SECRET];
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
/** Small pages take less of the machine; one is large where it matters what lies where. */
const SMALL = { viewport: { width: 900, height: 560 } };
const LARGE = { viewport: { width: 1280, height: 720 } };
/** Tiles between a glider and the middle of the picture of whoever looks at it. */
const NEAR = 1;

let browser;
let server;
before(async () => {
  [browser, server] = await Promise.all([startBrowser(), startServer(...FLAGS)]);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/** A test that opens pages, which are closed behind it and have nothing to complain about. Its players stay a while: each test has names of its own. */
function together(name, body) {
  test(name, { timeout: 10 * PATIENCE_MS }, async () => {
    const opened = [];
    const open = async (fragment = '', options = SMALL) => {
      opened.push(await openPage(browser, `${server.url}/${fragment}`, options));
      return opened.at(-1).page;
    };
    try {
      await body(open);
      for (const { complaints } of opened) assert.deepEqual(complaints, [], 'because all of this is allowed');
    } finally {
      await Promise.all(opened.map(({ page }) => page.context().close()));
    }
  });
}

async function enter(page, name) {
  await page.locator('#name').fill(name);
  await page.locator('#play').click();
  await inArena(page, ({ snapshots }) => snapshots > 2);
}

async function say(page, words) {
  await page.locator('#bar .chat').click();
  await page.locator('#say-text').fill(words);
  await page.locator('#say-text').press('Enter');
}

function has(page, selector, hasText) {
  return page.locator(selector, { hasText }).first().waitFor({ state: 'attached' });
}

/** Has a page look at somebody: a wish that comes too soon after another is refused, and is wished again. */
async function look(page, wish, whom) {
  for (const since = performance.now(); performance.now() - since < PATIENCE_MS; ) {
    await wish();
    const seen = page.waitForFunction(whom, undefined, { timeout: 1_000 });
    if (await seen.then(() => true, () => false)) return;
  }
  assert.fail(`because it should be so by now: ${whom}`);
}

/** In the list, which keeps what was on the screen only for a while. It is closed before and after. */
async function noticed(page, words) {
  await page.locator('#bar .bell').click();
  await has(page, '.notices li', words);
  await page.keyboard.press('Escape');
}

const note = (page, words) => has(page, '#chat-note', words);
const hears = (page, words) => has(page, '#lines li', words);
const inRoom = (page, room) => has(page, '#bar .room b', room);

together('who looks on has no glider, sees whom it wants to, and is counted', async (open) => {
  const [ada, eve] = [await open(), await open()];
  await enter(ada, 'Ada');
  await eve.locator('#name').fill('Eve');
  await eve.locator('#watch').click();
  await until(eve, ({ phase, snapshots }) => phase === 'watching' && snapshots > 2);
  assert.equal((await state(eve)).own, null, 'because the glider that is seen is somebody else’s');
  await has(eve, '#watching p', /^You look at ./);
  await has(ada, '#bar .count', '1 looking on');
  await ada.locator('#bar .people').click();
  await has(ada, '.people li', /^Eve.*looks on/);
  await ada.keyboard.press('Escape');

  // To a bot first, so that Ada is another one.
  await eve.locator('#bar .people').click();
  await has(eve, '.people li.own', 'Eve');
  assert.equal(await eve.locator('.people li.own').count(), 1, 'because whom it sees is not who it is');
  const others = eve.locator('button', { hasText: 'Look' });
  const bot = (await eve.locator('.people li').filter({ has: others }).filter({ hasNotText: 'Ada' }).first().locator('.name').textContent()) ?? '';
  await eve.getByRole('button', { name: `Look at ${bot}` }).click();
  await has(eve, '#watching p', `You look at ${bot}`);
  await until(eve, ({ eye, seen }) => seen.some(({ name, x, y }) => name === bot && Math.hypot(x - eye.x, y - eye.y) < NEAR));
  const atLabel = () => document.querySelector('#watching p').textContent === 'You look at Ada';
  await look(eve, () => eve.getByRole('button', { name: 'Look at Ada' }).click(), atLabel);
  await eve.keyboard.press('Escape');
  const atAda = ({ eye, seen }) => seen.some(({ name, x, y }) => name === 'Ada' && Math.hypot(x - eye.x, y - eye.y) < NEAR);
  const { eye } = await until(eve, atAda);
  await ada.locator('#arena').click({ position: { x: 400, y: 300 } });
  await glide(ada, 4, EDGE);
  await until(eve, (now) => atAda(now) && Math.hypot(now.eye.x - eye.x, now.eye.y - eye.y) > 2);
  await picture(eve, 'company-looking-on');

  // The keys: the next one, and whoever wears the crown.
  const atAnother = () => !/Ada|Nobody/.test(document.querySelector('#watching p').textContent);
  await eve.getByRole('button', { name: 'Whoever wears the crown' }).click();
  assert.equal(await eve.evaluate(() => document.activeElement === document.body), true, 'because the keys belong to the arena again');
  await look(eve, () => eve.keyboard.press('ArrowRight'), atAnother);
  const atCrown = () => {
    const worn = document.querySelector('#rows .crowned')?.children[1].textContent;
    return document.querySelector('#watching p').textContent === `You look at ${worn}`;
  };
  await look(eve, () => eve.keyboard.press('c'), atCrown);

  await eve.evaluate(() => {
    const menu = document.getElementById('menu');
    new MutationObserver(() => menu.hidden || (window.menuSeen = true)).observe(menu, { attributes: true });
  });
  await eve.locator('#watching .wide').click();
  await inArena(eve, ({ own }) => own !== null);
  assert.equal(await eve.evaluate(() => window.menuSeen), undefined, 'because nobody asked for the entry screen');
  await ada.waitForFunction(() => !document.querySelector('#bar .count').textContent.includes('looking'));
});

together('two who look on under one name each find themselves among the people', async (open) => {
  const pages = [await open(), await open()];
  for (const page of pages) {
    await page.locator('#name').fill('Nina');
    await page.locator('#watch').click();
    await until(page, ({ phase, snapshots }) => phase === 'watching' && snapshots > 2);
    await page.locator('#bar .people').click();
  }
  for (const page of pages) {
    await page.locator('.people li', { hasText: 'Nina' }).nth(1).waitFor({ state: 'attached' });
    await has(page, '.people li.own', 'Nina');
    assert.equal(await page.locator('.people li.own').count(), 1, 'because each is told its own number');
  }
});

together('people can be muted and reported, notices are counted and kept, and nothing lies over anything', async (open) => {
  const [cleo, dan] = [await open('', LARGE), await open('', PHONE)];
  await enter(cleo, 'Cleo');
  await enter(dan, 'Dan');
  await cleo.locator('#bar .badge').waitFor();
  await cleo.locator('#bar .bell').click();
  await has(cleo, '.notices li', 'Dan joined.');
  // What is seen is read.
  await cleo.locator('#bar .badge').waitFor({ state: 'hidden' });
  for (const pane of ['Leaders', 'People', 'Rooms', 'Notices']) {
    await cleo.getByRole('tab', { name: pane }).click();
    assert.deepEqual(await crowded(cleo, '#drawer', '#bar button', '#board', '#minimap', '#card'), [], `because ${pane} has a place of its own`);
    assert.equal(await cleo.locator('#bar [aria-expanded="true"]').count(), 1, 'because one sees which is open');
  }

  // By keys alone: the tabs, what closes them, and back to the arena.
  await cleo.keyboard.press('Escape');
  assert.equal(await cleo.locator('#drawer').isVisible(), false);
  await cleo.keyboard.press('Tab');
  await cleo.keyboard.press('ArrowRight');
  await cleo.locator('#pane-people').waitFor();
  await cleo.keyboard.press('ArrowLeft');
  const stops = [];
  for (const key of ['Shift', 'Tab', 'Tab']) {
    await cleo.keyboard.press(key);
    stops.push(await cleo.evaluate(() => document.activeElement?.id || document.activeElement?.className));
  }
  assert.deepEqual(stops, ['tab-leaders', 'close', 'board-0']);
  await cleo.getByRole('tab', { name: 'People' }).click();

  // Muted here, and heard again.
  await cleo.getByRole('button', { name: 'Mute Dan', exact: true }).press('Enter');
  await note(cleo, 'You hear nothing more of Dan.');
  const focused = () => cleo.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.id);
  assert.equal(await focused(), 'Unmute Dan', 'because keys stay where they were');
  await say(dan, 'can you hear me');
  await hears(dan, 'can you hear me');
  await cleo.getByRole('button', { name: 'Unmute Dan' }).click();
  await note(cleo, 'You hear Dan again.');
  await say(dan, 'and now');
  await hears(cleo, 'and now');
  await cleo.getByRole('button', { name: 'Report Dan' }).click();
  assert.equal(await cleo.locator('#say-text').inputValue(), '/report Dan ');
  await cleo.keyboard.type('too loud');
  await cleo.keyboard.press('Enter');
  await note(cleo, 'The operators were told of Dan.');

  // On a phone.
  const ground = ['#card', '#board', '#minimap', '#bar button', '#toasts li'];
  assert.deepEqual(await crowded(dan, ...ground, '#dash', '#readout'), []);
  await dan.locator('#bar .chat').tap();
  assert.deepEqual(await crowded(dan, ...ground, '#chat'), []);
  await picture(dan, 'company-phone');
  await dan.locator('#say-text').press('Escape');
  for (const button of ['leaders', 'people', 'room', 'bell']) {
    await dan.locator(`#bar .${button}`).tap();
    assert.deepEqual(await crowded(dan, '#drawer [role="tab"]', '#drawer .close', '#drawer [role="tabpanel"]'), [], `because all of ${button} can be reached`);
    await dan.locator('#drawer .close').tap();
  }
});

together('an operator with a ticket silences, slows, speaks to all and removes', async (open) => {
  const [gus, hal] = [await open(), await open()];
  await enter(gus, 'Gus');
  await enter(hal, 'Hal');
  const asked = await fetch(`${server.url}/api/ticket`, { method: 'POST', body: JSON.stringify({ name: 'Olga', room: 'arena', operator: SECRET }) });
  assert.equal(asked.status, 200);
  const olga = await open(`#ticket=${(await asked.json()).ticket}`);
  await inArena(olga, ({ snapshots }) => snapshots > 2);
  assert.equal(new URL(olga.url()).hash, '', 'because a ticket is not to be seen');

  await say(olga, '/all tea is ready');
  for (const page of [gus, hal]) await has(page, '#lines li.everyone', 'tea is ready');
  await say(olga, '/silence Hal 5 too loud');
  await note(olga, 'Nobody hears Hal for 5 min.');
  await noticed(hal, 'You are muted for 5 min: too loud');
  await say(hal, 'let me speak');
  await note(hal, 'muted you');
  await say(olga, '/silence Hal 0');
  await note(olga, 'Hal is heard again.');
  await hal.locator('#bar .chat').click();
  await hal.keyboard.press('Enter');
  await hears(gus, 'let me speak');
  assert.equal(await gus.locator('#lines li', { hasText: 'let me speak' }).count(), 1, 'because the first one was not heard');

  await say(olga, '/slow 60');
  await note(olga, 'Slow mode: one line every 60 s.');
  await say(gus, 'one');
  await hears(hal, 'one');
  await say(gus, 'two');
  await note(gus, 'This room is slow: your next line in');
  await say(olga, '/slow 0');
  await note(olga, 'Slow mode is off.');
  await say(gus, 'three');
  await hears(hal, 'three');

  await gus.locator('#bar .people').click();
  await say(olga, '/kick Hal off you go');
  await note(olga, 'Hal was removed.');
  const gone = await until(hal, ({ phase }) => phase === 'closed');
  assert.deepEqual([gone.code, gone.retryInMs], [4010, -1], 'because who was removed does not come back by itself');
  assert.match(await hal.locator('#link-why').textContent(), /^You were removed from the arena\..*off you go/);
  assert.equal(await hal.locator('#social').isVisible(), false, 'because there is nobody to talk to');
  await gus.waitForFunction(() => ![...document.querySelectorAll('.people .name')].some(({ textContent }) => textContent === 'Hal'));
  await say(gus, '/kick Olga');
  await note(gus, 'operator');
  await hal.locator('#link-button').click();
  await until(hal, ({ phase }) => phase === 'menu');
});

together('to another room and back with the same session', async (open) => {
  const [ida, jon] = [await open(), await open()];
  await enter(ida, 'Ida');
  await enter(jon, 'Jon');
  await say(ida, 'see you there');
  await hears(jon, 'see you there');
  await ida.locator('#bar .room').click();
  await ida.locator('#pane-rooms button', { hasText: 'New room' }).click();
  const room = await ida.locator('.made b').textContent();
  const { received } = await state(ida);
  await ida.locator('#pane-rooms button', { hasText: 'Go there' }).click();
  await inRoom(ida, room);
  const there = await inArena(ida, ({ welcomes }) => welcomes === 2);
  assert.ok(there.resumed && there.received > received, 'because it is the same session, which goes on');
  assert.equal(await ida.locator('#lines li').count(), 0, 'because lines belong to their room');
  await noticed(jon, 'Ida left.');
  assert.equal(new URL(ida.url()).hash, `#room=${room}`, 'because the address can be given to others');

  // Jon sees it in his list and follows.
  await jon.locator('#bar .room').click();
  await jon.getByRole('button', { name: `Join room ${room}` }).click();
  await inRoom(jon, room);
  await inArena(jon, ({ welcomes }) => welcomes === 2);
  await noticed(ida, 'Jon joined.');
  await say(jon, 'here I am');
  await hears(ida, 'here I am');

  // A room that is not there is refused in a sentence, and where one is stays.
  await ida.evaluate(() => (location.hash = '#room=NOSUCH'));
  await note(ida, 'no room');
  await ida.waitForFunction((hash) => location.hash === hash, `#room=${room}`);
  await ida.locator('#bar .room').click();
  await ida.getByRole('button', { name: 'Join room arena' }).click();
  await inRoom(ida, 'arena');
  await inArena(ida, ({ welcomes }) => welcomes === 3);
});

test('a room that was asked for is gone back to, also over a reload and a restart', { timeout: 10 * PATIENCE_MS }, async (t) => {
  const small = ['--arena', '16', '--house-bots', '0'];
  let own = await startServer('--listen', '127.0.0.1:0', ...small);
  t.after(() => own.stop());
  const make = async (room) => (await fetch(`${own.url}/api/rooms`, { method: 'POST', body: JSON.stringify(room) })).json();
  await make({ name: 'attic' });
  const { page: ada } = await openPage(browser, own.url, SMALL);
  const { page: bob } = await openPage(browser, `${own.url}/#room=attic`, SMALL);
  t.after(() => Promise.all([ada, bob].map((page) => page.context().close())));

  // A private room by its code, and a reload that stays.
  await ada.locator('#rooms summary').click();
  await ada.locator('#rooms button', { hasText: 'New private room' }).click();
  const code = await ada.locator('.made b').textContent();
  await enter(ada, 'Ada');
  await has(ada, '#bar .room b', /./);
  const room = await ada.locator('#bar .room b').textContent();
  assert.notEqual(room, 'arena');
  assert.equal(new URL(ada.url()).hash, `#room=${code}`);
  await ada.reload();
  await ada.waitForFunction(() => window.throng !== undefined);
  await inArena(ada, ({ resumed }) => resumed);
  await inRoom(ada, room);
  await ada.locator('#bar .room').click();
  await ada.getByRole('button', { name: `Link into room ${room}` }).click();
  assert.match(await ada.locator('.made input').inputValue(), new RegExp(`#room=${code}$`), 'because the page still knows the code');
  await enter(bob, 'Bob');
  await inRoom(bob, 'attic');

  // The server begins anew, with one of the two rooms.
  await bob.goto('about:blank');
  await own.kill();
  await until(ada, ({ phase }) => phase === 'reconnecting');
  own = await startServer('--listen', own.address, ...small);
  await make({ name: 'attic' });
  await until(ada, ({ phase }) => phase === 'closed');
  assert.equal(await ada.locator('#link-title').textContent(), 'No such room');
  assert.match(await ada.locator('#link-why').textContent(), /^There is no such room\./);
  await ada.locator('#link-any').click();
  await inArena(ada, ({ resumed }) => !resumed);
  await inRoom(ada, 'arena');
  assert.equal(new URL(ada.url()).hash, '');
  // Without the room in the address: the tab remembers it.
  await bob.goto(own.url);
  await bob.waitForFunction(() => window.throng !== undefined);
  await inArena(bob, ({ resumed }) => !resumed);
  await inRoom(bob, 'attic');
  assert.equal(new URL(bob.url()).hash, '#room=attic');
});
