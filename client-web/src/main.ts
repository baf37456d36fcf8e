/** Puts the parts together: one loop of input, ticks, sampling and drawing. */

import './styles/page.css';
import './styles/hud.css';
import './styles/menu.css';
import './styles/social.css';
import './styles/chat.css';
import './styles/panes.css';
import './styles/phone.css';
import './styles/social-phone.css';
import { act, goOn, join, keptOf, leave, newApp, phaseOf, playAnywhere, playHere, settleIn } from './app.ts';
import { newAttract, sampleAttract, stepAttract } from './attract.ts';
import { coverFit, fit, newCamera } from './camera.ts';
import { newPainter, pageX, pageY, paint } from './draw/arena.ts';
import { newEffects, stepEffects } from './draw/effects.ts';
import { muzzle, showHappening } from './draw/happenings.ts';
import { newMinimap, paintMinimap } from './draw/minimap.ts';
import { drawSticks } from './draw/sticks.ts';
import { contextOf, watchDensity } from './draw/surface.ts';
import { newTrails, stepTrails } from './draw/trails.ts';
import { drainHappenings, type Game, type Intent } from './game.ts';
import { installHooks } from './hooks.ts';
import { pressLink, showLink } from './hud/link.ts';
import { focusName, openMenu } from './hud/menu.ts';
import { newOverlay, showOverlay } from './hud/overlay.ts';
import { findPage, setHidden } from './hud/page.ts';
import { newQuiet, showQuiet } from './hud/quiet.ts';
import { atRest, dropStalePresses, newDevices, readIntent, releaseAll } from './input/devices.ts';
import { Listener } from './input/listen.ts';
import { angleOf, SUB } from './lattice.ts';
import { advancePlayback } from './playback.ts';
import { fadeError } from './prediction.ts';
import { sampleGame } from './sample.ts';
import { newScene } from './scene.ts';
import { CallError, RefusedError } from './sdk/errors.ts';
import { Throng } from './sdk/throng.ts';
import { Handover } from './session/handover.ts';
import { fragmentTo, roomIn } from './session/room.ts';
import { familyOf, recallKept, storeKept } from './session/storage.ts';
import { ticketIn } from './session/ticket.ts';
import { Lobby } from './social/lobby.ts';
import { Social } from './social/social.ts';
import { pruneTracks } from './tracks.ts';

const FRAME_MS_MAX = 100;
const MINIMAP_MS = 80;
/** What the head-up display takes above and below the arena on a tall screen, in CSS pixels. */
const TALL_TOP = 112;
const TALL_BOTTOM = 190;
const RATIO_MAX = 3;

const page = findPage();
const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
const chance = (): number => Math.floor(Math.random() * 2 ** 32);
const throng = new Throng(`${scheme}//${location.host}/ws`);
const app = newApp(throng, { now: () => performance.now(), store: storeKept });
const handover = new Handover(familyOf(chance), () => {
  const kept = keptOf(app);
  return kept && { kept, told: social.told };
});
const devices = newDevices();
const painter = newPainter(contextOf(page.arena, true));
const quiet = newQuiet();
const minimap = newMinimap(page.minimap);
const overlay = newOverlay(page);
const camera = newCamera();
const scene = newScene();
const effects = newEffects();
const trails = newTrails();
const attract = newAttract(performance.now(), Math.random);
const intent: Intent = { heading: 0, thrust: 0, aim: 0, firing: false, dash: false };
const calm = matchMedia('(prefers-reduced-motion: reduce)');

const social = new Social({
  ask: (ask) => throng.ask(ask),
  subscribe: (topic, listener) => throng.subscribe(topic, listener),
  now: app.around.now,
  daytime: () => throng.serverTime() ?? Date.now(),
  released: () => releaseAll(devices),
  go: async (room) => {
    const outcome = await throng.go(room);
    if (outcome.kind === 'Done') {
      settleIn(app, room);
      lobby.invite(room);
    }
    return outcome;
  },
  roomAskedFor: () => app.room,
  play: () => {
    // Once is enough.
    if (!app.watch) return;
    app.watch = false;
    join(app, app.name, app.look);
  },
});
throng.on('welcome', ({ welcome }) => social.onWelcome(welcome));
throng.on('event', (event) => social.onEvent(event));
throng.on('keep', () => social.keep());
throng.on('close', ({ code }) => {
  // Nobody is invited to a room that is gone.
  if (code.name === 'NoSuchRoom') lobby.invite('');
});
throng.on('error', (error) => {
  if (error instanceof RefusedError) social.onRefused(error.topic);
  // A call without an answer harms nothing that the next connection does not mend.
  else if (!(error instanceof CallError)) reportError(error);
});
const lobby = new Lobby(page, {
  play: (room) => enter(room, false),
  look: (room) => enter(room, true),
});

let ratio = 1;
let fitted = false;
let lastMs = performance.now();
let lastX = 0;
let lastY = 0;
let minimapAtMs = 0;
let hurtUntilMs = 0;
let wasMenu = false;
/** Whether the entry screen is being left to look on. */
let looking = false;

