import type { Reader } from './reader.ts';
import type { Writer } from './writer.ts';
export const SCHEMA_HASH = 0;
function decodeList<T>(r: Reader, item: (r: Reader) => T): T[] { const n = r.len(r.remaining); const out: T[] = []; for (let i = 0; i < n; i++) out.push(item(r)); return out; }
export type NetId = number;
export function decodeNetId(r: Reader): NetId { return r.bytesLE(2); }
export function encodeNetId(w: Writer, v: NetId): void { w.bytesLE(v, 2); }
export type BoltId = number;
export function decodeBoltId(r: Reader): BoltId { return r.bytesLE(2); }
export function encodeBoltId(w: Writer, v: BoltId): void { w.bytesLE(v, 2); }
export type ShardId = number;
export function decodeShardId(r: Reader): ShardId { return r.bytesLE(2); }
export function encodeShardId(w: Writer, v: ShardId): void { w.bytesLE(v, 2); }
export type Place = number;
export function decodePlace(r: Reader): Place { return r.bytesLE(3); }
export function encodePlace(w: Writer, v: Place): void { w.bytesLE(v, 3); }
export type Trim = number;
export function decodeTrim(r: Reader): Trim { return r.u8(); }
export function encodeTrim(w: Writer, v: Trim): void { w.u8(v); }
export interface Focus { x: number; y: number; w: number; h: number; }
export function decodeFocus(r: Reader): Focus { return { x: r.u8(), y: r.u8(), w: r.u8(), h: r.u8() }; }
export function encodeFocus(w: Writer, v: Focus): void { w.u8(v.x); w.u8(v.y); w.u8(v.w); w.u8(v.h); }
export type ClientMessage =
  | { kind: 'Input'; value: Input }
  | { kind: 'Hello'; value: Hello }
  | { kind: 'Pong'; nonce: number }
  | { kind: 'Resync' }
  | { kind: 'Bye' };
export function decodeClientMessage(r: Reader): ClientMessage { switch (r.varU32()) { case 0: return { kind: 'Input', value: decodeInput(r) }; case 1: return { kind: 'Hello', value: decodeHello(r) }; case 2: return { kind: 'Pong', nonce: r.varU16() }; case 3: return { kind: 'Resync' }; case 4: return { kind: 'Bye' }; default: return r.fail('BadTag'); } }
export function encodeClientMessage(w: Writer, v: ClientMessage): void { switch (v.kind) { case 'Input': w.varU32(0); encodeInput(w, v.value); break; case 'Hello': w.varU32(1); encodeHello(w, v.value); break; case 'Pong': w.varU32(2); w.varU16(v.nonce); break; case 'Resync': w.varU32(3); break; case 'Bye': w.varU32(4); break; } }
export interface Hello { version: number; schema: number; name: string; look: number; }
export function decodeHello(r: Reader): Hello { return { version: r.varU16(), schema: r.varU32(), name: r.string(), look: r.u8() }; }
export function encodeHello(w: Writer, v: Hello): void { w.varU16(v.version); w.varU32(v.schema); w.string(v.name); w.u8(v.look); }
export interface Input { tick: number; ahead: number; heading: number; thrust: number; aim: number; fire: number; dash: number; }
export function decodeInput(r: Reader): Input { return { tick: r.varU32(), ahead: r.varU16(), heading: r.u8(), thrust: r.u8(), aim: r.u8(), fire: r.u8(), dash: r.u8() }; }
export function encodeInput(w: Writer, v: Input): void { w.varU32(v.tick); w.varU16(v.ahead); w.u8(v.heading); w.u8(v.thrust); w.u8(v.aim); w.u8(v.fire); w.u8(v.dash); }
export type ServerMessage =
  | { kind: 'Snapshot'; value: Snapshot }
  | { kind: 'Welcome'; value: Welcome }
  | { kind: 'Ping'; nonce: number; rttMs: number }
  | { kind: 'Event'; value: Event }
  | { kind: 'Goodbye'; code: number; reason: string; retryAfterMs: number };
