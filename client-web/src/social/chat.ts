/** The chat in the corner: lines that fade while playing, and all of them with a place to type while it is open. */

import { setHidden, setText } from '../hud/page.ts';
import { sayLeft } from './count.ts';
import { button, Items, make } from './dom.ts';
import { belongsToInputMethod } from './ime.ts';
import type { Heard, LineLook } from './lines.ts';

/** How long a line is seen while the chat is closed, and a note that the player has to read. */
const FRESH_MS = 12_000;
const NOTE_MS = 9_000;

export interface ChatEvents {
  /** The player sends what was typed: it is taken and the chat left, or it is done with, or it is wrong and stays. */
  readonly said: (text: string) => 'Leave' | 'Done' | 'Wrong';
  readonly opened: () => void;
  /** How a line looks, who it is said to have come from, and for a private one to whom it went. */
  readonly look: (heard: Heard) => { readonly look: LineLook; readonly label: string };
}

export class ChatBox {
  readonly root = make('section', { id: 'chat', 'aria-label': 'Chat' });
  private readonly lines = make('ol', { id: 'lines', role: 'log', 'aria-live': 'polite', 'aria-label': 'Lines', 'data-told': '' });
  private readonly note = make('p', { id: 'chat-note', role: 'status' });
  private readonly form = make('form', { id: 'say', autocomplete: 'off' });
  private readonly input = make('input', {
    id: 'say-text',
    type: 'text',
    maxlength: '1000',
    enterkeyhint: 'send',
    autocapitalize: 'sentences',
    'aria-describedby': 'say-left chat-note',
    placeholder: 'Say something, or /help',
  });
  private readonly left = make('span', { id: 'say-left', 'aria-live': 'polite' });
  private readonly items: Items<Heard>;
  private isOpen = false;
  private isComposing = false;
  private heard: readonly Heard[] = [];
  private noteUntilMs = 0;
  private noteText = '';
  private readonly events: ChatEvents;

  constructor(events: ChatEvents) {
    this.events = events;
    this.items = new Items(this.lines, (heard) => this.item(heard));
    const label = make('label', { for: 'say-text', class: 'unseen' }, 'What you say');
    const send = button('Send', () => this.send(), { id: 'say-send' });
    this.form.append(label, this.input, this.left, send);
    this.root.append(this.lines, this.note, this.form);
    setHidden(this.form, true);
    setHidden(this.note, true);
    this.input.addEventListener('compositionstart', () => (this.isComposing = true));
    this.input.addEventListener('compositionend', () => (this.isComposing = false));
    this.input.addEventListener('input', () => {
      this.showLeft();
      this.noteUntilMs = 0;
    });
    this.input.addEventListener('keydown', (event) => this.press(event));
    // A keyboard on the glass keeps what is typed in composition also when it sends. An input method's own Enter submits nothing.
    this.form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.send();
    });
    // Keys that are typed steer nothing and leave nothing; letting go of one does no harm.
    this.root.addEventListener('keydown', (event) => event.stopPropagation());
    this.root.addEventListener('focusout', ({ relatedTarget }) => {
      const stays = relatedTarget instanceof Node && this.root.contains(relatedTarget);
      if (!stays && document.hasFocus() && this.input.value.trim() === '') this.close();
    });
  }

  get open(): boolean {
    return this.isOpen;
  }

  /** Opens the chat; with a text, that is what is typed already. */
  show(text: string | null = null): void {
    if (text !== null) this.input.value = text;
    this.isOpen = true;
    this.root.classList.add('open');
    this.lines.tabIndex = 0;
    setHidden(this.form, false);
    this.showLeft();
    this.input.focus();
    this.input.setSelectionRange(this.input.value.length, this.input.value.length);
    this.lines.scrollTop = this.lines.scrollHeight;
    this.events.opened();
  }

  close(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.isComposing = false;
    this.root.classList.remove('open');
    this.lines.removeAttribute('tabindex');
    setHidden(this.form, true);
    const { activeElement } = document;
    if (activeElement instanceof HTMLElement && this.root.contains(activeElement)) activeElement.blur();
    this.lines.scrollTop = this.lines.scrollHeight;
  }

  /** Gives back what was not taken, unless the player types something else already. */
  giveBack(text: string): void {
    if (this.input.value === '') this.input.value = text;
    this.showLeft();
  }

  /** Tells the player something beside the lines. */
  tell(text: string, nowMs: number): void {
    this.noteText = text;
    this.noteUntilMs = text === '' ? 0 : nowMs + NOTE_MS + 40 * text.length;
  }

  takeLines(heard: readonly Heard[]): void {
    this.heard = heard;
    const isAtEnd = this.lines.scrollTop + this.lines.clientHeight >= this.lines.scrollHeight - 8;
    if (this.items.show(heard) && (isAtEnd || !this.isOpen)) this.lines.scrollTop = this.lines.scrollHeight;
  }

  /** Lets lines fade. `standing` is what holds until it is over, like a lost connection. */
  age(nowMs: number, standing: string): void {
    for (const heard of this.heard) {
      this.items.elementOf(heard)?.classList.toggle('old', nowMs - heard.atMs > FRESH_MS);
    }
    const text = nowMs < this.noteUntilMs ? this.noteText : this.isOpen ? standing : '';
    setText(this.note, text);
    setHidden(this.note, text === '');
  }

  private press(event: KeyboardEvent): void {
    // Whether this Enter is the player's, the browser knows: then a submit follows.
    if (belongsToInputMethod(event) || this.isComposing) return;
    if (event.key === 'Escape') {
      event.preventDefault();
      this.close();
    } else if (event.key === 'Enter') {
      event.preventDefault();
      if (!event.repeat) this.send();
    } else if (event.key === 'Tab' && !event.shiftKey && this.input.value === '') {
      // Nothing to send: the next stop is the list of lines.
      event.preventDefault();
      this.lines.focus();
    }
  }

  private send(): void {
    this.isComposing = false;
    const end = this.events.said(this.input.value);
    if (end !== 'Wrong') this.input.value = '';
    this.showLeft();
    if (end === 'Leave') this.close();
    else this.input.focus();
  }

  private showLeft(): void {
    const text = sayLeft(this.input.value);
    setText(this.left, text);
    this.left.classList.toggle('over', text.endsWith('many'));
  }

  private item(heard: Heard): HTMLElement {
    const { look, label } = this.events.look(heard);
    const item = make('li', { class: look.toLowerCase() });
    const time = new Date(heard.line.atS * 1_000).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
    item.append(
      make('span', { class: 'when' }, time),
      make('span', { class: 'from', dir: 'auto' }, label),
      make('span', { class: 'text', dir: 'auto' }, heard.line.text),
    );
    return item;
  }
}
