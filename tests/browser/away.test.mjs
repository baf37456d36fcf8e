/** What a person sees whose connection is lost, and what is still theirs when it is back. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { crowded, glide, inArena, openPage, picture, play, playRecorded, startBrowser, startServer, startVia, state, text, until, varint } from './harness.mjs';
import { colours, decodePng } from './png.mjs';
import { startProxy } from './proxy.mjs';

const EDGE = 40;
const EMPTY = ['--listen', '127.0.0.1:0', '--arena', String(EDGE), '--house-bots', '0'];
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };

let browser;
before(async () => {
  browser = await startBrowser();
});
after(() => browser?.close());

/** A test with a server, a breakable way to it, and a page. */
function scenario(name, body, options) {
  test(name, async () => {
    const server = await startServer(...EMPTY);
    const proxy = await startProxy(server.address);
    const opened = await openPage(browser, proxy.url, options);
    try {
      await body({ server, proxy, ...opened });
    } finally {
      await opened.page.context().close();
      await proxy.stop();
      await server.stop();
    }
  });
}

/** What the session that went on has in common with the one before, if the server says that it went on. */
function assertSame(before, now) {
  assert.equal(now.desyncs, 0, 'because what the page holds is what the server holds');
  assert.ok(now.resumed, 'because the server keeps sessions');
  assert.equal(now.you, before.you, 'because a resumed session has its glider');
  // A glider that drifts may gather on its way.
  assert.ok(now.shards >= before.shards && now.kills >= before.kills, 'because a resumed session has its score');
  assert.ok(now.received >= before.received, `because events go on: ${before.received}, ${now.received}`);
}

/** Waits until the page plays again, with its n-th Welcome. */
function back(page, welcomes) {
  return inArena(page, (now) => now.welcomes === welcomes);
}

scenario('a cut connection is made again by itself', async ({ page, proxy, complaints }) => {
  await play(page);
  const before = await glide(page, 4, EDGE);
  for (const welcomes of [2, 3]) {
    proxy.cut();
    const now = await back(page, welcomes);
    assertSame(before, now);
    assert.ok(await page.locator('#link').isHidden(), 'because there is nothing to say any more');
  }
  await glide(page, 4, EDGE);
  assert.deepEqual(complaints, [], 'because a cut is nothing to complain about');
});

scenario('away, the page says why and when, and tries at once when asked to', async ({ page, proxy }) => {
  const before = await play(page);
  proxy.close();
  // Waits grow, so that one of them can be read.
  await until(page, (now) => now.phase === 'reconnecting' && now.retryInMs > 1_200);
  assert.equal(await page.locator('#link-why').textContent(), 'The server cannot be reached.');
  assert.match(await page.locator('#link-when').textContent(), /^(Next try in \d s|Reconnecting now)$/);
  assertDrawn(decodePng(await picture(page, 'away')));
  const far = await until(page, (now) => now.phase === 'reconnecting' && now.retryInMs > 2_000);
  proxy.open();
  await page.locator('#link-button').click();
  const now = await until(page, (now) => now.welcomes === 2 || now.retryInMs < far.retryInMs - 1_000);
  assert.ok(now.retryInMs < 1_000, `because a wish is granted within a second: ${now.retryInMs}`);
  assertSame(before, await back(page, 2));
});

scenario('what is said of the connection is not below a list', async ({ page, proxy }) => {
  await play(page);
  await page.locator('#bar .people').click();
  proxy.close();
  await until(page, ({ phase }) => phase === 'reconnecting');
  await page.locator('#social.cut').waitFor({ state: 'attached' });
  for (const width of [1280, 1222, 1221, 900, 700]) {
    await page.setViewportSize({ width, height: 720 });
    assert.deepEqual(await crowded(page, '#link-panel', '#drawer'), [], `because all of it is to be read, ${width} wide`);
  }
  await page.setViewportSize({ width: 1280, height: 720 });
  assert.ok(await page.locator('#drawer').isVisible(), 'because there is a place for both');
});