export function decodeServerMessage(r: Reader): ServerMessage { switch (r.varU32()) { case 0: return { kind: 'Snapshot', value: decodeSnapshot(r) }; case 1: return { kind: 'Welcome', value: decodeWelcome(r) }; case 2: return { kind: 'Ping', nonce: r.varU16(), rttMs: r.varU16() }; case 3: return { kind: 'Event', value: decodeEvent(r) }; case 4: return { kind: 'Goodbye', code: r.varU16(), reason: r.string(), retryAfterMs: r.varU32() }; default: return r.fail('BadTag'); } }
export function encodeServerMessage(w: Writer, v: ServerMessage): void { switch (v.kind) { case 'Snapshot': w.varU32(0); encodeSnapshot(w, v.value); break; case 'Welcome': w.varU32(1); encodeWelcome(w, v.value); break; case 'Ping': w.varU32(2); w.varU16(v.nonce); w.varU16(v.rttMs); break; case 'Event': w.varU32(3); encodeEvent(w, v.value); break; case 'Goodbye': w.varU32(4); w.varU16(v.code); w.string(v.reason); w.varU32(v.retryAfterMs); break; } }
export interface Welcome { you: NetId; tick: number; tickHz: number; room: string; map: MapRuns; }
export function decodeWelcome(r: Reader): Welcome { return { you: decodeNetId(r), tick: r.varU32(), tickHz: r.u8(), room: r.string(), map: decodeMapRuns(r) }; }
export function encodeWelcome(w: Writer, v: Welcome): void { encodeNetId(w, v.you); w.varU32(v.tick); w.u8(v.tickHz); w.string(v.room); encodeMapRuns(w, v.map); }
export interface MapRuns { width: number; height: number; runs: number[]; }
export function decodeMapRuns(r: Reader): MapRuns { return { width: r.varU16(), height: r.varU16(), runs: decodeList(r, (r) => r.varU16()) }; }
export function encodeMapRuns(w: Writer, v: MapRuns): void { w.varU16(v.width); w.varU16(v.height); w.len(v.runs.length); for (const item of v.runs) { w.varU16(item); } }
export interface Snapshot { feedback: Feedback | null; ticks: TickDelta[]; refocus: Refocus | null; }
export function decodeSnapshot(r: Reader): Snapshot { return { feedback: r.option() ? decodeFeedback(r) : null, ticks: decodeList(r, (r) => decodeTickDelta(r)), refocus: r.option() ? decodeRefocus(r) : null }; }
export function encodeSnapshot(w: Writer, v: Snapshot): void { w.option(v.feedback !== null); if (v.feedback !== null) { encodeFeedback(w, v.feedback); } w.len(v.ticks.length); for (const item of v.ticks) { encodeTickDelta(w, item); } w.option(v.refocus !== null); if (v.refocus !== null) { encodeRefocus(w, v.refocus); } }
export interface Feedback { ack: number; early: number; }
export function decodeFeedback(r: Reader): Feedback { return { ack: r.u8(), early: r.i8() }; }
export function encodeFeedback(w: Writer, v: Feedback): void { w.u8(v.ack); w.i8(v.early); }
export interface TickDelta { cells: PlacedDelta[]; arrivals: Arrivals[]; }
export function decodeTickDelta(r: Reader): TickDelta { return { cells: decodeList(r, (r) => decodePlacedDelta(r)), arrivals: decodeList(r, (r) => decodeArrivals(r)) }; }
export function encodeTickDelta(w: Writer, v: TickDelta): void { w.len(v.cells.length); for (const item of v.cells) { encodePlacedDelta(w, item); } w.len(v.arrivals.length); for (const item of v.arrivals) { encodeArrivals(w, item); } }
export interface PlacedDelta { slot: number; delta: CellDelta; }
export function decodePlacedDelta(r: Reader): PlacedDelta { return { slot: r.u8(), delta: decodeCellDelta(r) }; }
export function encodePlacedDelta(w: Writer, v: PlacedDelta): void { w.u8(v.slot); encodeCellDelta(w, v.delta); }
export interface CellDelta { steers: SteerChange[]; events: CellEvent[]; }
export function decodeCellDelta(r: Reader): CellDelta { return { steers: decodeList(r, (r) => decodeSteerChange(r)), events: decodeList(r, (r) => decodeCellEvent(r)) }; }
export function encodeCellDelta(w: Writer, v: CellDelta): void { w.len(v.steers.length); for (const item of v.steers) { encodeSteerChange(w, item); } w.len(v.events.length); for (const item of v.events) { encodeCellEvent(w, item); } }
export interface SteerChange { who: NetId; heading: number; }
export function decodeSteerChange(r: Reader): SteerChange { return { who: decodeNetId(r), heading: r.u8() }; }
export function encodeSteerChange(w: Writer, v: SteerChange): void { encodeNetId(w, v.who); w.u8(v.heading); }
export type CellEvent =
  | { kind: 'Thrust'; who: NetId; thrust: number }
  | { kind: 'Dash'; who: NetId }
  | { kind: 'Enter'; value: GliderRecord }
  | { kind: 'Leave'; who: NetId }
  | { kind: 'Death'; who: NetId; by: NetId }
  | { kind: 'Health'; who: NetId; hp: number }
  | { kind: 'Fire'; value: BoltRecord }
  | { kind: 'BoltHit'; bolt: BoltId }
  | { kind: 'Shard'; value: ShardRecord }
  | { kind: 'Gathered'; shard: ShardId; by: NetId }
  | { kind: 'Check'; value: number };
