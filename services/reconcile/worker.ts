/**
 * Claims due jobs of the bots leased to this process and runs them concurrently.
 * In: marks, announced by NOTIFY or found by polling. Out: one reconcile run per job.
 * Never: two runs for one member, a run for a bot leased to another process, or more than
 * `runsPerClient` runs for a client.
 */
import { LeaseLostError, messageOf } from '../lib/errors.js';
import type { Part } from '../lib/lifecycle.js';
import type { Logger } from '../lib/logger.js';
import { type ClientId, isUrgentJob, type MemberKey } from '../model.js';
import type { Job, JobTable } from './job.js';
import type { Lease } from './lease.js';
import type { Reconcile } from './reconcile.js';
import type { Pacing } from './write/ports.js';

interface Deps {
  readonly jobs: JobTable;
  readonly lease: Lease;
  readonly reconcile: Reconcile;
  readonly pacing: Pick<Pacing, 'places' | 'begun' | 'delayed' | 'freed'>;
  /** Calls `freed` when a rate-limited client can continue. Returns an unsubscribe function. */
  readonly onFreed?: (freed: (clientId: ClientId) => void) => () => void;
  readonly logger: Logger;
  /**
   * Maximum concurrent runs per client. Discord limits each guild, so more runs would only wait.
   */
  readonly runsPerClient: number;
  readonly pollMs: number;
  /**
   * How long new changes of a member wait after the member's last run, so that they share the next
   * run. The wait is kept in memory, because only one process at a time runs the jobs of a bot. A
   * process that takes over the bot does not know it.
   */
  readonly windowMs: number;
}

/**
 * How long runs may continue after a stop. Jobs unfinished by then are left to the next process
 * that leases the bot.
 */
const FINISH_MS = 2_000;
/**
 * Minimum delay before claiming the jobs of members whose `windowMs` has ended, so that each member
 * does not cause its own claim. Under load a finished run claims sooner anyway.
 */
const REST_GRAIN_MS = 25;
/** How often to check whether a busy client has many members waiting to be read. */
const CROWD_EVERY_MS = 1_000;

export interface Worker extends Part {
  /** Whether the member's run is in progress in this process. */
  isInWork(member: MemberKey): boolean;
}

export function createWorker(deps: Deps): Worker {
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
    isInWork: (member) => loop.isInWork(member),
  };
}

/** A member whose last run ended less than `windowMs` ago, so that no new run may start yet. */
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

  /** Looks for jobs now. If a lookup is already running, another one follows it. */
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

  isInWork({ clientId, discordUserId }: MemberKey): boolean {
    for (const job of this.#runs.values())
      if (job.discordUserId === discordUserId && job.clientId === clientId) return true;
    return false;
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

  /** Claims as many jobs as may run. Resolves to the time until the next lookup, in ms. */
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
    // The claimed urgent jobs use all free runs of their client. More urgent jobs may be due, and
    // some runs are reserved for them, so look again at once.
    const isFull = ({ clientId }: Job) =>
      claimed.filter((job) => job.clientId === clientId).length >=
      runsPerClient - (places.taken.get(clientId) ?? 0);
    if (claimed.some((job) => isUrgentJob(job) && isFull(job))) this.#isWoken = true;
    return Math.min(pollMs, nextDueInMs ?? pollMs, places.moreInMs, restsMs);
  }

  /**
   * Starts listing the guild of a client at its run limit, if that takes fewer calls than reading
   * its waiting members one by one.
   */
  async #listCrowds(claimed: readonly Job[]): Promise<void> {
    const now = performance.now();
    for (const clientId of new Set(claimed.map((job) => job.clientId))) {
      const isFull = (this.#running.get(clientId) ?? 0) >= this.deps.runsPerClient;
      if (!isFull || now < (this.#lookedForCrowd.get(clientId) ?? -Infinity) + CROWD_EVERY_MS)
        continue;
      this.#lookedForCrowd.set(clientId, now);
      if (await this.deps.jobs.startListing(clientId))
        this.deps.logger.info({ clientId }, 'member list requested for waiting members');
    }
  }

  /**
   * Releases surplus bots without a run in progress. Only this loop claims jobs, so none can start
   * meanwhile. Resolves to the clients of all surplus bots; these get no new runs.
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
      // A dropped job waits for the next poll. Claimed at once, it could be dropped in an endless
      // loop.
      if (!isDropped) this.wake();
    });
    this.#runs.set(run, job);
  }

  /**
   * Removes the members from `#resting` whose rest is over. Returns the time until the next rest
   * ends, in ms, but at least REST_GRAIN_MS.
   */
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
   * Runs one job. Resolves to true if it could not be settled (database unreachable, bot lease
   * lost) and was dropped; a later claim takes it again.
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
