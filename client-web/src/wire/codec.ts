/** Types and codec of the wire. Written by `cargo xtask codegen` from the Rust types of `shared/src/wire`: change those. */

import type { Reader } from './reader.ts';
import type { Writer } from './writer.ts';

/** A hash of every wire type; the server refuses a client with another one. */
export const SCHEMA_HASH = 0x5cb2_14b9;
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
  NoSuchRoom: { number: 4014, comeback: 'Never', text: 'there is no such room' },
} as const;

/** Items are decoded one by one, so a forged length takes no more memory than the bytes that came. */
function list<T>(r: Reader, item: (r: Reader) => T): T[] {
  const length = r.len(r.remaining);
  const items: T[] = [];
  for (let i = 0; i < length; i++) items.push(item(r));
  return items;
}

export type Ask =
  | { kind: 'Say'; to: Audience; text: string }
  | { kind: 'Subscribe'; topic: string }
  | { kind: 'Unsubscribe'; topic: string }
  | { kind: 'Go'; room: string }
  | { kind: 'Watch'; whom: Whom }
  | { kind: 'Mute'; who: number; on: boolean }
  | { kind: 'Report'; who: number; text: string }
  | { kind: 'Order'; value: Order };

export function encodeAsk(w: Writer, v: Ask): void {
  switch (v.kind) {
    case 'Say':
      w.varU32(0);
      encodeAudience(w, v.to);
      w.string(v.text);
      break;
    case 'Subscribe':
      w.varU32(1);
      w.string(v.topic);
      break;
    case 'Unsubscribe':
      w.varU32(2);
      w.string(v.topic);
      break;
    case 'Go':
      w.varU32(3);
      w.string(v.room);
      break;
    case 'Watch':
      w.varU32(4);
      encodeWhom(w, v.whom);
      break;
    case 'Mute':
      w.varU32(5);
      w.bytesLE(v.who, 2);
      w.bool(v.on);
      break;
    case 'Report':
      w.varU32(6);
      w.bytesLE(v.who, 2);
      w.string(v.text);
      break;
    case 'Order':
      w.varU32(7);
      encodeOrder(w, v.value);
      break;
  }
}

export function decodeAsk(r: Reader): Ask {
  switch (r.varU32()) {
    case 0: return { kind: 'Say', to: decodeAudience(r), text: r.string() };
    case 1: return { kind: 'Subscribe', topic: r.string() };
    case 2: return { kind: 'Unsubscribe', topic: r.string() };
    case 3: return { kind: 'Go', room: r.string() };
    case 4: return { kind: 'Watch', whom: decodeWhom(r) };
    case 5: return { kind: 'Mute', who: r.bytesLE(2), on: r.bool() };
    case 6: return { kind: 'Report', who: r.bytesLE(2), text: r.string() };
    case 7: return { kind: 'Order', value: decodeOrder(r) };
    default: return r.fail('BadTag');
  }
}

export type Audience =
  | { kind: 'Room' }
  | { kind: 'Player'; who: number }
  | { kind: 'Everyone' };

export function encodeAudience(w: Writer, v: Audience): void {
  switch (v.kind) {
    case 'Room':
      w.varU32(0);
      break;
    case 'Player':
      w.varU32(1);
      w.bytesLE(v.who, 2);
      break;
    case 'Everyone':
      w.varU32(2);
      break;
  }
}

export function decodeAudience(r: Reader): Audience {
  switch (r.varU32()) {
    case 0: return { kind: 'Room' };
    case 1: return { kind: 'Player', who: r.bytesLE(2) };
    case 2: return { kind: 'Everyone' };
    default: return r.fail('BadTag');
  }
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
  | { kind: 'Bye' }
  | { kind: 'Ask'; call: number; ask: Ask };

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
    case 'Ask':
      w.varU32(5);
      w.varU32(v.call);
      encodeAsk(w, v.ask);
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
    case 5: return { kind: 'Ask', call: r.varU32(), ask: decodeAsk(r) };
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
  | { kind: 'Notice'; text: string }
  | { kind: 'Answer'; call: number; outcome: Outcome }
  | { kind: 'Line'; value: Line }
  | { kind: 'Topic'; value: TopicUpdate }
  | { kind: 'Notification'; value: Notification }
  | { kind: 'Watching'; who: number };

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
    case 'Answer':
      w.varU32(6);
      w.varU32(v.call);
      encodeOutcome(w, v.outcome);
      break;
    case 'Line':
      w.varU32(7);
      encodeLine(w, v.value);
      break;
    case 'Topic':
      w.varU32(8);
      encodeTopicUpdate(w, v.value);
      break;
    case 'Notification':
      w.varU32(9);
      encodeNotification(w, v.value);
      break;
    case 'Watching':
      w.varU32(10);
      w.bytesLE(v.who, 2);
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
    case 6: return { kind: 'Answer', call: r.varU32(), outcome: decodeOutcome(r) };
    case 7: return { kind: 'Line', value: decodeLine(r) };
    case 8: return { kind: 'Topic', value: decodeTopicUpdate(r) };
    case 9: return { kind: 'Notification', value: decodeNotification(r) };
    case 10: return { kind: 'Watching', who: r.bytesLE(2) };
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
  identity: Identity | null;
  room: string;
  watch: boolean;
}

