/** Where a tab puts what its next page goes on with. Each tab has its own; a browser that stores nothing still plays. */

import { type Kept, readKept, writeKept } from './kept.ts';

const KEY = 'throng.session';
const FAMILY = 'throng.family';

export function storeKept(kept: Kept | null): void {
  try {
    if (kept) sessionStorage.setItem(KEY, writeKept(kept, Date.now(), performance.now()));
    else sessionStorage.removeItem(KEY);
  } catch {
    // A reload then begins anew.
  }
}

export function recallKept(): Kept | null {
  try {
    return readKept(sessionStorage.getItem(KEY), Date.now(), performance.now());
  } catch {
    return null;
  }
}

/** What this tab has in common with its copies, and with no other. */
export function familyOf(chance: () => number): string {
  const fresh = `${chance().toString(36)}${chance().toString(36)}`;
  try {
    const known = sessionStorage.getItem(FAMILY) ?? fresh;
    sessionStorage.setItem(FAMILY, known);
    return known;
  } catch {
    return fresh;
  }
}
