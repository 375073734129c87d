import { type HeldPlan, secondsFor } from './held-plan.js';
import type { SweepPlan } from '../../sweep/ports.js';

/** A held plan in the form of every sweep's. */
export function toShownPlan(plan: HeldPlan): SweepPlan {
  return {
    hash: plan.hash,
    removals: plan.removals,
    additions: 0,
    calls: plan.calls,
    seconds: secondsFor(plan),
    members: plan.shown.map((member) => ({
      ...member,
      add: [],
      nickname: null,
    })),
  };
}
