/** Notices on the screen, and the list of the newest with a switch for those of the browser. */

import { setText } from '../hud/page.ts';
import { button, Items, make } from './dom.ts';
import { dismissNotice, type Notice, type Notices, sayKept, sayNews } from './notices.ts';

export class Toasts {
  readonly root = make('ol', { id: 'toasts', 'aria-live': 'polite', 'aria-label': 'Notices', 'data-told': '' });
  private readonly items: Items<Notice>;
  private shown: readonly Notice[] | null = null;
  private readonly notices: Notices;
  private wallMs = 0;

  constructor(notices: Notices) {
    this.notices = notices;
    this.items = new Items(this.root, (notice) => this.item(notice));
  }

  /** `wallMs` is the time of day by the server's clock, to which restarts are counted down. */
  show(wallMs: number): void {
    const { screen } = this.notices;
    this.wallMs = wallMs;
    if (this.shown !== screen) {
      this.shown = screen;
      this.items.show(screen);
    }
    for (const notice of screen) {
      if (notice.news.kind !== 'Restart') continue;
      const text = this.items.elementOf(notice)?.querySelector('span');
      if (text) setText(text, sayNews(notice.news, wallMs));
    }
  }

  private item(notice: Notice): HTMLElement {
    const text = make('span', { dir: 'auto' });
    const item = make('li', { class: notice.priority.toLowerCase() }, text);
    setText(text, sayNews(notice.news, this.wallMs));
    // A countdown is read out once, and not every second.
    if (notice.news.kind === 'Restart') text.setAttribute('aria-live', 'off');
    const away = button('×', () => dismissNotice(this.notices, notice.number), { 'aria-label': 'Put away', tabindex: '-1' });
    item.append(away);
    return item;
  }
}

export interface NoticeListEvents {
  /** The player turns the browser's own notifications on or off. */
  readonly outside: (on: boolean) => void;
}

export class NoticeList {
  readonly root = make('div', { class: 'pane' });
  private readonly list = make('ol', { class: 'rows notices', 'data-told': '' });
  private readonly empty = make('p', { class: 'hint' }, 'Nothing yet.');
  private readonly toggle: HTMLButtonElement;
  private readonly fault = make('p', { class: 'fault', role: 'status' });
  private readonly items: Items<Notice>;

  constructor(events: NoticeListEvents) {
    this.items = new Items(this.list, (notice) => {
      const time = new Date(notice.atS * 1_000).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
      return make(
        'li',
        { class: notice.priority.toLowerCase() },
        make('span', { class: 'when' }, time),
        make('span', { class: 'text', dir: 'auto' }, sayKept(notice.news)),
      );
    });
    this.toggle = button('Tell me outside of this page too', () => events.outside(this.toggle.getAttribute('aria-checked') !== 'true'), {
      role: 'switch',
      'aria-checked': 'false',
      class: 'switch',
    });
    this.root.append(this.toggle, this.fault, this.empty, this.list);
  }

  show(notices: Notices, outside: { readonly on: boolean; readonly fault: string }): void {
    this.items.show(notices.kept);
    this.empty.hidden = notices.kept.length > 0;
    this.toggle.setAttribute('aria-checked', String(outside.on));
    setText(this.fault, outside.fault);
  }
}
