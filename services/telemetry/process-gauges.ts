import { collectDefaultMetrics, type Registry } from 'prom-client';

import { askedGauge, gauge } from './gauge.js';
import type { Sources } from './observed.js';

const SAMPLE_EVERY_MS = 20;

/** Names that Prometheus' linter rejects; the same values are available by type. */
const MISNAMED = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
];

/** Gauges of this process, read at each scrape. */
export function processGauges(
  registry: Registry,
  sources: Omit<Sources, 'standing'>,
  version: string,
): void {
  collectDefaultMetrics({
    register: registry,
    eventLoopMonitoringPrecision: SAMPLE_EVERY_MS,
  });
  for (const name of MISNAMED) registry.removeSingleMetric(name);
  const build = gauge(registry, {
    name: 'build_info',
    help: 'Always 1; the version is in the label.',
    labelNames: ['version'],
  });
  build.set({ version }, 1);
  askedGauge(registry, {
    name: 'part_ready',
    help: '1 if a part of this process can do its work, else 0.',
    labelNames: ['part'],
    ask(set) {
      for (const { name, isReady } of sources.parts()) set({ part: name }, isReady ? 1 : 0);
    },
  });
  askedGauge(registry, {
    name: 'invalid_requests_left',
    help: 'Invalid responses this process may still receive within ten minutes before it stops calling Discord.',
    ask(set) {
      const { spent, limit } = sources.invalidRequests();
      set({}, Math.max(0, limit - spent));
    },
  });
  askedGauge(registry, {
    name: 'sql_connections',
    help: 'Pool connections by state; `waiting` counts statements waiting for a connection.',
    labelNames: ['state'],
    ask(set) {
      for (const [state, count] of Object.entries(sources.connections())) set({ state }, count);
    },
  });
}
