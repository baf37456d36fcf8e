/** Rooms before there is a connection: the list and the making of them over HTTP. */

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

/** The fullest room with a free place first, bots among its players, then by name. */
export function inOrder(rooms: readonly RoomPlace[]): readonly RoomPlace[] {
  const free = (room: RoomPlace): number => (room.players < room.playersMax ? 1 : 0);
  return [...rooms].sort((a, b) => free(b) - free(a) || b.players - a.players || (a.name < b.name ? -1 : 1));
}

/** How many play just now, or nothing when nobody does. */
export function sayCompany(rooms: readonly RoomPlace[]): string {
  const players = rooms.reduce((sum, room) => sum + room.players, 0);
  if (players === 0) return '';
  return players === 1 ? 'One glider is in the arena now.' : `${players} gliders are in the arena now.`;
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
