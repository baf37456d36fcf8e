/**
 * What a page keeps of its session, so that a reload goes on with it: as text for `sessionStorage`, which each tab has
 * for itself.
 *
 * What the server was told to have arrived is kept first, so standing and number always belong together.
 */

import { LOOKS, SECRET_BYTES } from '../limits.ts';
import { type FeedEntry, newStanding, type Standing } from '../standing.ts';
import type { BoardRow } from '../wire/codec.ts';
import type { KeptSession } from './client.ts';
import { nameFault } from './name.ts';
import { roomFault } from './room.ts';

export interface Kept {
  readonly name: string;
  readonly look: number;
  /** The room that was asked for: where the player begins anew when the session is lost. Any when it is empty. */
  readonly room: string;
  /** Whether the session looks on, and another one in its place would. */
  readonly watch: boolean;
  readonly resume: KeptSession;
  readonly standing: Standing;
}

type Fields = Readonly<Record<string, unknown>>;

/** `wallMs` is the time of day, `nowMs` the page's own clock, which does not outlive it. */
export function writeKept(kept: Kept, wallMs: number, nowMs: number): string {
  const { name, look, room, watch, resume, standing } = kept;
  const feed = standing.feed.map((entry) => ({ ...entry, atMs: entry.atMs - nowMs }));
  const session = { ...resume, secret: Array.from(resume.secret) };
  return JSON.stringify({ wallMs, name, look, room, watch, ...session, standing: { ...standing, feed } });
}

/**
 * What was kept, unless it is nothing that `writeKept` wrote, or so old that the server has let go of it: a page that is
 * opened later begins anew, and asks first.
 */
export function readKept(text: string | null, wallMs: number, nowMs: number): Kept | null {
  const it = parse(text);
  if (!it) return null;
  const { name, look, room, watch, secret, received, called, sessionMs, standing: told } = it;
  if (!isCount(sessionMs)) return null;
  const isFresh = isNumber(it['wallMs']) && wallMs - it['wallMs'] < sessionMs && it['wallMs'] <= wallMs;
  if (!isFresh || typeof name !== 'string' || nameFault(name) !== '') return null;
  if (typeof watch !== 'boolean' || typeof room !== 'string' || (room !== '' && roomFault(room) !== '')) return null;
  if (!isCount(look) || look >= LOOKS || !isCount(received) || !isCount(called) || !isSecret(secret)) return null;
  const standing = isFields(told) ? standingOf(told, nowMs) : null;
  const resume = { secret: Uint8Array.from(secret), received, called, sessionMs };
  return standing && { name, look, room, watch, resume, standing };
}

function parse(text: string | null): Fields | null {
  try {
    const it: unknown = JSON.parse(text ?? 'null');
    return isFields(it) ? it : null;
  } catch {
    return null;
  }
}

/** Every field of the type that a fresh standing has it in, or nothing. */
function standingOf(told: Fields, nowMs: number): Standing | null {
  const fresh = newStanding();
  const fits = Object.entries(fresh).every(([key, value]) =>
    typeof value === 'number' ? isNumber(told[key]) : typeof value === typeof told[key],
  );
  const { rows, feed } = told;
  if (!fits || !Array.isArray(rows) || !Array.isArray(feed) || !rows.every(isRow) || !feed.every(isEntry)) return null;
  const kept = Object.fromEntries(Object.keys(fresh).map((key) => [key, told[key]])) as unknown as Standing;
  return { ...kept, rows, feed: feed.map((entry) => ({ ...entry, atMs: entry.atMs + nowMs })) };
}

function isRow(it: unknown): it is BoardRow {
  return isFields(it) && isNumber(it['id']) && isNumber(it['shards']) && typeof it['name'] === 'string';
}

function isEntry(it: unknown): it is FeedEntry {
  if (!isFields(it) || !isNumber(it['atMs']) || (it['kind'] !== 'Kill' && it['kind'] !== 'Notice')) return false;
  const texts = [it['killer'], it['victim'], it['text']];
  return texts.every((text) => typeof text === 'string') && typeof it['crown'] === 'boolean' && typeof it['own'] === 'boolean';
}

function isSecret(it: unknown): it is number[] {
  return Array.isArray(it) && it.length === SECRET_BYTES && it.every((byte) => isCount(byte) && byte < 256);
}

function isFields(it: unknown): it is Fields {
  return typeof it === 'object' && it !== null && !Array.isArray(it);
}

function isNumber(it: unknown): it is number {
  return typeof it === 'number' && Number.isFinite(it);
}

function isCount(it: unknown): it is number {
  return isNumber(it) && Number.isInteger(it) && it >= 0 && it < 2 ** 32;
}
