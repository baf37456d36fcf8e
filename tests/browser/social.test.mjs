/** Chat, notices, people and rooms in a real browser: what is typed, what is shown, and that names stay text. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { crowded, inArena, openPage, picture, play, playRecorded, startBrowser, startServer, state, text, until, varint } from './harness.mjs';

const SMALL = ['--listen', '127.0.0.1:0', '--arena', '16', '--house-bots', '0'];
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
const HOSTILE = ['<img src=x onerror=p()>', '</li><b>x', '"><i id=x>', '\u202Eabc', '{{7*7}}', 'ﷺ'.repeat(40)];

let browser;
before(async () => {
  browser = await startBrowser();
});
after(() => browser?.close());

/** A test with a server of its own in which a page plays; `said` are the calls that it made, as bytes after the number. */
function recorded(name, body, options) {
  test(name, async () => {
    const server = await startServer(...SMALL);
    const opened = await openPage(browser, server.url, options);
    try {
      await opened.page.evaluate(() => {
        window.p = () => console.error('a text was run');
      });
      await body({ url: server.url, ...opened, ...(await company(opened.page)) });
      assert.deepEqual(opened.complaints, [], 'because nothing that is said is worth a complaint');
    } finally {
      await opened.page.context().close();
      await server.stop();
    }
  });
}

/** A recorded session in which calls are answered when the test wants them to be. */
async function company(page) {
  const { say, heard, close } = await playRecorded(page);
  let number = 0;
  const event = (...bytes) => say(3, ...varint(++number), ...bytes);
  const asks = () => heard.filter(([kind]) => kind === 5).map((bytes) => ({ call: bytes[1], ask: bytes.slice(2) }));
  return {
    close,
    asks,
    texts: () => asks().filter(({ ask }) => ask[0] === 0).map(({ ask }) => decode(ask.slice(2))),
    done: ({ call }) => event(6, call, 0),
    refuse: ({ call }, problem, sentence) => event(6, call, 1, problem, ...text(sentence), 0),
    line: (n, who, name, words) => event(7, n, who, 0, ...text(name), 0, 0, ...text(words), 1),
    news: (priority, ...what) => event(9, priority, 1, ...what),
    presence: (topic, since, version, people, gone = []) =>
      event(8, ...text(topic), version, since, 2, people.length, ...people.flatMap(([who, name]) => [who, 0, ...text(name), 0, 0]), gone.length, ...gone.flatMap((who) => [who, 0])),
  };
}

/** A text as the wire has it, which is short enough to have its length in one byte. */
function decode([length, ...bytes]) {
  return new TextDecoder().decode(Uint8Array.from(bytes.slice(0, length)));
}

async function shown(page, selector) {
  return page.locator(selector).allTextContents();
}

recorded('Enter opens the chat, sends once and leaves, and letters do not steer', async ({ page, texts }) => {
  await page.keyboard.press('Enter');
  await page.locator('#say-text').waitFor({ state: 'visible' });
  const { own } = await state(page);
  await page.keyboard.type('wasd d', { delay: 20 });
  await page.keyboard.down('d');
  await page.waitForTimeout(200);
  await page.keyboard.up('d');
  assert.deepEqual((await state(page)).own, own, 'because letters are no steering');
  await page.keyboard.press('Enter');
  await page.locator('#say-text').waitFor({ state: 'hidden' });
  assert.deepEqual(texts(), ['wasd dd']);
  await page.keyboard.press('Enter');
  await page.keyboard.press('Enter');
  assert.deepEqual(texts(), ['wasd dd'], 'because nothing was typed the second time');
});

recorded('Escape leaves the chat and not the arena', async ({ page, texts }) => {
  await page.keyboard.press('Enter');
  await page.keyboard.type('not this');
  await page.keyboard.press('Escape');
  await page.locator('#say-text').waitFor({ state: 'hidden' });
  assert.equal((await state(page)).phase, 'playing');
  assert.deepEqual(texts(), []);
  await page.keyboard.press('Tab');
  await page.locator('#drawer').waitFor({ state: 'visible' });
  await page.locator('#arena').click({ position: { x: 300, y: 300 } });
  await page.keyboard.press('Escape');
  await page.locator('#drawer').waitFor({ state: 'hidden' });
  assert.equal((await state(page)).phase, 'playing', 'because what is open is put away first');
});

