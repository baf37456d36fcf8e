/** The grid of interest cells, and which of them a client holds. Mirrors `shared/src/cells.rs`. */

import { SUB } from './lattice.ts';
import { CELL_TILES } from './limits.ts';
import type { Focus } from './wire/codec.ts';

/** Edge of a cell, in sub-units. */
export const CELL_SUB = CELL_TILES * SUB;
const CELL_SUB_BITS = 11;

/** The column (or row) of the cell at a coordinate in sub-units. */
export function cellAt(coordinate: number): number {
  return coordinate >> CELL_SUB_BITS;
}

/** The slot of the cell at a position within the focus, or -1 when it is not held. */
export function slotAt(focus: Focus, x: number, y: number): number {
  const column = cellAt(x) - focus.x;
  const row = cellAt(y) - focus.y;
  if (column < 0 || row < 0 || column >= focus.w || row >= focus.h) return -1;
  return row * focus.w + column;
}

/** Whether the cell in this column and row is held. */
export function holdsCell(focus: Focus, column: number, row: number): boolean {
  return column >= focus.x && row >= focus.y && column < focus.x + focus.w && row < focus.y + focus.h;
}

/** Column of the cell in a slot. */
export function slotColumn(focus: Focus, slot: number): number {
  return focus.x + (slot % focus.w);
}

/** Row of the cell in a slot. */
export function slotRow(focus: Focus, slot: number): number {
  return focus.y + ((slot / focus.w) | 0);
}

/** Whether there is such a slot. */
export function hasSlot(focus: Focus, slot: number): boolean {
  return slot < focus.w * focus.h;
}
