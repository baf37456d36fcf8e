/** Types and codec of the wire. Written by `cargo xtask codegen` from the Rust types of `shared/src/wire`: change those. */

import type { Reader } from './reader.ts';
import type { Writer } from './writer.ts';

/** A hash of every wire type; the server refuses a client with another one. */
export const SCHEMA_HASH = 0x4441_9f57;
export const PROTOCOL_VERSION = 1;

/** What a client does after a close, and the reason in words. */
export const CLOSE_CODES = {
  Left: { number: 1000, comeback: 'Never', text: 'left' },
  GoingAway: { number: 1001, comeback: 'Retry', text: 'going away' },
  Protocol: { number: 1002, comeback: 'Never', text: 'not a valid WebSocket frame' },
  TextFrame: { number: 1003, comeback: 'Never', text: 'this endpoint takes binary messages only' },
  NotUtf8: { number: 1007, comeback: 'Never', text: 'text is not UTF-8' },
  Policy: { number: 1008, comeback: 'Never', text: 'a message broke a rule of the session' },
  TooBig: { number: 1009, comeback: 'Never', text: 'a message is too big' },
  RoomCrashed: { number: 1011, comeback: 'Retry', text: 'the room crashed' },
  Restart: { number: 1012, comeback: 'Retry', text: 'the server restarts' },
  Full: { number: 1013, comeback: 'Retry', text: 'the room is full' },
  Lost: { number: 1006, comeback: 'Retry', text: 'the connection was lost' },
  Decode: { number: 4001, comeback: 'Never', text: 'a message could not be decoded' },
  NotAuthenticated: { number: 4003, comeback: 'Never', text: 'a message came before Hello' },
  AuthFailed: { number: 4004, comeback: 'Never', text: 'the ticket was refused' },
  RateLimited: { number: 4008, comeback: 'Retry', text: 'too many messages' },
  Silent: { number: 4009, comeback: 'Retry', text: 'no heartbeat' },
  Kicked: { number: 4010, comeback: 'Never', text: 'kicked' },
  Replaced: { number: 4011, comeback: 'Never', text: 'replaced by a newer connection' },
  WrongProtocol: { number: 4012, comeback: 'Never', text: 'this client speaks another version of the protocol' },
  SlowConsumer: { number: 4013, comeback: 'Retry', text: 'the connection reads too slowly' },
} as const;

/** Items are decoded one by one, so a forged length takes no more memory than the bytes that came. */
function list<T>(r: Reader, item: (r: Reader) => T): T[] {
  const length = r.len(r.remaining);
  const items: T[] = [];
  for (let i = 0; i < length; i++) items.push(item(r));
  return items;
}

export interface BoardRow {
  id: number;
  name: string;
  shards: number;
}

export function encodeBoardRow(w: Writer, v: BoardRow): void {
  w.bytesLE(v.id, 2);
  w.string(v.name);
  w.varU32(v.shards);
}

export function decodeBoardRow(r: Reader): BoardRow {
  return { id: r.bytesLE(2), name: r.string(), shards: r.varU32() };
}

export interface BoltRecord {
  id: number;
  owner: number;
  place: Place;
  heading: number;
  left: number;
}

export function encodeBoltRecord(w: Writer, v: BoltRecord): void {
  w.bytesLE(v.id, 2);
  w.bytesLE(v.owner, 2);
  encodePlace(w, v.place);
  w.u8(v.heading);
  w.u8(v.left);
}

export function decodeBoltRecord(r: Reader): BoltRecord {
  return { id: r.bytesLE(2), owner: r.bytesLE(2), place: decodePlace(r), heading: r.u8(), left: r.u8() };
}

export interface CellDelta {
  slot: number;
  events: CellEvent[];
}

export function encodeCellDelta(w: Writer, v: CellDelta): void {
  w.u8(v.slot);
  w.len(v.events.length);
  for (const item of v.events) encodeCellEvent(w, item);
}