scenario('an offline page says so, and comes back with the network', async ({ page, proxy }) => {
  await play(page);
  await page.context().setOffline(true);
  proxy.close();
  await until(page, (now) => now.phase === 'reconnecting' && now.retryInMs > 1_000);
  assert.equal(await page.locator('#link-why').textContent(), 'Your device is offline.');
  proxy.open();
  await page.context().setOffline(false);
  await back(page, 2);
});

scenario('a link that says nothing is given up', async ({ page, proxy }) => {
  const before = await play(page);
  assert.ok(await page.locator('#quiet').isHidden());
  await page.evaluate(() => {
    window.said = [];
    const note = document.getElementById('quiet');
    new MutationObserver(() => note.hidden || window.said.push([note.textContent, document.getElementById('link').hidden])).observe(note, { attributes: true });
  });
  proxy.freeze();
  const lost = await until(page, (now) => now.phase === 'reconnecting');
  assert.deepEqual(await page.evaluate(() => window.said), [['Nothing is heard from the server.', true]], 'because that is said before the link is given up');
  assert.equal(lost.code, 4009, 'because ten seconds of silence are the end of a link');
  assertSame(before, await back(page, 2));
  assert.ok(await page.locator('#quiet').isHidden(), 'because the server is heard again');
});

scenario('over a link that is late and breaks again and again, it is the same game', async ({ page, server, complaints }) => {
  const via = await startVia(server.address, 'latency=40±20,cut=1/5s');
  try {
    await page.goto(via.url);
    await page.waitForFunction(() => window.throng !== undefined);
    const before = await play(page);
    for (const welcomes of [2, 3]) assertSame(before, await inArena(page, (now) => now.welcomes >= welcomes));
    assert.deepEqual(complaints, [], 'because a bad link is nothing to complain about');
  } finally {
    await page.goto('about:blank');
    await via.stop();
  }
});

scenario('a reload goes on with the session, and a goodbye ends it', async ({ page }) => {
  await play(page);
  const before = await glide(page, 4, EDGE);
  await page.reload();
  await page.waitForFunction(() => window.throng !== undefined);
  const now = await back(page, 1);
  assertSame(before, now);
  await page.keyboard.press('Escape');
  await until(page, (now) => now.phase === 'menu');
  await page.reload();
  await page.waitForFunction(() => window.throng !== undefined);
  await until(page, (now) => now.phase === 'menu');
  assert.ok(await page.locator('#menu').isVisible(), 'because whoever left is asked again');
});

scenario('of two tabs with one session the newer one plays', async ({ page, proxy }) => {
  const before = await play(page);
  const stored = await page.evaluate(() => JSON.stringify(Object.entries(sessionStorage)));
  const second = await page.context().newPage();
  await second.addInitScript((entries) => {
    for (const [key, value] of JSON.parse(entries)) sessionStorage.setItem(key, value);
  }, stored);
  await second.goto(proxy.url);
  await second.waitForFunction(() => window.throng !== undefined);
  const now = await back(second, 1);
  assertSame(before, now);
  assert.ok(now.resumed, 'because the server keeps sessions');
  await second.locator('#bar .chat').click();
  await second.locator('#say-text').fill('said elsewhere');
  await second.locator('#say-text').press('Enter');
  const line = (it) => it.locator('#lines li', { hasText: 'said elsewhere' });
  await line(second).waitFor({ state: 'attached' });
  await page.bringToFront();
  assert.equal((await until(page, ({ phase }) => phase === 'closed')).code, 4011);
  assert.equal(await page.locator('#link-button').textContent(), 'Play here');
  await picture(page, 'replaced');
  await page.locator('#link-button').click();
  assertSame(now, await back(page, 2));
  await line(page).waitFor({ state: 'attached' });
  await second.bringToFront();
  assert.equal((await until(second, ({ phase }) => phase === 'closed')).code, 4011, 'because it is one session');
});

