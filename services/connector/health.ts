import type { HealthPort } from '../api/ports.js';
import type { Config } from '../config.js';
import type { InvalidBudget } from '../discord/limits/invalid-budget.js';
import type { Life, Part } from '../lib/lifecycle.js';

/** Parts this process cannot work without. Other failing parts are reported as degraded. */
const VITAL = new Set(['store', 'reconcile']);

/**
 * Parts that never make the process unready, because a replacement process would have to wait for
 * Discord too.
 */
const ADVISORY = new Set(['clock', 'discord']);

/**
 * Builds the health report. An unreachable broker makes a process unready only if the process has
 * no API.
 */
export function healthOf(
  config: Pick<Config, 'parts'>,
  deps: {
    readonly watched: readonly Part[];
    readonly budget: InvalidBudget;
    readonly life: () => Pick<Life, 'stage' | 'waitsFor'>;
  },
): HealthPort {
  return {
    stage: () => deps.life().stage(),
    readiness() {
      const parts = [
        ...courseOf(deps.life()),
        ...deps.watched.map(stateOf(config)),
        budgetState(deps.budget),
      ];
      return { isReady: parts.every((part) => part.state !== 'down'), parts };
    },
  };
}

type PartState = ReturnType<HealthPort['readiness']>['parts'][number];

/**
 * Reports startup or shutdown as a part that is down. Empty while serving, when each part reports
 * its own readiness.
 */
function courseOf(life: Pick<Life, 'stage' | 'waitsFor'>): PartState[] {
  const stage = life.stage();
  if (stage === 'serving') return [];
  const waitsFor = stage === 'starting' ? life.waitsFor() : null;
  const reason = waitsFor ?? `the connector is ${stage}`;
  return [{ name: 'connector', state: 'down', reason }];
}

function stateOf(config: Pick<Config, 'parts'>) {
  return (part: Part): PartState => {
    const readiness = part.ready();
    if (readiness.ok) return { name: part.name, state: 'ready' };
    const isVital = VITAL.has(part.name) || (!config.parts.has('api') && !ADVISORY.has(part.name));
    return { name: part.name, state: isVital ? 'down' : 'degraded', reason: readiness.reason };
  };
}

function budgetState(budget: InvalidBudget): PartState {
  const name = 'invalid request budget';
  const { spent, limit, blockedUntil } = budget.state();
  if (blockedUntil === null) return { name, state: 'ready' };
  const reason = `${spent} of ${limit} invalid responses within 10 minutes: no calls to Discord until ${blockedUntil.toISOString()}`;
  return { name, state: 'degraded', reason };
}