export function decodeCellDelta(r: Reader): CellDelta {
  return { slot: r.u8(), events: list(r, decodeCellEvent) };
}

export type CellEvent =
  | { kind: 'Thrust'; who: number; thrust: number }
  | { kind: 'Dash'; who: number }
  | { kind: 'Enter'; value: GliderRecord }
  | { kind: 'Leave'; who: number }
  | { kind: 'Death'; who: number; by: number }
  | { kind: 'Health'; who: number; hp: number }
  | { kind: 'Fire'; value: BoltRecord }
  | { kind: 'BoltHit'; bolt: number }
  | { kind: 'Shard'; value: ShardRecord }
  | { kind: 'Gathered'; shard: number; by: number }
  | { kind: 'Check'; value: number }
  | { kind: 'Arrival'; value: GliderRecord }
  | { kind: 'BoltArrival'; value: BoltRecord }
  | { kind: 'Link'; who: number; dead: boolean };

export function encodeCellEvent(w: Writer, v: CellEvent): void {
  switch (v.kind) {
    case 'Thrust':
      w.varU32(0);
      w.bytesLE(v.who, 2);
      w.u8(v.thrust);
      break;
    case 'Dash':
      w.varU32(1);
      w.bytesLE(v.who, 2);
      break;
    case 'Enter':
      w.varU32(2);
      encodeGliderRecord(w, v.value);
      break;
    case 'Leave':
      w.varU32(3);
      w.bytesLE(v.who, 2);
      break;
    case 'Death':
      w.varU32(4);
      w.bytesLE(v.who, 2);
      w.bytesLE(v.by, 2);
      break;
    case 'Health':
      w.varU32(5);
      w.bytesLE(v.who, 2);
      w.u8(v.hp);
      break;
    case 'Fire':
      w.varU32(6);
      encodeBoltRecord(w, v.value);
      break;
    case 'BoltHit':
      w.varU32(7);
      w.bytesLE(v.bolt, 2);
      break;
    case 'Shard':
      w.varU32(8);
      encodeShardRecord(w, v.value);
      break;
    case 'Gathered':
      w.varU32(9);
      w.bytesLE(v.shard, 2);
      w.bytesLE(v.by, 2);
      break;
    case 'Check':
      w.varU32(10);
      w.varU16(v.value);
      break;
    case 'Arrival':
      w.varU32(11);
      encodeGliderRecord(w, v.value);
      break;
    case 'BoltArrival':
      w.varU32(12);
      encodeBoltRecord(w, v.value);
      break;
    case 'Link':
      w.varU32(13);
      w.bytesLE(v.who, 2);
      w.bool(v.dead);
      break;
  }
}

export function decodeCellEvent(r: Reader): CellEvent {
  switch (r.varU32()) {
    case 0: return { kind: 'Thrust', who: r.bytesLE(2), thrust: r.u8() };
    case 1: return { kind: 'Dash', who: r.bytesLE(2) };
    case 2: return { kind: 'Enter', value: decodeGliderRecord(r) };
    case 3: return { kind: 'Leave', who: r.bytesLE(2) };
    case 4: return { kind: 'Death', who: r.bytesLE(2), by: r.bytesLE(2) };
    case 5: return { kind: 'Health', who: r.bytesLE(2), hp: r.u8() };
    case 6: return { kind: 'Fire', value: decodeBoltRecord(r) };
    case 7: return { kind: 'BoltHit', bolt: r.bytesLE(2) };
    case 8: return { kind: 'Shard', value: decodeShardRecord(r) };
    case 9: return { kind: 'Gathered', shard: r.bytesLE(2), by: r.bytesLE(2) };
    case 10: return { kind: 'Check', value: r.varU16() };
    case 11: return { kind: 'Arrival', value: decodeGliderRecord(r) };
    case 12: return { kind: 'BoltArrival', value: decodeBoltRecord(r) };
    case 13: return { kind: 'Link', who: r.bytesLE(2), dead: r.bool() };
    default: return r.fail('BadTag');
  }
}

