import type { Logger } from '../../lib/logger.js';

/**
 * Discord bans an IP address for a while after 10,000 invalid requests (401, 403, 429) in ten
 * minutes:
 * https://docs.discord.com/developers/topics/rate-limits#invalid-request-limit-aka-cloudflare-bans
 * This process stays far below that number, because other processes may share its address. All its
 * bots share one budget. One client may spend a fifth of it. The last fifth is reserved for clients
 * that have caused no invalid response.
 */
export interface InvalidBudget {
  /** Counts the response if Discord counts it as invalid. Returns whether it was counted. */
  note(answer: InvalidAnswer): boolean;
  state(): InvalidBudgetState;
  /** Returns why this client's calls are blocked, or null if they are not. */
  blockOf(spender: string): InvalidBlock | null;
}

export interface InvalidAnswer {
  readonly status: number;
  readonly scope: string | null;
  /**
   * The client the call was made for. Undefined if unknown: the response then does not count
   * against any single client.
   */
  readonly spender?: string;
}

export interface InvalidBudgetState {
  readonly spent: number;
  readonly limit: number;
  /** Set while all calls of the process are blocked. */
  readonly blockedUntil: Date | null;
}

export interface InvalidBlock {
  readonly since: Date;
  readonly until: Date;
  readonly reason: string;
}

export interface InvalidBudgetDeps {
  readonly clock: () => number;
  readonly logger: Logger;
  readonly limit?: number;
  readonly windowMs?: number;
}

export function createInvalidBudget(deps: InvalidBudgetDeps): InvalidBudget {
  const { clock, logger, limit = 1000, windowMs = 600_000 } = deps;
  const fifth = Math.max(1, Math.floor(limit / 5));
  const all = new Tally(limit, windowMs);
  /**
   * Counts all invalid responses, up to four fifths of the limit. When this share is spent, every
   * client that has caused an invalid response is blocked.
   */
  const shared = new Tally(Math.max(1, limit - fifth), windowMs);
  const own = new Map<string, Tally>();

  const logTrip = (tally: Tally, who: string, level: 'warn' | 'error') => {
    const until = new Date(tally.blocked?.until ?? 0).toISOString();
    const fields = { ...tally.counts(), spender: who, blockedUntil: until };
    logger[level](fields, 'invalid budget exhausted');
  };

  const forgetOld = (now: number) => {
    const tallies = new Map([['all', all], ['shared', shared], ...own]);
    for (const [spender, tally] of tallies) {
      if (tally.forgetOld(now))
        logger.info({ ...tally.counts(), spender }, 'invalid budget recovered');
      if (tally.counts().spent === 0) own.delete(spender);
    }
  };

  const ownOf = (spender: string): Tally => {
    const known = own.get(spender) ?? new Tally(fifth, windowMs);
    own.set(spender, known);
    return known;
  };

  return {
    note({ status, scope, spender }) {
      // Discord does not count a 429 with scope `shared`: that limit belongs to the resource, not
      // to the bot.
      const isInvalid = status === 401 || status === 403 || (status === 429 && scope !== 'shared');
      if (!isInvalid) return false;
      const now = clock();
      forgetOld(now);
      if (all.note(now)) logTrip(all, 'all', 'error');
      if (shared.note(now)) logTrip(shared, 'shared', 'warn');
      if (spender === undefined) return true;
      const tally = ownOf(spender);
      if (tally.note(now)) logTrip(tally, spender, 'warn');
      return true;
    },
    state() {
      forgetOld(clock());
      const blocked = all.blocked;
      const blockedUntil = blocked && new Date(blocked.until);
      return { ...all.counts(), blockedUntil };
    },
    blockOf(spender) {
      forgetOld(clock());
      const tally = own.get(spender);
      return (
        blockBy(all, 'calls of all clients together') ??
        blockBy(tally, 'calls of this client') ??
        (tally === undefined ? null : blockBy(shared, 'calls of this client and of others'))
      );
    },
  };
}

function blockBy(tally: Tally | undefined, whose: string): InvalidBlock | null {
  const blocked = tally?.blocked ?? null;
  if (tally === undefined || blocked === null) return null;
  const { spent, limit } = tally.counts();
  return {
    since: new Date(blocked.since),
    until: new Date(blocked.until),
    reason: `Discord refused ${spent} ${whose} within 10 minutes; the limit is ${limit}`,
  };
}

class Tally {
  /** Times of the invalid responses, oldest first. */
  readonly #times: number[] = [];
  blocked: { readonly since: number; readonly until: number } | null = null;

  constructor(
    readonly limit: number,
    readonly windowMs: number,
  ) {}

  counts(): { readonly spent: number; readonly limit: number } {
    return { spent: this.#times.length, limit: this.limit };
  }

  /** Counts a response. Returns true if it exhausts the budget. */
  note(now: number): boolean {
    this.#times.push(now);
    if (this.blocked !== null || this.#times.length < this.limit) return false;
    this.blocked = { since: now, until: recoveryTime(this.#times, this.limit, this.windowMs) };
    return true;
  }

  /** Drops expired responses. Returns true if an exhausted budget has recovered. */
  forgetOld(now: number): boolean {
    const overUntil = now - this.windowMs;
    while (this.#times[0] !== undefined && this.#times[0] <= overUntil) this.#times.shift();
    if (this.blocked === null || this.blocked.until > now) return false;
    this.blocked = null;
    return true;
  }
}

/**
 * Returns when a tenth of the budget will be free again. If the budget recovered as soon as one
 * response expired, the next invalid response would exhaust it again.
 */
function recoveryTime(times: readonly number[], limit: number, windowMs: number): number {
  const freed = times.length - Math.floor(limit * 0.9);
  const last = times[Math.max(0, freed - 1)] ?? 0;
  return last + windowMs;
}
