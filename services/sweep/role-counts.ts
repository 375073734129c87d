import { TerminalError, UnavailableError } from '../lib/errors.js';
import type { RoleId } from '../model.js';
import type { HeldRun } from './held-run.js';
import type { Guild } from './ports.js';

/** Holders of each role as counted by Discord; null: not available, so a list is needed. */
export type ReadCounts = () => Promise<ReadonlyMap<RoleId, number> | null>;

/**
 * Counting is a shortcut that uses one of Discord's newest routes: if only this fails, a sweep
 * continues without it. `fault` is why the last count failed; null: it succeeded; undefined: the
 * sweep did not count.
 */
export function countLeniently(
  guild: Pick<Guild, 'readRoleCounts'>,
  held: HeldRun,
): {
  readonly readCounts: ReadCounts;
  readonly fault: () => string | null | undefined;
} {
  let fault: string | null | undefined;
  return {
    async readCounts() {
      try {
        const counts = await held.call(() => guild.readRoleCounts());
        fault = null;
        return counts;
      } catch (error) {
        if (!isOfCounting(error)) throw error;
        fault = error.message;
        return null;
      }
    },
    fault: () => fault,
  };
}

/**
 * Whatever the whole bot or guild is refused, the list would be refused too: that fails the sweep
 * with its own reason.
 */
function isOfCounting(error: unknown): error is Error {
  if (error instanceof UnavailableError) return true;
  return (
    error instanceof TerminalError &&
    error.code !== 'UNAUTHORIZED' &&
    error.code !== 'UNKNOWN_GUILD'
  );
}

export function differences(
  counts: ReadonlyMap<RoleId, number>,
  linked: ReadonlyMap<RoleId, number>,
): ReadonlyMap<RoleId, number> {
  return new Map([...linked].map(([roleId, count]) => [roleId, (counts.get(roleId) ?? 0) - count]));
}
