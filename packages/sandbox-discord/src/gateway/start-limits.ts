import type { APIGatewaySessionStartLimit } from 'discord-api-types/v10';

import { createBuckets } from '../rate-bucket.js';
import type { SandboxLimits } from '../sandbox-interface.js';

type Deps = {
  readonly limits: Pick<SandboxLimits, 'gatewayStarts' | 'gatewayIdentifies'>;
  readonly maxConcurrency: number;
  readonly clock: () => number;
};

/** `tooEarly`: another identify of the same kind came within five seconds. */
export type StartVerdict = 'started' | 'tooEarly' | 'spent';

export type StartLimits = ReturnType<typeof createStartLimits>;

/** What Discord reports when it limits nothing. */
const UNLIMITED = 1000;

/** Limits how often a bot may identify: per day, and per five seconds. */
export function createStartLimits({ limits, maxConcurrency, clock }: Deps) {
  const starts = createBuckets(limits.gatewayStarts, clock);
  const identifies = createBuckets(limits.gatewayIdentifies, clock);

  return {
    /** A refused identify counts towards the day, but not towards the five seconds. */
    take(applicationId: string, shardId: number): StartVerdict {
      if (!starts.take(applicationId).isAllowed) return 'spent';
      const identify = identifies.take(`${applicationId} ${shardId % maxConcurrency}`);
      return identify.isAllowed ? 'started' : 'tooEarly';
    },
    view(applicationId: string): APIGatewaySessionStartLimit {
      const { remaining, resetAfterMs } = starts.peek(applicationId);
      return {
        total: limits.gatewayStarts?.limit ?? UNLIMITED,
        remaining: Math.min(remaining, UNLIMITED),
        reset_after: Math.ceil(resetAfterMs),
        max_concurrency: maxConcurrency,
      };
    },
  };
}
