/**
 * Drives the path: claims due jobs of the bots leased to this process and runs them concurrently.
 * In: marks (by NOTIFY, with a poll as safety net). Out: runs of the path.
 * Never: two runs for one member, a run for a bot leased to another process, or more than
 * `runsPerClient` runs for a client.
 */
import { LeaseLostError, messageOf } from '../lib/errors.js';
import type { Part } from '../lib/lifecycle.js';
import type { Logger } from '../lib/logger.js';
import { type ClientId, isUrgentJob, type MemberKey } from '../model.js';
import type { Job, JobTable } from './job.js';
import type { Lease } from './lease.js';
import type { Pacing } from './ports.js';
import type { Reconcile } from './reconcile.js';

interface Deps {
  readonly jobs: JobTable;
  readonly lease: Lease;
  readonly reconcile: Reconcile;
  readonly pacing: Pick<Pacing, 'places' | 'begun' | 'delayed' | 'freed'>;
  /** Calls back when a waiting client can continue. Returns a function that stops listening. */
  readonly onFreed?: (freed: (clientId: ClientId) => void) => () => void;
  readonly logger: Logger;
  /** Concurrent runs per client. Discord's rate limits are per guild, so more would only wait. */
  readonly runsPerClient: number;
  readonly pollMs: number;
  /**
   * After a run, further changes of the same member wait this long and share the next run. Kept in
   * memory, because only one process works a bot at a time; a takeover forgets it.
   */
  readonly windowMs: number;
}

/**
 * After a stop, runs may continue for this long. Unfinished jobs are then free for the next process
 * that works the bot.
 */
const FINISH_MS = 2_000;
/** Under load the end of a run looks for jobs sooner, so that rests cost no claims of their own. */
const REST_GRAIN_MS = 25;
/** How often to check a busy client for a crowd. */
const CROWD_EVERY_MS = 1_000;

export function createWorker(deps: Deps): Part {
  const loop = new Loop(deps);
  let stopListening: (() => Promise<void>) | undefined;
  let stopFreeing: (() => void) | undefined;
  return {
    name: 'reconcile',
    async start() {
      await deps.lease.start(() => loop.wake());
      stopListening = await deps.jobs.onMarked(() => loop.wake());
      stopFreeing = deps.onFreed?.((clientId) => loop.free(clientId));
      loop.wake();
    },
    async stop() {
      const insisting = setTimeout(() => deps.lease.close(), FINISH_MS);
      stopFreeing?.();
      await stopListening?.();
      await loop.stop();
      clearTimeout(insisting);
      await deps.lease.stop();
    },
    ready: () => loop.ready(),
  };
}

interface Resting {
  readonly member: MemberKey;
  readonly untilMs: number;
}

class Loop {
  readonly #running = new Map<ClientId, number>();
  readonly #runs = new Map<Promise<void>, Job>();
  readonly #lookedForCrowd = new Map<ClientId, number>();
  readonly #resting = new Set<Resting>();
  #pump: Promise<void> | null = null;
  #isWoken = false;
  #isStopped = false;
  #timer: NodeJS.Timeout | undefined;
  #trouble: string | null = null;

  constructor(readonly deps: Deps) {}

  ready(): ReturnType<Part['ready']> {
    return this.#trouble === null ? { ok: true } : { ok: false, reason: this.#trouble };
  }

  /**
   * Looks for work now. A call during a look causes one more look, not a second one at the same
   * time.
   */
  wake(): void {
    this.#isWoken = true;
    if (this.#isStopped || this.#pump !== null) return;
    clearTimeout(this.#timer);
    this.#pump = this.#lookWhileWoken().finally(() => {
      this.#pump = null;
    });
  }

