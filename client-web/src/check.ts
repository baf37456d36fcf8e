/**
 * The check value of a cell: what two ends compare to prove that they hold the same. Mirrors `shared/src/check.rs`.
 *
 * A sum over the things in the cell, so that the order in which an end keeps them does not matter. Each function
 * gives what a thing adds to the sum.
 */

import type { Body, Flight, Steer } from './motion.ts';

const SEED = 0x811c9dc5 | 0;
const FACTOR = 0x9e3779b1 | 0;

export function gliderCheck(id: number, body: Body, steer: Steer, condition: number): number {
  let hash = mix(SEED, id | (condition << 16));
  hash = mix(hash, body.x);
  hash = mix(hash, body.y);
  hash = mix(hash, body.vx);
  hash = mix(hash, body.vy);
  return mix(hash, steer.heading | (steer.thrust << 8) | (body.dashLeft << 16) | (body.dashRest << 24));
}

export function boltCheck(id: number, flight: Flight): number {
  let hash = mix(SEED, 0x0100_0000 | id);
  hash = mix(hash, flight.x);
  hash = mix(hash, flight.y);
  return mix(hash, flight.heading | (flight.left << 8));
}

export function shardCheck(id: number, value: number): number {
  return mix(mix(SEED, 0x0200_0000 | id), value);
}

/** The sixteen bits that go on the wire, from the sum of a cell. */
export function checkValue(sum: number): number {
  return ((sum >>> 16) ^ sum) & 0xffff;
}

function mix(hash: number, word: number): number {
  const product = Math.imul(hash ^ word, FACTOR);
  return product ^ (product >>> 15);
}
