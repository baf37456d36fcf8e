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

/** A name's length in bytes of UTF-8 and in characters. */
export const NAME_BYTES_MAX = 64;
export const NAME_CHARS_MAX = 16;
/** Colour schemes that a glider can have. */
export const LOOKS = 16;
/** Steps of thrust: 0 drifts, this is full speed. */
export const THRUST_MAX = 15;

/** An input that names a tick further ahead than this is refused with 1008. */
export const INPUT_AHEAD_TICKS_MAX = 256;
/** A client sends at least this often, and at most once a tick. */
export const INPUT_INTERVAL_MS = 100;

/** Largest message that a server sends. */
export const SERVER_MESSAGE_BYTES = 1 << 20;
/** Silence after which a client gives its connection up. */
export const CLIENT_SILENCE_MS = 10_000;
