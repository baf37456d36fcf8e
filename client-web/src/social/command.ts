/** What a typed line asks for: plain text goes to the room, and what begins with a slash is a command. */

import { CHAT_CHARS_MAX, ORDER_MINUTES_MAX, SLOW_S_MAX } from '../limits.ts';
import type { Ask, PresenceRow } from '../wire/codec.ts';
import { charsLeft } from './count.ts';

export type Command =
  | { readonly kind: 'Nothing' }
  | { readonly kind: 'Ask'; readonly ask: Ask; /** What is told when it is done; nothing for a line that comes back. */ readonly done: string }
  | { readonly kind: 'Mute'; readonly who: number; readonly name: string; readonly on: boolean }
  | { readonly kind: 'Tell'; readonly text: string }
  | { readonly kind: 'Fault'; readonly text: string };

/** Who can be named in a command. */
export type People = ReadonlyMap<number, PresenceRow>;

interface Usage {
  readonly form: string;
  readonly what: string;
  readonly operator: boolean;
}

const USAGES: Readonly<Record<string, Usage>> = {
  w: { form: '/w name text', what: 'whisper to one player', operator: false },
  mute: { form: '/mute name', what: 'hear nothing more of a player', operator: false },
  unmute: { form: '/unmute name', what: 'hear a player again', operator: false },
  report: { form: '/report name text', what: 'tell the operators of a player', operator: false },
  help: { form: '/help', what: 'this list', operator: false },
  all: { form: '/all text', what: 'say it in every room', operator: true },
  silence: { form: '/silence name minutes reason', what: 'nobody hears a player; 0 minutes ends it', operator: true },
  kick: { form: '/kick name reason', what: 'out of the server', operator: true },
  ban: { form: '/ban name minutes reason', what: 'out of the server, and not back for a while', operator: true },
  pardon: { form: '/pardon number', what: 'end a ban', operator: true },
  slow: { form: '/slow seconds', what: 'time between two lines of a player; 0: as usual', operator: true },
};

export function parseCommand(typed: string, people: People): Command {
  const text = typed.trim();
  if (text === '') return { kind: 'Nothing' };
  if (!text.startsWith('/')) return say(text, { kind: 'Ask', ask: { kind: 'Say', to: { kind: 'Room' }, text }, done: '' });
  const [, verb = '', rest = ''] = /^\/(\S*)\s*([^]*)$/.exec(text) ?? [];
  const name = verb.toLowerCase();
  const usage = Object.hasOwn(USAGES, name) ? USAGES[name] : undefined;
  if (!usage) return fault(`There is no command /${verb}. /help lists them; a line that begins with a slash is never said aloud.`);
  switch (name) {
    case 'help':
      return { kind: 'Tell', text: help() };
    case 'all':
      if (rest === '') return wrong(usage, 'The text is missing');
      return say(rest, { kind: 'Ask', ask: { kind: 'Say', to: { kind: 'Everyone' }, text: rest }, done: '' });
    case 'slow': {
      const seconds = countIn(rest, SLOW_S_MAX);
      if (seconds === null) return wrong(usage, `The seconds are a whole number from 0 to ${SLOW_S_MAX}`);
      const done = seconds === 0 ? 'Slow mode is off.' : `Slow mode: one line every ${seconds} s.`;
      return { kind: 'Ask', ask: { kind: 'Order', value: { kind: 'Slow', seconds } }, done };
    }
    case 'pardon': {
      const player = countIn(rest, 2 ** 32 - 1);
      if (player === null) return wrong(usage, 'The number is the one that the audit log names');
      return { kind: 'Ask', ask: { kind: 'Order', value: { kind: 'Pardon', player } }, done: `Player ${player} may come back.` };
    }
    default:
      return toSomebody(name, usage, rest, people);
  }
}