export function decodeCellEvent(r: Reader): CellEvent { switch (r.varU32()) { case 0: return { kind: 'Thrust', who: decodeNetId(r), thrust: r.u8() }; case 1: return { kind: 'Dash', who: decodeNetId(r) }; case 2: return { kind: 'Enter', value: decodeGliderRecord(r) }; case 3: return { kind: 'Leave', who: decodeNetId(r) }; case 4: return { kind: 'Death', who: decodeNetId(r), by: decodeNetId(r) }; case 5: return { kind: 'Health', who: decodeNetId(r), hp: r.u8() }; case 6: return { kind: 'Fire', value: decodeBoltRecord(r) }; case 7: return { kind: 'BoltHit', bolt: decodeBoltId(r) }; case 8: return { kind: 'Shard', value: decodeShardRecord(r) }; case 9: return { kind: 'Gathered', shard: decodeShardId(r), by: decodeNetId(r) }; case 10: return { kind: 'Check', value: r.varU16() }; default: return r.fail('BadTag'); } }
export function encodeCellEvent(w: Writer, v: CellEvent): void { switch (v.kind) { case 'Thrust': w.varU32(0); encodeNetId(w, v.who); w.u8(v.thrust); break; case 'Dash': w.varU32(1); encodeNetId(w, v.who); break; case 'Enter': w.varU32(2); encodeGliderRecord(w, v.value); break; case 'Leave': w.varU32(3); encodeNetId(w, v.who); break; case 'Death': w.varU32(4); encodeNetId(w, v.who); encodeNetId(w, v.by); break; case 'Health': w.varU32(5); encodeNetId(w, v.who); w.u8(v.hp); break; case 'Fire': w.varU32(6); encodeBoltRecord(w, v.value); break; case 'BoltHit': w.varU32(7); encodeBoltId(w, v.bolt); break; case 'Shard': w.varU32(8); encodeShardRecord(w, v.value); break; case 'Gathered': w.varU32(9); encodeShardId(w, v.shard); encodeNetId(w, v.by); break; case 'Check': w.varU32(10); w.varU16(v.value); break; } }
export interface Arrivals { slot: number; gliders: GliderRecord[]; bolts: BoltRecord[]; }
export function decodeArrivals(r: Reader): Arrivals { return { slot: r.u8(), gliders: decodeList(r, (r) => decodeGliderRecord(r)), bolts: decodeList(r, (r) => decodeBoltRecord(r)) }; }
export function encodeArrivals(w: Writer, v: Arrivals): void { w.u8(v.slot); w.len(v.gliders.length); for (const item of v.gliders) { encodeGliderRecord(w, item); } w.len(v.bolts.length); for (const item of v.bolts) { encodeBoltRecord(w, item); } }
export interface Refocus { restart: number | null; focus: Focus; keyframes: CellKeyframe[]; }
export function decodeRefocus(r: Reader): Refocus { return { restart: r.option() ? r.varU32() : null, focus: decodeFocus(r), keyframes: decodeList(r, (r) => decodeCellKeyframe(r)) }; }
export function encodeRefocus(w: Writer, v: Refocus): void { w.option(v.restart !== null); if (v.restart !== null) { w.varU32(v.restart); } encodeFocus(w, v.focus); w.len(v.keyframes.length); for (const item of v.keyframes) { encodeCellKeyframe(w, item); } }
export interface CellKeyframe { gliders: GliderRecord[]; bolts: BoltRecord[]; shards: ShardRecord[]; }
export function decodeCellKeyframe(r: Reader): CellKeyframe { return { gliders: decodeList(r, (r) => decodeGliderRecord(r)), bolts: decodeList(r, (r) => decodeBoltRecord(r)), shards: decodeList(r, (r) => decodeShardRecord(r)) }; }
export function encodeCellKeyframe(w: Writer, v: CellKeyframe): void { w.len(v.gliders.length); for (const item of v.gliders) { encodeGliderRecord(w, item); } w.len(v.bolts.length); for (const item of v.bolts) { encodeBoltRecord(w, item); } w.len(v.shards.length); for (const item of v.shards) { encodeShardRecord(w, item); } }
export type Event =
  | { kind: 'Score'; shards: number; kills: number }
  | { kind: 'Board'; rows: BoardRow[]; players: number; rank: number }
  | { kind: 'Crown'; holder: NetId; name: string }
  | { kind: 'CrownAt'; x: number; y: number }
  | { kind: 'Kill'; killer: NetId; killerName: string; victim: NetId; victimName: string; crown: boolean }
  | { kind: 'Notice'; text: string };
