import { setTimeout as sleepFor } from 'node:timers/promises';

import { UnsentError } from '../lib/errors.js';
import type { DiscordMembers } from './ports.js';

/** Longer than Discord's window for member reads, which is a second. */
const PATIENCE_MS = 2_000;
/** A retry time in the past must not cause a busy loop. */
const SHORTEST_MS = 10;

/**
 * Makes member reads wait inside the run for their rate limit, up to PATIENCE_MS. Ending the run
 * instead would repeat its first read: up to twice the reads when many members wait. Longer waits
 * and errors from Discord still end the run.
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
