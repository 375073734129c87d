import type { APIGatewaySessionStartLimit } from 'discord-api-types/v10';

import { peekAtBucket, takeFromBucket, type Bucket } from '../rate-bucket.js';
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
  const starts = new Map<string, Bucket>();
  const identifies = new Map<string, Bucket>();
  const { gatewayStarts, gatewayIdentifies } = limits;

  return {
    /** A refused identify counts towards the day, but not towards the five seconds. */
    take(applicationId: string, shardId: number): StartVerdict {
      const now = clock();
      if (gatewayStarts) {
        const day = takeFromBucket(gatewayStarts, starts.get(applicationId), now);
        starts.set(applicationId, day.bucket);
        if (!day.verdict.isAllowed) return 'spent';
      }
      if (!gatewayIdentifies) return 'started';
      const key = `${applicationId} ${shardId % maxConcurrency}`;
      const { bucket, verdict } = takeFromBucket(gatewayIdentifies, identifies.get(key), now);
      identifies.set(key, bucket);
      return verdict.isAllowed ? 'started' : 'tooEarly';
    },
    view(applicationId: string): APIGatewaySessionStartLimit {
      const day = gatewayStarts && peekAtBucket(gatewayStarts, starts.get(applicationId), clock());
      return {
        total: gatewayStarts?.limit ?? UNLIMITED,
        remaining: day?.remaining ?? UNLIMITED,
        reset_after: Math.ceil(day?.resetAfterMs ?? 0),
        max_concurrency: maxConcurrency,
      };
    },
  };
}
