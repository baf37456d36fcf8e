/** Makes elements. Whatever somebody typed goes in as text and is nothing else. */

type Attributes = Readonly<Record<string, string>>;

export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

export function button(text: string, press: () => void, attributes: Attributes = {}): HTMLButtonElement {
  const element = make('button', { type: 'button', ...attributes }, text);
  element.addEventListener('click', press);
  return element;
}

/** Whoever pressed a button in here is back in the arena, where keys mean something else. */
export function giveKeysBack(root: HTMLElement): void {
  root.addEventListener('click', () => {
    const { activeElement } = document;
    if (activeElement instanceof HTMLElement && root.contains(activeElement)) activeElement.blur();
  });
}

/** Shows as many items as there are things, without touching those that stay: what is read out is what is new. */
export class Items<T extends object> {
  private readonly shown = new Map<T, HTMLElement>();

  private readonly list: HTMLElement;
  private readonly item: (thing: T) => HTMLElement;

  constructor(list: HTMLElement, item: (thing: T) => HTMLElement) {
    this.list = list;
    this.item = item;
  }

  /** True when anything changed. */
  show(things: readonly T[]): boolean {
    const wanted = new Set(things);
    let changed = false;
    for (const [thing, element] of this.shown) {
      if (wanted.has(thing)) continue;
      element.remove();
      this.shown.delete(thing);
      changed = true;
    }
    things.forEach((thing, index) => {
      let element = this.shown.get(thing);
      if (!element) {
        element = this.item(thing);
        this.shown.set(thing, element);
      }
      const there = this.list.children[index];
      if (there === element) return;
      this.list.insertBefore(element, there ?? null);
      changed = true;
    });
    return changed;
  }

  elementOf(thing: T): HTMLElement | undefined {
    return this.shown.get(thing);
  }
}
