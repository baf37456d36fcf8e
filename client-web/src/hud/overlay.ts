/** Score, leaders, kills, readout and death: what lies over the arena while playing. */

import { type Game, ownGlider } from '../game.ts';
import { ageFeed, type FeedEntry, type Standing } from '../standing.ts';
import { ticksSince } from '../tick.ts';
import { Items, make } from '../social/dom.ts';
import type { BoardRow, ServerRow } from '../wire/codec.ts';
import { type Health, newHealth, sayKept, watchHealth } from './health.ts';
import { sayServer } from './server.ts';
import { type Page, setHidden, setText } from './page.ts';

const FEED_MS = 6_000;
const READOUT_MS = 500;

export interface Overlay {
  readonly page: Page;
  rows: readonly BoardRow[] | null;
  rank: number;
  shards: number;
  crownId: number;
  /** Kept while the own glider is down. */
  ownName: string;
  feed: readonly FeedEntry[] | null;
  readonly feedItems: Items<FeedEntry>;
  dashShare: number;
  readoutAtMs: number;
  readoutSnapshots: number;
  readonly health: Health;
}

export function newOverlay(page: Page): Overlay {
  return {
    page,
    rows: null,
    rank: -1,
    shards: -1,
    crownId: -1,
    ownName: 'You',
    feed: null,
    feedItems: new Items(page.feed, feedItem),
    dashShare: -1,
    readoutAtMs: 0,
    readoutSnapshots: 0,
    health: newHealth(),
  };
}

export function showOverlay(overlay: Overlay, game: Game, isDead: boolean, nowMs: number, server: ServerRow | null = null): void {
  const { page } = overlay;
  const { standing } = game;
  setText(page.shards, String(standing.shards));
  setText(page.rank, standing.rank > 0 ? `Rank ${standing.rank} of ${standing.players}` : '');
  setText(page.kills, standing.kills === 1 ? '1 kill' : `${standing.kills} kills`);
  setText(page.players, standing.players > 0 ? `${standing.players} playing` : '');
  overlay.ownName = ownGlider(game)?.name ?? overlay.ownName;
  showRows(overlay, standing, game.you);
  ageFeed(standing, nowMs, FEED_MS);
  showFeed(overlay, standing.feed);
  showDash(overlay, game);
  showReadout(overlay, game, nowMs, server);
  setHidden(page.death, !isDead);
  if (isDead) {
    setText(page.deathBy, standing.killedBy === '' ? '' : `by ${standing.killedBy}`);
    const dead = Math.max(0, ticksSince(game.view.tick, game.diedAt));
    const leftMs = (game.view.rules.respawnTicks - dead) * game.clock.tickMs - (nowMs - game.snapshotAtMs);
    setText(page.deathWait, leftMs > 0 ? `Back in ${(leftMs / 1000).toFixed(1)} s` : 'Back in a moment');
  }
}

function showRows(overlay: Overlay, standing: Standing, you: number): void {
  const { rows, rank, crownId, shards } = standing;
  const same =
    overlay.rows === rows && overlay.rank === rank && overlay.crownId === crownId && overlay.shards === shards;
  if (same) return;
  overlay.rows = rows;
  overlay.rank = rank;
  overlay.crownId = crownId;
  overlay.shards = shards;
  const items = rows.map((row, index) => boardItem(index + 1, row.name, row.shards, row.id === you, row.id === crownId));
  if (rank > 0 && !rows.some((row) => row.id === you)) {
    const own = boardItem(rank, overlay.ownName, shards, true, false);
    own.classList.add('apart');
    items.push(own);
  }
  overlay.page.rows.replaceChildren(...items);
}

function boardItem(place: number, name: string, shards: number, own: boolean, crowned: boolean): HTMLElement {
  const item = document.createElement('li');
  item.classList.toggle('own', own);
  item.classList.toggle('crowned', crowned);
  item.append(textIn('span', crowned ? '♛' : String(place)), textIn('span', name), textIn('span', String(shards)));
  return item;
}

function showFeed(overlay: Overlay, feed: readonly FeedEntry[]): void {
  if (overlay.feed === feed) return;
  overlay.feed = feed;
  overlay.feedItems.show(feed);
}

function feedItem(entry: FeedEntry): HTMLElement {
  const item = document.createElement('li');
  item.classList.toggle('own', entry.own);
  item.classList.toggle('crown', entry.crown);
  item.classList.toggle('notice', entry.kind === 'Notice');
  if (entry.kind === 'Notice') item.append(textIn('span', entry.text));
  else item.append(textIn('span', entry.killer), make('i', { role: 'img', 'aria-label': 'shot down' }), textIn('span', entry.victim));
  return item;
}

function showDash(overlay: Overlay, game: Game): void {
  const { dashRest } = game.prediction.body;
  const share = game.prediction.live ? 1 - dashRest / game.view.rules.dashRestTicks : 0;
  if (share === overlay.dashShare) return;
  overlay.dashShare = share;
  const { dashMeter, dash } = overlay.page;
  dashMeter.style.transform = `scaleX(${share.toFixed(3)})`;
  dashMeter.classList.toggle('ready', share === 1);
  dash.classList.toggle('resting', share < 1);
}

function showReadout(overlay: Overlay, game: Game, nowMs: number, server: ServerRow | null): void {
  const elapsed = nowMs - overlay.readoutAtMs;
  if (elapsed < READOUT_MS) return;
  const hz = ((game.snapshots - overlay.readoutSnapshots) * 1000) / elapsed;
  overlay.readoutAtMs = nowMs;
  overlay.readoutSnapshots = game.snapshots;
  const rate = hz > 0 && hz < 1000 ? hz.toFixed(0) : '0';
  const { corrections } = game.prediction;
  const { pingMs, jitterMs } = game;
  // Only a server that is heard is asked.
  if (hz > 0) void watchHealth(overlay.health, game.room, nowMs);
  const lines = [
    `${pingMs} ms ± ${jitterMs} · ${rate} Hz · ${corrections} ${corrections === 1 ? 'correction' : 'corrections'}`,
    sayKept(overlay.health.kept),
    server ? sayServer(server) : '',
  ];
  setText(overlay.page.readout, lines.filter((line) => line !== '').join('\n'));
}

function textIn(tag: string, text: string): HTMLElement {
  const element = document.createElement(tag);
  element.textContent = text;
  return element;
}
