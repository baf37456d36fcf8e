import { expect, test } from 'vitest';
import { type Command, nameInCommand, parseCommand } from '../src/social/command.ts';
import { charsLeft, sayLeft } from '../src/social/count.ts';
import type { PresenceRow } from '../src/wire/codec.ts';

const people = new Map(
  [
    [1, 'Ada'],
    [2, 'Swift Fox'],
    [3, 'Swift'],
    [4, 'Twin'],
    [5, 'twin'],
    [6, '<img src=x>'],
    [7, 'Ｆｕｌｌ'],
  ].map(([who, name]): [number, PresenceRow] => [who as number, { who: who as number, name: name as string, linkDead: false, spectator: false }]),
);

function asked(typed: string): unknown {
  const command = parseCommand(typed, people);
  return command.kind === 'Ask' ? command.ask : command;
}

function fault(typed: string): string {
  const command: Command = parseCommand(typed, people);
  return command.kind === 'Fault' ? command.text : `no fault but ${command.kind}`;
}

test('plain text is said to the room, without the spaces around it', () => {
  expect(asked('  hello you  ')).toEqual({ kind: 'Say', to: { kind: 'Room' }, text: 'hello you' });
  expect(parseCommand('   ', people)).toEqual({ kind: 'Nothing' });
});

test('a whisper goes to the longest name that fits', () => {
  expect(asked('/w Swift Fox behind you')).toEqual({ kind: 'Say', to: { kind: 'Player', who: 2 }, text: 'behind you' });
  expect(asked('/w swift foxes bite')).toEqual({ kind: 'Say', to: { kind: 'Player', who: 3 }, text: 'foxes bite' });
  expect(asked('/W <img src=x> hi')).toEqual({ kind: 'Say', to: { kind: 'Player', who: 6 }, text: 'hi' });
  expect(asked('/w Full hi')).toEqual({ kind: 'Say', to: { kind: 'Player', who: 7 }, text: 'hi' });
  expect(fault('/w Ada')).toContain('The text is missing: /w name text');
});

test('two of one name are told apart by number', () => {
  expect(fault('/w twin hi')).toContain('#4 or #5');
  expect(asked('/w #5 hi')).toEqual({ kind: 'Say', to: { kind: 'Player', who: 5 }, text: 'hi' });
  expect(nameInCommand(people.get(4)!, people)).toBe('#4');
  expect(nameInCommand(people.get(1)!, people)).toBe('Ada');
});

test('who is not here is named in the fault', () => {
  expect(fault('/w Nobody hi')).toContain('“Nobody”');
  expect(fault('/w #99 hi')).toContain('“#99”');
  expect(fault('/w Adam hi')).toContain('“Adam”');
  expect(fault('/w')).toContain('The name is missing');
});

test('muting takes a name and nothing else', () => {
  expect(parseCommand('/mute Ada', people)).toEqual({ kind: 'Mute', who: 1, name: 'Ada', on: true });
  expect(parseCommand('/unmute swift fox', people)).toEqual({ kind: 'Mute', who: 2, name: 'Swift Fox', on: false });
  expect(fault('/mute Ada now')).toContain('Nobody here');
});

test('a report says what happened', () => {
  expect(asked('/report Ada calls names')).toEqual({ kind: 'Report', who: 1, text: 'calls names' });
  expect(fault('/report Ada')).toContain('What happened is missing: /report name text');
});

test('operators order by name, minutes and reason', () => {
  expect(asked('/kick Ada enough')).toEqual({ kind: 'Order', value: { kind: 'Kick', who: 1, reason: 'enough' } });
  expect(asked('/ban Swift Fox 60 said so')).toEqual({ kind: 'Order', value: { kind: 'Ban', who: 2, minutes: 60, reason: 'said so' } });
  expect(asked('/silence Ada 0')).toEqual({ kind: 'Order', value: { kind: 'Mute', who: 1, minutes: 0, reason: '' } });
  expect(asked('/slow 5')).toEqual({ kind: 'Order', value: { kind: 'Slow', seconds: 5 } });
  expect(asked('/pardon 12')).toEqual({ kind: 'Order', value: { kind: 'Pardon', player: 12 } });
  expect(asked('/all hello')).toEqual({ kind: 'Say', to: { kind: 'Everyone' }, text: 'hello' });
});

test('a wrong number is told with what would be right', () => {
  expect(fault('/ban Ada soon')).toContain('whole number from 0 to 527040: /ban name minutes reason');
  expect(fault('/ban Ada 0')).toContain('at least one minute');
  expect(fault('/slow 9999')).toContain('0 to 600');
  expect(fault('/slow -1')).toContain('/slow seconds');
  expect(fault('/pardon 5000000000')).toContain('audit log');
});

test('an unknown command is never said aloud', () => {
  for (const typed of ['/wisper Ada hi', '/', '/__proto__', '/constructor x', '/toString']) {
    expect(fault(typed)).toContain('There is no command');
  }
  expect(parseCommand('/help', people).kind).toBe('Tell');
});

test('a line that is too long says by how much', () => {
  expect(parseCommand('x'.repeat(200), people).kind).toBe('Ask');
  expect(fault('x'.repeat(203))).toContain('3 too many');
  expect(fault(`/w Ada ${'x'.repeat(201)}`)).toContain('1 too many');
});

test('length counts characters, and bytes where those are fewer', () => {
  expect(charsLeft('')).toBe(200);
  expect(charsLeft('你'.repeat(200)), 'three bytes each').toBe(0);
  expect(charsLeft('😀'.repeat(150)), 'four bytes each').toBe(50);
  expect(charsLeft('😀'.repeat(151))).toBe(-1);
  expect(sayLeft('x'.repeat(150))).toBe('');
  expect(sayLeft('x'.repeat(190))).toBe('10 left');
  expect(sayLeft('x'.repeat(210))).toBe('10 too many');
});
