import type { Registry } from 'prom-client';

import { askedGauge } from './gauge.js';
import type { Sources, DatabaseGauges } from './observed.js';
import { processGauges } from './process-gauges.js';
import { standingGauges } from './standing-gauges.js';

export interface Scrape {
  /** The registry as Prometheus reads it. */
  (): Promise<{ readonly contentType: string; readonly text: string }>;
}

export interface ScrapeDeps {
  readonly registry: Registry;
  readonly sources: Sources;
  readonly version: string;
  /** Does not jump when the clock is set. */
  readonly monotonicMs: () => number;
}

/** How long a reading stays fresh, and how long to wait for a new one. */
const FRESH_MS = 5_000;
const PATIENCE_MS = 2_000;

/**
 * Returns the last reading if the database is unreachable: its age shows that, and a scrape is
 * never late.
 */
export function createScrape(deps: ScrapeDeps): Scrape {
  const { registry, sources, version, monotonicMs } = deps;
  processGauges(registry, sources, version);
  const show = standingGauges(registry);
  let readAt: number | null = null;
  let reading: Promise<void> | null = null;
  askedGauge(registry, {
    name: 'standing_age_seconds',
    help: 'Age in seconds of the database figures for clients, queues and the outbox; absent before the first reading.',
    ask(set) {
      if (readAt !== null) set({}, (monotonicMs() - readAt) / 1000);
    },
  });

  const take = (standing: DatabaseGauges) => {
    readAt = monotonicMs();
    show(standing);
  };
  /** One at a time, however many scrape. */
  const read = () => {
    reading ??= sources
      .standing()
      .then(take)
      .catch(() => undefined) // the age shows it, and so does readiness
      .finally(() => {
        reading = null;
      });
    return reading;
  };

  return async () => {
    const isFresh = readAt !== null && monotonicMs() - readAt < FRESH_MS;
    if (!isFresh) await atMost(PATIENCE_MS, read());
    const { contentType } = registry;
    return { contentType, text: await registry.metrics() };
  };
}

async function atMost(ms: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, patience]);
  clearTimeout(timer);
}