function isPlaying(): boolean {
  const phase = phaseOf(app);
  return phase === 'playing' || phase === 'dead' || phase === 'connecting';
}

function resize(): void {
  ratio = Math.min(RATIO_MAX, window.devicePixelRatio || 1);
  const width = Math.max(1, Math.round(window.innerWidth * ratio));
  const height = Math.max(1, Math.round(window.innerHeight * ratio));
  if (page.arena.width !== width) page.arena.width = width;
  if (page.arena.height !== height) page.arena.height = height;
  camera.fit = app.game
    ? fit(width, height, { top: TALL_TOP * ratio, bottom: TALL_BOTTOM * ratio })
    : coverFit(width, height);
  fitted = app.game !== null;
}

function frame(nowMs: number): void {
  // First of all: a fault in one picture is not the end of all.
  requestAnimationFrame(frame);
  const elapsed = Math.min(FRAME_MS_MAX, Math.max(0, nowMs - lastMs));
  lastMs = nowMs;
  effects.motion = calm.matches ? 0 : 1;
  const { game } = app;
  if (fitted !== (game !== null)) resize();
  if (game) playFrame(game, nowMs, elapsed);
  else attractFrame(nowMs);

  const driftX = elapsed > 0 ? ((camera.x - lastX) * 1000) / elapsed : 0;
  const driftY = elapsed > 0 ? ((camera.y - lastY) * 1000) / elapsed : 0;
  lastX = camera.x;
  lastY = camera.y;
  stepEffects(effects, elapsed);
  stepTrails(trails, scene.gliders, nowMs);
  const map = game ? game.view.map : attract.map;
  const crown = game ? crownPlace(game) : null;
  paint(painter, map, camera, scene, trails, effects, {
    nowMs,
    ratio,
    // Grains do not smear over a jump of the camera.
    driftX: calm.matches || Math.abs(driftX) > 60 ? 0 : driftX,
    driftY: calm.matches || Math.abs(driftY) > 60 ? 0 : driftY,
    crown: game && game.standing.crownId !== game.you ? crown : null,
    names: game !== null,
  });
  if (game) {
    drawSticks(painter.ctx, devices, ratio);
    if (nowMs - minimapAtMs >= MINIMAP_MS) {
      minimapAtMs = nowMs;
      paintMinimap(minimap, map, camera, scene, crown, minimapSize(), ratio);
    }
  }
  showPage(nowMs);
  showQuiet(page.quiet, quiet, app, nowMs);
}

function playFrame(game: Game, nowMs: number, elapsed: number): void {
  dropStalePresses(devices, nowMs);
  readIntent(devices, pageX(camera, camera.x, ratio), pageY(camera, camera.y, ratio), intent);
  if (act(app, intent) && intent.dash) devices.dashes = 0;
  // A press waits for the rest after the shot before, where a dash does not.
  if (game.muzzle) devices.fires = 0;
  fadeError(game.prediction, elapsed);
  const playTick = advancePlayback(game.playback, nowMs);
  drainHappenings(game, playTick, (happening) => {
    if (happening.kind === 'Hurt' && happening.who === game.you) hurtUntilMs = nowMs + 140;
    showHappening(effects, happening, game.you, camera.x, camera.y);
  });
  pruneTracks(game.tracks, playTick);
  sampleGame(game, scene, playTick, intent.aim, nowMs);
  const { gliders, own } = scene;
  const seen = own >= 0 ? own : indexOf(scene.gliders, app.looksOn ? social.seen : -1);
  camera.x = seen >= 0 ? gliders.x[seen]! : game.eyeX / SUB;
  camera.y = seen >= 0 ? gliders.y[seen]! : game.eyeY / SUB;
  if (app.looksOn) {
    // Where somebody was who is out of sight, until the next one is seen.
    game.eyeX = camera.x * SUB;
    game.eyeY = camera.y * SUB;
  }
  if (game.muzzle && own >= 0) muzzle(effects, camera.x, camera.y, gliders.look[own]!, angleOf(intent.aim));
  game.muzzle = false;
}

function attractFrame(nowMs: number): void {
  if (!calm.matches || nowMs - attract.startMs < 2_000) stepAttract(attract, nowMs);
  const eye = sampleAttract(attract, scene, calm.matches ? attract.tickAtMs : nowMs);
  camera.x = eye.x;
  camera.y = eye.y;
}

/** Where the crown is: exactly when its wearer is in sight, else where the room last said. */
function crownPlace(game: Game): { x: number; y: number } | null {
  const { standing } = game;
  if (standing.crownId < 0) return null;
  const { gliders } = scene;
  const worn = indexOf(gliders, standing.crownId);
  if (worn >= 0) return { x: gliders.x[worn]!, y: gliders.y[worn]! };
  return standing.crownKnown ? { x: standing.crownX, y: standing.crownY } : null;
}