export interface CellKeyframe {
  gliders: GliderRecord[];
  bolts: BoltRecord[];
  shards: ShardRecord[];
}

export function encodeCellKeyframe(w: Writer, v: CellKeyframe): void {
  w.len(v.gliders.length);
  for (const item of v.gliders) encodeGliderRecord(w, item);
  w.len(v.bolts.length);
  for (const item of v.bolts) encodeBoltRecord(w, item);
  w.len(v.shards.length);
  for (const item of v.shards) encodeShardRecord(w, item);
}

export function decodeCellKeyframe(r: Reader): CellKeyframe {
  return { gliders: list(r, decodeGliderRecord), bolts: list(r, decodeBoltRecord), shards: list(r, decodeShardRecord) };
}

export type ClientMessage =
  | { kind: 'Input'; value: Input }
  | { kind: 'Hello'; value: Hello }
  | { kind: 'Pong'; nonce: number; received: number }
  | { kind: 'Resync' }
  | { kind: 'Bye' };

export function encodeClientMessage(w: Writer, v: ClientMessage): void {
  switch (v.kind) {
    case 'Input':
      w.varU32(0);
      encodeInput(w, v.value);
      break;
    case 'Hello':
      w.varU32(1);
      encodeHello(w, v.value);
      break;
    case 'Pong':
      w.varU32(2);
      w.varU16(v.nonce);
      w.varU32(v.received);
      break;
    case 'Resync':
      w.varU32(3);
      break;
    case 'Bye':
      w.varU32(4);
      break;
  }
}

export function decodeClientMessage(r: Reader): ClientMessage {
  switch (r.varU32()) {
    case 0: return { kind: 'Input', value: decodeInput(r) };
    case 1: return { kind: 'Hello', value: decodeHello(r) };
    case 2: return { kind: 'Pong', nonce: r.varU16(), received: r.varU32() };
    case 3: return { kind: 'Resync' };
    case 4: return { kind: 'Bye' };
    default: return r.fail('BadTag');
  }
}

export type Condition = number;

export function encodeCondition(w: Writer, v: Condition): void {
  w.u8(v);
}

export function decodeCondition(r: Reader): Condition {
  return r.u8();
}

export type Event =
  | { kind: 'Score'; shards: number; kills: number }
  | { kind: 'Board'; rows: BoardRow[]; players: number; rank: number }
  | { kind: 'Crown'; holder: number; name: string }
  | { kind: 'CrownAt'; x: number; y: number }
  | { kind: 'Kill'; killer: number; killerName: string; victim: number; victimName: string; crown: boolean }
  | { kind: 'Notice'; text: string };

export function encodeEvent(w: Writer, v: Event): void {
  switch (v.kind) {
    case 'Score':
      w.varU32(0);
      w.varU32(v.shards);
      w.varU16(v.kills);
      break;
    case 'Board':
      w.varU32(1);
      w.len(v.rows.length);
      for (const item of v.rows) encodeBoardRow(w, item);
      w.varU16(v.players);
      w.varU16(v.rank);
      break;
    case 'Crown':
      w.varU32(2);
      w.bytesLE(v.holder, 2);
      w.string(v.name);
      break;
    case 'CrownAt':
      w.varU32(3);
      w.varU16(v.x);
      w.varU16(v.y);
      break;
    case 'Kill':
      w.varU32(4);
      w.bytesLE(v.killer, 2);
      w.string(v.killerName);
      w.bytesLE(v.victim, 2);
      w.string(v.victimName);
      w.bool(v.crown);
      break;
    case 'Notice':
      w.varU32(5);
      w.string(v.text);
      break;
  }
}

