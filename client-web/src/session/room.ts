/** Names and codes of rooms, and links that lead into one. */

import { ROOM_NAME_BYTES } from '../limits.ts';

/** A link leads to a room by its name or its code: `/#room=…`, which no server sees and no log has. */
export function roomIn(fragment: string): string {
  const room = new URLSearchParams(fragment.replace(/^#/, '')).get('room') ?? '';
  return roomFault(room) === '' ? room : '';
}

/** Why a text names no room, in words, or nothing. */
export function roomFault(room: string): string {
  if (room === '') return 'Type the code of a room, or its name.';
  if (new TextEncoder().encode(room).length > ROOM_NAME_BYTES) return `A room's name or code has at most ${ROOM_NAME_BYTES} characters.`;
  return /[\p{Cc}\p{Cf}\p{Cs}\p{White_Space}]/u.test(room) ? "A room's name or code has no spaces." : '';
}

/** The fragment that leads to a room, and nothing for any room. */
export function fragmentTo(room: string): string {
  return room === '' ? '' : `#room=${encodeURIComponent(room)}`;
}

export function linkTo(origin: string, room: string): string {
  return `${origin}/${fragmentTo(room)}`;
}
