/** Values that share bytes on the wire, taken apart. Mirrors `shared/src/wire/pack.rs` and `records.rs`. */

import { CELL_SUB } from '../cells.ts';
import { alongX, alongY } from '../lattice.ts';
import { THRUST_MAX } from '../limits.ts';
import { type Body, bodyAt, type Flight, type Rules, type Steer } from '../motion.ts';
import type { BoltRecord, GliderRecord } from './codec.ts';

/** x in sub-units of a place in the cell of this column. */
export function placeX(place: number, column: number): number {
  return column * CELL_SUB + (place & 0xfff);
}

/** y in sub-units of a place in the cell of this row. */
export function placeY(place: number, row: number): number {
  return row * CELL_SUB + (place >>> 12);
}

export function trimThrust(trim: number): number {
  return trim & 15;
}

export function trimLook(trim: number): number {
  return trim >> 4;
}

/** Health, of a condition byte. */
export function conditionHp(condition: number): number {
  return condition & 127;
}

/** Whether the player's connection is lost, of a condition byte. */
export function isLinkDead(condition: number): boolean {
  return condition >> 7 === 1;
}

export function conditionOf(hp: number, linkDead: boolean): number {
  return (hp & 127) | (linkDead ? 128 : 0);
}

export function recordSteer(record: GliderRecord): Steer {
  return { heading: record.heading, thrust: trimThrust(record.trim) };
}

/** The body of a glider record in a cell. */
export function recordBody(record: GliderRecord, column: number, row: number, rules: Rules): Body {
  const body = bodyAt(placeX(record.place, column), placeY(record.place, row));
  const motion = record.motion;
  switch (motion.kind) {
    case 'Cruise': {
      const wanted = ((rules.speed * trimThrust(record.trim)) / THRUST_MAX) | 0;
      body.vx = alongX(record.heading, wanted);
      body.vy = alongY(record.heading, wanted);
      break;
    }
    case 'Free':
      takeVelocity(body, motion.vx, motion.vy, rules);
      break;
    case 'Dash':
      takeVelocity(body, motion.vx, motion.vy, rules);
      body.dashLeft = motion.left;
      body.dashRest = motion.rest;
      break;
  }
  return body;
}

/** What a peer says, within what the rule of movement can compute with. */
function takeVelocity(body: Body, vx: number, vy: number, rules: Rules): void {
  const top = rules.dashSpeed;
  body.vx = Math.min(top, Math.max(-top, vx));
  body.vy = Math.min(top, Math.max(-top, vy));
}

/** The flight of a bolt record in a cell. */
export function recordFlight(record: BoltRecord, column: number, row: number): Flight {
  return {
    x: placeX(record.place, column),
    y: placeY(record.place, row),
    heading: record.heading,
    left: record.left,
  };
}
