import { PassingRefusalError, TerminalError } from '../../lib/errors.js';
import type { ClientId, DiscordUserId } from '../../model.js';
import { afterAnswer, afterPause, sumSlices, HEALTHY, type Health } from '../guard/breaker.js';
import type { DiscordMembers, DiscordRefusal, GuildRef, Memory } from '../ports.js';

/** Ends a run whose guild refuses too many calls. */
export class UnhealthyGuildError extends TerminalError {
  constructor(
    message: string,
    /** How often the breaker has tripped for this guild, in this process. */
    readonly trip: number,
    /** False: already reported, and the guild has not been healthy since. */
    readonly isNews: boolean,
    options?: ErrorOptions,
  ) {
    super('UNHEALTHY', message, options);
    this.name = 'UnhealthyGuildError';
  }
}

export interface Breaker {
  /**
   * Wraps the calls to count refusals per guild. Sends no more calls to an unhealthy guild until
   * its client has been paused.
   */
  guard(discord: DiscordMembers): DiscordMembers;
  /**
   * Wraps the store to notice when the client is paused, and to keep its trouble recorded until the
   * guild is healthy.
   */
  watch(memory: Memory): Memory;
}

interface Watched {
  readonly revision: string;
  health: Health;
  trips: number;
  isReported: boolean;
  /**
   * Members whose refusals were counted since the guild was last healthy; they are retried after
   * the pause.
   */
  readonly fed: Set<DiscordUserId>;
  /** Members refused during a probation that the guild passed; the next settlement retries them. */
  readonly passed: Set<DiscordUserId>;
  /** Why the breaker last tripped. */
  reason: string;
  /** Stores the client's pause after the last trip. Null: not started. */
  pausing: Promise<void> | null;
}

export function createBreaker(deps: { readonly clock: () => number }): Breaker {
  const all = new Map<ClientId, Watched>();
  /**
   * The number of trips when each run began, keyed by the target that all calls of the run share.
   * Answers to a run that began before the last trip do not count.
   */
  const begunAt = new WeakMap<GuildRef, number>();

  const watchedOf = ({ clientId, revision }: GuildRef): Watched => {
    const known = all.get(clientId);
    // Once the client has a new revision, earlier refusals no longer count.
    if (known?.revision === revision) return known;
    const watched: Watched = {
      revision,
      health: HEALTHY,
      trips: 0,
      isReported: false,
      fed: new Set(),
      passed: new Set(),
      reason: '',
      pausing: null,
    };
    all.set(clientId, watched);
    return watched;
  };

  const count = (guild: Caller, refusal: Error | null) => {
    const watched = watchedOf(guild);
    if (begunAt.get(guild) !== watched.trips) return;
    const isRefusal = isCounted(refusal);
    if (isRefusal && guild.discordUserId) watched.fed.add(guild.discordUserId);
    const health = afterAnswer(watched.health, isRefusal, deps.clock());
    const hasPassed = watched.health.state === 'PROBATION' && health.state === 'HEALTHY';
    if (hasPassed) for (const id of watched.fed) watched.passed.add(id);
    watched.health = health;
    if (health.state === 'HEALTHY') watched.isReported = false;
    if (sumSlices(health).refusals === 0) watched.fed.clear();
    if (health.state !== 'TRIPPED') return;
    watched.trips += 1;
    watched.pausing = null;
    watched.reason = reasonOf(guild, health, refusal);
  };

  const through = async <T>(guild: Caller, call: () => Promise<T>): Promise<T> => {
    refuseUnhealthy(watchedOf(guild), guild, begunAt);
    try {
      const answer = await call();
      count(guild, null);
      return answer;
    } catch (error) {
      if (!isVerdict(error)) throw error;
      count(guild, error);
      // UNAUTHORIZED and UNKNOWN_GUILD are thrown as they are, not as an unhealthy guild.
      if (!isOfTheClient(error)) refuseUnhealthy(watchedOf(guild), guild, begunAt, error);
      throw error;
    }
  };

  return {
    guard: (discord) => guarded(discord, through),
    watch: (memory) => watchOver(memory, all),
  };
}

