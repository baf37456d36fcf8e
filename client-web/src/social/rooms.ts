/** Rooms before there is a connection: the list and the making of them over HTTP, and links that lead into one. */

import { ROOM_NAME_BYTES } from '../limits.ts';

/** A room as the menu needs it. */
export interface RoomPlace {
  readonly name: string;
  readonly players: number;
  readonly playersMax: number;
  readonly spectators: number;
}

export type Made =
  | { readonly kind: 'Made'; readonly room: string }
  | { readonly kind: 'Refused'; readonly text: string };

/** A link leads to a room by its name or its code: `/#room=…`, which no server sees and no log has. */
export function roomIn(fragment: string): string {
  const room = new URLSearchParams(fragment.replace(/^#/, '')).get('room') ?? '';
  return roomFault(room) === '' ? room : '';
}

/** Why a text names no room, in words, or nothing. */
export function roomFault(room: string): string {
  if (room === '') return 'Type the code of a room, or its name.';
  if (new TextEncoder().encode(room).length > ROOM_NAME_BYTES) return `A room's name or code has at most ${ROOM_NAME_BYTES} characters.`;
  return /[\p{Cc}\p{Cf}\p{White_Space}]/u.test(room) ? "A room's name or code has no spaces." : '';
}

export function linkTo(origin: string, room: string): string {
  return `${origin}/#room=${encodeURIComponent(room)}`;
}

/** The fullest room with a free place first, as quick join would take it, then by name. */
export function inOrder(rooms: readonly RoomPlace[]): readonly RoomPlace[] {
  const free = (room: RoomPlace): number => (room.players < room.playersMax ? 1 : 0);
  return [...rooms].sort((a, b) => free(b) - free(a) || b.players - a.players || (a.name < b.name ? -1 : 1));
}

/** The rooms in an answer that may be anything. */
export function placesIn(answer: unknown): readonly RoomPlace[] {
  const rooms: unknown = isFields(answer) ? answer['rooms'] : answer;
  if (!Array.isArray(rooms)) return [];
  return rooms.flatMap((room: unknown) => {
    if (!isFields(room) || typeof room['name'] !== 'string') return [];
    const [players, playersMax, spectators] = ['players', 'players_max', 'spectators'].map((key) => countOf(room[key]));
    return [{ name: room['name'], players: players!, playersMax: playersMax!, spectators: spectators! }];
  });
}

/** What became of a wish for a room, in an answer that may be anything. */
export function madeIn(ok: boolean, answer: unknown): Made {
  const fields = isFields(answer) ? answer : {};
  const room = [fields['code'], fields['name'], fields['room']].find((it) => typeof it === 'string' && it !== '');
  if (ok && typeof room === 'string') return { kind: 'Made', room };
  const said = [fields['error'], fields['message']].find((it) => typeof it === 'string' && it !== '');
  return { kind: 'Refused', text: typeof said === 'string' ? said : 'The server made no room. Try again in a while.' };
}

/** The rooms, and whether the server lets anybody look on: it counts those who do, then. */
export async function askRooms(): Promise<{ readonly rooms: readonly RoomPlace[]; readonly looksOn: boolean }> {
  const response = await fetch('/api/rooms', { signal: AbortSignal.timeout(5_000) });
  const answer: unknown = response.ok ? await response.json() : null;
  return { rooms: placesIn(answer), looksOn: countsLookers(answer) };
}

/** Whether an answer that may be anything counts those who look on. */
export function countsLookers(answer: unknown): boolean {
  const rooms: unknown = isFields(answer) ? answer['rooms'] : answer;
  return Array.isArray(rooms) && rooms.some((room: unknown) => isFields(room) && typeof room['spectators'] === 'number');
}

export async function makeRoom(isPrivate: boolean): Promise<Made> {
  try {
    const response = await fetch('/api/rooms', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ private: isPrivate }),
      signal: AbortSignal.timeout(5_000),
    });
    const text = await response.text();
    return madeIn(response.ok, parsed(text));
  } catch {
    return { kind: 'Refused', text: 'The server cannot be reached.' };
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return { error: text.trim().slice(0, 200) };
  }
}

function isFields(it: unknown): it is Readonly<Record<string, unknown>> {
  return typeof it === 'object' && it !== null && !Array.isArray(it);
}

function countOf(it: unknown): number {
  return typeof it === 'number' && Number.isFinite(it) && it >= 0 ? Math.floor(it) : 0;
}
