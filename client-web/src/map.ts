/** The solid and open tiles of an arena. Mirrors `shared/src/map.rs`. */

import { SUB_BITS } from './lattice.ts';
import { MAP_TILES_MAX, MAP_TILES_MIN } from './limits.ts';

const SOLID = 1;
/** Set on a tile that is solid or has a solid neighbour, the outside included. */
const NEAR_SOLID = 2;

/** A grid of tiles, row by row from the north-west; everything outside is solid. */
export interface TileMap {
  readonly width: number;
  readonly height: number;
  readonly tiles: Uint8Array;
}

/** A map from one byte a tile (nonzero is solid), or null when size or count are wrong. */
export function newMap(width: number, height: number, solid: Uint8Array): TileMap | null {
  if (!isEdge(width) || !isEdge(height) || solid.length !== width * height) return null;
  const map = { width, height, tiles: solid.map((tile) => (tile ? SOLID : 0)) };
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (isNearSolid(map, x, y)) map.tiles[y * width + x]! |= NEAR_SOLID;
    }
  }
  return map;
}

/** A map of open floor within a border of one solid tile. */
export function walled(width: number, height: number): TileMap | null {
  if (!isEdge(width) || !isEdge(height)) return null;
  const solid = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (x === 0 || y === 0 || x === width - 1 || y === height - 1) solid[y * width + x] = 1;
    }
  }
  return newMap(width, height, solid);
}

/** A map from alternating run lengths, floor first, or null when they do not fill it. */
export function mapFromRuns(width: number, height: number, runs: readonly number[]): TileMap | null {
  if (!isEdge(width) || !isEdge(height)) return null;
  const solid = new Uint8Array(width * height);
  let at = 0;
  for (let i = 0; i < runs.length; i++) {
    const end = at + runs[i]!;
    if (end > solid.length) return null;
    if (i % 2 === 1) solid.fill(1, at, end);
    at = end;
  }
  return at === solid.length ? newMap(width, height, solid) : null;
}

/** Whether two maps have the same tiles. */
export function isSameMap(one: TileMap, other: TileMap): boolean {
  return one.width === other.width && one.height === other.height && one.tiles.every((tile, n) => tile === other.tiles[n]);
}

/** Whether the tile in column `x`, row `y` stops gliders and bolts. */
export function isSolid(map: TileMap, x: number, y: number): boolean {
  if (x < 0 || y < 0 || x >= map.width || y >= map.height) return true;
  return (map.tiles[y * map.width + x]! & SOLID) !== 0;
}

/** Whether a position, in sub-units, lies in a solid tile. */
export function isSolidAt(map: TileMap, x: number, y: number): boolean {
  return isSolid(map, x >> SUB_BITS, y >> SUB_BITS);
}

/** Whether the tile at a position, in sub-units, and its eight neighbours are all open. */
export function isOpenAround(map: TileMap, x: number, y: number): boolean {
  const column = x >> SUB_BITS;
  const row = y >> SUB_BITS;
  if (column < 0 || row < 0 || column >= map.width || row >= map.height) return false;
  return (map.tiles[row * map.width + column]! & NEAR_SOLID) === 0;
}

function isNearSolid(map: TileMap, x: number, y: number): boolean {
  for (let ny = y - 1; ny <= y + 1; ny++) {
    for (let nx = x - 1; nx <= x + 1; nx++) {
      if (isSolid(map, nx, ny)) return true;
    }
  }
  return false;
}

function isEdge(tiles: number): boolean {
  return Number.isInteger(tiles) && tiles >= MAP_TILES_MIN && tiles <= MAP_TILES_MAX;
}