scenario('whoever goes back to the start while the other tab is asked for the session stays there', async ({ page }) => {
  await playRecorded(page).then(({ close }) => close({ code: 4011, reason: 'replaced' }));
  await until(page, ({ phase }) => phase === 'closed');
  await page.unrouteAll();
  assert.equal(await page.locator('#link-button').textContent(), 'Play here');
  const said = await page.evaluate(async () => {
    const button = document.getElementById('link-button');
    button.click();
    for (const _ of [1, 2]) await new Promise(requestAnimationFrame);
    document.getElementById('link-leave').click();
    return button.textContent;
  });
  assert.equal(said, 'One moment …', 'because a press that shows nothing is pressed again');
  await until(page, ({ phase }) => phase === 'menu');
  // No tab answers, for which the page waits two seconds.
  await page.waitForTimeout(2_500);
  assert.equal((await state(page)).phase, 'menu', 'because nobody asked to play');
});

/** What each terminal code says and offers. */
const TERMINAL = [
  [4001, /do not understand each other/, 'Load anew'],
  [4003, /lets in only who brings a ticket/, 'Back to start'],
  [4004, /ticket to this arena was refused/, 'Back to start'],
  [4010, /removed/, 'Back to start'],
  [4011, /another window/, 'Play here'],
  [4012, /older or newer/, 'Load anew'],
];

scenario('after a terminal code the page stays away and says what to do', async ({ page }) => {
  let attempts = 0;
  let code = 0;
  await page.routeWebSocket(/\/ws$/, (socket) => {
    attempts++;
    socket.onMessage(() => socket.close({ code, reason: 'because' }));
  });
  await page.reload();
  await page.waitForFunction(() => window.throng !== undefined);
  for (const [number, why, deed] of TERMINAL) {
    [code, attempts] = [number, 0];
    await page.locator('#play').click();
    const now = await until(page, ({ phase }) => phase === 'closed');
    assert.equal(now.code, number);
    assert.match(await page.locator('#link-why').textContent(), why);
    assert.notEqual(await page.locator('#link-when').textContent(), '', 'because a player can do something');
    assert.equal(await page.locator('#link-button').textContent(), deed);
    await picture(page, `closed-${number}`);
    await page.evaluate(() => window.dispatchEvent(new Event('online')));
    assert.equal((await state(page)).retryInMs, -1, 'because nothing is planned');
    assert.equal(attempts, 1, `because ${number} is the end`);
    await page.keyboard.press('Escape');
    await until(page, ({ phase }) => phase === 'menu');
  }
});

scenario('what the server asks for is waited for', async ({ page }) => {
  let attempts = 0;
  await page.routeWebSocket(/\/ws$/, (socket) => {
    attempts++;
    socket.onMessage(() => socket.close({ code: 1013, reason: 'the room is full; retry_after_ms=30000' }));
  });
  await page.reload();
  await page.waitForFunction(() => window.throng !== undefined);
  await page.keyboard.press('Enter');
  const now = await until(page, ({ phase }) => phase === 'reconnecting');
  assert.ok(now.retryInMs > 20_000, `because the server asked for thirty seconds: ${now.retryInMs}`);
  assert.equal(await page.locator('#link-why').textContent(), 'The arena is full.');
  await picture(page, 'full');
  await page.evaluate(() => window.dispatchEvent(new Event('online')));
  assert.equal(attempts, 1, 'because a hint does not outdo the server');
  await page.locator('#link-button').click();
  await until(page, () => attempts === 2);
});

scenario('before a restart there is a notice, and then its sentence', async ({ page }) => {
  const server = await playRecorded(page);
  const said = 'The server restarts in a moment; you will be back where you are.';
  server.say(3, 1, 5, ...text(said));
  await page.waitForFunction((notice) => document.querySelector('#feed li.notice')?.textContent === notice, said);
  await picture(page, 'notice');
  // Goodbye, and the close frame behind it.
  server.say(4, ...varint(1012), ...text('the server restarts'), ...varint(4_000));
  await server.close({ code: 1012, reason: 'the server restarts; retry_after_ms=4000' });
  const now = await until(page, ({ phase }) => phase === 'reconnecting');
  assert.ok(now.retryInMs > 2_000 && now.retryInMs <= 4_250, `because the server said when: ${now.retryInMs}`);
  assert.equal(await page.locator('#link-why').textContent(), 'The server is restarting.');
  await picture(page, 'restarting');
});

