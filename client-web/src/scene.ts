/** What one frame shows, as plain arrays that are filled again each frame. Places are in tiles, angles in radians. */

export interface GliderBatch {
  count: number;
  readonly capacity: number;
  readonly id: Uint16Array;
  readonly x: Float32Array;
  readonly y: Float32Array;
  readonly heading: Float32Array;
  readonly aim: Float32Array;
  /** Tiles a second. */
  readonly speed: Float32Array;
  readonly look: Uint8Array;
  /** Share of full health. */
  readonly health: Float32Array;
  /** 1 at the moment of a hit, 0 soon after. */
  readonly flash: Float32Array;
  /** 1 while dashing. */
  readonly dash: Float32Array;
  readonly alpha: Float32Array;
  /** 1 while the player's connection is lost. */
  readonly linkDead: Uint8Array;
  readonly names: string[];
}

export interface BoltBatch {
  count: number;
  readonly capacity: number;
  readonly x: Float32Array;
  readonly y: Float32Array;
  readonly heading: Float32Array;
  readonly look: Uint8Array;
  /** Length of the streak in tiles: a young bolt has not flown its full length yet. */
  readonly length: Float32Array;
}

export interface ShardBatch {
  count: number;
  readonly capacity: number;
  readonly id: Uint16Array;
  readonly x: Float32Array;
  readonly y: Float32Array;
}

export interface Scene {
  readonly gliders: GliderBatch;
  readonly bolts: BoltBatch;
  readonly shards: ShardBatch;
  /** Index of the own glider in its batch, or -1. */
  own: number;
  /** Id of the crown's wearer, or -1. */
  crownId: number;
}

const GLIDERS_DRAWN_MAX = 2_048;
const BOLTS_DRAWN_MAX = 2_048;
const SHARDS_DRAWN_MAX = 2_048;

export function newScene(): Scene {
  return { gliders: gliderBatch(), bolts: boltBatch(), shards: shardBatch(), own: -1, crownId: -1 };
}

export function clearScene(scene: Scene): void {
  scene.gliders.count = 0;
  scene.bolts.count = 0;
  scene.shards.count = 0;
  scene.own = -1;
  scene.crownId = -1;
}

/** The index of a new row, or -1 when the batch is full. */
export function addRow(batch: { count: number; readonly capacity: number }): number {
  if (batch.count >= batch.capacity) return -1;
  return batch.count++;
}

function gliderBatch(): GliderBatch {
  const n = GLIDERS_DRAWN_MAX;
  return {
    count: 0,
    capacity: n,
    id: new Uint16Array(n),
    x: new Float32Array(n),
    y: new Float32Array(n),
    heading: new Float32Array(n),
    aim: new Float32Array(n),
    speed: new Float32Array(n),
    look: new Uint8Array(n),
    health: new Float32Array(n),
    flash: new Float32Array(n),
    dash: new Float32Array(n),
    alpha: new Float32Array(n),
    linkDead: new Uint8Array(n),
    names: new Array<string>(n).fill(''),
  };
}

function boltBatch(): BoltBatch {
  const n = BOLTS_DRAWN_MAX;
  return {
    count: 0,
    capacity: n,
    x: new Float32Array(n),
    y: new Float32Array(n),
    heading: new Float32Array(n),
    look: new Uint8Array(n),
    length: new Float32Array(n),
  };
}

function shardBatch(): ShardBatch {
  const n = SHARDS_DRAWN_MAX;
  return { count: 0, capacity: n, id: new Uint16Array(n), x: new Float32Array(n), y: new Float32Array(n) };
}
