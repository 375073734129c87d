import type { RoleId } from '../model.js';
import { guardRemovals } from './guard.js';
import type { MemberPlan } from './plan.js';
import type { Job, Memory, MemberFacts } from './ports.js';
import { changeCount } from './read-and-plan.js';
import type { OpenedRecord } from './records.js';
import { landedChanges, resumes } from './resume.js';

interface Planned {
  readonly plan: MemberPlan;
  /** What the member holds now. */
  readonly held: readonly RoleId[];
  /** A person is brought in, which is a change of its own. */
  readonly isArrival: boolean;
}

/** Goes on with the record that a broken-off run left, where its plan still holds; else closes it as evidence and opens another. */
export async function recordPlan(
  memory: Pick<Memory, 'openRecord'>,
  job: Job,
  facts: MemberFacts,
  planned: Planned,
): Promise<OpenedRecord> {
  const { plan, isArrival } = planned;
  const nothingHeld = {
    allowedRemovals: plan.remove,
    heldRemovals: [],
    reason: null,
  };
  if (changeCount(plan) === 0 && !isArrival)
    return { recordId: null, verdict: nothingHeld };
  if (facts.openRecord !== null && resumes(facts.openRecord, plan)) {
    return { recordId: facts.openRecord.recordId, verdict: nothingHeld };
  }
  const held = new Set<RoleId>(planned.held);
  return memory.openRecord({
    job,
    platformUserId:
      facts.links.find((link) => link.status === 'ACTIVE')?.platformUserId ??
      facts.links[0]?.platformUserId ??
      null,
    isArrival,
    add: plan.add,
    remove: plan.remove,
    uncounted: plan.remove.filter(
      (roleId) => plan.approved.includes(roleId) || !held.has(roleId),
    ),
    judge: (tally) =>
      guardRemovals({
        removals: plan.remove.filter(
          (roleId) => !plan.approved.includes(roleId) && held.has(roleId),
        ),
        tally,
        limits: facts.client.guard,
      }),
    supersedes:
      facts.openRecord &&
      landedChanges(facts.openRecord, {
        mirror: facts.mirror,
        actual: planned.held,
      }),
  });
}
