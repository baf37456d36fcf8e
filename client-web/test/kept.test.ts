import { expect, test } from 'vitest';
import { type Kept, readKept, writeKept } from '../src/session/kept.ts';
import { ticketIn } from '../src/session/ticket.ts';
import { newStanding, takeEvent } from '../src/standing.ts';

function kept(): Kept {
  const standing = newStanding();
  takeEvent(standing, 7, { kind: 'Score', shards: 12, kills: 3 }, 5_000);
  takeEvent(standing, 7, { kind: 'Board', rows: [{ id: 7, name: '__proto__', shards: 12 }], players: 2, rank: 1 }, 5_000);
  takeEvent(standing, 7, { kind: 'Notice', text: 'soon' }, 5_000);
  return { name: 'Ada', look: 3, room: 'CODE77', watch: true, resume: { secret: new Uint8Array(16).fill(200), received: 9, called: 2, sessionMs: 90_000 }, standing };
}

test('a session comes back as it was, on another clock', () => {
  const text = writeKept(kept(), 1_000_000, 6_000);
  const back = readKept(text, 1_002_000, 100);
  const feed = [{ ...kept().standing.feed[0]!, atMs: -900 }];
  expect(back).toEqual({ ...kept(), standing: { ...kept().standing, feed } });
});

test('a session that is older than its server keeps it is forgotten', () => {
  const text = writeKept(kept(), 1_000_000, 0);
  expect(readKept(text, 1_089_999, 0)).not.toBeNull();
  expect(readKept(text, 1_090_000, 0)).toBeNull();
  expect(readKept(text, 999_999, 0), 'because nothing is kept in the future').toBeNull();
});

test('what nobody kept is nothing', () => {
  for (const text of [null, '', 'null', '1', '[]', '{}', '{"wallMs":0}', 'x'.repeat(100)]) expect(readKept(text, 0, 0)).toBeNull();
  const whole = JSON.parse(writeKept(kept(), 0, 0)) as Record<string, unknown>;
  for (const key of Object.keys(whole)) {
    for (const value of [null, undefined, -1, 'x', [], {}, [1, 2], { a: 1 }, Number.MAX_VALUE]) {
      if (((key === 'name' || key === 'room') && value === 'x') || (key === 'wallMs' && value === -1)) continue;
      expect(readKept(JSON.stringify({ ...whole, [key]: value }), 0, 0), `${key}: ${JSON.stringify(value)}`).toBeNull();
    }
  }
  const standing = whole['standing'] as Record<string, unknown>;
  for (const key of Object.keys(standing)) {
    const text = JSON.stringify({ ...whole, standing: { ...standing, [key]: { not: 'it' } } });
    expect(readKept(text, 0, 0), key).toBeNull();
  }
});

test('a ticket is read from the fragment, and nothing else is', () => {
  expect(ticketIn('#ticket=v1.abc-_.def')).toBe('v1.abc-_.def');
  expect(ticketIn('#a=1&ticket=x.y')).toBe('x.y');
  expect(ticketIn('')).toBe('');
  expect(ticketIn('#ticket')).toBe('');
  expect(ticketIn('#token=x')).toBe('');
  expect(ticketIn('#ticket=%00%0a'), 'because a ticket is printable').toBe('');
  expect(ticketIn(`#ticket=${'x'.repeat(769)}`), 'because a server takes none so long').toBe('');
});