export function decodeEvent(r: Reader): Event {
  switch (r.varU32()) {
    case 0: return { kind: 'Score', shards: r.varU32(), kills: r.varU16() };
    case 1: return { kind: 'Board', rows: list(r, decodeBoardRow), players: r.varU16(), rank: r.varU16() };
    case 2: return { kind: 'Crown', holder: r.bytesLE(2), name: r.string() };
    case 3: return { kind: 'CrownAt', x: r.varU16(), y: r.varU16() };
    case 4:
      return {
        kind: 'Kill',
        killer: r.bytesLE(2),
        killerName: r.string(),
        victim: r.bytesLE(2),
        victimName: r.string(),
        crown: r.bool(),
      };
    case 5: return { kind: 'Notice', text: r.string() };
    default: return r.fail('BadTag');
  }
}

export interface Feedback {
  ack: number;
  early: number;
}

export function encodeFeedback(w: Writer, v: Feedback): void {
  w.varI16(v.ack);
  w.varI16(v.early);
}

export function decodeFeedback(r: Reader): Feedback {
  return { ack: r.varI16(), early: r.varI16() };
}

export interface Focus {
  x: number;
  y: number;
  w: number;
  h: number;
}

export function encodeFocus(w: Writer, v: Focus): void {
  w.u8(v.x);
  w.u8(v.y);
  w.u8(v.w);
  w.u8(v.h);
}

export function decodeFocus(r: Reader): Focus {
  return { x: r.u8(), y: r.u8(), w: r.u8(), h: r.u8() };
}

export interface GliderRecord {
  id: number;
  place: Place;
  heading: number;
  trim: Trim;
  motion: Motion;
  condition: Condition;
  name: string;
}

export function encodeGliderRecord(w: Writer, v: GliderRecord): void {
  w.bytesLE(v.id, 2);
  encodePlace(w, v.place);
  w.u8(v.heading);
  encodeTrim(w, v.trim);
  encodeMotion(w, v.motion);
  encodeCondition(w, v.condition);
  w.string(v.name);
}

export function decodeGliderRecord(r: Reader): GliderRecord {
  return {
    id: r.bytesLE(2),
    place: decodePlace(r),
    heading: r.u8(),
    trim: decodeTrim(r),
    motion: decodeMotion(r),
    condition: decodeCondition(r),
    name: r.string(),
  };
}

export interface Hello {
  version: number;
  schema: number;
  name: string;
  look: number;
  ticket: string;
  resume: Resume | null;
}

export function encodeHello(w: Writer, v: Hello): void {
  w.varU16(v.version);
  w.varU32(v.schema);
  w.string(v.name);
  w.u8(v.look);
  w.string(v.ticket);
  w.option(v.resume !== null);
  if (v.resume !== null) encodeResume(w, v.resume);
}

export function decodeHello(r: Reader): Hello {
  return {
    version: r.varU16(),
    schema: r.varU32(),
    name: r.string(),
    look: r.u8(),
    ticket: r.string(),
    resume: r.option() ? decodeResume(r) : null,
  };
}

export interface Input {
  tick: number;
  ahead: number;
  heading: number;
  thrust: number;
  aim: number;
  fire: number;
  dash: number;
}

export function encodeInput(w: Writer, v: Input): void {
  w.varU32(v.tick);
  w.varU16(v.ahead);
  w.u8(v.heading);
  w.u8(v.thrust);
  w.u8(v.aim);
  w.u8(v.fire);
  w.u8(v.dash);
}

export function decodeInput(r: Reader): Input {
  return {
    tick: r.varU32(),
    ahead: r.varU16(),
    heading: r.u8(),
    thrust: r.u8(),
    aim: r.u8(),
    fire: r.u8(),
    dash: r.u8(),
  };
}

export interface MapRuns {
  width: number;
  height: number;
  runs: number[];
}

export function encodeMapRuns(w: Writer, v: MapRuns): void {
  w.varU16(v.width);
  w.varU16(v.height);
  w.len(v.runs.length);
  for (const item of v.runs) w.varU16(item);
}