/** The target of a call: a member, or only the guild. */
type Caller = GuildRef & { readonly discordUserId?: DiscordUserId };

type Through = <T>(guild: Caller, call: () => Promise<T>) => Promise<T>;

function guarded(discord: DiscordMembers, through: Through): DiscordMembers {
  return {
    readMember: (member) => through(member, () => discord.readMember(member)),
    readRoles: (guild) => through(guild, () => discord.readRoles(guild)),
    addRole: (write) => through(write.member, () => discord.addRole(write)),
    removeRole: (write) => through(write.member, () => discord.removeRole(write)),
    editMember: (write) => through(write.member, () => discord.editMember(write)),
    joinMember: (request) => through(request.member, () => discord.joinMember(request)),
  };
}

function watchOver(memory: Memory, all: ReadonlyMap<ClientId, Watched>): Memory {
  return {
    ...memory,
    async saveTrouble(clientId, trouble) {
      const watched = all.get(clientId);
      const endTrip = () => {
        if (!watched) return;
        watched.health = afterPause(watched.health) ?? watched.health;
        watched.fed.clear();
      };
      if (!watched || watched.trips !== trouble.trip)
        return memory.saveTrouble(clientId, trouble).then(endTrip);
      // Concurrent runs end for the same reason, and a single pause is enough for all of them.
      const tryAgain = [...watched.fed];
      watched.pausing ??= memory
        .saveTrouble(clientId, { ...trouble, tryAgain })
        .then(endTrip)
        .catch((error: unknown) => {
          watched.pausing = null;
          throw error;
        });
      return watched.pausing;
    },
    async settle(job, settlement) {
      const watched = all.get(job.clientId);
      const { state } = watched?.health ?? HEALTHY;
      const clearsTrouble = settlement.clearsTrouble && state === 'HEALTHY';
      const tryAgain = [...(watched?.passed ?? [])];
      const result = await memory.settle(job, { ...settlement, clearsTrouble, tryAgain });
      for (const id of tryAgain) watched?.passed.delete(id);
      return result;
    },
  };
}

/**
 * Throws UnhealthyGuildError if the breaker is tripped, or has tripped since the run began. Called
 * before each call, and after a refusal, which becomes the `cause`.
 */
function refuseUnhealthy(
  watched: Watched,
  guild: GuildRef,
  begunAt: WeakMap<GuildRef, number>,
  cause?: Error,
): void {
  const begun = begunAt.get(guild) ?? watched.trips;
  begunAt.set(guild, begun);
  const isOver = begun < watched.trips;
  if (!isOver && watched.health.state !== 'TRIPPED') return;
  const isNews = !watched.isReported;
  watched.isReported = true;
  throw new UnhealthyGuildError(watched.reason, watched.trips, isNews, { cause });
}

/**
 * Refusals that count: many of them point to a problem of the guild. A missing member or role does
 * not.
 */
const REFUSALS: readonly string[] = [
  'UNAUTHORIZED',
  'MISSING_ACCESS',
  'MISSING_PERMISSION',
  'UNKNOWN_GUILD',
  'REFUSED',
] satisfies readonly DiscordRefusal[];

/** Whether the error is an answer of the guild. A call without an answer does not count. */
function isVerdict(error: unknown): error is Error {
  return error instanceof TerminalError || error instanceof PassingRefusalError;
}

function isCounted(error: Error | null): boolean {
  if (error instanceof PassingRefusalError) return true;
  return error instanceof TerminalError && REFUSALS.includes(error.code);
}

function isOfTheClient(error: Error): boolean {
  return error instanceof TerminalError && OF_THE_CLIENT.includes(error.code);
}

const OF_THE_CLIENT: readonly string[] = [
  'UNAUTHORIZED',
  'UNKNOWN_GUILD',
] satisfies readonly DiscordRefusal[];

function reasonOf({ guildId }: GuildRef, health: Health, refusal: Error | null): string {
  const { answers, refusals } = sumSlices(health);
  const last = refusal === null ? '' : `; the last time: ${refusal.message}`;
  return `guild ${guildId} has refused ${refusals} of the last ${answers} calls${last}`;
}
