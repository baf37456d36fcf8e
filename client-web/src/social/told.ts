/** What a page was told, kept in its tab beside the session: a server says nothing twice, and a reload shows it again. */

import { SCHEMA_HASH } from '../wire/codec.ts';
import type { Heard, Lines } from './lines.ts';
import type { Muted, Mutes } from './mutes.ts';
import type { Notice, Notices } from './notices.ts';

const KEY = 'throng.told';

/** Lines, notices and who is muted in the room, as text. Fits only pages of the same wire types. */
export function writeTold(lines: Lines, notices: Notices, { here }: Mutes): string {
  const { room, heard } = lines;
  const { kept, unread, count } = notices;
  return JSON.stringify({ schema: SCHEMA_HASH, room, heard: heard.map(({ line }) => line), here, kept, unread, count });
}

/** Takes back what was written, as something seen long ago. False when it is nothing that `writeTold` wrote. */
export function readTold(text: string | null, lines: Lines, notices: Notices, mutes: Mutes): boolean {
  try {
    const told = JSON.parse(text ?? 'null');
    const lists = [told?.heard, told?.kept, told?.here];
    if (told?.schema !== SCHEMA_HASH || !lists.every(Array.isArray)) return false;
    lines.room = String(told.room);
    lines.heard = told.heard.map((line: Heard['line']): Heard => ({ line, atMs: Number.NEGATIVE_INFINITY }));
    mutes.here = told.here as readonly Muted[];
    notices.kept = told.kept as readonly Notice[];
    notices.unread = Number(told.unread);
    notices.count = Number(told.count);
    return true;
  } catch {
    return false;
  }
}

/** Keeps what changed since the last time. */
export class ToldStore {
  private heard: unknown = null;
  private kept: unknown = null;
  private here: unknown = null;
  private unread = 0;

  store(lines: Lines, notices: Notices, mutes: Mutes): void {
    const isSame = this.heard === lines.heard && this.kept === notices.kept && this.here === mutes.here;
    if (isSame && this.unread === notices.unread) return;
    this.heard = lines.heard;
    this.kept = notices.kept;
    this.here = mutes.here;
    this.unread = notices.unread;
    try {
      sessionStorage.setItem(KEY, writeTold(lines, notices, mutes));
    } catch {
      // A reload then begins with empty lists.
    }
  }

  /** What was stored last, as `writeTold` wrote it. */
  stored(): string | null {
    try {
      return sessionStorage.getItem(KEY);
    } catch {
      // A browser that stores nothing has nothing to give back.
      return null;
    }
  }
}