export function decodeMapRuns(r: Reader): MapRuns {
  return { width: r.varU16(), height: r.varU16(), runs: list(r, (r) => r.varU16()) };
}

export type Motion =
  | { kind: 'Cruise' }
  | { kind: 'Free'; vx: number; vy: number }
  | { kind: 'Dash'; vx: number; vy: number; left: number; rest: number };

export function encodeMotion(w: Writer, v: Motion): void {
  switch (v.kind) {
    case 'Cruise':
      w.varU32(0);
      break;
    case 'Free':
      w.varU32(1);
      w.varI16(v.vx);
      w.varI16(v.vy);
      break;
    case 'Dash':
      w.varU32(2);
      w.varI16(v.vx);
      w.varI16(v.vy);
      w.u8(v.left);
      w.u8(v.rest);
      break;
  }
}

export function decodeMotion(r: Reader): Motion {
  switch (r.varU32()) {
    case 0: return { kind: 'Cruise' };
    case 1: return { kind: 'Free', vx: r.varI16(), vy: r.varI16() };
    case 2: return { kind: 'Dash', vx: r.varI16(), vy: r.varI16(), left: r.u8(), rest: r.u8() };
    default: return r.fail('BadTag');
  }
}

export type Place = number;

export function encodePlace(w: Writer, v: Place): void {
  w.bytesLE(v, 3);
}

export function decodePlace(r: Reader): Place {
  return r.bytesLE(3);
}

export interface Refocus {
  restart: number | null;
  focus: Focus;
  keyframes: CellKeyframe[];
}

export function encodeRefocus(w: Writer, v: Refocus): void {
  w.option(v.restart !== null);
  if (v.restart !== null) w.varU32(v.restart);
  encodeFocus(w, v.focus);
  w.len(v.keyframes.length);
  for (const item of v.keyframes) encodeCellKeyframe(w, item);
}

export function decodeRefocus(r: Reader): Refocus {
  return { restart: r.option() ? r.varU32() : null, focus: decodeFocus(r), keyframes: list(r, decodeCellKeyframe) };
}

export interface Resume {
  secret: Secret;
  received: number;
}

export function encodeResume(w: Writer, v: Resume): void {
  encodeSecret(w, v.secret);
  w.varU32(v.received);
}

export function decodeResume(r: Reader): Resume {
  return { secret: decodeSecret(r), received: r.varU32() };
}

export type Secret = Uint8Array;

export function encodeSecret(w: Writer, v: Secret): void {
  w.fixed(v, 16);
}

export function decodeSecret(r: Reader): Secret {
  return r.fixed(16);
}

export type ServerMessage =
  | { kind: 'Snapshot'; value: Snapshot }
  | { kind: 'Welcome'; value: Welcome }
  | { kind: 'Ping'; nonce: number; rttMs: number; jitterMs: number }
  | { kind: 'Event'; number: number; event: Event }
  | { kind: 'Goodbye'; code: number; reason: string; retryAfterMs: number }
  | { kind: 'Tick'; value: TickDelta };

export function encodeServerMessage(w: Writer, v: ServerMessage): void {
  switch (v.kind) {
    case 'Snapshot':
      w.varU32(0);
      encodeSnapshot(w, v.value);
      break;
    case 'Welcome':
      w.varU32(1);
      encodeWelcome(w, v.value);
      break;
    case 'Ping':
      w.varU32(2);
      w.varU16(v.nonce);
      w.varU16(v.rttMs);
      w.varU16(v.jitterMs);
      break;
    case 'Event':
      w.varU32(3);
      w.varU32(v.number);
      encodeEvent(w, v.event);
      break;
    case 'Goodbye':
      w.varU32(4);
      w.varU16(v.code);
      w.string(v.reason);
      w.varU32(v.retryAfterMs);
      break;
    case 'Tick':
      w.varU32(5);
      encodeTickDelta(w, v.value);
      break;
  }
}

