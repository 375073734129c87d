import type { Logger } from '../lib/logger.js';

/**
 * Discord bans an address for a while after 10,000 invalid requests (401, 403, 429) in ten minutes:
 * https://docs.discord.com/developers/topics/rate-limits#invalid-request-limit-aka-cloudflare-bans
 * The process stays far below, as others may share its address. One for all bots of the process.
 */
export interface InvalidBudget {
  /** Counts the answer if Discord counts it; says whether it did. */
  note(answer: {
    readonly status: number;
    readonly scope: string | null;
  }): boolean;
  state(): InvalidBudgetState;
}

export interface InvalidBudgetState {
  readonly spent: number;
  readonly limit: number;
  /** Set while every call is refused. */
  readonly blockedUntil: Date | null;
}

export interface InvalidBudgetDeps {
  readonly clock: () => number;
  readonly logger: Logger;
  readonly limit?: number;
  readonly windowMs?: number;
}

export function createInvalidBudget(deps: InvalidBudgetDeps): InvalidBudget {
  const { clock, logger, limit = 1000, windowMs = 600_000 } = deps;
  /** When each invalid answer came, oldest first. */
  const times: number[] = [];
  let blockedUntil: number | null = null;

  const look = (now: number) => {
    while (times[0] !== undefined && times[0] <= now - windowMs) times.shift();
    if (blockedUntil === null || blockedUntil > now) return;
    blockedUntil = null;
    const fields = { spent: times.length, limit };
    logger.info(fields, 'budget of invalid requests recovered');
  };

  const trip = () => {
    blockedUntil = recoveryTime(times, limit, windowMs);
    const until = new Date(blockedUntil).toISOString();
    const fields = { spent: times.length, limit, blockedUntil: until };
    logger.error(fields, 'budget of invalid requests spent, no call is made');
  };

  return {
    note({ status, scope }) {
      if (!isInvalid(status, scope)) return false;
      const now = clock();
      look(now);
      times.push(now);
      if (blockedUntil === null && times.length >= limit) trip();
      return true;
    },
    state() {
      look(clock());
      const until = blockedUntil === null ? null : new Date(blockedUntil);
      return { spent: times.length, limit, blockedUntil: until };
    },
  };
}

/** A 429 of a limit shared with others is not counted by Discord. */
function isInvalid(status: number, scope: string | null): boolean {
  if (status === 429) return scope !== 'shared';
  return status === 401 || status === 403;
}

/** When a tenth of the budget is free again: recovering with each single answer would trip it again at once. */
function recoveryTime(
  times: readonly number[],
  limit: number,
  windowMs: number,
): number {
  const freed = times.length - Math.floor(limit * 0.9);
  const last = times[Math.max(0, freed - 1)] ?? 0;
  return last + windowMs;
}
