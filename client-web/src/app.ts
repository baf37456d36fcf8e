/**
 * The session as a player sees it: from the entry screen through play and lost connections to its end.
 *
 * Owns the socket and the timer of the next attempt; knows nothing of drawing.
 */

import { advance, type Game, type Intent, newGame, ownGlider, takeRoomEvent, takeSnapshot } from './game.ts';
import { type ClientSession, encodeMessage, handleFrame, keep, newSession, pollTimeout } from './session/client.ts';
import { type CloseCode, closeCode, closeCodeOf, splitReason } from './session/close.ts';
import type { Kept } from './session/kept.ts';
import {
  handleEnd,
  handleHint,
  handleWelcome,
  handleWish,
  newReconnect,
  pollReconnect,
  type Reconnect,
  retryAt,
} from './session/reconnect.ts';
import { Asking } from './social/asking.ts';
import { Link } from './socket.ts';
import type { Standing } from './standing.ts';
import type { Event, Input, Resume, Welcome } from './wire/codec.ts';

export type Phase = 'menu' | 'connecting' | 'playing' | 'watching' | 'dead' | 'reconnecting' | 'closed';

/** Why there is no connection. */
export interface Outage {
  readonly code: CloseCode;
  /** What the server said, if it said anything. */
  readonly reason: string;
}

/** What the app is given. */
export interface Surroundings {
  readonly url: string;
  readonly now: () => number;
  /** A number of 32 random bits. */
  readonly chance: () => number;
  /** Puts away what a reload of the page goes on with, or nothing. */
  readonly store: (kept: Kept | null) => void;
}

export interface App {
  readonly around: Surroundings;
  readonly plan: Reconnect;
  name: string;
  look: number;
  /** For the next join: a ticket is good until its player has said something. */
  ticket: string;
  /** For the next join: a room's name or code, or any room when it is empty. */
  room: string;
  /** For the next join: to look on, without a glider. */
  watch: boolean;
  /** Whether the server lets this session look on only. */
  looksOn: boolean;
  readonly asking: Asking;
  /** Whether the player asked to play and did not leave. */
  wanted: boolean;
  link: Link | null;
  session: ClientSession | null;
  /** What the next connection goes on with. */
  resume: Resume | null;
  /** What was told before the page was loaded anew, or in the window that played before. */
  restored: Standing | null;
  /** Kept after a loss, so that its last picture stays until the next one. */
  game: Game | null;
  /** Welcomed, and without a picture yet. */
  coming: Game | null;
  outage: Outage | null;
  timer: number;
  goodbye: { code: number; reason: string; retryAfterMs: number } | null;
  /** Welcomes so far, and whether the newest went on with a session. */
  welcomes: number;
  resumed: boolean;
  /** Called after each snapshot: a hidden tab has no frames, and still has to answer. */
  afterSnapshot: (game: Game) => void;
  /** Called after each Welcome, and with each event that came in order. */
  welcomed: (welcome: Welcome) => void;
  told: (event: Event) => void;
}

export function newApp(around: Surroundings): App {
  return {
    around,
    plan: newReconnect(around.now()),
    name: '',
    look: 0,
    ticket: '',
    room: '',
    watch: false,
    looksOn: false,
    asking: new Asking(),
    wanted: false,
    link: null,
    session: null,
    resume: null,
    restored: null,
    game: null,
    coming: null,
    outage: null,
    timer: 0,
    goodbye: null,
    welcomes: 0,
    resumed: false,
    afterSnapshot: () => {},
    welcomed: () => {},
    told: () => {},
  };
}

export function phaseOf(app: App): Phase {
  if (!app.wanted) return app.outage ? 'closed' : 'menu';
  if (app.outage) return 'reconnecting';
  if (!app.game || app.coming || !app.session || app.session.you === null) return 'connecting';
  if (app.looksOn) return 'watching';
  if (ownGlider(app.game)) return 'playing';
  return app.game.lived ? 'dead' : 'connecting';
}

/** The player wants to play. */
export function join(app: App, name: string, look: number): void {
  forget(app);
  app.name = name;
  app.look = look;
  begin(app);
}

/** The page was loaded anew while its player was in the arena. */
export function goOn(app: App, kept: Kept): void {
  app.name = kept.name;
  app.look = kept.look;
  app.resume = kept.resume;
  app.restored = kept.standing;
  begin(app);
}

/** The player wants to play in this window, after another one took over; `kept` is what that one gave. */
export function playHere(app: App, kept: Kept | null): void {
  if (app.wanted) return;
  app.resume = kept?.resume ?? app.resume;
  app.restored = kept?.standing ?? null;
  begin(app);
}

/** The player goes back to the entry screen. */
export function leave(app: App): void {
  app.link?.send(encodeMessage({ kind: 'Bye' }));
  forget(app);
  app.wanted = false;
  app.watch = false;
  app.outage = null;
  app.around.store(null);
}

/** The network is back or the tab is looked at. */
export function hint(app: App): void {
  handleHint(app.plan, app.around.now());
  tryAgain(app);
}

/** The player does not want to wait. */
export function tryNow(app: App): void {
  handleWish(app.plan, app.around.now());
  tryAgain(app);
}

/** The player does not insist on the room that was asked for. */
export function playAnywhere(app: App): void {
  app.room = '';
  if (app.wanted) tryNow(app);
  else join(app, app.name, app.look);
}

/** When the next attempt is made; not a number while one runs or when none will be made. */
export function nextTryMs(app: App): number {
  return retryAt(app.plan);
}

