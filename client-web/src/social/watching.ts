/** For those who look on: whom they see, and how to see another one. */

import { setHidden, setText } from '../hud/page.ts';
import type { PresenceRow, Whom } from '../wire/codec.ts';
import { button, giveKeysBack, make } from './dom.ts';

export interface WatchingEvents {
  readonly watch: (whom: Whom) => void;
  readonly step: (by: 1 | -1) => void;
  readonly play: () => void;
}

export class Watching {
  readonly root = make('section', { id: 'watching', 'aria-label': 'Looking on' });
  private readonly whom = make('p', { 'aria-live': 'polite', dir: 'auto' });

  constructor(events: WatchingEvents) {
    this.root.append(
      button('‹', () => events.step(-1), { 'aria-label': 'Player before', title: 'Arrow left' }),
      this.whom,
      button('›', () => events.step(1), { 'aria-label': 'Next player', title: 'Arrow right' }),
      button('♛', () => events.watch({ kind: 'Crown' }), { 'aria-label': 'Whoever wears the crown', title: 'C' }),
      button('Play', events.play, { class: 'wide' }),
    );
    giveKeysBack(this.root);
    setHidden(this.root, true);
  }

  show(looksOn: boolean, name: string): void {
    setHidden(this.root, !looksOn);
    if (looksOn) setText(this.whom, name === '' ? 'Nobody to look at yet' : `You look at ${name}`);
  }
}

/** The player after or before one, of those who play, in the order of their ids; nobody when there is none. */
export function besides(people: ReadonlyMap<number, PresenceRow>, who: number, by: 1 | -1): number | null {
  const playing = [...people.values()].filter(({ spectator }) => !spectator).map((row) => row.who).sort((a, b) => a - b);
  if (playing.length === 0) return null;
  const at = playing.indexOf(who);
  if (at >= 0) return playing[(at + by + playing.length) % playing.length]!;
  // Who was seen last has left: the next one is whoever comes after in order.
  const next = by === 1 ? playing.find((it) => it > who) : playing.findLast((it) => it < who);
  return next ?? playing.at(by === 1 ? 0 : -1)!;
}

/** What a key means to somebody who looks on. */
export function watchKey(code: string): 'Next' | 'Before' | 'Crown' | null {
  if (code === 'ArrowRight' || code === 'KeyD' || code === 'Space') return 'Next';
  if (code === 'ArrowLeft' || code === 'KeyA') return 'Before';
  return code === 'KeyC' ? 'Crown' : null;
}