export function decodeServerMessage(r: Reader): ServerMessage {
  switch (r.varU32()) {
    case 0: return { kind: 'Snapshot', value: decodeSnapshot(r) };
    case 1: return { kind: 'Welcome', value: decodeWelcome(r) };
    case 2: return { kind: 'Ping', nonce: r.varU16(), rttMs: r.varU16(), jitterMs: r.varU16() };
    case 3: return { kind: 'Event', number: r.varU32(), event: decodeEvent(r) };
    case 4: return { kind: 'Goodbye', code: r.varU16(), reason: r.string(), retryAfterMs: r.varU32() };
    case 5: return { kind: 'Tick', value: decodeTickDelta(r) };
    default: return r.fail('BadTag');
  }
}

export interface ShardRecord {
  id: number;
  place: Place;
  value: number;
}

export function encodeShardRecord(w: Writer, v: ShardRecord): void {
  w.bytesLE(v.id, 2);
  encodePlace(w, v.place);
  w.u8(v.value);
}

export function decodeShardRecord(r: Reader): ShardRecord {
  return { id: r.bytesLE(2), place: decodePlace(r), value: r.u8() };
}

export interface Snapshot {
  feedback: Feedback | null;
  ticks: TickDelta[];
  refocus: Refocus | null;
}

export function encodeSnapshot(w: Writer, v: Snapshot): void {
  w.option(v.feedback !== null);
  if (v.feedback !== null) encodeFeedback(w, v.feedback);
  w.len(v.ticks.length);
  for (const item of v.ticks) encodeTickDelta(w, item);
  w.option(v.refocus !== null);
  if (v.refocus !== null) encodeRefocus(w, v.refocus);
}

export function decodeSnapshot(r: Reader): Snapshot {
  return {
    feedback: r.option() ? decodeFeedback(r) : null,
    ticks: list(r, decodeTickDelta),
    refocus: r.option() ? decodeRefocus(r) : null,
  };
}

export interface SteerChange {
  who: number;
  heading: number;
}

export function encodeSteerChange(w: Writer, v: SteerChange): void {
  w.bytesLE(v.who, 2);
  w.u8(v.heading);
}

export function decodeSteerChange(r: Reader): SteerChange {
  return { who: r.bytesLE(2), heading: r.u8() };
}

export interface TickDelta {
  steers: SteerChange[];
  cells: CellDelta[];
}

export function encodeTickDelta(w: Writer, v: TickDelta): void {
  w.len(v.steers.length);
  for (const item of v.steers) encodeSteerChange(w, item);
  w.len(v.cells.length);
  for (const item of v.cells) encodeCellDelta(w, item);
}

export function decodeTickDelta(r: Reader): TickDelta {
  return { steers: list(r, decodeSteerChange), cells: list(r, decodeCellDelta) };
}

export type Trim = number;

export function encodeTrim(w: Writer, v: Trim): void {
  w.u8(v);
}

export function decodeTrim(r: Reader): Trim {
  return r.u8();
}

export interface Welcome {
  secret: Secret;
  resumed: boolean;
  you: number;
  tick: number;
  tickHz: number;
  room: string;
  map: MapRuns;
}

export function encodeWelcome(w: Writer, v: Welcome): void {
  encodeSecret(w, v.secret);
  w.bool(v.resumed);
  w.bytesLE(v.you, 2);
  w.varU32(v.tick);
  w.u8(v.tickHz);
  w.string(v.room);
  encodeMapRuns(w, v.map);
}

export function decodeWelcome(r: Reader): Welcome {
  return {
    secret: decodeSecret(r),
    resumed: r.bool(),
    you: r.bytesLE(2),
    tick: r.varU32(),
    tickHz: r.u8(),
    room: r.string(),
    map: decodeMapRuns(r),
  };
}