/** Gives up a link on which nothing was heard for too long. To be called with every frame. */
export function watchSilence(app: App): void {
  if (app.link && app.session && pollTimeout(app.session, app.around.now())) lose(app, closeCode('Silent'), '', 0);
}

/** Predicts and sends up to now. True when the presses in the intent were used. */
export function act(app: App, intent: Intent): boolean {
  const { game, session, link } = app;
  if (!game || app.coming || app.looksOn || !session || !link || session.you === null) return false;
  const send = link.isClogged() ? null : (value: Input) => link.send(encodeMessage({ kind: 'Input', value }));
  return advance(game, session, intent, app.around.now(), send);
}

/** What a reload or another window goes on with, while this one plays. */
export function keptOf(app: App): Kept | null {
  const { session, name, look } = app;
  const standing = (app.coming ?? app.game)?.standing;
  const resume = session ? keep(session) : app.resume;
  return app.wanted && resume && standing ? { name, look, resume, standing } : null;
}

/** Puts that away. */
export function store(app: App): void {
  const kept = keptOf(app);
  if (kept) app.around.store(kept);
}

function begin(app: App): void {
  end(app);
  app.wanted = true;
  app.outage = null;
  Object.assign(app.plan, newReconnect(app.around.now()));
  connect(app);
}

/** Connects when it is time to, and else comes back then. */
function tryAgain(app: App): void {
  window.clearTimeout(app.timer);
  if (!app.wanted) return;
  const now = app.around.now();
  if (pollReconnect(app.plan, now)) connect(app);
  else if (!Number.isNaN(nextTryMs(app))) app.timer = window.setTimeout(() => tryAgain(app), nextTryMs(app) - now);
}

function connect(app: App): void {
  app.goodbye = null;
  app.link = new Link(app.around.url, {
    opened: () => greet(app),
    frame: (bytes) => take(app, bytes),
    closed: (number, words) => {
      const { goodbye } = app;
      const { text, retryAfterMs } = splitReason(words);
      app.link = null;
      if (goodbye) lose(app, closeCodeOf(goodbye.code), goodbye.reason, Math.max(goodbye.retryAfterMs, retryAfterMs));
      else lose(app, closeCodeOf(number), text, retryAfterMs);
    },
  });
}

function greet(app: App): void {
  const { session, hello } = newSession(app.around.now(), app.name, app.look, app.ticket, app.resume);
  app.session = session;
  const told = hello.kind === 'Hello' ? { ...hello, value: { ...hello.value, room: app.room, watch: app.watch } } : hello;
  app.link?.send(encodeMessage(told));
}

function take(app: App, bytes: Uint8Array): void {
  const { session } = app;
  if (!session) return;
  const now = app.around.now();
  const update = handleFrame(session, now, bytes);
  switch (update.kind) {
    case 'Welcome':
      takeWelcome(app, update.welcome, now);
      break;
    case 'Snapshot': {
      const game = app.coming ?? app.game;
      if (!game) return;
      if (takeSnapshot(game, update.snapshot, now)) app.link?.send(encodeMessage({ kind: 'Resync' }));
      if (game === app.coming && !game.resyncing) {
        // The first picture of a new connection takes the place of the last one, and ends the outage.
        app.game = game;
        app.coming = null;
        app.outage = null;
      }
      app.afterSnapshot(game);
      break;
    }
    case 'Event': {
      const game = app.coming ?? app.game;
      if (game) takeRoomEvent(game, update.event, now);
      if (update.event.kind === 'Answer') app.asking.answered(update.event.call, update.event.outcome);
      app.told(update.event);
      break;
    }
    case 'Duplicate':
      break;
    case 'Ping':
      // What the server is told to have arrived is kept first.
      store(app);
      app.link?.send(encodeMessage(update.answer));
      // From here on the session is proof enough; before, a cut could have kept it from us.
      app.ticket = '';
      if (app.game) {
        app.game.pingMs = update.rttMs;
        app.game.jitterMs = update.jitterMs;
      }
      break;
    case 'Goodbye':
      app.goodbye = update;
      break;
    case 'Fault':
      lose(app, closeCode('Decode'), '', 0);
      break;
  }
}

function takeWelcome(app: App, welcome: Welcome, now: number): void {
  const coming = newGame(welcome, now, app.game, app.restored ?? app.game?.standing ?? null);
  if (!coming) {
    lose(app, closeCode('Decode'), '', 0);
    return;
  }
  handleWelcome(app.plan, now);
  app.coming = coming;
  app.restored = null;
  app.welcomes++;
  app.resumed = welcome.resumed;
  app.looksOn = welcome.watch;
  store(app);
  app.asking.opened(welcome.resumed, (call, ask) => app.link?.send(encodeMessage({ kind: 'Ask', call, ask })));
  app.welcomed(welcome);
}

/** The link is gone, or is given up: plans the next attempt, or ends the session. */
function lose(app: App, code: CloseCode, reason: string, retryAfterMs: number): void {
  const { around } = app;
  end(app, code.number);
  if (!app.wanted) return;
  handleEnd(app.plan, around.now(), code.comeback, retryAfterMs, around.chance());
  app.outage = { code, reason };
  if (code.comeback === 'Never') {
    app.wanted = false;
    app.ticket = '';
    around.store(null);
  }
  tryAgain(app);
}

function forget(app: App): void {
  end(app);
  app.asking.over();
  app.resume = null;
  app.restored = null;
  app.game = null;
}

function end(app: App, code = closeCode('Left').number): void {
  window.clearTimeout(app.timer);
  app.asking.cut();
  app.link?.dispose(code);
  if (app.session) app.resume = keep(app.session);
  app.link = null;
  app.session = null;
  app.coming = null;
}
