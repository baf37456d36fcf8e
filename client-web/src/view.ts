/**
 * What a client holds of the arena: the exact state of every glider, bolt and shard in its focus at the tick of the
 * newest snapshot. Mirrors `client-bot/src/view.rs`.
 */

import { hasSlot, holdsCell, slotAt, slotColumn, slotRow } from './cells.ts';
import { boltCheck, checkValue, gliderCheck, shardCheck } from './check.ts';
import type { TileMap } from './map.ts';
import { type Body, type Flight, fly, type Rules, type Steer, step } from './motion.ts';
import { tickOffset } from './tick.ts';
import type { BoltRecord, CellEvent, CellKeyframe, Focus, GliderRecord, Refocus, ShardRecord, TickDelta } from './wire/codec.ts';
import { conditionHp, conditionOf, isLinkDead, placeX, placeY, recordBody, recordFlight, recordSteer, trimLook } from './wire/records.ts';

export interface Glider {
  readonly id: number;
  readonly name: string;
  readonly look: number;
  readonly body: Body;
  readonly steer: Steer;
  hp: number;
  /** Whether its player's connection is lost. */
  linkDead: boolean;
  /** Whether a dash was pressed for the coming step. */
  dashing: boolean;
}

export interface Bolt {
  readonly id: number;
  readonly owner: number;
  readonly look: number;
  readonly flight: Flight;
}

export interface Shard {
  readonly id: number;
  readonly x: number;
  readonly y: number;
  readonly value: number;
}

/** What happened in the last tick that is worth showing. Places are in sub-units. */
export type Happening =
  | { kind: 'Enter'; who: number; look: number; x: number; y: number }
  | { kind: 'Death'; who: number; by: number; look: number; x: number; y: number }
  | { kind: 'Hurt'; who: number; x: number; y: number }
  | { kind: 'Dash'; who: number; look: number; x: number; y: number }
  | { kind: 'Fire'; owner: number; look: number; x: number; y: number; heading: number }
  | { kind: 'BoltEnd'; look: number; x: number; y: number; heading: number }
  | { kind: 'Gathered'; by: number; x: number; y: number };

/** Why a snapshot does not fit what the client holds: it has to ask for a resync. */
export type Desync = 'NoFocus' | 'UnknownSlot' | 'UnknownGlider' | 'Keyframes' | 'Check';

export interface View {
  readonly rules: Rules;
  readonly map: TileMap;
  tick: number;
  /** Of no width before the first snapshot. */
  focus: Focus;
  readonly gliders: Map<number, Glider>;
  readonly bolts: Map<number, Bolt>;
  readonly shards: Map<number, Shard>;
  /** Emptied by `applyTick`; filled in the order of events. */
  readonly happenings: Happening[];
  /** Check values that were compared. */
  checks: number;
}

const NO_FOCUS: Focus = { x: 0, y: 0, w: 0, h: 0 };

export function newView(rules: Rules, map: TileMap, tick: number): View {
  return {
    rules,
    map,
    tick,
    focus: NO_FOCUS,
    gliders: new Map(),
    bolts: new Map(),
    shards: new Map(),
    happenings: [],
    checks: 0,
  };
}

/**
 * Brings the view to the next tick. After a `Desync` it is not to be trusted until a restart.
 */
export function applyTick(view: View, delta: TickDelta): Desync | null {
  view.happenings.length = 0;
  const { focus } = view;
  if (focus.w === 0) return 'NoFocus';
  for (const { who, heading } of delta.steers) {
    const glider = view.gliders.get(who);
    if (!glider) return 'UnknownGlider';
    glider.steer.heading = heading;
  }
  for (const { events } of delta.cells) {
    for (const event of events) {
      if (!applyBeforeStep(view, event)) return 'UnknownGlider';
    }
  }
  stepAll(view);
  for (const { slot, events } of delta.cells) {
    if (!hasSlot(focus, slot)) return 'UnknownSlot';
    for (const event of events) applyAfterStep(view, slot, event);
  }
  for (const { slot, events } of delta.cells) {
    for (const event of events) {
      if (event.kind !== 'Check') continue;
      view.checks++;
      if (checkCell(view, slot) !== event.value) return 'Check';
    }
  }
  return null;
}

/** Changes the held cells and takes in the keyframes of new ones. */
export function applyRefocus(view: View, refocus: Refocus): Desync | null {
  const held = refocus.restart === null ? view.focus : NO_FOCUS;
  view.focus = refocus.focus;
  if (refocus.restart !== null) {
    view.tick = refocus.restart;
    view.gliders.clear();
    view.bolts.clear();
    view.shards.clear();
  }
  dropOutside(view);
  let next = 0;
  const slots = view.focus.w * view.focus.h;
  for (let slot = 0; slot < slots; slot++) {
    if (holdsCell(held, slotColumn(view.focus, slot), slotRow(view.focus, slot))) continue;
    const keyframe = refocus.keyframes[next++];
    if (!keyframe) return 'Keyframes';
    takeKeyframe(view, keyframe, slot);
  }
  return next === refocus.keyframes.length ? null : 'Keyframes';
}

/** What the check value of a held cell must be. */
export function checkCell(view: View, slot: number): number {
  let sum = 0;
  for (const { id, body, steer, hp, linkDead } of view.gliders.values()) {
    if (slotAt(view.focus, body.x, body.y) !== slot) continue;
    sum = (sum + gliderCheck(id, body, steer, conditionOf(hp, linkDead))) | 0;
  }
  for (const { id, flight } of view.bolts.values()) {
    if (slotAt(view.focus, flight.x, flight.y) === slot) sum = (sum + boltCheck(id, flight)) | 0;
  }
  for (const { id, x, y, value } of view.shards.values()) {
    if (slotAt(view.focus, x, y) === slot) sum = (sum + shardCheck(id, value)) | 0;
  }
  return checkValue(sum);
}

