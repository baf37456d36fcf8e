/** Rooms to choose from, a code to type, and rooms to make: in the menu and while playing. */

import { setText } from '../hud/page.ts';
import { linkTo, roomFault } from '../session/room.ts';
import { button, make } from './dom.ts';
import { inOrder, type Made, type RoomPlace } from './rooms.ts';

export interface RoomListEvents {
  /** To a room, or to any when it is empty. Says what is wrong, or nothing. */
  readonly go: (room: string) => Promise<string>;
  readonly make: (isPrivate: boolean) => Promise<Made>;
}

export class RoomList {
  readonly root = make('div', { class: 'pane rooms' });
  private readonly list = make('ul', { class: 'rows', 'data-told': '' });
  private readonly code = make('input', {
    type: 'text',
    class: 'code',
    maxlength: '24',
    spellcheck: 'false',
    autocapitalize: 'characters',
    autocomplete: 'off',
    enterkeyhint: 'go',
    'aria-label': "A room's code or name",
    placeholder: 'Code or name',
  });
  private readonly fault = make('p', { class: 'fault', role: 'alert' });
  private readonly made = make('div', { class: 'made' });
  private readonly events: RoomListEvents;
  private shown = '';
  private busy = false;

  constructor(events: RoomListEvents) {
    this.events = events;
    // In the menu this lies inside of another form: Enter here is not its Play. What is in composition is submitted too,
    // as on a phone, and an input method's own Enter submits nothing.
    const entry = make('form', { class: 'line', autocomplete: 'off' }, this.code, button('Join', () => void this.goByCode()));
    entry.addEventListener('submit', (event) => {
      event.preventDefault();
      event.stopPropagation();
      void this.goByCode();
    });
    const deeds = make(
      'div',
      { class: 'line' },
      button('Quick join', () => void this.go('')),
      button('New room', () => void this.create(false)),
      button('New private room', () => void this.create(true)),
    );
    this.made.hidden = true;
    this.root.append(this.list, entry, deeds, this.fault, this.made);
  }

  /** `here` is the room that the player is in, or nothing, and `code` what leads there when it is a private one. */
  show(rooms: Iterable<RoomPlace>, here: string, code = ''): void {
    const sorted = inOrder([...rooms]);
    const isPrivate = here !== '' && !sorted.some(({ name }) => name === here);
    const key = JSON.stringify([here, code, sorted]);
    if (key === this.shown) return;
    this.shown = key;
    const focused = this.list.contains(document.activeElement) ? document.activeElement?.getAttribute('aria-label') : null;
    this.list.replaceChildren(...sorted.map((room) => this.item(room, room.name === here)));
    if (isPrivate) this.list.prepend(this.privateItem(here, code));
    // The list is live, and whoever was about to press a button is still there.
    for (const it of this.list.querySelectorAll('button')) if (focused && it.getAttribute('aria-label') === focused) it.focus();
  }

  /** Shows a link into a room, to be given to others. */
  showLink(room: string): void {
    const address = linkTo(location.origin, room);
    const field = make('input', { type: 'text', readonly: '', 'aria-label': `A link into room ${room}` });
    field.value = address;
    const copy = button('Copy link', () => void this.copy(address, field, copy));
    const name = make('p', {}, 'Room ', make('b', {}, room), ' is open. Whoever has this link comes in:');
    const line = make('div', { class: 'line' }, field, copy);
    const enter = button('Go there', () => void this.go(room));
    this.made.replaceChildren(name, line, enter);
    this.made.hidden = false;
    copy.focus();
  }

  private item(room: RoomPlace, isHere: boolean): HTMLElement {
    const isFull = room.playersMax > 0 && room.players >= room.playersMax;
    const places = room.playersMax > 0 ? `${room.players} of ${room.playersMax}` : String(room.players);
    const looking = room.spectators > 0 ? `, ${room.spectators} looking on` : '';
    const item = make(
      'li',
      isHere ? { class: 'own', 'aria-current': 'true' } : {},
      make('span', { class: 'name', dir: 'auto' }, room.name),
      make('span', { class: 'state' }, `${places}${looking}`),
    );
    if (isHere) item.append(button('Link', () => this.showLink(room.name), { 'aria-label': `Link into room ${room.name}` }));
    else if (isFull) item.append(make('span', { class: 'full' }, 'full'));
    else item.append(button('Join', () => void this.go(room.name), { 'aria-label': `Join room ${room.name}` }));
    return item;
  }

  private privateItem(name: string, code: string): HTMLElement {
    const item = make('li', { class: 'own', 'aria-current': 'true' }, make('span', { class: 'name', dir: 'auto' }, name), make('span', { class: 'state' }, 'private'));
    if (code !== '') item.append(button('Link', () => this.showLink(code), { 'aria-label': `Link into room ${name}` }));
    return item;
  }

  private async goByCode(): Promise<void> {
    const room = this.code.value.trim();
    const fault = roomFault(room);
    setText(this.fault, fault);
    if (fault === '') await this.go(room);
    else this.code.focus();
  }

  private async go(room: string): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    setText(this.fault, '');
    const wrong = await this.events.go(room);
    setText(this.fault, wrong);
    if (wrong === '') this.made.hidden = true;
    this.busy = false;
  }

  private async create(isPrivate: boolean): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    setText(this.fault, '');
    const made = await this.events.make(isPrivate);
    this.busy = false;
    if (made.kind === 'Made') this.showLink(made.room);
    else setText(this.fault, made.text);
  }

  private async copy(address: string, field: HTMLInputElement, copy: HTMLButtonElement): Promise<void> {
    try {
      await navigator.clipboard.writeText(address);
      copy.textContent = 'Copied';
    } catch {
      // Without leave to copy, it is marked so that a key does.
      field.focus();
      field.select();
    }
  }
}
