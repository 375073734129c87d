import type { HealthPort } from '../api/ports.js';
import type { Config } from '../config.js';
import type { InvalidBudget } from '../discord/invalid-budget.js';
import type { Part } from '../lib/lifecycle.js';

/** Parts without which this process can do nothing of use; the others are named as degraded. */
const VITAL = new Set(['store', 'reconcile']);

/** A broker that is away un-readies only a process that has no API to serve meanwhile. */
export function healthOf(
  config: Pick<Config, 'parts'>,
  deps: { readonly watched: readonly Part[]; readonly budget: InvalidBudget },
): HealthPort {
  return {
    readiness() {
      const parts = [
        ...deps.watched.map(stateOf(config)),
        budgetState(deps.budget),
      ];
      return { isReady: parts.every((part) => part.state !== 'down'), parts };
    },
  };
}

type PartState = ReturnType<HealthPort['readiness']>['parts'][number];

function stateOf(config: Pick<Config, 'parts'>) {
  return (part: Part): PartState => {
    const readiness = part.ready();
    if (readiness.ok) return { name: part.name, state: 'ready' };
    const isVital = VITAL.has(part.name) || !config.parts.has('api');
    return {
      name: part.name,
      state: isVital ? 'down' : 'degraded',
      reason: readiness.reason,
    };
  };
}

function budgetState(budget: InvalidBudget): PartState {
  const name = 'invalid request budget';
  const { spent, limit, blockedUntil } = budget.state();
  if (blockedUntil === null) return { name, state: 'ready' };
  const reason = `${spent} of ${limit} invalid answers within 10 minutes: no call to Discord until ${blockedUntil.toISOString()}`;
  return { name, state: 'degraded', reason };
}
