/**
 * The session as a player sees it: from the entry screen through play and lost connections to its end.
 *
 * Knows of the connection what it tells, and nothing of drawing.
 */

import { advance, type Game, type Intent, newGame, ownGlider, takeRoomEvent, takeSnapshot } from './game.ts';
import type { Outage } from './sdk/events.ts';
import { Throng } from './sdk/throng.ts';
import type { KeptSession } from './session/client.ts';
import type { Kept } from './session/kept.ts';
import type { Standing } from './standing.ts';
import type { Input, Snapshot, Welcome } from './wire/codec.ts';

export type Phase = 'menu' | 'connecting' | 'playing' | 'watching' | 'dead' | 'reconnecting' | 'closed';

/** What the app is given. */
export interface Surroundings {
  readonly now: () => number;
  /** Puts away what a reload of the page goes on with, or nothing. */
  readonly store: (kept: Kept | null) => void;
}

export interface App {
  readonly around: Surroundings;
  readonly throng: Throng;
  name: string;
  look: number;
  /** For the next join. */
  ticket: string;
  /** The room that was asked for, by its name or code, and where a lost session begins anew; any when it is empty. */
  room: string;
  /** To look on, without a glider: what the next join asks for, and what this session is. */
  watch: boolean;
  /** Whether the server lets this session look on only. */
  looksOn: boolean;
  /** Whether the player asked to play and did not leave. */
  wanted: boolean;
  /** Whether that began at the entry screen, and not with a session that was kept. */
  anew: boolean;
  /** What was told before the page was loaded anew, or in the window that played before. */
  restored: Standing | null;
  /** Kept after a loss, so that its last picture stays until the next one. */
  game: Game | null;
  /** Welcomed, and without a picture yet. */
  coming: Game | null;
  /** Why there is no connection, until there is a picture again. */
  outage: Outage | null;
  /** Welcomes so far, and whether the newest went on with a session. */
  welcomes: number;
  resumed: boolean;
  /** Called after each snapshot: a hidden tab has no frames, and still has to answer. */
  afterSnapshot: (game: Game) => void;
}

export function newApp(throng: Throng, around: Surroundings): App {
  const app: App = {
    around,
    throng,
    name: '',
    look: 0,
    ticket: '',
    room: '',
    watch: false,
    looksOn: false,
    wanted: false,
    anew: true,
    restored: null,
    game: null,
    coming: null,
    outage: null,
    welcomes: 0,
    resumed: false,
    afterSnapshot: () => {},
  };
  throng.on('welcome', ({ welcome }) => takeWelcome(app, welcome));
  throng.on('snapshot', (snapshot) => takePicture(app, snapshot));
  throng.on('event', (event) => {
    const game = app.coming ?? app.game;
    if (game) takeRoomEvent(game, event, around.now());
  });
  throng.on('ping', ({ rttMs, jitterMs }) => {
    if (app.game) Object.assign(app.game, { pingMs: rttMs, jitterMs });
  });
  throng.on('keep', (kept) => {
    if (kept) store(app);
    else around.store(null);
  });
  throng.on('close', (outage) => {
    app.coming = null;
    if (!app.wanted) return;
    app.outage = outage;
    app.wanted = outage.willRetryInMs !== null;
  });
  return app;
}

export function phaseOf(app: App): Phase {
  if (!app.wanted) return app.outage ? 'closed' : 'menu';
  if (app.outage) return 'reconnecting';
  if (!app.game || app.coming || app.throng.state !== 'live') return 'connecting';
  if (app.looksOn) return 'watching';
  if (ownGlider(app.game)) return 'playing';
  return app.game.lived ? 'dead' : 'connecting';
}

/** The player wants to play. Whoever looked on until now sees the last picture until the next one. */
export function join(app: App, name: string, look: number): void {
  app.name = name;
  app.look = look;
  app.restored = null;
  begin(app, null);
}

/** The page was loaded anew while its player was in the arena. */
export function goOn(app: App, kept: Kept): void {
  app.name = kept.name;
  app.look = kept.look;
  app.room = kept.room;
  app.watch = kept.watch;
  app.restored = kept.standing;
  begin(app, kept.resume);
}

/**
 * The player wants to play in this window, after another one took over; `kept` is what that one gave. False when that is
 * no longer so, because it took a while.
 */
export function playHere(app: App, kept: Kept | null): boolean {
  if (app.wanted || app.outage?.code.name !== 'Replaced') return false;
  app.restored = kept?.standing ?? null;
  app.room = kept?.room ?? app.room;
  app.watch = kept?.watch ?? app.watch;
  begin(app, kept?.resume ?? app.throng.kept);
  return true;
}

/** The player goes back to the entry screen. */
export function leave(app: App): void {
  app.wanted = false;
  app.outage = null;
  app.restored = null;
  app.watch = false;
  app.game = null;
  app.throng.close();
  app.around.store(null);
}

/** The player does not insist on the room that was asked for. */
export function playAnywhere(app: App): void {
  app.room = '';
  join(app, app.name, app.look);
}

/** The session went on into another room, as the player wished. */
export function settleIn(app: App, room: string): void {
  app.room = room;
  store(app);
}

/** When the next attempt is made; not a number while one runs or when none will be made. */
export function nextTryMs(app: App): number {
  return app.around.now() + (app.throng.willRetryInMs ?? Number.NaN);
}

/** Predicts and sends up to now. True when the presses in the intent were used. */
export function act(app: App, intent: Intent): boolean {
  const { game, throng } = app;
  const { session } = throng;
  if (!game || app.coming || app.looksOn || !session) return false;
  const send = throng.isClogged ? null : (value: Input): unknown => throng.send({ kind: 'Input', value });
  return advance(game, session, intent, app.around.now(), send);
}

/** What a reload or another window goes on with, while this one plays. */
export function keptOf(app: App): Kept | null {
  const { throng, name, look, room, watch } = app;
  const standing = (app.coming ?? app.game)?.standing;
  const { kept } = throng;
  return app.wanted && kept && standing ? { name, look, room, watch, resume: kept, standing } : null;
}

function store(app: App): void {
  const kept = keptOf(app);
  if (kept) app.around.store(kept);
}

function begin(app: App, kept: KeptSession | null): void {
  const { name, look, room, watch, ticket, throng } = app;
  app.wanted = true;
  app.anew = kept === null;
  app.outage = null;
  app.coming = null;
  app.ticket = '';
  // One that was not used yet is still good.
  throng.open({ name, look, room, watch, ...(ticket === '' ? {} : { ticket }) }, kept);
}

function takeWelcome(app: App, welcome: Welcome): void {
  const { game, restored } = app;
  const told = restored ?? game?.standing ?? null;
  const coming = newGame(welcome, app.around.now(), game, told);
  if (!coming) {
    app.throng.fail('Decode');
    return;
  }
  app.coming = coming;
  app.restored = null;
  app.welcomes++;
  app.resumed = welcome.resumed;
  app.looksOn = welcome.watch;
  app.watch = welcome.watch;
}

function takePicture(app: App, snapshot: Snapshot): void {
  const game = app.coming ?? app.game;
  if (!game) return;
  if (takeSnapshot(game, snapshot, app.around.now())) app.throng.send({ kind: 'Resync' });
  if (game === app.coming && !game.resyncing) {
    // The first picture of a new connection takes the place of the last one, and ends the outage.
    app.game = game;
    app.coming = null;
    app.outage = null;
  }
  app.afterSnapshot(game);
}
