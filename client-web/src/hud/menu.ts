/** The entry screen: a name, a look, one key to play. */

import { LOOKS } from '../draw/palette.ts';
import { nameFault, trimName } from '../session/name.ts';
import { type Page, setText } from './page.ts';

const FIRST = [
  'Swift', 'Bright', 'Quiet', 'Brave', 'Lucky', 'Wild', 'Merry', 'Keen', 'Bold', 'Sunny', 'Rapid', 'Lunar', 'Amber', 'Cosmic',
] as const;
const SECOND = [
  'Manta', 'Otter', 'Falcon', 'Comet', 'Heron', 'Lynx', 'Marlin', 'Swallow', 'Ember', 'Raven', 'Koi', 'Fox', 'Moth', 'Wren',
] as const;
const STORED = 'throng.player';

export interface Player {
  readonly name: string;
  readonly look: number;
}

/** Fills the entry screen and calls `play` when the player is ready. */
export function openMenu(page: Page, chance: () => number, play: (player: Player) => void): void {
  const known = recall();
  page.name.value = known?.name ?? `${pick(FIRST, chance)} ${pick(SECOND, chance)}`;
  const chosen = known?.look ?? Math.floor(chance() * LOOKS.length);
  page.looks.append(...LOOKS.map((colour, look) => lookChoice(colour, look, look === chosen)));
  page.join.addEventListener('submit', (event) => {
    event.preventDefault();
    const name = trimName(page.name.value);
    const fault = nameFault(name);
    setText(page.nameFault, fault);
    if (fault !== '') {
      page.name.focus();
      return;
    }
    const player = { name, look: chosenLook(page) };
    remember(player);
    page.name.blur();
    play(player);
  });
}

/** Puts the cursor in the name where there is a real keyboard; on glass it would only raise the other one. */
export function focusName(page: Page): void {
  if (!matchMedia('(pointer: coarse)').matches) page.name.select();
}

function lookChoice(colour: string, look: number, checked: boolean): HTMLInputElement {
  const input = document.createElement('input');
  input.type = 'radio';
  input.name = 'look';
  input.value = String(look);
  input.checked = checked;
  input.setAttribute('aria-label', `Light ${look + 1}`);
  input.style.background = colour;
  return input;
}

function chosenLook(page: Page): number {
  const checked = page.looks.querySelector('input:checked');
  return checked instanceof HTMLInputElement ? Number(checked.value) : 0;
}

function pick(words: readonly string[], chance: () => number): string {
  return words[Math.floor(chance() * words.length)] ?? 'Glider';
}

function recall(): Player | null {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(STORED) ?? 'null');
    if (typeof stored !== 'object' || stored === null || !('name' in stored) || !('look' in stored)) return null;
    const { name, look } = stored;
    if (typeof name !== 'string' || nameFault(name) !== '' || typeof look !== 'number') return null;
    return { name, look: Math.abs(Math.floor(look)) % LOOKS.length };
  } catch {
    return null;
  }
}

function remember(player: Player): void {
  try {
    localStorage.setItem(STORED, JSON.stringify(player));
  } catch {
    // A browser that stores nothing still plays.
  }
}
