import { expect, test } from 'vitest';
import { newLines, takeLine } from '../src/social/lines.ts';
import { newMutes } from '../src/social/mutes.ts';
import { newNotices, takeNotice } from '../src/social/notices.ts';
import { readTold, writeTold } from '../src/social/told.ts';
import type { Line } from '../src/wire/codec.ts';

const LINE: Line = { number: 3, who: 9, name: 'Ada', operator: false, to: { kind: 'Room' }, text: 'hello', atS: 7 };

test('lines and notices are there after a reload, and are not told as new', () => {
  const [lines, notices] = [newLines(), newNotices()];
  lines.room = 'main';
  takeLine(lines, LINE, 5);
  takeNotice(notices, { priority: { kind: 'Low' }, news: { kind: 'Joined', name: 'Bob' }, atS: 7 }, 5);
  const [again, later, deaf] = [newLines(), newNotices(), newMutes()];
  const mutes = { here: [{ who: 4, name: 'Eve' }], names: [] };
  expect(readTold(writeTold(lines, notices, mutes), again, later, deaf)).toBe(true);
  expect(deaf, 'who is muted in the room stays so').toEqual(mutes);
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
    expect(readTold(text, lines, newNotices(), newMutes())).toBe(false);
    expect(lines).toEqual(newLines());
  }
});
