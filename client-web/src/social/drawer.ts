/** One panel with tabs at the side of the arena; on a phone it covers the arena. */

import { setHidden } from '../hud/page.ts';
import { button, make } from './dom.ts';

export interface Pane {
  readonly name: string;
  readonly root: HTMLElement;
}

export class Drawer {
  readonly root = make('section', { id: 'drawer', role: 'dialog', 'aria-label': 'Together' });
  private readonly panes: readonly Pane[];
  private readonly tabs: readonly HTMLButtonElement[];
  private chosen = 0;
  private readonly changed: (open: string | null) => void;

  /** `changed` is told the name of the pane that is seen, or null. */
  constructor(panes: readonly Pane[], changed: (open: string | null) => void) {
    this.panes = panes;
    this.changed = changed;
    this.tabs = panes.map(({ name, root }, index) => {
      root.id = `pane-${name.toLowerCase()}`;
      root.setAttribute('role', 'tabpanel');
      root.setAttribute('aria-labelledby', `tab-${name.toLowerCase()}`);
      return button(name, () => this.open(name), {
        role: 'tab',
        id: `tab-${name.toLowerCase()}`,
        'aria-controls': root.id,
        tabindex: index === 0 ? '0' : '-1',
      });
    });
    const list = make('div', { role: 'tablist', 'aria-label': 'Together' }, ...this.tabs);
    const close = button('×', () => this.close(), { class: 'close', 'aria-label': 'Close' });
    this.root.append(make('header', {}, list, close), ...panes.map(({ root }) => root));
    setHidden(this.root, true);
    list.addEventListener('keydown', (event) => {
      const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
      if (step === 0) return;
      event.preventDefault();
      this.open(this.panes[(this.chosen + step + this.panes.length) % this.panes.length]!.name);
    });
    this.root.addEventListener('keydown', (event) => {
      // Keys that are pressed here steer nothing.
      event.stopPropagation();
      if (event.key === 'Escape') {
        event.preventDefault();
        this.close();
      }
    });
  }

  /** Name of the pane that is seen. */
  get seen(): string | null {
    return this.root.hidden ? null : this.panes[this.chosen]!.name;
  }

  open(name: string): void {
    this.chosen = Math.max(0, this.panes.findIndex((pane) => pane.name === name));
    this.panes.forEach(({ root }, index) => {
      const isChosen = index === this.chosen;
      setHidden(root, !isChosen);
      this.tabs[index]!.setAttribute('aria-selected', String(isChosen));
      this.tabs[index]!.tabIndex = isChosen ? 0 : -1;
    });
    setHidden(this.root, false);
    this.tabs[this.chosen]!.focus();
    this.changed(name);
  }

  toggle(name: string): void {
    if (this.seen === name) this.close();
    else this.open(name);
  }

  /** The focus goes back to the arena, where keys steer. */
  close(): void {
    if (this.root.hidden) return;
    const { activeElement } = document;
    if (activeElement instanceof HTMLElement && this.root.contains(activeElement)) activeElement.blur();
    setHidden(this.root, true);
    this.changed(null);
  }
}