/** A command that begins with a player. */
function toSomebody(verb: string, usage: Usage, rest: string, people: People): Command {
  if (rest === '') return wrong(usage, 'The name is missing');
  const found = findPlayer(rest, people);
  if (found.kind === 'Fault') return found;
  const { who, name, rest: after } = found;
  switch (verb) {
    case 'w':
      if (after === '') return wrong(usage, 'The text is missing');
      return say(after, { kind: 'Ask', ask: { kind: 'Say', to: { kind: 'Player', who }, text: after }, done: '' });
    case 'mute':
    case 'unmute':
      if (after !== '') return nobody(rest);
      return { kind: 'Mute', who, name, on: verb === 'mute' };
    case 'report':
      if (after === '') return wrong(usage, 'What happened is missing');
      return say(after, { kind: 'Ask', ask: { kind: 'Report', who, text: after }, done: `The operators were told of ${name}.` });
    case 'kick':
      return { kind: 'Ask', ask: { kind: 'Order', value: { kind: 'Kick', who, reason: after } }, done: `${name} was removed.` };
    default: {
      const [, digits = '', reason = ''] = /^(\S*)\s*([^]*)$/.exec(after) ?? [];
      const minutes = countIn(digits, ORDER_MINUTES_MAX);
      if (minutes === null) return wrong(usage, `The minutes are a whole number from 0 to ${ORDER_MINUTES_MAX}`);
      if (verb === 'ban') {
        if (minutes === 0) return wrong(usage, 'A ban takes at least one minute');
        return { kind: 'Ask', ask: { kind: 'Order', value: { kind: 'Ban', who, minutes, reason } }, done: `${name} is banned for ${minutes} min.` };
      }
      const done = minutes === 0 ? `${name} is heard again.` : `Nobody hears ${name} for ${minutes} min.`;
      return { kind: 'Ask', ask: { kind: 'Order', value: { kind: 'Mute', who, minutes, reason } }, done };
    }
  }
}

type Found =
  | { readonly kind: 'Found'; readonly who: number; readonly name: string; readonly rest: string }
  | { readonly kind: 'Fault'; readonly text: string };

/**
 * The player whose name a text begins with: the longest one, because names have spaces. `#12` is a player by number,
 * which tells two of one name apart.
 */
function findPlayer(text: string, people: People): Found {
  const [, digits, afterNumber = ''] = /^#(\d{1,5})(?:\s+([^]*))?$/.exec(text) ?? [];
  const numbered = digits === undefined ? undefined : people.get(Number(digits));
  if (numbered) return { kind: 'Found', who: numbered.who, name: numbered.name, rest: afterNumber };
  const folded = fold(text);
  let best: PresenceRow[] = [];
  for (const row of people.values()) {
    const name = fold(row.name);
    const fits = folded === name || (folded.startsWith(name) && /\s/.test(folded.charAt(name.length)));
    if (!fits) continue;
    const longest = best[0] ? fold(best[0].name).length : -1;
    if (name.length > longest) best = [row];
    else if (name.length === longest) best.push(row);
  }
  const [only, other] = best;
  if (!only) return nobody(text);
  if (other) {
    const numbers = best.map(({ who }) => `#${who}`).join(' or ');
    return { kind: 'Fault', text: `More than one player is called ${only.name}: say ${numbers} instead.` };
  }
  return { kind: 'Found', who: only.who, name: only.name, rest: restAfter(text, only.name) };
}

/** Folding may change a text's length, so the rest is found in the text as it was typed. */
function restAfter(text: string, name: string): string {
  for (let end = 1; end <= text.length; end++) {
    if (fold(text.slice(0, end)) === fold(name) && (end === text.length || /\s/.test(text.charAt(end)))) {
      return text.slice(end).trim();
    }
  }
  return '';
}

/** How to write a player's name in a command: by number when another one has the same name. */
export function nameInCommand(row: PresenceRow, people: People): string {
  const alike = [...people.values()].filter(({ name }) => fold(name) === fold(row.name));
  return alike.length > 1 ? `#${row.who}` : row.name;
}

function fold(text: string): string {
  return text.normalize('NFKC').toLowerCase();
}

function say(text: string, command: Command): Command {
  const left = charsLeft(text);
  return left < 0 ? fault(`A line has at most ${CHAT_CHARS_MAX} characters; this one has ${-left} too many.`) : command;
}

function countIn(text: string, most: number): number | null {
  if (!/^\d{1,10}$/.test(text)) return null;
  const count = Number(text);
  return count <= most ? count : null;
}

function nobody(text: string): { readonly kind: 'Fault'; readonly text: string } {
  const [first = ''] = text.split(/\s/, 1);
  return fault(`Nobody here has a name that “${first}” begins. The list of people has all names.`);
}

function wrong(usage: Usage, what: string): Command {
  return fault(`${what}: ${usage.form}.`);
}

function fault(text: string): { readonly kind: 'Fault'; readonly text: string } {
  return { kind: 'Fault', text };
}

function help(): string {
  const of = (operator: boolean): string =>
    Object.values(USAGES).filter((usage) => usage.operator === operator).map(({ form, what }) => `${form}: ${what}`).join('\n');
  return `${of(false)}\nFor operators:\n${of(true)}`;
}
