/** How well the server keeps its ticks, asked of it now and then while the readout is seen. */

/** Fresh enough to be looked at, and rare enough that a thousand pages cost the server little. */
const ASK_MS = 5_000;
/** A server that does not answer is asked more and more rarely. */
const ASK_MS_MAX = 80_000;

export interface Kept {
  /** Ticks that were published after the next deadline, since the server's start. */
  readonly overruns: number;
  /** Deadlines that were left out. */
  readonly skipped: number;
}

export interface Health {
  kept: Kept | null;
  askAtMs: number;
  waitMs: number;
  asking: boolean;
}

export function newHealth(): Health {
  return { kept: null, askAtMs: 0, waitMs: ASK_MS, asking: false };
}

/** Asks when it is time to. Whoever calls it from the frame loop asks nothing from a hidden page. */
export async function watchHealth(
  health: Health,
  room: string,
  nowMs: number,
  ask: () => Promise<unknown> = askRooms,
): Promise<void> {
  if (health.asking || nowMs < health.askAtMs) return;
  health.asking = true;
  let kept: Kept | null = null;
  try {
    kept = keptIn(await ask(), room);
  } catch {
    // The game needs no answer; what was told last stays.
  }
  health.kept = kept ?? health.kept;
  health.waitMs = kept ? ASK_MS : Math.min(ASK_MS_MAX, health.waitMs * 2);
  health.askAtMs = nowMs + health.waitMs;
  health.asking = false;
}

/** Finds a room's figures in an answer that may be anything. */
export function keptIn(answer: unknown, name: string): Kept | null {
  if (typeof answer !== 'object' || answer === null || !('rooms' in answer) || !Array.isArray(answer.rooms)) return null;
  for (const room of answer.rooms as readonly unknown[]) {
    if (typeof room !== 'object' || room === null || !('name' in room) || room.name !== name) continue;
    if (!('overruns' in room) || !('skipped' in room)) return null;
    const { overruns, skipped } = room;
    if (typeof overruns === 'number' && typeof skipped === 'number') return { overruns, skipped };
  }
  return null;
}

/** The figures in words, or nothing before the first answer. */
export function sayKept(kept: Kept | null): string {
  if (!kept) return '';
  const { overruns, skipped } = kept;
  return `server: ${overruns} ${overruns === 1 ? 'overrun' : 'overruns'} · ${skipped} ${skipped === 1 ? 'skip' : 'skips'}`;
}

async function askRooms(): Promise<unknown> {
  const response = await fetch('/api/rooms?ticks=1', { signal: AbortSignal.timeout(ASK_MS) });
  return response.ok ? response.json() : null;
}