recorded('an input method ends its word with Enter, and nothing is sent', async ({ page, texts }) => {
  await page.keyboard.press('Enter');
  await page.locator('#say-text').fill('你好');
  const press = (init) =>
    page.locator('#say-text').evaluate((input, it) => {
      const event = new KeyboardEvent('keydown', { key: 'Enter', code: 'Enter', bubbles: true, cancelable: true, isComposing: it.isComposing });
      Object.defineProperty(event, 'keyCode', { value: it.keyCode });
      input.dispatchEvent(event);
    }, init);
  const compose = (kind) => page.locator('#say-text').evaluate((input, type) => input.dispatchEvent(new CompositionEvent(type, { bubbles: true })), kind);
  await compose('compositionstart');
  await press({ isComposing: true, keyCode: 229 });
  await press({ isComposing: false, keyCode: 229 });
  await press({ isComposing: false, keyCode: 13 });
  await compose('compositionend');
  // Some browsers end the composition first, and only the code tells.
  await press({ isComposing: false, keyCode: 229 });
  assert.deepEqual(texts(), []);
  assert.equal(await page.locator('#say-text').inputValue(), '你好');
  await press({ isComposing: false, keyCode: 13 });
  assert.deepEqual(texts(), ['你好']);
});

/** A keyboard on the glass: every word is in composition, and its Enter is one that the page may act on. */
async function thumbs(page) {
  const keys = await page.context().newCDPSession(page);
  const press = (code, text) =>
    keys.send('Input.dispatchKeyEvent', { type: text ? 'keyDown' : 'rawKeyDown', key: 'Enter', code: 'Enter', windowsVirtualKeyCode: code, ...(text && { text }) });
  return {
    compose: (word) => keys.send('Input.imeSetComposition', { text: word, selectionStart: word.length, selectionEnd: word.length }),
    /** What an input method does with its own Enter. */
    confirm: () => press(229),
    send: () => press(13, '\r'),
  };
}

recorded('the Send key of a phone sends a word that is still in composition, and an input method’s Enter does not', async ({ page, texts }) => {
  const { compose, confirm, send } = await thumbs(page);
  await page.keyboard.press('Enter');
  await page.locator('#say-text').waitFor({ state: 'visible' });
  await page.evaluate(() => {
    window.enters = [];
    document.getElementById('say-text').addEventListener('keydown', ({ key, isComposing }) => window.enters.push([key, isComposing]));
  });
  await compose('hello');
  await confirm();
  await page.waitForTimeout(200);
  assert.deepEqual(texts(), [], 'because the word is not done');
  await send();
  await page.locator('#say-text').waitFor({ state: 'hidden' });
  assert.deepEqual(texts(), ['hello']);
  assert.deepEqual(await page.evaluate(() => window.enters), [['Enter', true], ['Enter', true]], 'because both came during the composition');
  await page.keyboard.press('Enter');
  assert.equal(await page.locator('#say-text').inputValue(), '');
  await page.keyboard.type('again');
  await page.keyboard.press('Enter');
  await page.locator('#say-text').waitFor({ state: 'hidden' });
  assert.deepEqual(texts(), ['hello', 'again']);
});

test('the Go key of a phone leads into the room whose code was typed', async () => {
  const server = await startServer(...SMALL);
  const { page } = await openPage(browser, server.url);
  try {
    const { compose, confirm, send } = await thumbs(page);
    await page.locator('#rooms summary').click();
    await page.locator('#rooms .code').focus();
    await compose('NOSUCH');
    await confirm();
    await page.waitForTimeout(200);
    assert.equal((await state(page)).phase, 'menu', 'because the code is not done');
    await send();
    // Any room would have a place.
    await page.locator('#link-any').waitFor({ state: 'visible' });
    assert.equal(await page.locator('#link-title').textContent(), 'No such room');
  } finally {
    await page.context().close();
    await server.stop();
  }
});

recorded('a button at the top gives the keys back to the arena', async ({ page }) => {
  await page.locator('#bar .leaders').click();
  await page.locator('#drawer').waitFor({ state: 'visible' });
  await page.locator('#bar .leaders').click();
  await page.locator('#drawer').waitFor({ state: 'hidden' });
  assert.equal(await page.evaluate(() => document.activeElement === document.body), true);
});

