import { expect, test } from 'vitest';
import { newLines, takeLine } from '../src/social/lines.ts';
import { newNotices, takeNotice } from '../src/social/notices.ts';
import { readTold, writeTold } from '../src/social/told.ts';
import type { Line } from '../src/wire/codec.ts';

const LINE: Line = { number: 3, who: 9, name: 'Ada', operator: false, to: { kind: 'Room' }, text: 'hello', atS: 7 };

test('lines and notices are there after a reload, and are not told as new', () => {
  const [lines, notices] = [newLines(), newNotices()];
  lines.room = 'main';
  takeLine(lines, LINE, 5);
  takeNotice(notices, { priority: { kind: 'Low' }, news: { kind: 'Joined', name: 'Bob' }, atS: 7 }, 5);
  const [again, later] = [newLines(), newNotices()];
  expect(readTold(writeTold(lines, notices), again, later)).toBe(true);
  expect(again.room).toBe('main');
  expect(again.heard.map(({ line }) => line)).toEqual([LINE]);
  expect(takeLine(again, LINE, 1), 'a line that is told again is known').toBe(false);
  expect(later.kept).toEqual(notices.kept);
  expect(later.unread).toBe(1);
  expect(later.screen).toEqual([]);
});

test('what nobody wrote is not read', () => {
  for (const text of [null, '', '[]', '7', '{"heard":[],"kept":[]}', '{"schema":1,"heard":[],"kept":[]}']) {
    const lines = newLines();
    expect(readTold(text, lines, newNotices())).toBe(false);
    expect(lines).toEqual(newLines());
  }
});
