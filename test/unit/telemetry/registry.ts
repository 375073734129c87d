import { createMetrics, type Metrics } from '../../../services/telemetry/metrics.js';
import type { Sources } from '../../../services/telemetry/observed.js';
import { createScrape, type Scrape } from '../../../services/telemetry/scrape.js';

export const CLIENT = '01890000-0000-7000-8000-000000000001';

export const STANDING: Awaited<ReturnType<Sources['standing']>> = {
  clients: [
    {
      clientId: CLIENT,
      trouble: 'token_refused',
      oldestWrongSeconds: 17.5,
      verifiedSeconds: 300,
      heldRemovals: 12,
      heldPlans: 1,
      oldestHeldPlanSeconds: 7_200,
      parked: 3,
      unlinkedHolders: 4,
      sendingPauseSeconds: 0,
      live: { state: 'POLLING', waitingSeconds: 700, gapSeconds: 90, missed: 3 },
      disputes: { reversals: 4, kept: 2, requests: 1 },
    },
  ],
  queues: [{ clientId: CLIENT, lane: 20, jobs: 7, oldestSeconds: 17.5 }],
  outbox: { rows: 5, oldestSeconds: 2 },
};

/** A process's whole registry, with a value for every metric. */
export function createTold(
  sources: Partial<Sources> = {},
  monotonicMs: () => number = () => performance.now(),
): Metrics & { readonly scrape: Scrape } {
  const metrics = createMetrics(monotonicMs);
  const { observed } = metrics;
  observed.reconcile({ clientId: CLIENT, outcome: 'applied', seconds: 0.2 });
  observed.sweep({ kind: 'VERIFY_GROUPS', state: 'FAILED' });
  observed.assigned({ events: [0] });
  observed.events({
    topic: 'events',
    counts: [{ type: 'unreadable', result: 'dead_lettered', times: 2 }],
    deadLetters: 2,
  });
  observed.progress({ topic: 'events', partition: 0, behind: 9, isBusy: true });
  observed.call({ method: 'GET', route: '/x', status: null, durationMs: 40 });
  observed.wait({ method: 'GET', route: '/x', why: 'spent', waitMs: 900 });
  observed.operation({
    type: 'query',
    name: 'other',
    codes: ['NOT_FOUND'],
    seconds: 0.01,
  });
  observed.statement({ kind: 'select', seconds: 0.002 });
  observed.liveBatch({ kinds: ['memberShown', 'memberShown', 'memberLeft'], seconds: 0.02 });
  observed.liveGap();
  return {
    ...metrics,
    scrape: createScrape({
      registry: metrics.registry,
      version: '1.2.3',
      monotonicMs,
      sources: {
        standing: async () => STANDING,
        parts: () => [{ name: 'store', isReady: true }],
        invalidRequests: () => ({ spent: 300, limit: 1000 }),
        connections: () => ({ used: 2, idle: 3, waiting: 0 }),
        ...sources,
      },
    }),
  };
}