/** Which of the gliders in sight has an id, or -1. */
function indexOf(gliders: typeof scene.gliders, id: number): number {
  for (let i = 0; i < gliders.count; i++) if (gliders.id[i] === id) return i;
  return -1;
}

function minimapSize(): number {
  if (window.innerHeight <= 520) return 84;
  return window.innerWidth <= 640 && window.innerHeight > window.innerWidth ? 90 : 172;
}

function showPage(nowMs: number): void {
  const { game } = app;
  const phase = phaseOf(app);
  const isMenu = phase === 'menu' || (phase === 'connecting' && !game && app.anew);
  setHidden(page.menu, !isMenu);
  setHidden(page.hud, !game);
  page.play.disabled = phase === 'connecting';
  document.body.classList.toggle('playing', phase === 'playing');
  document.body.classList.toggle('watching', phase === 'watching');
  document.body.classList.toggle('hurt', nowMs < hurtUntilMs);
  if (game) showOverlay(overlay, game, phase === 'dead', nowMs, social.server);
  else setHidden(page.death, true);
  showLink(page, app, nowMs, handover.isAsking);
  const live = app.outage === null && throng.state === 'live';
  // When it is over, there is nobody to talk to.
  social.frame(nowMs, { visible: game !== null && phase !== 'closed', live, players: game?.standing.players ?? 0 });
  if (isMenu && !wasMenu) {
    focusName(page);
    lobby.open();
  } else if (!isMenu && wasMenu) lobby.close();
  wasMenu = isMenu;
  const isGone = app.outage?.code.name === 'NoSuchRoom';
  showAddress(isMenu || isGone ? lobby.invitedTo : app.room);
}

/** The address leads to the room, so that it can be given to others and the page be loaded anew. */
function showAddress(room: string): void {
  const fragment = fragmentTo(room);
  if (location.hash !== fragment) history.replaceState(history.state, '', location.pathname + location.search + fragment);
}

function takeOver(): void {
  void handover.ask().then((given) => {
    if (!playHere(app, given?.kept ?? null)) return;
    if (given) social.recall(given.told);
    lobby.invite(app.room);
  });
}

/** From the entry screen into a room, or into any when it is empty. */
function enter(room: string, watch: boolean): void {
  lobby.invite(room);
  looking = watch;
  page.join.requestSubmit();
  looking = false;
}

/** Where a link leads, into a room or with a ticket: whoever plays goes there, everybody else is invited. True when it joins. */
function takeLink(fragment: string): boolean {
  const ticket = ticketIn(fragment);
  const room = roomIn(fragment);
  // A ticket does not keep, and would be seen there.
  showAddress(room);
  const isHere = app.wanted && room === app.room;
  if (ticket === '' && (room === '' || isHere)) return false;
  if (ticket === '' && app.wanted) {
    void social.follow(room);
    return false;
  }
  if (app.wanted || app.outage) leave(app);
  lobby.invite(room);
  if (ticket === '') return false;
  app.ticket = ticket;
  page.join.requestSubmit();
  return true;
}

page.link.after(social.root);
openMenu(page, Math.random, ({ name, look }) => {
  app.room = lobby.invitedTo;
  app.watch = looking;
  join(app, name, look);
});
const kept = recallKept();
if (!takeLink(location.hash) && kept) {
  const led = lobby.invitedTo;
  social.recall();
  goOn(app, kept);
  lobby.invite(kept.room);
  if (led !== '' && led !== kept.room) void social.follow(led);
}
// A hidden tab gets no frames: it drops what it will not show, and answers from the message.
app.afterSnapshot = (game) => {
  if (!document.hidden) return;
  act(app, atRest(intent));
  drainHappenings(game, Number.POSITIVE_INFINITY, () => {});
  pruneTracks(game.tracks, game.view.tick);
};
new Listener(page.arena, page.dash, devices, isPlaying);
installHooks(app);
page.linkButton.addEventListener('click', () => pressLink(app, takeOver));
page.linkAny.addEventListener('click', () => {
  lobby.invite('');
  playAnywhere(app);
});
page.linkLeave.addEventListener('click', () => leave(app));
window.addEventListener('keydown', (event) => {
  if (event.code === 'Escape' && phaseOf(app) !== 'menu') leave(app);
  if (event.code === 'Enter' && !event.repeat && event.target === page.linkPanel) pressLink(app, takeOver);
  const isForm = event.target instanceof Node && page.join.contains(event.target);
  if (event.code === 'Enter' && !event.repeat && !isForm && phaseOf(app) === 'menu') page.join.requestSubmit();
});
// By then the address may say again where the page is.
window.addEventListener('hashchange', ({ newURL }) => takeLink(new URL(newURL).hash));
window.addEventListener('resize', resize);
watchDensity(resize);
window.addEventListener('pointerdown', (event) => {
  if (event.pointerType === 'touch') document.body.classList.add('touch');
});
if (matchMedia('(pointer: coarse)').matches) document.body.classList.add('touch');
resize();
requestAnimationFrame(frame);