  free(clientId: ClientId): void {
    this.deps.pacing.freed(clientId);
    this.wake();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#pump;
    await Promise.all(this.#runs.keys());
  }

  async #lookWhileWoken(): Promise<void> {
    let againInMs = this.deps.pollMs;
    while (this.#isWoken && !this.#isStopped) {
      this.#isWoken = false;
      try {
        againInMs = await this.#look();
        this.#trouble = null;
      } catch (error) {
        this.#trouble = `cannot read the job table: ${messageOf(error)}`;
        this.deps.logger.warn({ err: error }, 'job lookup failed');
        againInMs = this.deps.pollMs;
      }
    }
    if (!this.#isStopped) this.#timer = setTimeout(() => this.wake(), againInMs);
  }

  /** Claims as many jobs as there is room for. Resolves with how long to sleep. */
  async #look(): Promise<number> {
    const { jobs, pollMs, runsPerClient } = this.deps;
    const leaving = await this.#letGoOfIdle();
    const places = this.deps.pacing.places(this.#running);
    const restsMs = this.#endRests();
    const inWork = [...this.#runs.values()];
    const { jobs: claimed, nextDueInMs } = await jobs.claim({
      running: places.taken,
      inWork,
      busy: [...inWork, ...[...this.#resting].map(({ member }) => member)],
      urgentOnly: places.urgentOnly,
      edits: places.edits,
      runsPerClient,
      except: [...leaving, ...places.closed],
    });
    for (const job of claimed) this.#start(job);
    await this.#listCrowds(claimed);
    // Urgent jobs may have taken places left for others, and there may be more of them.
    const isFull = ({ clientId }: Job) =>
      claimed.filter((job) => job.clientId === clientId).length >=
      runsPerClient - (places.taken.get(clientId) ?? 0);
    if (claimed.some((job) => isUrgentJob(job) && isFull(job))) this.#isWoken = true;
    return Math.min(pollMs, nextDueInMs ?? pollMs, places.moreInMs, restsMs);
  }

  /** Checks clients at their limit of runs, because they may have a crowd waiting. */
  async #listCrowds(claimed: readonly Job[]): Promise<void> {
    const now = performance.now();
    for (const clientId of new Set(claimed.map((job) => job.clientId))) {
      const isFull = (this.#running.get(clientId) ?? 0) >= this.deps.runsPerClient;
      if (!isFull || now < (this.#lookedForCrowd.get(clientId) ?? -Infinity) + CROWD_EVERY_MS)
        continue;
      this.#lookedForCrowd.set(clientId, now);
      if (await this.deps.jobs.startListing(clientId))
        this.deps.logger.info({ clientId }, 'listing guild: many members to read');
    }
  }

  /**
   * Bots beyond this process's share get no new work and are released when their last run ends.
   * Only this loop claims jobs, so no run can begin in between. Resolves with the clients of these
   * bots.
   */
  async #letGoOfIdle(): Promise<readonly ClientId[]> {
    const { lease } = this.deps;
    const surplus = lease.surplus();
    const idle = surplus.filter((bot) =>
      bot.clientIds.every((clientId) => !this.#running.has(clientId)),
    );
    if (idle.length > 0) await lease.letGo(idle);
    return surplus.flatMap((bot) => bot.clientIds);
  }

  #start(job: Job): void {
    this.deps.pacing.begun(job);
    this.#running.set(job.clientId, (this.#running.get(job.clientId) ?? 0) + 1);
    const run = this.#run(job).then((isDropped) => {
      this.#runs.delete(run);
      const left = (this.#running.get(job.clientId) ?? 1) - 1;
      if (left > 0) this.#running.set(job.clientId, left);
      else this.#running.delete(job.clientId);
      // A dropped job waits for the next poll: at once it might be dropped again, endlessly.
      if (!isDropped) this.wake();
    });
    this.#runs.set(run, job);
  }

  /** Removes expired rests. Returns when to look for jobs of the next one to expire, in ms. */
  #endRests(): number {
    const now = performance.now();
    let nextInMs = Infinity;
    for (const rest of this.#resting) {
      if (rest.untilMs <= now) this.#resting.delete(rest);
      else nextInMs = Math.min(nextInMs, rest.untilMs - now);
    }
    return Math.max(REST_GRAIN_MS, nextInMs);
  }

  #rest(member: Job): void {
    const { windowMs } = this.deps;
    if (windowMs > 0) this.#resting.add({ member, untilMs: performance.now() + windowMs });
  }

  /**
   * A job that cannot even be settled (database unreachable, bot lease lost) is dropped; the next
   * claim takes it again. Resolves with true if it was dropped.
   */
  async #run(job: Job): Promise<boolean> {
    try {
      const pausedUntil = await this.deps.reconcile(job);
      if (pausedUntil === null) this.#rest(job);
      else this.deps.pacing.delayed(job, pausedUntil);
      return false;
    } catch (error) {
      if (error instanceof LeaseLostError) return true;
      this.deps.logger.warn(
        { err: error, clientId: job.clientId, discordUserId: job.discordUserId },
        'run dropped',
      );
      return true;
    }
  }
}
