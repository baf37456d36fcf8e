import { expect, test } from 'vitest';
import { ageNotices, dismissNotice, KEPT_MAX, newNotices, type Notices, readNotices, sayNews, SCREEN_MAX, takeNotice } from '../src/social/notices.ts';
import type { News, Priority } from '../src/wire/codec.ts';

function tell(notices: Notices, priority: Priority['kind'], news: News, nowMs: number): void {
  takeNotice(notices, { priority: { kind: priority }, atS: 1_000, news }, nowMs);
}

function joined(name: string): News {
  return { kind: 'Joined', name };
}

function names(notices: Notices): string[] {
  return notices.screen.map(({ news }) => ('name' in news ? news.name : news.kind));
}

test('at most five are on the screen, and what matters least makes room', () => {
  const notices = newNotices();
  tell(notices, 'Low', joined('a'), 0);
  tell(notices, 'High', { kind: 'TookCrown' }, 0);
  for (const name of ['b', 'c', 'd']) tell(notices, 'Normal', joined(name), 0);
  expect(names(notices)).toEqual(['a', 'TookCrown', 'b', 'c', 'd']);
  tell(notices, 'Normal', joined('e'), 0);
  expect(names(notices)).toEqual(['TookCrown', 'b', 'c', 'd', 'e']);
  tell(notices, 'Normal', joined('f'), 0);
  expect(names(notices)).toEqual(['TookCrown', 'c', 'd', 'e', 'f']);
  tell(notices, 'Low', joined('g'), 0);
  expect(names(notices), 'the newest is what matters least').toEqual(['TookCrown', 'c', 'd', 'e', 'f']);
  expect(notices.screen.length).toBe(SCREEN_MAX);
  expect(notices.kept[0]?.news, 'but it is in the list').toEqual(joined('g'));
});

test('what matters most stays longest', () => {
  const notices = newNotices();
  tell(notices, 'Low', joined('low'), 0);
  tell(notices, 'Normal', joined('normal'), 0);
  tell(notices, 'High', joined('high'), 0);
  ageNotices(notices, 3_999, 0);
  expect(names(notices)).toEqual(['low', 'normal', 'high']);
  ageNotices(notices, 4_000, 0);
  expect(names(notices)).toEqual(['normal', 'high']);
  ageNotices(notices, 6_000, 0);
  expect(names(notices)).toEqual(['high']);
  ageNotices(notices, 12_000, 0);
  expect(names(notices)).toEqual([]);
});

test('a restart is counted down until it comes', () => {
  const notices = newNotices();
  const news: News = { kind: 'Restart', atS: 2_000 };
  tell(notices, 'High', news, 0);
  ageNotices(notices, 60_000, 1_950_000);
  expect(names(notices)).toEqual(['Restart']);
  expect(sayNews(news, 1_935_500)).toContain('in 1 min 5 s');
  expect(sayNews(news, 1_990_000)).toContain('in 10 s');
  expect(sayNews(news, 2_000_000)).toContain('restarts now');
  ageNotices(notices, 110_000, 2_000_000);
  expect(names(notices)).toEqual([]);
});

test('the newest fifty are kept, newest first, and counted until they are read', () => {
  const notices = newNotices();
  for (let i = 0; i < KEPT_MAX + 10; i++) tell(notices, 'Low', joined(String(i)), 0);
  expect(notices.kept.length).toBe(KEPT_MAX);
  expect(notices.kept[0]?.news).toEqual(joined(String(KEPT_MAX + 9)));
  expect(notices.unread).toBe(KEPT_MAX);
  readNotices(notices);
  expect(notices.unread).toBe(0);
});

test('what is put away is in the list still', () => {
  const notices = newNotices();
  tell(notices, 'Normal', joined('a'), 0);
  dismissNotice(notices, notices.screen[0]!.number);
  expect(notices.screen).toEqual([]);
  expect(notices.kept.length).toBe(1);
});

test('every kind of news is a sentence', () => {
  const all: readonly News[] = [
    joined('Ada'),
    { kind: 'Left', name: 'Ada' },
    { kind: 'KilledBy', name: 'Ada' },
    { kind: 'TookCrown' },
    { kind: 'LostCrown', name: 'Ada' },
    { kind: 'PersonalBest', score: 1 },
    { kind: 'Restart', atS: 9 },
    { kind: 'Operator', text: 'Be kind.' },
    { kind: 'Reported', room: 'arena', who: 3, name: 'Ada', by: 'Bob', text: 'spam.' },
    { kind: 'Storage', works: false },
    { kind: 'Storage', works: true },
  ];
  for (const news of all) expect(sayNews(news, 0)).toMatch(/^[A-Z].*\.$/);
});
