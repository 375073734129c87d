import type { MemberReading, RoleChanges, RoleId } from '../model.js';
import { guardRemovals } from './guard.js';
import type { MemberPlan } from './plan.js';
import type { Job } from './job.js';
import type { Memory, MemberFacts } from './ports.js';
import type { OpenedRecord, RemovalCause } from './records.js';
import type { Reading } from './read-and-plan.js';
import { landedChanges, resumes } from './resume.js';

interface Planned {
  readonly plan: MemberPlan;
  /** The member as they are now; null: they are not in the guild. */
  readonly reading: Reading | null;
  /** A person is brought in, which is a change of its own. */
  readonly isArrival: boolean;
}

/**
 * Goes on with the record that a broken-off run left, where its plan still holds; else closes it as
 * evidence and opens another.
 */
export async function recordPlan(
  memory: Pick<Memory, 'openRecord'>,
  job: Job,
  facts: MemberFacts,
  planned: Planned,
): Promise<OpenedRecord> {
  const { plan, reading, isArrival } = planned;
  const actual = reading?.member.isPresent === true ? reading.member : null;
  const nothingHeld = {
    allowedRemovals: plan.remove,
    heldRemovals: [],
    reason: null,
  };
  if (!hasChanges(plan) && !isArrival) return { recordId: null, verdict: nothingHeld };
  if (facts.openRecord !== null && resumes(facts.openRecord, plan)) {
    return { recordId: facts.openRecord.recordId, verdict: nothingHeld };
  }
  const held = new Set<RoleId>(actual?.roleIds);
  const isUncounted = (roleId: RoleId) => plan.approved.includes(roleId) || !held.has(roleId);
  return memory.openRecord({
    job,
    platformUserId:
      facts.links.find((link) => link.status === 'ACTIVE')?.platformUserId ??
      facts.links[0]?.platformUserId ??
      null,
    isArrival,
    add: plan.add,
    remove: plan.remove,
    nickname: plan.nickname,
    ensured: alreadyShown(plan, reading?.member ?? facts.mirror),
    uncounted: plan.remove.filter(isUncounted),
    takenBack: plan.takenBack.filter((roleId) => held.has(roleId)),
    judge: (tally) =>
      guardRemovals({
        removals: plan.remove.filter((roleId) => !isUncounted(roleId)),
        tally,
        limits: facts.client.guard,
        decisions: facts.decisions,
        cause: removalCause(job, facts),
        isAskedFor: isAskedFor(job, facts),
      }),
    observed: news(facts, reading),
    supersedes:
      facts.openRecord && landedChanges(facts.openRecord, { mirror: facts.mirror, actual }),
  });
}

/**
 * What the mirror does not show yet; null where its roles and nickname are the same, so that there
 * is nothing to save.
 */
function news(
  { mirror }: Pick<MemberFacts, 'mirror'>,
  reading: Reading | null,
): MemberReading | null {
  if (reading === null || reading.readAtMs === null) return null;
  const { member } = reading;
  const isSame =
    member.isPresent &&
    mirror?.isPresent === true &&
    mirror.nickname === member.nickname &&
    mirror.roleIds.length === member.roleIds.length &&
    mirror.roleIds.every((roleId) => member.roleIds.includes(roleId));
  return isSame ? null : member;
}

/**
 * Of the plan, what the last reading shows already. All of it where there was no reading: nothing
 * says that it is a change.
 */
function alreadyShown(
  { add, remove }: Pick<MemberPlan, 'add' | 'remove'>,
  reading: MemberReading | null,
): RoleChanges {
  if (reading === null) return { added: add, removed: remove };
  const held = new Set(reading.isPresent ? reading.roleIds : []);
  return {
    added: add.filter((roleId) => held.has(roleId)),
    removed: remove.filter((roleId) => !held.has(roleId)),
  };
}

function hasChanges({ add, remove, nickname }: MemberPlan): boolean {
  return add.length + remove.length > 0 || nickname !== null;
}

/**
 * An admin has named this one member, by `reconcileDiscordUser` or by ending the link: that is no
 * accident, so it joins none. It counts like all others, and the limits hold it.
 */
export function isAskedFor(
  { causes }: Pick<Job, 'causes'>,
  { links }: Pick<MemberFacts, 'links'>,
): boolean {
  const ending = links.filter((link) => link.status === 'ENDING');
  return (
    causes.some((cause) => cause.isAskedFor === true) ||
    (ending.length > 0 && ending.every((link) => link.isEndAskedFor))
  );
}

/** As far as a run can tell; when a burst is marked it is known exactly. */
export function removalCause(
  { causes }: Pick<Job, 'causes'>,
  { links }: Pick<MemberFacts, 'links'>,
): RemovalCause {
  if (links.length > 0 && links.every((link) => link.status === 'ENDING')) return 'USER_DELETED';
  if (causes.some(({ groupId }) => groupId !== undefined)) return 'MEMBERSHIP';
  return causes.every(({ kind }) => kind === 'SWEEP') ? 'SWEEP' : 'OTHER';
}
