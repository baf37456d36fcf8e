/** From the game's state to one frame's scene. Nothing is invented: what is not known is not shown, and fades when stale. */

import { type Game, ownGlider, tickShare } from './game.ts';
import { alongX, alongY, angleOf, SUB } from './lattice.ts';
import { HP_MAX } from './limits.ts';
import { isSolidAt } from './map.ts';
import { VEL } from './motion.ts';
import { shownX, shownY } from './prediction.ts';
import { addRow, clearScene, type Scene } from './scene.ts';
import { type Sample, sampleTrack, type Track } from './tracks.ts';

/** Without a snapshot for this long, others begin to fade, and are gone after as long again. */
const STALE_MS = 600;
const FADE_MS = 1_200;
const FLASH_MS = 160;
const STREAK_TILES = 0.95;
/** Time in which an own bolt goes from the player's present to what is shown of the others. */
const MERGE_MS = 500;

const sample: Sample = { x: 0, y: 0, vx: 0, vy: 0, heading: 0 };

/** Fills the scene as of `playTick` for others and as of now for the own glider. */
export function sampleGame(game: Game, scene: Scene, playTick: number, aim: number, nowMs: number): void {
  clearScene(scene);
  const stale = Math.min(1, Math.max(0, 1 - (nowMs - game.snapshotAtMs - STALE_MS) / FADE_MS));
  scene.crownId = game.standing.crownId;
  sampleOwn(game, scene, aim, nowMs);
  for (const track of game.tracks.gliders.values()) {
    if (track.id !== game.you) sampleOther(game, scene, track, playTick, stale);
  }
  for (const track of game.tracks.bolts.values()) sampleBolt(game, scene, track, playTick);
  const { shards } = scene;
  for (const shard of game.view.shards.values()) {
    const i = addRow(shards);
    if (i < 0) break;
    shards.id[i] = shard.id;
    shards.x[i] = shard.x / SUB;
    shards.y[i] = shard.y / SUB;
  }
}

function sampleOwn(game: Game, scene: Scene, aim: number, nowMs: number): void {
  const own = ownGlider(game);
  if (!own || !game.prediction.live) return;
  const { gliders } = scene;
  const i = addRow(gliders);
  if (i < 0) return;
  const { prediction, view } = game;
  const share = tickShare(game, nowMs);
  const { body, steer } = prediction;
  scene.own = i;
  gliders.id[i] = own.id;
  gliders.x[i] = shownX(prediction, share) / SUB;
  gliders.y[i] = shownY(prediction, share) / SUB;
  gliders.heading[i] = angleOf(steer.heading);
  gliders.aim[i] = angleOf(aim);
  gliders.speed[i] = (Math.hypot(body.vx, body.vy) * view.rules.tickHz) / (SUB * VEL);
  gliders.look[i] = own.look;
  gliders.health[i] = own.hp / HP_MAX;
  gliders.dash[i] = dashLight(body.dashLeft, view.rules.dashTicks);
  gliders.alpha[i] = 1;
  gliders.linkDead[i] = 0;
  gliders.names[i] = own.name;
  const track = game.tracks.gliders.get(own.id);
  gliders.flash[i] = track ? flash(game, track.hurtAt, view.tick + (nowMs - game.snapshotAtMs) / game.clock.tickMs) : 0;
}

function sampleOther(game: Game, scene: Scene, track: Track, playTick: number, stale: number): void {
  if (!sampleTrack(track, playTick, sample)) return;
  const { gliders } = scene;
  const i = addRow(gliders);
  if (i < 0) return;
  const { tickHz, dashTicks } = game.view.rules;
  gliders.id[i] = track.id;
  gliders.x[i] = sample.x / SUB;
  gliders.y[i] = sample.y / SUB;
  gliders.heading[i] = angleOf(sample.heading);
  gliders.aim[i] = gliders.heading[i]!;
  gliders.speed[i] = (Math.hypot(sample.vx, sample.vy) * tickHz) / SUB;
  gliders.look[i] = track.look;
  gliders.health[i] = track.hp / HP_MAX;
  gliders.flash[i] = flash(game, track.hurtAt, playTick);
  gliders.dash[i] = dashLight(dashTicks - (playTick - track.dashAt), dashTicks);
  gliders.alpha[i] = stale * Math.min(1, (playTick - track.since + 1) / (tickHz / 10));
  gliders.linkDead[i] = track.linkDead ? 1 : 0;
  gliders.names[i] = track.name;
}

function sampleBolt(game: Game, scene: Scene, track: Track, playTick: number): void {
  const { bolts } = scene;
  const { view, prediction } = game;
  let tick = playTick;
  if (track.owner === game.you && prediction.live) {
    const lead = Math.max(0, prediction.tick - playTick);
    const ageMs = Math.max(0, prediction.tick - track.since) * game.clock.tickMs;
    tick += lead * Math.max(0, 1 - ageMs / MERGE_MS);
  }
  if (tick < track.since) return;
  if (track.live && tick > track.until) {
    // Bolts fly straight, so where one is now follows from where it was.
    sampleTrack(track, track.until, sample);
    const ahead = tick - track.until;
    sample.x += (alongX(sample.heading, view.rules.boltSpeed) * ahead) / VEL;
    sample.y += (alongY(sample.heading, view.rules.boltSpeed) * ahead) / VEL;
    if (isSolidAt(view.map, sample.x, sample.y)) return;
  } else if (!sampleTrack(track, tick, sample)) {
    return;
  }
  const i = addRow(bolts);
  if (i < 0) return;
  bolts.x[i] = sample.x / SUB;
  bolts.y[i] = sample.y / SUB;
  bolts.heading[i] = angleOf(sample.heading);
  bolts.look[i] = track.look;
  bolts.length[i] = Math.min(STREAK_TILES, 0.2 + ((tick - track.since) * view.rules.boltSpeed) / (SUB * VEL));
}

function flash(game: Game, hurtAt: number, tick: number): number {
  const ms = (tick - hurtAt) * game.clock.tickMs;
  return ms >= 0 && ms < FLASH_MS ? 1 - ms / FLASH_MS : 0;
}

/** Full while a dash runs, then gone within as many ticks. */
function dashLight(left: number, dashTicks: number): number {
  return left > dashTicks ? 0 : Math.min(1, Math.max(0, left / dashTicks));
}
