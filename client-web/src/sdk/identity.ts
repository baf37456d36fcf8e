/** Where a guest's identity is kept: 24 bytes that the server signed, as hexadecimal digits. */

import type { Identity } from '../wire/codec.ts';

/** Whatever these two throw is taken for nothing kept. */
export interface IdentityStore {
  load(): string | null;
  save(identity: string): void;
}

const KEY = 'throng.identity';
const DIGITS = /^[0-9a-f]{48}$/;

/** The browser's, or one that lasts as long as the program. */
export function defaultStore(): IdentityStore {
  const memory = memoryStore();
  // Node has a `localStorage` too, which complains when it was given no file.
  if (typeof document === 'undefined') return memory;
  return {
    load: () => localStorage.getItem(KEY),
    save: (identity) => localStorage.setItem(KEY, identity),
  };
}

export function memoryStore(): IdentityStore {
  let kept: string | null = null;
  return {
    load: () => kept,
    save: (identity) => {
      kept = identity;
    },
  };
}

/** What was kept, if it is an identity. */
export function loadIdentity(store: IdentityStore): Identity | null {
  try {
    const digits = store.load() ?? '';
    return DIGITS.test(digits) ? Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)) : null;
  } catch {
    return null;
  }
}

export function saveIdentity(store: IdentityStore, identity: Identity): void {
  try {
    store.save(Array.from(identity, (byte) => byte.toString(16).padStart(2, '0')).join(''));
  } catch {
    // The next visit is that of somebody new.
  }
}
