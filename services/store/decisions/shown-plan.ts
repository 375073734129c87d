import type { SweepPlan } from '../sweeps/sweep-views.js';
import { secondsFor, type HeldPlan } from './held-plan.js';

/** A held plan in the form of every sweep's. */
export function toShownPlan(plan: HeldPlan): SweepPlan {
  return {
    hash: plan.hash,
    removals: plan.removals,
    additions: 0,
    calls: plan.calls,
    seconds: secondsFor(plan),
    members: plan.shown.map((member) => ({ ...member, add: [] })),
  };
}
