/**
 * Everything that the client knows and does between Welcome and the end of a connection, without a page around it:
 * the view, the prediction, the clocks and what the room told.
 */

import { type ClientSession, makeInput } from './session/client.ts';
import { type Clock, clockFeedback, clockSeen, newClock, noteSent, tickAt } from './session/clock.ts';
import { INPUT_INTERVAL_MS } from './limits.ts';
import { isSameMap, mapFromRuns } from './map.ts';
import { newRules } from './motion.ts';
import { arrived, newPlayback, type Playback } from './playback.ts';
import { loseBody, newPrediction, type Prediction, predict, reconcile } from './prediction.ts';
import { newStanding, type Standing, takeEvent } from './standing.ts';
import { ticksSince, tickOffset } from './tick.ts';
import { newTracks, recordTracks, type Tracks } from './tracks.ts';
import { applyRefocus, applyTick, type Desync, type Glider, type Happening, newView, type View } from './view.ts';
import type { Event, Input, Snapshot, Welcome } from './wire/codec.ts';

/** Most ticks that are predicted at once; after a longer pause the prediction starts anew. */
const CATCH_UP_TICKS = 40;
/** A clock that was set back by so many ticks is followed at once. */
const SETBACK_TICKS = 4;
/** More time than this in one frame is shown as a quick glide. */
const LEAP_MS = 100;
/** Most happenings that wait to be shown. */
const HAPPENINGS_MAX = 512;
const AT_ONCE = -1;

/** What the player wants now. */
export interface Intent {
  heading: number;
  thrust: number;
  aim: number;
  firing: boolean;
  /** Presses of dash since the last tick. */
  dash: boolean;
}

/** A happening and the tick at which it is to be shown. */
export interface DueHappening {
  readonly tick: number;
  readonly happening: Happening;
}

export interface Game {
  /** Id of the own glider; nobody's for whoever looks on, to whom all gliders are those of others. */
  readonly you: number;
  readonly room: string;
  readonly view: View;
  readonly tracks: Tracks;
  readonly clock: Clock;
  readonly playback: Playback;
  readonly prediction: Prediction;
  readonly standing: Standing;
  readonly due: DueHappening[];
  snapshots: number;
  snapshotAtMs: number;
  desyncs: number;
  /** Whether a resync was asked for and has not come. */
  resyncing: boolean;
  /** Round trip as the server measures it, and how much it varies. */
  pingMs: number;
  jitterMs: number;
  /** Whether the own glider lived at all, and the tick at which it died last. */
  lived: boolean;
  diedAt: number;
  /** Where the own glider is, or was last, in sub-units. */
  eyeX: number;
  eyeY: number;
  sentAtMs: number;
  readonly sent: { heading: number; thrust: number };
  firedAt: number;
  /** Set on the frame of a local shot: the flash at the muzzle does not wait for the server. */
  muzzle: boolean;
}

/** The id that nobody has. */
export const NOBODY = 0xffff;

/** What goes on of what was told: all of it in the same room, what was read in another one. */
function goOnWith(told: Standing | null, stays: boolean): Standing {
  if (!told) return newStanding();
  return stays ? told : { ...newStanding(), feed: told.feed };
}

/**
 * The state after a Welcome, or null when its map is none. When the session goes on in its room, so does what was told:
 * `standing`, and what `before` had shown. View, clocks and prediction begin anew.
 */
export function newGame(
  welcome: Welcome,
  nowMs: number,
  before: Game | null = null,
  standing: Standing | null = before?.standing ?? null,
): Game | null {
  const told = mapFromRuns(welcome.map.width, welcome.map.height, welcome.map.runs);
  if (!told) return null;
  // The same map is drawn already.
  const map = before && isSameMap(before.view.map, told) ? before.view.map : told;
  // The session may go on in another room, where score and leaders are others.
  const stays = welcome.resumed && (!before || before.room === welcome.room);
  const you = welcome.watch ? NOBODY : welcome.you;
  const same = stays && before?.you === you ? before : null;
  const rules = newRules(welcome.tickHz);
  return {
    you,
    room: welcome.room,
    view: newView(rules, map, welcome.tick),
    tracks: newTracks(),
    clock: newClock(nowMs, welcome.tick, welcome.tickHz),
    playback: newPlayback(welcome.tickHz),
    prediction: newPrediction(welcome.tick),
    standing: goOnWith(welcome.resumed ? standing : null, stays),
    due: [],
    snapshots: 0,
    snapshotAtMs: nowMs,
    desyncs: 0,
    resyncing: false,
    pingMs: before?.pingMs ?? 0,
    jitterMs: before?.jitterMs ?? 0,
    lived: same?.lived ?? false,
    diedAt: same?.diedAt ?? 0,
    eyeX: same?.eyeX ?? map.width * 128,
    eyeY: same?.eyeY ?? map.height * 128,
    sentAtMs: -1e9,
    sent: { heading: -1, thrust: -1 },
    firedAt: -1e9,
    muzzle: false,
  };
}

/** The own glider as the server had it, while it lives. */
export function ownGlider(game: Game): Glider | undefined {
  return game.view.gliders.get(game.you);
}

