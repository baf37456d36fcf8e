/** Names that mean harm, in a real browser: wherever a name is shown, it is text and nothing else. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';

import { inArena, openPage, picture, play, playRecorded, startBrowser, startServer, state, text, until, varint } from './harness.mjs';

const SMALL = ['--listen', '127.0.0.1:0', '--arena', '16', '--house-bots', '0'];
/** All of them pass the server's rule of names; `p` is a function of the page that complains. */
const HOSTILE = [
  '<script>p()',
  '</script><b>x',
  '<img src=x o=1>',
  '<svg/onload=p()>',
  '<b>Ada</b>',
  '<a href=//x>y',
  '&lt;b&gt;',
  '&#60;i&#62;',
  '"onclick="p()',
  "' onfocus='p()",
  '"><i id=x>',
  '`${p()}`',
  '{{7*7}}',
  '${7*7}',
  '<%= 7*7 %>',
  '#{7*7}',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'null',
  'undefined',
  'NaN',
  "'; DROP TABLE x",
  '../../etc/passwd',
  'javascript:p()',
  '%00%0a%0d',
  '\\u003cb\\u003e',
  '--><!--',
  ']]><x>',
  'مرحبا بالعالم',
  'שלום <b>',
  `Z${'\u0335\u0321\u0353\u034e\u0310'.repeat(3)}`,
  '👩🏽👨🏿🧑🏻🧒🏾',
  '🏳️🌈⚧️',
  'ﷲﷲﷲ',
  '＜ｉ＞ｘ＜／ｉ＞',
  '👨\u200D👩\u200D👧',
  '﷽﷽﷽﷽',
].map((name) => name.normalize('NFKC'));
/** What the rule keeps out: text that turns, hides or joins what is around it. */
const REFUSED = [
  'a\u202Eb', 'a\u200Bb', '\u2066x', '\uFEFFx\uFEFFy', 'a\u0007b', 'a\u3164\u3164b', '\u2800', 'a\u200Db', '👨\u200D',
];
/** And what is longer than it looks. */
const TOO_LONG = ['ﷺ', 'ﷺ'.repeat(16), `Z${'\u0335'.repeat(32)}`, '12345678901234567'];

let browser;
before(async () => {
  browser = await startBrowser();
});
after(() => browser?.close());

/** A test with a server and a page in which whatever a name may run complains. */
function scenario(name, body) {
  test(name, async () => {
    const server = await startServer(...SMALL);
    const opened = await openPage(browser, server.url);
    try {
      await opened.page.evaluate(() => {
        window.p = () => console.error('a name was run');
      });
      await body({ server, ...opened });
      assert.deepEqual(opened.complaints, [], 'because a name is nothing to complain about');
    } finally {
      await opened.page.context().close();
      await server.stop();
    }
  });
}

/** How many elements of each kind the page has outside the lists of names, and what the lists are made of. */
function elements(page) {
  return page.evaluate(() => {
    const lists = [...document.querySelectorAll('#rows, #feed, [data-told]')];
    const counts = {};
    for (const element of document.querySelectorAll('*')) {
      if (lists.some((list) => list !== element && list.contains(element))) continue;
      counts[element.tagName] = (counts[element.tagName] ?? 0) + 1;
    }
    const inside = lists.flatMap((list) => [...list.querySelectorAll('*')]);
    const odd = inside.filter((element) => !['LI', 'SPAN', 'I', 'BUTTON'].includes(element.tagName) || element.id !== '');
    return { counts, odd: odd.map((element) => element.outerHTML), polluted: Object.keys(Object.prototype) };
  });
}

function assertPlain(now, then) {
  assert.deepEqual(now.odd, [], 'because lists are made of items and text');
  assert.deepEqual(now.counts, then.counts, 'because a name makes no element');
  assert.deepEqual(now.polluted, [], 'because a name is no property of everything');
}

const groups = (size) => Array.from({ length: Math.ceil(HOSTILE.length / size) }, (_, n) => HOSTILE.slice(n * size, (n + 1) * size));

function hello(name) {
  const codec = readFileSync(new URL('../../client-web/src/wire/codec.ts', import.meta.url), 'utf8');
  const schema = Number(/SCHEMA_HASH = (0x[0-9a-f_]+)/.exec(codec)[1].replaceAll('_', ''));
  const version = Number(/PROTOCOL_VERSION = (\d+)/.exec(codec)[1]);
  const hash = [252, schema & 255, (schema >> 8) & 255, (schema >> 16) & 255, schema >>> 24];
  return [1, ...varint(version), ...hash, ...text(name), 3, ...text(''), 0, 0, ...text(''), 0];
}

