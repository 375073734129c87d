import { setTimeout as sleepFor } from 'node:timers/promises';

import { UnsentError } from '../lib/errors.js';
import type { DiscordMembers } from './ports.js';

/** Longer than Discord's window for member reads, which is a second. */
const PATIENCE_MS = 2_000;
/** Shortest wait before a retry, so that a retry time in the past does not cause a busy loop. */
const SHORTEST_MS = 10;

/**
 * Makes member reads wait inside the run for their rate limit, up to PATIENCE_MS. If the run ended
 * instead, its next run would have to repeat the first read, and with many waiting members that
 * would take up to twice the reads. Longer waits and errors from Discord still end the run.
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