export function decodeEvent(r: Reader): Event { switch (r.varU32()) { case 0: return { kind: 'Score', shards: r.varU32(), kills: r.varU16() }; case 1: return { kind: 'Board', rows: decodeList(r, (r) => decodeBoardRow(r)), players: r.varU16(), rank: r.varU16() }; case 2: return { kind: 'Crown', holder: decodeNetId(r), name: r.string() }; case 3: return { kind: 'CrownAt', x: r.varU16(), y: r.varU16() }; case 4: return { kind: 'Kill', killer: decodeNetId(r), killerName: r.string(), victim: decodeNetId(r), victimName: r.string(), crown: r.bool() }; case 5: return { kind: 'Notice', text: r.string() }; default: return r.fail('BadTag'); } }
export function encodeEvent(w: Writer, v: Event): void { switch (v.kind) { case 'Score': w.varU32(0); w.varU32(v.shards); w.varU16(v.kills); break; case 'Board': w.varU32(1); w.len(v.rows.length); for (const item of v.rows) { encodeBoardRow(w, item); } w.varU16(v.players); w.varU16(v.rank); break; case 'Crown': w.varU32(2); encodeNetId(w, v.holder); w.string(v.name); break; case 'CrownAt': w.varU32(3); w.varU16(v.x); w.varU16(v.y); break; case 'Kill': w.varU32(4); encodeNetId(w, v.killer); w.string(v.killerName); encodeNetId(w, v.victim); w.string(v.victimName); w.bool(v.crown); break; case 'Notice': w.varU32(5); w.string(v.text); break; } }
export interface BoardRow { id: NetId; name: string; shards: number; }
export function decodeBoardRow(r: Reader): BoardRow { return { id: decodeNetId(r), name: r.string(), shards: r.varU32() }; }
export function encodeBoardRow(w: Writer, v: BoardRow): void { encodeNetId(w, v.id); w.string(v.name); w.varU32(v.shards); }
export interface GliderRecord { id: NetId; place: Place; heading: number; trim: Trim; motion: Motion; hp: number; name: string; }
export function decodeGliderRecord(r: Reader): GliderRecord { return { id: decodeNetId(r), place: decodePlace(r), heading: r.u8(), trim: decodeTrim(r), motion: decodeMotion(r), hp: r.u8(), name: r.string() }; }
export function encodeGliderRecord(w: Writer, v: GliderRecord): void { encodeNetId(w, v.id); encodePlace(w, v.place); w.u8(v.heading); encodeTrim(w, v.trim); encodeMotion(w, v.motion); w.u8(v.hp); w.string(v.name); }
export type Motion =
  | { kind: 'Cruise' }
  | { kind: 'Free'; vx: number; vy: number }
  | { kind: 'Dash'; vx: number; vy: number; left: number; rest: number };
export function decodeMotion(r: Reader): Motion { switch (r.varU32()) { case 0: return { kind: 'Cruise' }; case 1: return { kind: 'Free', vx: r.varI16(), vy: r.varI16() }; case 2: return { kind: 'Dash', vx: r.varI16(), vy: r.varI16(), left: r.u8(), rest: r.u8() }; default: return r.fail('BadTag'); } }
export function encodeMotion(w: Writer, v: Motion): void { switch (v.kind) { case 'Cruise': w.varU32(0); break; case 'Free': w.varU32(1); w.varI16(v.vx); w.varI16(v.vy); break; case 'Dash': w.varU32(2); w.varI16(v.vx); w.varI16(v.vy); w.u8(v.left); w.u8(v.rest); break; } }
export interface BoltRecord { id: BoltId; owner: NetId; place: Place; heading: number; left: number; }
export function decodeBoltRecord(r: Reader): BoltRecord { return { id: decodeBoltId(r), owner: decodeNetId(r), place: decodePlace(r), heading: r.u8(), left: r.u8() }; }
export function encodeBoltRecord(w: Writer, v: BoltRecord): void { encodeBoltId(w, v.id); encodeNetId(w, v.owner); encodePlace(w, v.place); w.u8(v.heading); w.u8(v.left); }
export interface ShardRecord { id: ShardId; place: Place; value: number; }
export function decodeShardRecord(r: Reader): ShardRecord { return { id: decodeShardId(r), place: decodePlace(r), value: r.u8() }; }
export function encodeShardRecord(w: Writer, v: ShardRecord): void { encodeShardId(w, v.id); encodePlace(w, v.place); w.u8(v.value); }
