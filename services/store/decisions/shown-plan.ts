import { forecastCalls } from '../../model.js';
import type { SweepPlan } from '../../sweep/ports.js';
import type { HeldPlan } from './held-plan.js';

/**
 * A held plan in the form of a sweep's plan. By the time a person decides, no mirror is recent
 * enough to confirm a list.
 */
export function toShownPlan(plan: HeldPlan): SweepPlan {
  const groups = plan.groups.map(({ isEnding, ...group }) => ({
    ...group,
    isRenamed: false,
    isReadFirst: isEnding,
    proofs: isEnding ? 1 : 0,
    confirmsForMs: 0,
  }));
  return {
    hash: plan.hash,
    removals: plan.removals,
    additions: 0,
    ...forecastCalls(groups, plan.wholeListWrites),
    members: plan.shown.map((member) => ({
      ...member,
      add: [],
      nickname: null,
    })),
  };
}