/** Takes in a snapshot. A `Desync` means that the caller has to send a Resync. */
export function takeSnapshot(game: Game, snapshot: Snapshot, nowMs: number): Desync | null {
  const { view } = game;
  const { refocus } = snapshot;
  game.snapshots++;
  game.snapshotAtMs = nowMs;
  const restart = refocus?.restart ?? null;
  if (snapshot.feedback) {
    const { ack, early } = snapshot.feedback;
    clockFeedback(game.clock, nowMs, (restart ?? view.tick + snapshot.ticks.length) + ack, early);
  }
  // Until the restart comes, what is told builds on what is not held.
  if (game.resyncing && restart === null) return null;
  if (restart !== null && snapshot.ticks.length > 0) return desync(game, 'NoFocus');
  for (const delta of snapshot.ticks) {
    const fault = applyTick(view, delta);
    if (fault) return desync(game, fault);
    recordTracks(game.tracks, view);
    for (const happening of view.happenings) queueHappening(game, happening);
  }
  if (refocus) {
    const fault = applyRefocus(view, refocus);
    if (fault) return desync(game, fault);
    game.resyncing = false;
    recordTracks(game.tracks, view);
  }
  arrived(game.playback, nowMs, view.tick);
  clockSeen(game.clock, nowMs, view.tick);
  followOwn(game);
  return null;
}

export function takeRoomEvent(game: Game, event: Event, nowMs: number): void {
  takeEvent(game.standing, game.you, event, nowMs);
}

/**
 * Predicts every tick that the clock has reached under this intent, and hands over the inputs to send. Returns whether
 * the presses in the intent were used. While nothing can be sent, `send` is null: the server goes on with the last
 * input, and so do we.
 */
export function advance(
  game: Game,
  session: ClientSession,
  intent: Intent,
  nowMs: number,
  send: ((input: Input) => void) | null,
): boolean {
  const { prediction, view } = game;
  // Never a tick that was seen, where the clock is a little behind: what nobody sends, nobody reports on.
  const clock = Math.floor(tickAt(game.clock, nowMs));
  const target = tickOffset(view.tick, Math.max(1, ticksSince(clock, view.tick)));
  let behind = ticksSince(target, prediction.tick);
  if (behind > CATCH_UP_TICKS || behind <= -SETBACK_TICKS) {
    // From the newest that is known, as if nothing had been predicted.
    loseBody(prediction);
    prediction.tick = target - 1;
    followOwn(game);
    // A clock that was set back has not shot yet in the ticks that it had been to.
    if (ticksSince(game.firedAt, target) > 0) game.firedAt = target - 1;
    behind = ticksSince(target, prediction.tick);
  }
  if (behind <= 0) return false;
  const { x, y } = prediction.body;
  for (let left = behind - 1; left >= 0; left--) {
    const tick = target - left;
    // A slow frame's earlier ticks are over: for them the server went on with the last input, and so do we.
    if (left > 0 || !send) {
      predict(prediction, tick, game.sent.heading, game.sent.thrust, false, view.rules, view.map);
      continue;
    }
    const { dash } = intent;
    const fire =
      intent.firing && prediction.live && ticksSince(tick, game.firedAt) >= view.rules.fireRestTicks;
    predict(prediction, tick, intent.heading, intent.thrust, dash, view.rules, view.map);
    if (fire) {
      game.firedAt = tick;
      game.muzzle = true;
    }
    const changed = intent.heading !== game.sent.heading || intent.thrust !== game.sent.thrust;
    if (!changed && !dash && !fire && nowMs - game.sentAtMs < INPUT_INTERVAL_MS) continue;
    const input = makeInput(session, tick, view.tick, intent, intent.aim, fire, dash);
    game.sent.heading = intent.heading;
    game.sent.thrust = intent.thrust;
    game.sentAtMs = nowMs;
    noteSent(game.clock, input.tick);
    send(input);
  }
  // A clock that jumped moved the glider further than a frame should show.
  if (prediction.live && behind * game.clock.tickMs > LEAP_MS) {
    prediction.errorX += x - prediction.body.x;
    prediction.errorY += y - prediction.body.y;
  }
  return send !== null;
}

/** The share of the running tick that has passed. */
export function tickShare(game: Game, nowMs: number): number {
  return Math.min(1, Math.max(0, tickAt(game.clock, nowMs) - game.prediction.tick));
}

/** Hands over what is due at `tick` of the playback, and drops what is long past. */
export function drainHappenings(game: Game, tick: number, show: (happening: Happening) => void): void {
  const { due, view } = game;
  let kept = 0;
  for (const entry of due) {
    if (entry.tick > tick) due[kept++] = entry;
    else if (entry.tick === AT_ONCE || tick - entry.tick < view.rules.tickHz / 2) show(entry.happening);
  }
  due.length = kept;
}

function queueHappening(game: Game, happening: Happening): void {
  const { view, you, due, tracks } = game;
  if (happening.kind === 'Dash' || happening.kind === 'Hurt') {
    const track = tracks.gliders.get(happening.who);
    if (track && happening.kind === 'Dash') track.dashAt = view.tick;
    else if (track) track.hurtAt = view.tick;
  }
  if (happening.kind === 'Death' && happening.who === you) game.diedAt = view.tick;
  // The own glider is shown ahead of all others, so what happens to it does not wait.
  const own =
    ('who' in happening && happening.who === you) || (happening.kind === 'Gathered' && happening.by === you);
  if (due.length < HAPPENINGS_MAX) due.push({ tick: own ? AT_ONCE : view.tick, happening });
}

function followOwn(game: Game): void {
  const { prediction, view } = game;
  const own = ownGlider(game);
  if (!own) {
    if (prediction.live) game.diedAt = view.tick;
    loseBody(prediction);
    return;
  }
  game.lived = true;
  game.eyeX = own.body.x;
  game.eyeY = own.body.y;
  reconcile(prediction, view.tick, own.body, own.steer, view.rules, view.map);
}

function desync(game: Game, fault: Desync): Desync | null {
  game.desyncs++;
  game.resyncing = true;
  return fault;
}
