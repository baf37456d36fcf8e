/** The row of buttons at the top: which room this is, and what can be opened. */

import { setHidden, setText } from '../hud/page.ts';
import { button, giveKeysBack, make } from './dom.ts';

export interface BarEvents {
  readonly open: (pane: 'Leaders' | 'People' | 'Rooms' | 'Notices') => void;
  readonly chat: () => void;
}

export class Bar {
  readonly root = make('nav', { id: 'bar', 'aria-label': 'Together' });
  private readonly name = make('b', { dir: 'auto' });
  private readonly count = make('span', { class: 'count' });
  private readonly badge = make('span', { class: 'badge' });
  private readonly bell: HTMLButtonElement;
  private readonly openers: ReadonlyMap<string, HTMLButtonElement>;

  constructor(events: BarEvents) {
    const room = button('', () => events.open('Rooms'), { class: 'room', title: 'Rooms' });
    room.append(make('span', { class: 'unseen' }, 'Room '), this.name, this.count);
    this.bell = icon('bell', 'Notices', () => events.open('Notices'));
    this.bell.append(this.badge);
    const leaders = icon('leaders', 'Leaders (Tab)', () => events.open('Leaders'));
    const people = icon('people', 'People', () => events.open('People'));
    this.openers = new Map([['Rooms', room], ['Leaders', leaders], ['People', people], ['Notices', this.bell]]);
    this.root.append(room, leaders, people, this.bell, icon('chat', 'Chat (Enter)', events.chat));
    this.mark(null);
    giveKeysBack(this.root);
    // While a button has the focus, these two press it.
    this.root.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' || event.key === ' ') event.stopPropagation();
    });
  }

  /** Marks the button of what is open. */
  mark(open: string | null): void {
    for (const [pane, opener] of this.openers) opener.setAttribute('aria-expanded', String(pane === open));
  }

  show(room: string, count: string, unread: number): void {
    setText(this.name, room);
    setText(this.count, count);
    setText(this.badge, unread > 0 ? String(unread) : '');
    setHidden(this.badge, unread === 0);
    const label = unread > 0 ? `Notices, ${unread} unread` : 'Notices';
    if (this.bell.getAttribute('aria-label') !== label) this.bell.setAttribute('aria-label', label);
  }
}

function icon(name: string, label: string, press: () => void): HTMLButtonElement {
  const element = button('', press, { class: `icon ${name}`, 'aria-label': label, title: label });
  element.append(make('i', { 'aria-hidden': 'true' }));
  return element;
}