export function encodeHello(w: Writer, v: Hello): void {
  w.varU16(v.version);
  w.varU32(v.schema);
  w.string(v.name);
  w.u8(v.look);
  w.string(v.ticket);
  w.option(v.resume !== null);
  if (v.resume !== null) encodeResume(w, v.resume);
  w.option(v.identity !== null);
  if (v.identity !== null) encodeIdentity(w, v.identity);
  w.string(v.room);
  w.bool(v.watch);
}

export function decodeHello(r: Reader): Hello {
  return {
    version: r.varU16(),
    schema: r.varU32(),
    name: r.string(),
    look: r.u8(),
    ticket: r.string(),
    resume: r.option() ? decodeResume(r) : null,
    identity: r.option() ? decodeIdentity(r) : null,
    room: r.string(),
    watch: r.bool(),
  };
}

export type Identity = Uint8Array;

export function encodeIdentity(w: Writer, v: Identity): void {
  w.fixed(v, 24);
}

export function decodeIdentity(r: Reader): Identity {
  return r.fixed(24);
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

export interface LeaderRow {
  place: number;
  name: string;
  score: number;
  kills: number;
}

export function encodeLeaderRow(w: Writer, v: LeaderRow): void {
  w.u8(v.place);
  w.string(v.name);
  w.varU32(v.score);
  w.varU32(v.kills);
}

export function decodeLeaderRow(r: Reader): LeaderRow {
  return { place: r.u8(), name: r.string(), score: r.varU32(), kills: r.varU32() };
}

export interface Line {
  number: number;
  who: number;
  name: string;
  operator: boolean;
  to: Audience;
  text: string;
  atS: number;
}

export function encodeLine(w: Writer, v: Line): void {
  w.varU32(v.number);
  w.bytesLE(v.who, 2);
  w.string(v.name);
  w.bool(v.operator);
  encodeAudience(w, v.to);
  w.string(v.text);
  w.varU32(v.atS);
}

export function decodeLine(r: Reader): Line {
  return {
    number: r.varU32(),
    who: r.bytesLE(2),
    name: r.string(),
    operator: r.bool(),
    to: decodeAudience(r),
    text: r.string(),
    atS: r.varU32(),
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

export type News =
  | { kind: 'Joined'; name: string }
  | { kind: 'Left'; name: string }
  | { kind: 'KilledBy'; name: string }
  | { kind: 'TookCrown' }
  | { kind: 'LostCrown'; name: string }
  | { kind: 'PersonalBest'; score: number }
  | { kind: 'Restart'; atS: number }
  | { kind: 'Operator'; text: string }
  | { kind: 'Reported'; room: string; who: number; name: string; by: string; text: string }
  | { kind: 'Storage'; works: boolean };

export function encodeNews(w: Writer, v: News): void {
  switch (v.kind) {
    case 'Joined':
      w.varU32(0);
      w.string(v.name);
      break;
    case 'Left':
      w.varU32(1);
      w.string(v.name);
      break;
    case 'KilledBy':
      w.varU32(2);
      w.string(v.name);
      break;
    case 'TookCrown':
      w.varU32(3);
      break;
    case 'LostCrown':
      w.varU32(4);
      w.string(v.name);
      break;
    case 'PersonalBest':
      w.varU32(5);
      w.varU32(v.score);
      break;
    case 'Restart':
      w.varU32(6);
      w.varU32(v.atS);
      break;
    case 'Operator':
      w.varU32(7);
      w.string(v.text);
      break;
    case 'Reported':
      w.varU32(8);
      w.string(v.room);
      w.bytesLE(v.who, 2);
      w.string(v.name);
      w.string(v.by);
      w.string(v.text);
      break;
    case 'Storage':
      w.varU32(9);
      w.bool(v.works);
      break;
  }
}

export function decodeNews(r: Reader): News {
  switch (r.varU32()) {
    case 0: return { kind: 'Joined', name: r.string() };
    case 1: return { kind: 'Left', name: r.string() };
    case 2: return { kind: 'KilledBy', name: r.string() };
    case 3: return { kind: 'TookCrown' };
    case 4: return { kind: 'LostCrown', name: r.string() };
    case 5: return { kind: 'PersonalBest', score: r.varU32() };
    case 6: return { kind: 'Restart', atS: r.varU32() };
    case 7: return { kind: 'Operator', text: r.string() };
    case 8:
      return {
        kind: 'Reported',
        room: r.string(),
        who: r.bytesLE(2),
        name: r.string(),
        by: r.string(),
        text: r.string(),
      };
    case 9: return { kind: 'Storage', works: r.bool() };
    default: return r.fail('BadTag');
  }
}

export interface Notification {
  priority: Priority;
  atS: number;
  news: News;
}

export function encodeNotification(w: Writer, v: Notification): void {
  encodePriority(w, v.priority);
  w.varU32(v.atS);
  encodeNews(w, v.news);
}

export function decodeNotification(r: Reader): Notification {
  return { priority: decodePriority(r), atS: r.varU32(), news: decodeNews(r) };
}

export type Order =
  | { kind: 'Mute'; who: number; minutes: number; reason: string }
  | { kind: 'Kick'; who: number; reason: string }
  | { kind: 'Ban'; who: number; minutes: number; reason: string }
  | { kind: 'Pardon'; player: number }
  | { kind: 'Slow'; seconds: number };

export function encodeOrder(w: Writer, v: Order): void {
  switch (v.kind) {
    case 'Mute':
      w.varU32(0);
      w.bytesLE(v.who, 2);
      w.varU32(v.minutes);
      w.string(v.reason);
      break;
    case 'Kick':
      w.varU32(1);
      w.bytesLE(v.who, 2);
      w.string(v.reason);
      break;
    case 'Ban':
      w.varU32(2);
      w.bytesLE(v.who, 2);
      w.varU32(v.minutes);
      w.string(v.reason);
      break;
    case 'Pardon':
      w.varU32(3);
      w.varU32(v.player);
      break;
    case 'Slow':
      w.varU32(4);
      w.varU16(v.seconds);
      break;
  }
}

export function decodeOrder(r: Reader): Order {
  switch (r.varU32()) {
    case 0: return { kind: 'Mute', who: r.bytesLE(2), minutes: r.varU32(), reason: r.string() };
    case 1: return { kind: 'Kick', who: r.bytesLE(2), reason: r.string() };
    case 2: return { kind: 'Ban', who: r.bytesLE(2), minutes: r.varU32(), reason: r.string() };
    case 3: return { kind: 'Pardon', player: r.varU32() };
    case 4: return { kind: 'Slow', seconds: r.varU16() };
    default: return r.fail('BadTag');
  }
}

export type Outcome =
  | { kind: 'Done' }
  | { kind: 'Refused'; problem: Problem; text: string; retryAfterMs: number };

export function encodeOutcome(w: Writer, v: Outcome): void {
  switch (v.kind) {
    case 'Done':
      w.varU32(0);
      break;
    case 'Refused':
      w.varU32(1);
      encodeProblem(w, v.problem);
      w.string(v.text);
      w.varU32(v.retryAfterMs);
      break;
  }
}

export function decodeOutcome(r: Reader): Outcome {
  switch (r.varU32()) {
    case 0: return { kind: 'Done' };
    case 1: return { kind: 'Refused', problem: decodeProblem(r), text: r.string(), retryAfterMs: r.varU32() };
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

export interface PresenceRow {
  who: number;
  name: string;
  linkDead: boolean;
  spectator: boolean;
}

export function encodePresenceRow(w: Writer, v: PresenceRow): void {
  w.bytesLE(v.who, 2);
  w.string(v.name);
  w.bool(v.linkDead);
  w.bool(v.spectator);
}

export function decodePresenceRow(r: Reader): PresenceRow {
  return { who: r.bytesLE(2), name: r.string(), linkDead: r.bool(), spectator: r.bool() };
}

export type Priority =
  | { kind: 'Low' }
  | { kind: 'Normal' }
  | { kind: 'High' };

export function encodePriority(w: Writer, v: Priority): void {
  switch (v.kind) {
    case 'Low':
      w.varU32(0);
      break;
    case 'Normal':
      w.varU32(1);
      break;
    case 'High':
      w.varU32(2);
      break;
  }
}

export function decodePriority(r: Reader): Priority {
  switch (r.varU32()) {
    case 0: return { kind: 'Low' };
    case 1: return { kind: 'Normal' };
    case 2: return { kind: 'High' };
    default: return r.fail('BadTag');
  }
}

export type Problem =
  | { kind: 'UnknownTopic' }
  | { kind: 'TooManyTopics' }
  | { kind: 'NotSubscribed' }
  | { kind: 'NoSuchRoom' }
  | { kind: 'RoomFull' }
  | { kind: 'NoSuchPlayer' }
  | { kind: 'Empty' }
  | { kind: 'TooLong' }
  | { kind: 'TooFast' }
  | { kind: 'Muted' }
  | { kind: 'Banned' }
  | { kind: 'NotAllowed' }
  | { kind: 'OutOfPlace' }
  | { kind: 'Busy' };

export function encodeProblem(w: Writer, v: Problem): void {
  switch (v.kind) {
    case 'UnknownTopic':
      w.varU32(0);
      break;
    case 'TooManyTopics':
      w.varU32(1);
      break;
    case 'NotSubscribed':
      w.varU32(2);
      break;
    case 'NoSuchRoom':
      w.varU32(3);
      break;
    case 'RoomFull':
      w.varU32(4);
      break;
    case 'NoSuchPlayer':
      w.varU32(5);
      break;
    case 'Empty':
      w.varU32(6);
      break;
    case 'TooLong':
      w.varU32(7);
      break;
    case 'TooFast':
      w.varU32(8);
      break;
    case 'Muted':
      w.varU32(9);
      break;
    case 'Banned':
      w.varU32(10);
      break;
    case 'NotAllowed':
      w.varU32(11);
      break;
    case 'OutOfPlace':
      w.varU32(12);
      break;
    case 'Busy':
      w.varU32(13);
      break;
  }
}

export function decodeProblem(r: Reader): Problem {
  switch (r.varU32()) {
    case 0: return { kind: 'UnknownTopic' };
    case 1: return { kind: 'TooManyTopics' };
    case 2: return { kind: 'NotSubscribed' };
    case 3: return { kind: 'NoSuchRoom' };
    case 4: return { kind: 'RoomFull' };
    case 5: return { kind: 'NoSuchPlayer' };
    case 6: return { kind: 'Empty' };
    case 7: return { kind: 'TooLong' };
    case 8: return { kind: 'TooFast' };
    case 9: return { kind: 'Muted' };
    case 10: return { kind: 'Banned' };
    case 11: return { kind: 'NotAllowed' };
    case 12: return { kind: 'OutOfPlace' };
    case 13: return { kind: 'Busy' };
    default: return r.fail('BadTag');
  }
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

export interface RoomRow {
  name: string;
  players: number;
  playersMax: number;
  spectators: number;
  tickHz: number;
  width: number;
  height: number;
}

export function encodeRoomRow(w: Writer, v: RoomRow): void {
  w.string(v.name);
  w.varU16(v.players);
  w.varU16(v.playersMax);
  w.varU16(v.spectators);
  w.u8(v.tickHz);
  w.varU16(v.width);
  w.varU16(v.height);
}

export function decodeRoomRow(r: Reader): RoomRow {
  return {
    name: r.string(),
    players: r.varU16(),
    playersMax: r.varU16(),
    spectators: r.varU16(),
    tickHz: r.u8(),
    width: r.varU16(),
    height: r.varU16(),
  };
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

export interface ServerRow {
  rooms: number;
  players: number;
  spectators: number;
  connections: number;
  workUs: number;
  lateTicks: number;
  bytesIn: number;
  bytesOut: number;
  uptimeS: number;
}

export function encodeServerRow(w: Writer, v: ServerRow): void {
  w.varU16(v.rooms);
  w.varU32(v.players);
  w.varU32(v.spectators);
  w.varU32(v.connections);
  w.varU32(v.workUs);
  w.varU32(v.lateTicks);
  w.varU32(v.bytesIn);
  w.varU32(v.bytesOut);
  w.varU32(v.uptimeS);
}

export function decodeServerRow(r: Reader): ServerRow {
  return {
    rooms: r.varU16(),
    players: r.varU32(),
    spectators: r.varU32(),
    connections: r.varU32(),
    workUs: r.varU32(),
    lateTicks: r.varU32(),
    bytesIn: r.varU32(),
    bytesOut: r.varU32(),
    uptimeS: r.varU32(),
  };
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

export type TopicChange =
  | { kind: 'Leaders'; set: LeaderRow[]; places: number; own: number }
  | { kind: 'Rooms'; set: RoomRow[]; gone: string[] }
  | { kind: 'Presence'; set: PresenceRow[]; gone: number[] }
  | { kind: 'Server'; value: ServerRow };

export function encodeTopicChange(w: Writer, v: TopicChange): void {
  switch (v.kind) {
    case 'Leaders':
      w.varU32(0);
      w.len(v.set.length);
      for (const item of v.set) encodeLeaderRow(w, item);
      w.u8(v.places);
      w.varU32(v.own);
      break;
    case 'Rooms':
      w.varU32(1);
      w.len(v.set.length);
      for (const item of v.set) encodeRoomRow(w, item);
      w.len(v.gone.length);
      for (const item of v.gone) w.string(item);
      break;
    case 'Presence':
      w.varU32(2);
      w.len(v.set.length);
      for (const item of v.set) encodePresenceRow(w, item);
      w.len(v.gone.length);
      for (const item of v.gone) w.bytesLE(item, 2);
      break;
    case 'Server':
      w.varU32(3);
      encodeServerRow(w, v.value);
      break;
  }
}

export function decodeTopicChange(r: Reader): TopicChange {
  switch (r.varU32()) {
    case 0: return { kind: 'Leaders', set: list(r, decodeLeaderRow), places: r.u8(), own: r.varU32() };
    case 1: return { kind: 'Rooms', set: list(r, decodeRoomRow), gone: list(r, (r) => r.string()) };
    case 2: return { kind: 'Presence', set: list(r, decodePresenceRow), gone: list(r, (r) => r.bytesLE(2)) };
    case 3: return { kind: 'Server', value: decodeServerRow(r) };
    default: return r.fail('BadTag');
  }
}

export interface TopicUpdate {
  topic: string;
  version: number;
  since: number;
  change: TopicChange;
}

export function encodeTopicUpdate(w: Writer, v: TopicUpdate): void {
  w.string(v.topic);
  w.varU32(v.version);
  w.varU32(v.since);
  encodeTopicChange(w, v.change);
}

export function decodeTopicUpdate(r: Reader): TopicUpdate {
  return { topic: r.string(), version: r.varU32(), since: r.varU32(), change: decodeTopicChange(r) };
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
  identity: Identity;
  sessionMs: number;
  timeMs: bigint;
  you: number;
  own: number;
  watch: boolean;
  tick: number;
  tickHz: number;
  room: string;
  map: MapRuns;
}

export function encodeWelcome(w: Writer, v: Welcome): void {
  encodeSecret(w, v.secret);
  w.bool(v.resumed);
  encodeIdentity(w, v.identity);
  w.varU32(v.sessionMs);
  w.varU64(v.timeMs);
  w.bytesLE(v.you, 2);
  w.bytesLE(v.own, 2);
  w.bool(v.watch);
  w.varU32(v.tick);
  w.u8(v.tickHz);
  w.string(v.room);
  encodeMapRuns(w, v.map);
}

export function decodeWelcome(r: Reader): Welcome {
  return {
    secret: decodeSecret(r),
    resumed: r.bool(),
    identity: decodeIdentity(r),
    sessionMs: r.varU32(),
    timeMs: r.varU64(),
    you: r.bytesLE(2),
    own: r.bytesLE(2),
    watch: r.bool(),
    tick: r.varU32(),
    tickHz: r.u8(),
    room: r.string(),
    map: decodeMapRuns(r),
  };
}

export type Whom =
  | { kind: 'Crown' }
  | { kind: 'Player'; who: number };

export function encodeWhom(w: Writer, v: Whom): void {
  switch (v.kind) {
    case 'Crown':
      w.varU32(0);
      break;
    case 'Player':
      w.varU32(1);
      w.bytesLE(v.who, 2);
      break;
  }
}

export function decodeWhom(r: Reader): Whom {
  switch (r.varU32()) {
    case 0: return { kind: 'Crown' };
    case 1: return { kind: 'Player', who: r.bytesLE(2) };
    default: return r.fail('BadTag');
  }
}
