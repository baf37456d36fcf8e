/** What the server tells of itself, in one line. */

import type { ServerRow } from '../wire/codec.ts';

/** Players in all rooms, the longest tick of the last second, and bytes a second to clients. */
export function sayServer({ players, workUs, bytesOut }: ServerRow): string {
  return `${players} ${players === 1 ? 'player' : 'players'} · ${sayWork(workUs)} a tick · ${sayBytes(bytesOut)}/s`;
}

function sayWork(us: number): string {
  return us < 10_000 ? `${(us / 1_000).toFixed(1)} ms` : `${Math.round(us / 1_000)} ms`;
}

export function sayBytes(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${(bytes / 1_000).toFixed(bytes < 10_000 ? 1 : 0)} kB`;
  return `${(bytes / 1_000_000).toFixed(bytes < 10_000_000 ? 1 : 0)} MB`;
}
