/** Bounds that both ends share. Mirrors the part of `shared/src/limits.rs` that a client needs. */

export const TICK_HZ_MIN = 10;
export const TICK_HZ_MAX = 128;

/** Edge of the smallest and largest map, in tiles. */
export const MAP_TILES_MIN = 8;
export const MAP_TILES_MAX = 1024;

/** Edge of an interest cell, in tiles. */
export const CELL_TILES = 8;
/** What every screen shows around its glider, in sub-units: 40 × 22.5 tiles. */
export const VIEW_WIDTH = 40 * 256;
export const VIEW_HEIGHT = 22 * 256 + 128;

/** Health of a fresh glider. */
export const HP_MAX = 100;

/**
 * A name's length in bytes of UTF-8 and in characters as people count them (extended grapheme
 * clusters), both once it is in its compatibility form (NFKC).
 */
export const NAME_BYTES_MAX = 64;
export const NAME_CHARS_MAX = 16;
/** Bytes of a name as it was typed, beyond which nobody looks at it. */
export const NAME_TYPED_BYTES_MAX = 256;
/** The longest that operators may mute and ban, in minutes, and the slowest chat of a room, in seconds. */
export const ORDER_MINUTES_MAX = 60 * 24 * 366;
export const SLOW_S_MAX = 600;
/** A ticket's length in bytes. */
export const TICKET_BYTES = 768;
/** What a session is resumed with, in random bytes. */
export const SECRET_BYTES = 16;
/** Colour schemes that a glider can have. */
export const LOOKS = 16;
/** Steps of thrust: 0 drifts, this is full speed. */
export const THRUST_MAX = 15;

/** An input that names a tick further ahead than this is refused with 1008. */
export const INPUT_AHEAD_TICKS_MAX = 256;
/** A client sends at least this often, and at most once a tick. */
export const INPUT_INTERVAL_MS = 100;

/** Calls of one client that wait for their answer; a client that is not connected keeps so many for later. */
export const CALLS_MAX = 8;
export const CALLS_QUEUED_MAX = 100;

/** Largest message that a server takes. */
export const CLIENT_MESSAGE_BYTES = 1024;
/** Largest message that a server sends. */
export const SERVER_MESSAGE_BYTES = 1 << 20;
/** Longest that a server asks a client to stay away. */
export const RETRY_MAX_MS = 60_000;
/** Silence after which a client gives its connection up. */
export const CLIENT_SILENCE_MS = 10_000;
/** Most that counts as the server's silence between two looks of a client: in a longer gap it was stalled itself. */
export const CLIENT_STALL_MS = 1_000;

/** Most that a client waits before it connects again: the first time, and however often it failed. */
export const RECONNECT_BASE_MS = 250;
export const RECONNECT_CAP_MS = 8_000;
/** A connection that lived this long was a good one: the next wait is a first one again. */
export const RECONNECT_STABLE_MS = 10_000;
/** Least time between two attempts that a hint brings about, whatever it is. */
export const RECONNECT_HINT_MS = 1_000;

/** A room's name, in bytes of UTF-8. */
export const ROOM_NAME_BYTES = 24;
/** A line of chat, in characters and in bytes of UTF-8. */
export const CHAT_CHARS_MAX = 200;
export const CHAT_BYTES_MAX = 600;
