import { LANES, type ClientId } from '../../model.js';
import type { Job } from '../job.js';
import type { WriteOutlook, WriteOutlookOf } from '../ports.js';

/** Which runs may begin, by client. Clients that are not listed are unrestricted. */
export interface Places {
  /** Runs in progress plus the places that must stay empty. */
  readonly taken: ReadonlyMap<ClientId, number>;
  /** Clients that may only start urgent runs. */
  readonly urgentOnly: readonly ClientId[];
  readonly closed: readonly ClientId[];
  /** Time until more runs may begin even if none ends; Infinity: no client waits. */
  readonly moreInMs: number;
}

interface Deps {
  readonly writeOutlook: WriteOutlookOf;
  readonly clock: () => number;
  readonly runsPerClient: number;
}

/** The outlook when Discord's limits are not tracked. */
export const NOTHING_KNOWN: WriteOutlook = {
  left: Infinity,
  singlesFrom: () => 0,
  listsFrom: () => 0,
};

/**
 * A pause may end before the time a run was given; the next run then learns the new state without a
 * call.
 */
const ASK_AGAIN_MS = 30_000;

/**
 * Starts no more runs than Discord currently allows writes: another run would read its member, open
 * its record and then wait. Urgent work may use the last call, and is tried even if none seems to
 * be left.
 */
export class WritePace {
  /** Set after a run was delayed; for urgent runs only if the delayed run was urgent. */
  readonly #calmFromMs = new Map<ClientId, number>();
  readonly #urgentFromMs = new Map<ClientId, number>();
  readonly #worked = new Set<ClientId>();

  constructor(readonly deps: Deps) {}

  begun({ clientId }: Job): void {
    this.#worked.add(clientId);
  }

  told({ clientId, lane }: Job, until: Date): void {
    const latestMs = this.deps.clock() + ASK_AGAIN_MS;
    const fromMs = Math.min(until.getTime(), latestMs);
    this.#calmFromMs.set(clientId, fromMs);
    if (isUrgent({ lane })) this.#urgentFromMs.set(clientId, fromMs);
  }

  /** Whatever the client waited for is over. */
  freed(clientId: ClientId): void {
    this.#calmFromMs.delete(clientId);
    this.#urgentFromMs.delete(clientId);
  }

  places(running: ReadonlyMap<ClientId, number>): Places {
    const taken = new Map(running);
    const urgentOnly: ClientId[] = [];
    const closed: ClientId[] = [];
    let moreInMs = Infinity;
    for (const clientId of this.#worked) {
      const runs = running.get(clientId) ?? 0;
      const now = this.deps.clock();
      const calm = this.#calmRoom(clientId, runs, now);
      const urgent = this.#urgentRoom(clientId, runs, now);
      const room = calm.room > 0 ? calm.room : urgent.room;
      moreInMs = Math.min(moreInMs, ...[calm, urgent].map(inMs(now)));
      if (calm.room <= 0) urgentOnly.push(clientId);
      if (room <= 0) closed.push(clientId);
      else taken.set(clientId, Math.max(runs, this.deps.runsPerClient - room));
    }
    return { taken, urgentOnly, closed, moreInMs };
  }

  #calmRoom(clientId: ClientId, runs: number, now: number): Room {
    const toldMs = this.#calmFromMs.get(clientId) ?? 0;
    if (toldMs > now) return { room: 0, moreAtMs: toldMs };
    const outlook = this.deps.writeOutlook({ clientId, isUrgent: false });
    const { left } = outlook;
    if (left > 0) return { room: left - runs, moreAtMs: Infinity };
    return { room: 0, moreAtMs: openFrom(outlook) };
  }

  #urgentRoom(clientId: ClientId, runs: number, now: number): Room {
    const toldMs = this.#urgentFromMs.get(clientId) ?? 0;
    if (toldMs > now) return { room: 0, moreAtMs: toldMs };
    const { left } = this.deps.writeOutlook({ clientId, isUrgent: true });
    const room = Math.max(left - runs, runs === 0 ? 1 : 0);
    return { room, moreAtMs: Infinity };
  }
}

interface Room {
  readonly room: number;
  readonly moreAtMs: number;
}

export function isUrgent({ lane }: Pick<Job, 'lane'>): boolean {
  return lane >= LANES.fresh;
}

const ONE_OF_EACH = { add: 1, remove: 1 };
const NONE = { add: 0, remove: 0 };

function openFrom(outlook: WriteOutlook): number {
  const singles = outlook.singlesFrom(ONE_OF_EACH, NONE);
  return Math.min(singles, outlook.listsFrom(1));
}

/** Never at once: a time that is past while the client stays closed would cause a busy loop. */
const SOONEST_MS = 10;

const inMs =
  (now: number) =>
  ({ moreAtMs }: Room): number =>
    Math.max(SOONEST_MS, moreAtMs - now);