recorded('a refusal is shown where it was typed, and the text is given back', async ({ page, asks, refuse }) => {
  await page.keyboard.press('Enter');
  await page.keyboard.type('again and again');
  await page.keyboard.press('Enter');
  refuse(asks().at(-1), 8, 'That was too fast.');
  await page.locator('#chat-note', { hasText: 'That was too fast.' }).waitFor();
  await page.keyboard.press('Enter');
  assert.equal(await page.locator('#say-text').inputValue(), 'again and again');
});

recorded('an unknown command is explained and not said', async ({ page, texts }) => {
  await page.keyboard.press('/');
  await page.keyboard.type('wisper Ada hi');
  await page.keyboard.press('Enter');
  await page.locator('#chat-note', { hasText: 'no command /wisper' }).waitFor();
  assert.equal(await page.locator('#say-text').isVisible(), true);
  assert.deepEqual(texts(), []);
});

recorded('lines and notices are text, whoever they are from', async ({ page, line, news }) => {
  const names = HOSTILE.map((name) => name.slice(0, 16));
  HOSTILE.forEach((words, n) => line(n + 1, 9 + n, names[n], words));
  await page.locator('#lines li').nth(HOSTILE.length - 1).waitFor();
  assert.deepEqual(await shown(page, '#lines .text'), HOSTILE);
  assert.deepEqual(await shown(page, '#lines .from'), names);
  for (const name of HOSTILE) news(1, 0, ...text(name));
  await page.locator('#toasts li').nth(4).waitFor();
  assert.deepEqual(await shown(page, '#toasts li span'), HOSTILE.slice(1).map((name) => `${name} joined.`), 'because five are on the screen');
  await page.locator('#bar .bell').click();
  assert.deepEqual(await shown(page, '.notices .text'), HOSTILE.map((name) => `${name} joined.`).reverse());
  assert.equal(await page.locator('#social b b, #social img, #social #x').count(), 0, 'because a text makes no element');
  await picture(page, 'social-notices');
});

recorded('who is muted is not heard, and somebody else of that name is', async ({ page, asks, line, presence }) => {
  await page.waitForFunction(() => document.querySelector('#bar .room b')?.textContent !== '');
  const here = decode(asks().find(({ ask }) => ask[0] === 1).ask.slice(1));
  presence(here, 0, 1, [[9, 'Ada'], [10, 'Bob'], [11, 'Ada']]);
  line(1, 9, 'Ada', 'before');
  line(2, 10, 'Bob', 'hello');
  await page.locator('#lines li').nth(1).waitFor();
  await page.keyboard.press('/');
  await page.keyboard.type('mute #9');
  await page.keyboard.press('Enter');
  line(3, 9, 'Ada', 'after');
  line(4, 11, 'Ada', 'I am another one');
  line(5, 10, 'Bob', 'bye');
  await page.locator('#lines li', { hasText: 'bye' }).waitFor();
  assert.deepEqual(await shown(page, '#lines .text'), ['hello', 'I am another one', 'bye']);
  assert.deepEqual(asks().at(-1).ask, [5, 9, 0, 1], 'because the server keeps it too');
  const deeds = () => page.locator('.people li').allTextContents();
  await page.locator('#bar .people').click();
  assert.deepEqual(await deeds(), ['AdamutedWhisperUnmuteReport', 'AdaWhisperMuteReport', 'BobWhisperMuteReport']);
  // Whoever comes back has another number, and others may have the name.
  presence(here, 1, 2, [[12, 'Ada']], [9, 11]);
  await page.locator('.people .state', { hasText: 'one of this name was muted' }).waitFor();
  await page.locator('.people li', { hasText: 'Ada' }).getByRole('button', { name: 'Unmute Ada' }).click();
  for (const since = performance.now(); asks().at(-1).ask[1] !== 12; await page.waitForTimeout(20)) {
    assert.ok(performance.now() - since < 10_000, 'because the server is asked too');
  }
  assert.deepEqual(asks().at(-1).ask, [5, 12, 0, 0], 'because it may be the one whom the server does not let be heard');
});

recorded('a restart is counted down by the clock of the server, whatever the device has', async ({ page, news }) => {
  // The recorded server said that it is the first second of 1970.
  news(2, 6, ...varint(600));
  const seen = page.locator('#toasts li', { hasText: /^The server restarts in \d min \d+ s/ });
  await seen.waitFor();
  for (const _ of [1, 2]) {
    const said = await seen.textContent();
    await page.waitForFunction((it) => document.querySelector('#toasts li')?.textContent !== it, said);
    await seen.waitFor();
  }
});

