/** What a player is told: a few on the screen, by how much they matter, and the newest of all in a list. */

import type { News, Notification, Priority } from '../wire/codec.ts';

export const SCREEN_MAX = 5;
export const KEPT_MAX = 50;

/** How long one stays on the screen. */
const STAY_MS: Readonly<Record<Priority['kind'], number>> = { Low: 4_000, Normal: 6_000, High: 12_000 };
const RANK: Readonly<Record<Priority['kind'], number>> = { Low: 0, Normal: 1, High: 2 };

export interface Notice {
  /** Ascends. */
  readonly number: number;
  readonly priority: Priority['kind'];
  readonly news: News;
  /** In seconds of Unix time. */
  readonly atS: number;
  /** When it leaves the screen, on the page's clock. */
  readonly untilMs: number;
}

export interface Notices {
  /** Oldest first; replaced, not changed. */
  screen: readonly Notice[];
  /** Newest first; replaced, not changed. */
  kept: readonly Notice[];
  unread: number;
  count: number;
}

export function newNotices(): Notices {
  return { screen: [], kept: [], unread: 0, count: 0 };
}

/** Takes one; what matters least makes room on the screen, and of those the oldest. */
export function takeNotice(notices: Notices, told: Notification, nowMs: number): Notice {
  const priority = told.priority.kind;
  const notice: Notice = {
    number: ++notices.count,
    priority,
    news: told.news,
    atS: told.atS,
    untilMs: nowMs + STAY_MS[priority],
  };
  notices.kept = [notice, ...notices.kept].slice(0, KEPT_MAX);
  notices.unread = Math.min(KEPT_MAX, notices.unread + 1);
  const screen = [...notices.screen, notice];
  if (screen.length > SCREEN_MAX) {
    const least = Math.min(...screen.map((it) => RANK[it.priority]));
    screen.splice(screen.findIndex((it) => RANK[it.priority] === least), 1);
  }
  notices.screen = screen;
  return notice;
}

/** Takes from the screen what has been there long enough. A restart stays until it comes. */
export function ageNotices(notices: Notices, nowMs: number, wallMs: number): void {
  const stays = (notice: Notice): boolean =>
    notice.news.kind === 'Restart' ? wallMs < notice.news.atS * 1_000 : nowMs < notice.untilMs;
  if (!notices.screen.every(stays)) notices.screen = notices.screen.filter(stays);
}

export function dismissNotice(notices: Notices, number: number): void {
  notices.screen = notices.screen.filter((notice) => notice.number !== number);
}

export function readNotices(notices: Notices): void {
  notices.unread = 0;
}

/** The news in words. */
export function sayNews(news: News, wallMs: number): string {
  switch (news.kind) {
    case 'Joined':
      return `${news.name} joined.`;
    case 'Left':
      return `${news.name} left.`;
    case 'KilledBy':
      return news.name === '' ? 'You were shot down.' : `${news.name} shot you down.`;
    case 'TookCrown':
      return 'You wear the crown.';
    case 'LostCrown':
      return news.name === '' ? 'You lost the crown.' : `${news.name} took the crown from you.`;
    case 'PersonalBest':
      return `Your best so far: ${news.score} ${news.score === 1 ? 'shard' : 'shards'} at once.`;
    case 'Restart':
      return sayRestart(news.atS, wallMs);
    case 'Operator':
      return news.text;
    case 'Reported':
      return `${news.by} reported ${news.name} (#${news.who} in ${news.room})${news.text === '' ? '.' : `: ${news.text}`}`;
    case 'Storage':
      return news.works ? 'Scores are kept again.' : 'Scores cannot be kept just now; the game goes on.';
  }
}

/** The same for a list, in which nothing counts down. */
export function sayKept(news: News): string {
  if (news.kind !== 'Restart') return sayNews(news, 0);
  const time = new Date(news.atS * 1_000).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
  return `The server restarts at ${time}.`;
}

function sayRestart(atS: number, wallMs: number): string {
  const left = Math.ceil(atS - wallMs / 1_000);
  if (left <= 0) return 'The server restarts now. You come back by yourself.';
  const minutes = Math.floor(left / 60);
  const time = minutes > 0 ? `${minutes} min ${left % 60} s` : `${left} s`;
  return `The server restarts in ${time}. You come back by yourself.`;
}