scenario('whose connection is lost is faded, with a mark, and keeps the name', async ({ page }) => {
  const server = await playRecorded(page);
  const before = await until(page, ({ others }) => others > 0);
  assert.equal(before.linkDead, 0);
  const link = (dead) => [5, 0, 1, 0, 16, ...Array.from({ length: 16 }, (_, id) => [13, id, 0, dead ? 1 : 0]).flat()];
  // Others are shown two intervals behind.
  const ticks = async (dead) => {
    for (let n = 0; n < 12; n++) {
      server.say(...(n === 0 ? link(dead) : [5, 0, 0]));
      await state(page);
    }
  };
  await ticks(true);
  const now = await until(page, ({ linkDead }) => linkDead > 0);
  assert.deepEqual(now.names, before.names, 'because whoever is away is still somebody');
  await picture(page, 'link-dead');
  await ticks(false);
  await until(page, ({ linkDead }) => linkDead === 0);
});

scenario('a ticket is sent once and seen nowhere', async ({ page, proxy, server }) => {
  const given = await fetch(`${server.url}/api/ticket`, { method: 'POST', body: JSON.stringify({ name: 'Tilda', room: 'arena' }) });
  assert.equal(given.status, 200);
  const { ticket } = await given.json();
  const hellos = [];
  page.on('websocket', (socket) => {
    socket.on('framesent', ({ payload }) => {
      if (payload[0] === 1) hellos.push(payload.toString('latin1'));
    });
  });
  await page.goto('about:blank');
  await page.goto(`${proxy.url}/#ticket=${ticket}`);
  await page.waitForFunction(() => window.throng !== undefined);
  assert.equal(page.url(), `${proxy.url}/`, 'because an address bar is looked at');
  const before = await inArena(page, ({ names }) => names.includes('Tilda'));
  // A server that is busy takes nobody in, and is asked again with the ticket that it did not take.
  const asked = hellos.length;
  assert.ok(asked > 0 && hellos.every((hello) => hello.includes(ticket)), 'because it is what lets the page in');
  const seen = await page.evaluate(() =>
    [document.documentElement.outerHTML, ...Object.values({ ...localStorage }), ...Object.values({ ...sessionStorage }), document.cookie].join(' '),
  );
  assert.ok(!seen.includes(ticket), 'because a ticket is nobody’s business');
  // A round trip is known once the server has heard of the page after its Welcome.
  await until(page, ({ pingMs }) => pingMs > 0);
  proxy.cut();
  assertSame(before, await back(page, before.welcomes + 1));
  const again = hellos.slice(asked);
  assert.ok(again.length > 0 && !again.some((hello) => hello.includes(ticket)), 'because a ticket is good once');
  const { page: thief } = await openPage(browser, `${proxy.url}/#ticket=${ticket}`);
  try {
    assert.equal((await until(thief, ({ phase }) => phase === 'closed')).code, 4004, 'because a ticket is good once, whoever has it');
  } finally {
    await thief.context().close();
  }
});

scenario(
  'on a phone the overlay fits',
  async ({ page, proxy }) => {
    await page.locator('#play').tap();
    await inArena(page, () => true);
    proxy.close();
    await until(page, (now) => now.phase === 'reconnecting' && now.retryInMs > 1_500);
    await picture(page, 'away-phone');
    const box = await page.locator('#link-panel').boundingBox();
    assert.ok(box.x >= 0 && box.x + box.width <= 390, `because all of it is to be read: ${JSON.stringify(box)}`);
    await page.locator('#link-leave').tap();
    await until(page, ({ phase }) => phase === 'menu');
  },
  PHONE,
);

/** Behind the overlay there still is an arena. */
function assertDrawn(image) {
  const corner = { x: 0, y: image.height >> 1, width: image.width >> 2, height: image.height >> 1 };
  assert.ok(colours(image, corner).size > 4, 'because the arena stays visible');
}
