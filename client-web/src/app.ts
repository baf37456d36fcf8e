/**
 * The session as a player sees it: from the entry screen through play and lost connections to its end.
 *
 * Owns the socket and the timer of the next attempt; knows nothing of drawing.
 */

import { advance, type Game, type Intent, newGame, ownGlider, takeRoomEvent, takeSnapshot } from './game.ts';
import { CLIENT_SILENCE_MS } from './limits.ts';
import { type Backoff, connectionEnded, newBackoff, nextWaitMs } from './session/backoff.ts';
import { type ClientSession, encodeMessage, handleFrame, isSilent, newSession } from './session/client.ts';
import { type CloseCode, closeCode, closeCodeOf } from './session/close.ts';
import { Link } from './socket.ts';

const PAUSE_GRACE_MS = 2_000;

export type Phase = 'menu' | 'connecting' | 'playing' | 'dead' | 'reconnecting' | 'closed';

/** Why and when the next attempt is made, or that none is. */
export interface Outage {
  readonly code: CloseCode;
  /** What the server said, if it said anything. */
  readonly reason: string;
  /** The moment of the next attempt; not a number while one runs or when none will be made. */
  readonly retryAtMs: number;
}

export interface App {
  readonly url: string;
  readonly now: () => number;
  readonly backoff: Backoff;
  name: string;
  look: number;
  /** Whether the player asked to play and did not leave. */
  wanted: boolean;
  link: Link | null;
  session: ClientSession | null;
  /** Kept after a loss, so that its last picture stays until the next one. */
  game: Game | null;
  outage: Outage | null;
  timer: number;
  connectedAtMs: number;
  goodbye: { code: number; reason: string; retryAfterMs: number } | null;
  /** Called after each snapshot: a hidden tab has no frames, and still has to answer. */
  afterSnapshot: (game: Game) => void;
}

export function newApp(url: string, now: () => number): App {
  return {
    url,
    now,
    backoff: newBackoff(),
    name: '',
    look: 0,
    wanted: false,
    link: null,
    session: null,
    game: null,
    outage: null,
    timer: 0,
    connectedAtMs: 0,
    goodbye: null,
    afterSnapshot: () => {},
  };
}

export function phaseOf(app: App): Phase {
  if (!app.wanted) return app.outage ? 'closed' : 'menu';
  if (app.outage) return 'reconnecting';
  if (!app.game || !app.session || app.session.you === null) return 'connecting';
  if (ownGlider(app.game)) return 'playing';
  return app.game.lived ? 'dead' : 'connecting';
}

/** The player wants to play. */
export function join(app: App, name: string, look: number): void {
  app.name = name;
  app.look = look;
  app.wanted = true;
  app.outage = null;
  app.game = null;
  app.backoff.attempts = 0;
  connect(app);
}

/** The player goes back to the entry screen. */
export function leave(app: App): void {
  app.link?.send(encodeMessage({ kind: 'Bye' }));
  end(app);
  app.wanted = false;
  app.outage = null;
  app.game = null;
}

/** The network is back or the tab is looked at: a pending attempt need not wait. */
export function retryNow(app: App): void {
  if (app.wanted && app.outage && !app.link) connect(app);
}

/** After a pause of the page nothing was heard only because nobody listened: the link gets a moment to speak. */
export function forgiveSilence(app: App): void {
  if (app.session) app.session.heardMs = Math.max(app.session.heardMs, app.now() - CLIENT_SILENCE_MS + PAUSE_GRACE_MS);
}

/** Gives up a link on which nothing was heard for too long. */
export function watchSilence(app: App): void {
  if (app.link && app.session && isSilent(app.session, app.now())) lose(app, closeCode('Silent'), '', 0);
}

/** Predicts and sends up to now. True when the presses in the intent were used. */
export function act(app: App, intent: Intent): boolean {
  const { game, session, link } = app;
  if (!game || !session || !link || session.you === null) return false;
  return advance(game, session, intent, app.now(), (value) => link.send(encodeMessage({ kind: 'Input', value })));
}

function connect(app: App): void {
  window.clearTimeout(app.timer);
  app.goodbye = null;
  app.connectedAtMs = app.now();
  if (app.outage) app.outage = { ...app.outage, retryAtMs: Number.NaN };
  app.session = null;
  app.link = new Link(app.url, {
    opened: () => greet(app),
    frame: (bytes) => take(app, bytes),
    closed: (code, reason) => {
      const { goodbye } = app;
      app.link = null;
      if (goodbye) lose(app, closeCodeOf(goodbye.code), goodbye.reason, goodbye.retryAfterMs);
      else lose(app, closeCodeOf(code), reason, 0);
    },
  });
}

function greet(app: App): void {
  const { session, hello } = newSession(app.now(), app.name, app.look);
  app.session = session;
  app.link?.send(encodeMessage(hello));
}

function take(app: App, bytes: Uint8Array): void {
  const { session } = app;
  if (!session) return;
  const now = app.now();
  const update = handleFrame(session, now, bytes);
  switch (update.kind) {
    case 'Welcome': {
      const game = newGame(update.welcome, now);
      if (!game) {
        lose(app, closeCode('Decode'), '', 0);
        return;
      }
      app.game = game;
      break;
    }
    case 'Snapshot':
      if (!app.game) return;
      if (takeSnapshot(app.game, update.snapshot, now)) app.link?.send(encodeMessage({ kind: 'Resync' }));
      // The first picture of a new connection ends the outage.
      app.outage = null;
      app.afterSnapshot(app.game);
      break;
    case 'Event':
      if (app.game) takeRoomEvent(app.game, update.event, now);
      break;
    case 'Duplicate':
      break;
    case 'Ping':
      app.link?.send(encodeMessage(update.answer));
      if (app.game) app.game.pingMs = update.rttMs;
      break;
    case 'Goodbye':
      app.goodbye = update;
      break;
    case 'Fault':
      lose(app, closeCode('Decode'), '', 0);
      break;
  }
}

/** The link is gone, or is given up: plans the next attempt, or ends the session. */
function lose(app: App, code: CloseCode, reason: string, retryAfterMs: number): void {
  const now = app.now();
  end(app, code.number === closeCode('Decode').number ? code.number : 1000);
  if (!app.wanted) return;
  if (code.comeback === 'Never') {
    app.wanted = false;
    app.outage = { code, reason, retryAtMs: Number.NaN };
    return;
  }
  connectionEnded(app.backoff, now - app.connectedAtMs);
  const wait = nextWaitMs(app.backoff, Math.random(), retryAfterMs);
  app.outage = { code, reason, retryAtMs: now + wait };
  app.timer = window.setTimeout(() => retryNow(app), wait);
}

function end(app: App, code = 1000): void {
  window.clearTimeout(app.timer);
  app.link?.dispose(code);
  app.link = null;
  app.session = null;
}
