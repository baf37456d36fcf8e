/** The elements of the page, looked up once. */

export interface Page {
  readonly arena: HTMLCanvasElement;
  readonly minimap: HTMLCanvasElement;
  readonly hud: HTMLElement;
  readonly shards: HTMLElement;
  readonly rank: HTMLElement;
  readonly kills: HTMLElement;
  readonly dashMeter: HTMLElement;
  readonly players: HTMLElement;
  readonly rows: HTMLElement;
  readonly feed: HTMLElement;
  readonly readout: HTMLElement;
  readonly dash: HTMLElement;
  readonly death: HTMLElement;
  readonly deathBy: HTMLElement;
  readonly deathWait: HTMLElement;
  readonly quiet: HTMLElement;
  readonly link: HTMLElement;
  readonly linkTitle: HTMLElement;
  readonly linkWhy: HTMLElement;
  readonly linkWhen: HTMLElement;
  readonly linkPanel: HTMLElement;
  readonly linkButton: HTMLButtonElement;
  readonly linkAny: HTMLButtonElement;
  readonly linkLeave: HTMLButtonElement;
  readonly menu: HTMLElement;
  readonly join: HTMLFormElement;
  readonly name: HTMLInputElement;
  readonly nameFault: HTMLElement;
  readonly play: HTMLButtonElement;
  readonly looks: HTMLElement;
  readonly company: HTMLElement;
  readonly watch: HTMLButtonElement;
  readonly invited: HTMLElement;
  readonly invitedTo: HTMLElement;
  readonly invitedAny: HTMLButtonElement;
  readonly rooms: HTMLElement;
}

export function findPage(): Page {
  return {
    arena: find('arena', HTMLCanvasElement),
    minimap: find('minimap', HTMLCanvasElement),
    hud: find('hud', HTMLElement),
    shards: find('shards', HTMLElement),
    rank: find('rank', HTMLElement),
    kills: find('kills', HTMLElement),
    dashMeter: find('dash-meter', HTMLElement),
    players: find('players', HTMLElement),
    rows: find('rows', HTMLElement),
    feed: find('feed', HTMLElement),
    readout: find('readout', HTMLElement),
    dash: find('dash', HTMLElement),
    death: find('death', HTMLElement),
    deathBy: find('death-by', HTMLElement),
    deathWait: find('death-wait', HTMLElement),
    quiet: find('quiet', HTMLElement),
    link: find('link', HTMLElement),
    linkTitle: find('link-title', HTMLElement),
    linkWhy: find('link-why', HTMLElement),
    linkWhen: find('link-when', HTMLElement),
    linkPanel: find('link-panel', HTMLElement),
    linkButton: find('link-button', HTMLButtonElement),
    linkAny: find('link-any', HTMLButtonElement),
    linkLeave: find('link-leave', HTMLButtonElement),
    menu: find('menu', HTMLElement),
    join: find('join', HTMLFormElement),
    name: find('name', HTMLInputElement),
    nameFault: find('name-fault', HTMLElement),
    play: find('play', HTMLButtonElement),
    looks: find('looks', HTMLElement),
    company: find('company', HTMLElement),
    watch: find('watch', HTMLButtonElement),
    invited: find('invited', HTMLElement),
    invitedTo: find('invited-to', HTMLElement),
    invitedAny: find('invited-any', HTMLButtonElement),
    rooms: find('rooms', HTMLElement),
  };
}

function find<T extends HTMLElement>(id: string, type: new () => T): T {
  const element = document.getElementById(id);
  if (!(element instanceof type)) throw new Error(`The page has no #${id}.`);
  return element;
}

const shown = new WeakMap<HTMLElement, string>();

/** Sets the text of an element that nobody else writes to, only when it differs. */
export function setText(element: HTMLElement, text: string): void {
  if (shown.get(element) === text) return;
  shown.set(element, text);
  element.textContent = text;
}

export function setHidden(element: HTMLElement, hidden: boolean): void {
  if (element.hidden !== hidden) element.hidden = hidden;
}
