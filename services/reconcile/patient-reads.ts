import { setTimeout as sleepFor } from 'node:timers/promises';

import { UnsentError } from '../lib/errors.js';
import type { DiscordMembers } from './ports.js';

/** Longer than Discord's window for member reads, which is a second. */
const PATIENCE_MS = 2_000;
/** A retry time in the past must not cause a busy loop. */
const SHORTEST_MS = 10;

/**
 * Member reads that wait for their rate limit inside the run. A run that ended instead would begin
 * with a read again, so a crowd would cost up to twice the reads. Longer waits still end the run,
 * as does everything that Discord itself answered.
 */
export function withPatientReads(
  discord: DiscordMembers,
  {
    clock,
    sleep = sleepFor,
  }: { readonly clock: () => number; readonly sleep?: (ms: number) => Promise<unknown> },
): DiscordMembers {
  return {
    ...discord,
    async readMember(member) {
      const untilMs = clock() + PATIENCE_MS;
      for (;;) {
        try {
          return await discord.readMember(member);
        } catch (error) {
          const retryAtMs = error instanceof UnsentError ? error.retryAt.getTime() : Infinity;
          if (retryAtMs > untilMs || clock() > untilMs) throw error;
          await sleep(Math.max(SHORTEST_MS, retryAtMs - clock()));
        }
      }
    },
  };
}