scenario('names of others are text on the board and on the floor', async ({ server, page }) => {
  assert.ok(HOSTILE.length >= 30, 'because thirty are promised');
  await page.locator('#name').fill(HOSTILE[0]);
  await play(page);
  const then = await elements(page);
  const company = await openPage(browser, server.url);
  const flown = new Set();
  for (const names of groups(9)) {
    await company.page.evaluate(enter, names.map(hello));
    await page.waitForFunction((wanted) => {
      const shown = [...document.querySelectorAll('#rows > li > :nth-child(2)')].map((span) => span.textContent);
      return shown.length === wanted.length && wanted.every((name) => shown.includes(name));
    }, [...names, HOSTILE[0]]);
    const now = await until(page, ({ others }) => others > 0);
    for (const name of now.names) {
      assert.ok(name === HOSTILE[0] || names.includes(name), `because nobody is called ${name}`);
      flown.add(name);
    }
    assertPlain(await elements(page), then);
    await picture(page, `names-${HOSTILE.indexOf(names[0])}`);
    await company.page.evaluate(leave);
    await until(page, ({ others }) => others === 0);
  }
  assert.ok(flown.size > 10, `because names are drawn below gliders: ${[...flown]}`);
  await company.page.context().close();
});

/** Runs in a page: a socket for each Hello, whose pings are answered. A busy server is asked again. */
async function enter(hellos) {
  const url = `${location.origin.replace('http', 'ws')}/ws`;
  const join = (bytes) =>
    new Promise((resolve, reject) => {
      const socket = new WebSocket(url);
      socket.binaryType = 'arraybuffer';
      socket.onopen = () => socket.send(Uint8Array.from(bytes));
      socket.onclose = ({ code, reason }) => {
        if (code === 1013) setTimeout(() => join(bytes).then(resolve, reject), 300);
        else reject(new Error(`${code} ${reason}`));
      };
      socket.onmessage = ({ data }) => {
        const said = new Uint8Array(data);
        if (said[0] === 1) resolve(socket);
        if (said[0] === 2) socket.send(Uint8Array.of(2, ...said.subarray(1, said[1] < 251 ? 2 : 4), 0));
      };
    });
  window.company = await Promise.all(hellos.map(join));
}

/** Says Bye on each of them. */
function leave() {
  for (const socket of window.company) {
    socket.onclose = null;
    socket.send(Uint8Array.of(4));
  }
}

scenario('names are text in whatever a server may say', async ({ page }) => {
  const server = await playRecorded(page);
  const then = await elements(page);
  let number = 0;
  const say = (...event) => server.say(3, ...varint(++number), ...event);
  for (const name of HOSTILE) {
    say(4, 9, 0, ...text(name), 8, 0, ...text(name), 1);
    say(2, 9, 0, ...text(name));
    say(1, 1, 9, 0, ...text(name), 5, 1, 1);
    say(5, ...text(name));
    await page.waitForFunction((wanted) => {
      const items = [...document.querySelectorAll('#feed li')].map((item) => [...item.children].map((part) => part.textContent));
      const board = document.querySelector('#rows li :nth-child(2)')?.textContent;
      return JSON.stringify([...items.slice(-2), board]) === wanted;
    }, JSON.stringify([[name, '', name], [name], name]));
  }
  assertPlain(await elements(page), then);
});

scenario('an own name is text too, and stays one over a reload', async ({ page }) => {
  for (const name of ['<img src=x o=1>', '__proto__', '"><i id=x>']) {
    await page.locator('#name').fill(name);
    const then = await elements(page);
    await play(page);
    await page.reload();
    await page.waitForFunction(() => window.throng !== undefined);
    await inArena(page, (now) => now.names.includes(name));
    await page.keyboard.press('Escape');
    await until(page, (now) => now.phase === 'menu');
    assert.equal(await page.locator('#name').inputValue(), name, 'because it is remembered as it was typed');
    assertPlain(await elements(page), then);
  }
});

scenario('names that turn, hide or join text, or are too long, are refused with a sentence', async ({ page }) => {
  const hidden = 'A name has no control, direction or hidden characters.';
  const long = 'A name has at most 16 characters and 64 bytes.';
  for (const [names, sentence] of [[REFUSED, hidden], [TOO_LONG, long]]) {
    for (const name of names) {
      await page.locator('#name').fill(name);
      await page.locator('#play').click();
      assert.equal(await page.locator('#name-fault').textContent(), sentence, JSON.stringify(name));
      assert.equal((await state(page)).phase, 'menu', 'because that is no name');
    }
  }
});
