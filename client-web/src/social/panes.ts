/** Leaders and people, as lists. */

import type { Leaders } from '../session/topics.ts';
import type { LeaderRow, PresenceRow } from '../wire/codec.ts';
import { button, make } from './dom.ts';
import type { MuteState } from './mutes.ts';

export const BOARDS = [
  { topic: 'leaderboard/now', name: 'Now' },
  { topic: 'leaderboard/day', name: 'Today' },
  { topic: 'leaderboard/all', name: 'All time' },
] as const;

export class LeadersPane {
  readonly root = make('div', { class: 'pane' });
  private readonly list = make('ol', { class: 'rows leaders', 'data-told': '' });
  private readonly hint = make('p', { class: 'hint' });
  private readonly choices: readonly HTMLInputElement[];
  private shown: Leaders | null = null;
  private chosen = 0;

  constructor(changed: () => void) {
    this.choices = BOARDS.map((_, index) => {
      const input = make('input', { type: 'radio', name: 'board', value: String(index), id: `board-${index}` });
      input.checked = index === 0;
      input.addEventListener('change', () => {
        this.chosen = index;
        changed();
      });
      return input;
    });
    const group = make('fieldset', { class: 'choices' }, make('legend', { class: 'unseen' }, 'Which time'));
    BOARDS.forEach(({ name }, index) => group.append(this.choices[index]!, make('label', { for: `board-${index}` }, name)));
    this.root.append(group, this.list, this.hint);
  }

  get topic(): (typeof BOARDS)[number]['topic'] {
    return BOARDS[this.chosen]!.topic;
  }

  /** `refused` when the server does not tell. */
  show(told: Leaders | null, refused: boolean): void {
    if (told && this.shown === told) return;
    this.shown = told;
    const rows = told?.rows ?? [];
    const own = told?.own ?? 0;
    this.list.replaceChildren(...rows.map((row) => leader(row, row.place === own)));
    this.hint.textContent = hintOf(told !== null, refused, rows.length, own);
  }
}

function hintOf(known: boolean, refused: boolean, rows: number, own: number): string {
  if (refused) return 'This server keeps no such list.';
  if (!known) return 'One moment …';
  if (rows === 0) return 'Nobody yet: the first shards make the first place.';
  if (own === 0) return 'You have no place here yet.';
  return own > rows ? `You are at place ${own}.` : '';
}

function leader(row: LeaderRow, own: boolean): HTMLElement {
  const kills = `${row.kills} ${row.kills === 1 ? 'kill' : 'kills'}`;
  return make(
    'li',
    own ? { class: 'own', 'aria-current': 'true' } : {},
    make('span', { class: 'place' }, String(row.place)),
    make('span', { class: 'name', dir: 'auto' }, row.name),
    make('span', { class: 'kills' }, kills),
    make('span', { class: 'score' }, String(row.score)),
  );
}

const MUTED: Readonly<Record<MuteState, string>> = { None: '', Name: 'one of this name was muted', Muted: 'muted' };

export interface PeopleEvents {
  readonly whisper: (row: PresenceRow) => void;
  readonly mute: (row: PresenceRow, on: boolean) => void;
  readonly report: (row: PresenceRow) => void;
  readonly watch: (row: PresenceRow) => void;
}

export interface PeopleState {
  readonly own: number;
  readonly muted: (row: PresenceRow) => MuteState;
  /** Whether this page looks on, and so may choose at whom. */
  readonly looksOn: boolean;
  readonly refused: boolean;
}

export class PeoplePane {
  readonly root = make('div', { class: 'pane' });
  private readonly hint = make('p', { class: 'hint' });
  private readonly list = make('ul', { class: 'rows people', 'data-told': '' });
  private readonly rows = new Map<number, { readonly row: PresenceRow; readonly key: string; readonly item: HTMLElement }>();
  private readonly events: PeopleEvents;

  constructor(events: PeopleEvents) {
    this.events = events;
    this.root.append(this.hint, this.list);
  }

  show(told: ReadonlyMap<number, PresenceRow> | null, state: PeopleState): void {
    const people = [...(told?.values() ?? [])].sort((a, b) => Number(a.spectator) - Number(b.spectator) || compare(a.name, b.name) || a.who - b.who);
    this.hint.textContent = told ? countOf(people) : state.refused ? 'This server does not tell who is here.' : 'One moment …';
    for (const [who, { item }] of this.rows) {
      if (told?.has(who)) continue;
      item.remove();
      this.rows.delete(who);
    }
    people.forEach((row, index) => {
      const muted = state.muted(row);
      const key = `${row.name}\n${row.linkDead}${row.spectator}${muted}${state.looksOn}${row.who === state.own}`;
      let known = this.rows.get(row.who);
      if (known?.key !== key) {
        const item = this.item(row, muted, state);
        if (known) replaceRow(known.item, item);
        known = { row, key, item };
        this.rows.set(row.who, known);
      }
      // A row that stays where it is keeps the focus of its buttons.
      const there = this.list.children[index];
      if (there !== known.item) this.list.insertBefore(known.item, there ?? null);
    });
  }

  private item(row: PresenceRow, muted: MuteState, state: PeopleState): HTMLElement {
    const own = row.who === state.own;
    const deed = muted === 'None' ? 'Mute' : 'Unmute';
    const states = [own && 'you', row.spectator && 'looks on', row.linkDead && 'connection lost', MUTED[muted]].filter((it) => it !== false && it !== '');
    const item = make('li', {}, make('span', { class: 'name', dir: 'auto' }, row.name), make('span', { class: 'state' }, states.join(' · ')));
    item.classList.toggle('lost', row.linkDead);
    item.classList.toggle('own', own);
    if (own) return item;
    const deeds = make('span', { class: 'deeds' });
    if (state.looksOn && !row.spectator) deeds.append(button('Look', () => this.events.watch(row), { 'aria-label': `Look at ${row.name}` }));
    deeds.append(
      button('Whisper', () => this.events.whisper(row), { 'aria-label': `Whisper to ${row.name}` }),
      button(deed, () => this.events.mute(row, muted === 'None'), { 'aria-label': `${deed} ${row.name}` }),
      button('Report', () => this.events.report(row), { 'aria-label': `Report ${row.name}` }),
    );
    item.append(deeds);
    return item;
  }
}

/** Whoever pressed a button of a row is still at that button of the row that takes its place. */
function replaceRow(old: HTMLElement, fresh: HTMLElement): void {
  const at = [...old.querySelectorAll('button')].findIndex((it) => it === document.activeElement);
  old.replaceWith(fresh);
  if (at >= 0) fresh.querySelectorAll('button')[at]?.focus();
}

function countOf(people: readonly PresenceRow[]): string {
  const watching = people.filter(({ spectator }) => spectator).length;
  const playing = `${people.length - watching} in this room`;
  return watching > 0 ? `${playing}, and ${watching} looking on` : playing;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
