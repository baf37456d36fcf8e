/** Where gliders and bolts were in the last ticks, so that they can be shown between two of them. */

import type { View } from './view.ts';

/** Ticks that a track remembers; a power of two. */
const TICKS = 64;
const MASK = TICKS - 1;

export interface Track {
  id: number;
  owner: number;
  look: number;
  name: string;
  hp: number;
  /** Whether its player's connection is lost. */
  linkDead: boolean;
  /** First and last tick in the ring. */
  since: number;
  until: number;
  /** Whether the view still holds it. */
  live: boolean;
  /** Tick of the last hit and the last dash, for flashes; far in the past at first. */
  hurtAt: number;
  dashAt: number;
  readonly x: Int32Array;
  readonly y: Int32Array;
  readonly heading: Uint8Array;
}

export interface Tracks {
  readonly gliders: Map<number, Track>;
  readonly bolts: Map<number, Track>;
  readonly spare: Track[];
}

/** A place between two ticks, in sub-units; one object that `sampleTrack` fills again and again. */
export interface Sample {
  x: number;
  y: number;
  /** Sub-units a tick. */
  vx: number;
  vy: number;
  heading: number;
}

const NEVER = -1e9;

export function newTracks(): Tracks {
  return { gliders: new Map(), bolts: new Map(), spare: [] };
}

/** Takes down where everything is at the view's tick. */
export function recordTracks(tracks: Tracks, view: View): void {
  const { tick } = view;
  for (const glider of view.gliders.values()) {
    const track = trackOf(tracks, tracks.gliders, glider.id, tick);
    track.look = glider.look;
    track.name = glider.name;
    track.hp = glider.hp;
    track.linkDead = glider.linkDead;
    record(track, tick, glider.body.x, glider.body.y, glider.steer.heading);
  }
  for (const bolt of view.bolts.values()) {
    const track = trackOf(tracks, tracks.bolts, bolt.id, tick);
    track.owner = bolt.owner;
    track.look = bolt.look;
    record(track, tick, bolt.flight.x, bolt.flight.y, bolt.flight.heading);
  }
  markEnded(tracks.gliders, tick);
  markEnded(tracks.bolts, tick);
}

/** Forgets what ended before `tick` and was shown to its end. */
export function pruneTracks(tracks: Tracks, tick: number): void {
  pruneMap(tracks, tracks.gliders, tick);
  pruneMap(tracks, tracks.bolts, tick);
}

export function clearTracks(tracks: Tracks): void {
  for (const track of tracks.gliders.values()) tracks.spare.push(track);
  for (const track of tracks.bolts.values()) tracks.spare.push(track);
  tracks.gliders.clear();
  tracks.bolts.clear();
}

/** Fills `out` with the place at `tick`; false when the track does not reach there. */
export function sampleTrack(track: Track, tick: number, out: Sample): boolean {
  if (tick < track.since || tick > track.until) return false;
  const first = Math.max(Math.floor(tick), track.until - MASK);
  const second = Math.min(first + 1, track.until);
  const share = Math.min(1, Math.max(0, tick - first));
  const a = first & MASK;
  const b = second & MASK;
  const x = track.x[a]!;
  const y = track.y[a]!;
  out.vx = track.x[b]! - x;
  out.vy = track.y[b]! - y;
  out.x = x + out.vx * share;
  out.y = y + out.vy * share;
  out.heading = track.heading[b]!;
  return true;
}

function trackOf(tracks: Tracks, map: Map<number, Track>, id: number, tick: number): Track {
  const known = map.get(id);
  // A gap means another life or another stay in the focus: its earlier path is not continued.
  if (known && (known.until === tick - 1 || known.until === tick)) return known;
  const track = known ?? tracks.spare.pop() ?? newTrack();
  track.id = id;
  track.since = tick;
  track.hurtAt = NEVER;
  track.dashAt = NEVER;
  map.set(id, track);
  return track;
}

function record(track: Track, tick: number, x: number, y: number, heading: number): void {
  const at = tick & MASK;
  track.x[at] = x;
  track.y[at] = y;
  track.heading[at] = heading;
  track.until = tick;
  track.live = true;
  if (tick - track.since > MASK) track.since = tick - MASK;
}

function markEnded(map: Map<number, Track>, tick: number): void {
  for (const track of map.values()) {
    if (track.until !== tick) track.live = false;
  }
}

function pruneMap(tracks: Tracks, map: Map<number, Track>, tick: number): void {
  for (const track of map.values()) {
    if (track.live || track.until >= tick) continue;
    map.delete(track.id);
    tracks.spare.push(track);
  }
}

function newTrack(): Track {
  return {
    id: 0,
    owner: 0,
    look: 0,
    name: '',
    hp: 0,
    linkDead: false,
    since: 0,
    until: 0,
    live: true,
    hurtAt: NEVER,
    dashAt: NEVER,
    x: new Int32Array(TICKS),
    y: new Int32Array(TICKS),
    heading: new Uint8Array(TICKS),
  };
}