/** False when the event is about a glider that is not held. */
function applyBeforeStep(view: View, event: CellEvent): boolean {
  if (event.kind !== 'Thrust' && event.kind !== 'Dash') return true;
  const glider = view.gliders.get(event.who);
  if (!glider) return false;
  if (event.kind === 'Thrust') {
    glider.steer.thrust = event.thrust;
  } else {
    glider.dashing = true;
    const { look, body } = glider;
    view.happenings.push({ kind: 'Dash', who: event.who, look, x: body.x, y: body.y });
  }
  return true;
}

function stepAll(view: View): void {
  const { rules, map, focus } = view;
  view.tick = tickOffset(view.tick, 1);
  for (const glider of view.gliders.values()) {
    step(glider.body, glider.steer, glider.dashing, view.tick, rules, map);
    glider.dashing = false;
    if (slotAt(focus, glider.body.x, glider.body.y) < 0) view.gliders.delete(glider.id);
  }
  for (const bolt of view.bolts.values()) {
    const { flight } = bolt;
    if (!fly(flight, view.tick, rules, map)) {
      view.bolts.delete(bolt.id);
      const { x, y, heading } = flight;
      view.happenings.push({ kind: 'BoltEnd', look: bolt.look, x, y, heading });
    } else if (slotAt(focus, flight.x, flight.y) < 0) {
      view.bolts.delete(bolt.id);
    }
  }
}

function applyAfterStep(view: View, slot: number, event: CellEvent): void {
  // A glider or bolt may come and end in one tick; then it was never held.
  switch (event.kind) {
    case 'Thrust':
    case 'Dash':
    case 'Check':
      break;
    case 'Arrival':
      takeGlider(view, event.value, slot);
      break;
    case 'BoltArrival':
      takeBolt(view, event.value, slot);
      break;
    case 'Enter': {
      const { body, look, id } = takeGlider(view, event.value, slot);
      view.happenings.push({ kind: 'Enter', who: id, look, x: body.x, y: body.y });
      break;
    }
    case 'Leave':
      view.gliders.delete(event.who);
      break;
    case 'Death': {
      const glider = view.gliders.get(event.who);
      if (!glider) break;
      view.gliders.delete(event.who);
      const { look, body } = glider;
      view.happenings.push({ kind: 'Death', who: event.who, by: event.by, look, x: body.x, y: body.y });
      break;
    }
    case 'Health': {
      const glider = view.gliders.get(event.who);
      if (!glider) break;
      if (event.hp < glider.hp) view.happenings.push({ kind: 'Hurt', who: event.who, x: glider.body.x, y: glider.body.y });
      glider.hp = event.hp;
      break;
    }
    case 'Link': {
      const glider = view.gliders.get(event.who);
      if (glider) glider.linkDead = event.dead;
      break;
    }
    case 'Fire': {
      const { flight, look, owner } = takeBolt(view, event.value, slot);
      view.happenings.push({ kind: 'Fire', owner, look, x: flight.x, y: flight.y, heading: flight.heading });
      break;
    }
    case 'BoltHit': {
      const bolt = view.bolts.get(event.bolt);
      if (!bolt) break;
      view.bolts.delete(event.bolt);
      const { x, y, heading } = bolt.flight;
      view.happenings.push({ kind: 'BoltEnd', look: bolt.look, x, y, heading });
      break;
    }
    case 'Shard':
      takeShard(view, event.value, slot);
      break;
    case 'Gathered': {
      const shard = view.shards.get(event.shard);
      if (!shard) break;
      view.shards.delete(event.shard);
      view.happenings.push({ kind: 'Gathered', by: event.by, x: shard.x, y: shard.y });
      break;
    }
  }
}

function dropOutside(view: View): void {
  const { focus } = view;
  for (const { id, body } of view.gliders.values()) {
    if (slotAt(focus, body.x, body.y) < 0) view.gliders.delete(id);
  }
  for (const { id, flight } of view.bolts.values()) {
    if (slotAt(focus, flight.x, flight.y) < 0) view.bolts.delete(id);
  }
  for (const { id, x, y } of view.shards.values()) {
    if (slotAt(focus, x, y) < 0) view.shards.delete(id);
  }
}

function takeKeyframe(view: View, keyframe: CellKeyframe, slot: number): void {
  for (const record of keyframe.gliders) takeGlider(view, record, slot);
  for (const record of keyframe.bolts) takeBolt(view, record, slot);
  for (const record of keyframe.shards) takeShard(view, record, slot);
}

function takeGlider(view: View, record: GliderRecord, slot: number): Glider {
  const glider: Glider = {
    id: record.id,
    name: record.name,
    look: trimLook(record.trim),
    body: recordBody(record, slotColumn(view.focus, slot), slotRow(view.focus, slot), view.rules),
    steer: recordSteer(record),
    hp: conditionHp(record.condition),
    linkDead: isLinkDead(record.condition),
    dashing: false,
  };
  view.gliders.set(glider.id, glider);
  return glider;
}

function takeBolt(view: View, record: BoltRecord, slot: number): Bolt {
  const bolt: Bolt = {
    id: record.id,
    owner: record.owner,
    look: view.gliders.get(record.owner)?.look ?? 0,
    flight: recordFlight(record, slotColumn(view.focus, slot), slotRow(view.focus, slot)),
  };
  view.bolts.set(bolt.id, bolt);
  return bolt;
}

function takeShard(view: View, record: ShardRecord, slot: number): void {
  view.shards.set(record.id, {
    id: record.id,
    x: placeX(record.place, slotColumn(view.focus, slot)),
    y: placeY(record.place, slotRow(view.focus, slot)),
    value: record.value,
  });
}