recorded('a difference that does not fit asks for everything anew', async ({ page, asks, presence }) => {
  const subscribed = () => asks().filter(({ ask }) => ask[0] === 1).map(({ ask }) => decode(ask.slice(1)));
  await page.waitForFunction(() => document.querySelector('#bar .room b')?.textContent !== '');
  const [here] = subscribed();
  assert.match(here, /^room\/.+\/presence$/);
  const before = subscribed().length;
  presence(here, 0, 3, [[9, 'Ada']]);
  presence(here, 5, 6, [[10, 'Bob']]);
  await page.locator('#bar .people').click();
  assert.deepEqual(await shown(page, '.people .name'), ['Ada']);
  for (const since = performance.now(); subscribed().length === before; await page.waitForTimeout(20)) {
    assert.ok(performance.now() - since < 10_000, 'because a gap is asked about');
  }
  assert.equal(subscribed().at(-1), here);
  presence(here, 0, 6, [[9, 'Ada'], [10, 'Bob']]);
  await page.locator('.people li').nth(1).waitFor();
});

recorded(
  'on a phone a button opens the chat',
  async ({ page, texts, line, news }) => {
    line(1, 9, 'Ada', 'hello');
    // A restart is told of until it comes.
    news(2, 6, ...varint(3_600));
    await page.locator('#toasts li.high').waitFor();
    const ground = ['#toasts li', '#bar button', '#card', '#board', '#minimap'];
    assert.deepEqual(await crowded(page, ...ground, '#lines', '#dash'), []);
    await page.locator('#bar .chat').tap();
    assert.deepEqual(await crowded(page, ...ground, '#chat'), [], 'because a notice is not below the chat');
    await page.locator('#say-text').fill('hi there');
    const box = await page.locator('#say').boundingBox();
    assert.ok(box.x >= 0 && box.x + box.width <= 390 && box.y + box.height <= 844, `because it is all on the screen: ${JSON.stringify(box)}`);
    await picture(page, 'social-phone');
    await page.locator('#say-send').tap();
    assert.deepEqual(texts(), ['hi there']);
  },
  PHONE,
);

/** Both pages wait for what the server brings them, and so need one that has rooms and a hub. */
test('two in one room talk, see each other and hear of it', async () => {
  const server = await startServer(...SMALL);
  const [ada, bob] = await Promise.all([openPage(browser, server.url), openPage(browser, server.url)]);
  try {
    await ada.page.locator('#name').fill('Ada');
    await bob.page.locator('#name').fill('Bob');
    await play(ada.page);
    await play(bob.page);
    await ada.page.locator('#bar .people').click();
    await ada.page.locator('.people li', { hasText: 'Bob' }).waitFor();
    await ada.page.keyboard.press('Escape');
    await ada.page.keyboard.press('Enter');
    await ada.page.keyboard.type('hello <b>Bob</b>');
    await ada.page.keyboard.press('Enter');
    for (const { page } of [ada, bob]) await page.locator('#lines li', { hasText: 'hello <b>Bob</b>' }).waitFor();
    await bob.page.keyboard.press('/');
    await bob.page.keyboard.type('w Ada psst');
    await bob.page.keyboard.press('Enter');
    await ada.page.locator('#lines li.private', { hasText: 'psst' }).waitFor();
    await bob.page.reload();
    await bob.page.waitForFunction(() => window.throng !== undefined);
    await inArena(bob.page, ({ resumed }) => resumed);
    await ada.page.keyboard.press('Enter');
    await ada.page.keyboard.type('still there?');
    await ada.page.keyboard.press('Enter');
    await bob.page.locator('#lines li', { hasText: 'still there?' }).waitFor();
    await ada.page.keyboard.press('Tab');
    await ada.page.locator('.leaders li', { hasText: 'Ada' }).waitFor();
    await picture(ada.page, 'social-two');
  } finally {
    await Promise.all([ada, bob].map(({ page }) => page.context().close()));
    await server.stop();
  }
});

test('a link to a room that is not there offers any other', async () => {
  const server = await startServer(...SMALL);
  const { page } = await openPage(browser, `${server.url}/#room=NOSUCH`);
  try {
    assert.equal(await page.locator('#invited-to').textContent(), 'NOSUCH');
    await page.locator('#play').click();
    await page.locator('#link-any').click();
    await until(page, ({ phase }) => phase === 'playing');
  } finally {
    await page.context().close();
    await server.stop();
  }
});
