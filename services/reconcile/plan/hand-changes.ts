/**
 * Changes of mapped roles that others made against the connector: which of them stay, when a
 * disputed one is tried again, and when a dispute is over.
 */
import { utcTime } from '../../lib/utc-time.js';
import type { MemberReading, RoleId } from '../../model.js';
import type { HandChange, MemberFacts } from '../ports.js';
import type { HandsEnd } from '../write/records.js';
import type { MemberPlan, UndoneChanges } from './plan.js';

const MINUTE_MS = 60_000;

/** A change that others have not reversed for so long after its last try is no longer disputed. */
const SETTLED_AFTER_MS = 10 * MINUTE_MS;

type Facts = Pick<MemberFacts, 'handChanges' | 'decisions' | 'nowMs'>;

/**
 * Returns why a change that others undid is not made again now. `HELD`: the removal was made by hand
 * and stays. `DISPUTED`: the next try comes later. Null: the change is made.
 */
export function whyUndone(
  { handChanges, nowMs }: Pick<Facts, 'handChanges' | 'nowMs'>,
  { roleId, hasRole }: { readonly roleId: RoleId; readonly hasRole: boolean },
): 'HELD' | 'DISPUTED' | null {
  const change = handChanges.get(roleId);
  if (change === undefined || change.isGiven !== hasRole) return null;
  const { isGiven, isHeld, disputedSince, nextTryAt } = change;
  if (isHeld && !isGiven) return 'HELD';
  const isLater = nextTryAt !== null && nextTryAt.getTime() > nowMs;
  return disputedSince !== null && isLater ? 'DISPUTED' : null;
}

/**
 * Returns the plan without the changes that others undid; `undone` lists these. A held removal
 * withholds the grant, a dispute withholds both directions until the next try. An admin's request
 * (`isAskedFor`) overrides both. A removal that the guard holds stays in the plan, because leaving
 * it out would end the guard's hold.
 */
export function withholdUndone(
  facts: Facts,
  member: MemberReading,
  plan: MemberPlan,
  isAskedFor: boolean,
): MemberPlan {
  if (isAskedFor || facts.handChanges.size === 0) return plan;
  const why = (roleId: RoleId) =>
    whyUndone(facts, { roleId, hasRole: member.isPresent && member.roleIds.includes(roleId) });
  const isMissing = (roleId: RoleId) => !member.isPresent || !member.roleIds.includes(roleId);
  const missing = plan.add.filter(isMissing);
  const undone: UndoneChanges = {
    held: missing.filter((roleId) => why(roleId) === 'HELD'),
    grants: missing.filter((roleId) => why(roleId) === 'DISPUTED'),
    removals: plan.remove.filter(
      (roleId) =>
        !isMissing(roleId) && why(roleId) === 'DISPUTED' && facts.decisions.get(roleId) !== 'HELD',
    ),
  };
  const left = [...undone.held, ...undone.grants, ...undone.removals];
  if (left.length === 0) return plan;
  return {
    ...plan,
    add: plan.add.filter((roleId) => !left.includes(roleId)),
    remove: plan.remove.filter((roleId) => !left.includes(roleId)),
    undone,
  };
}

/** Returns when the first disputed change of the plan is tried again; null: none is disputed. */
export function nextTry(
  { handChanges }: Pick<Facts, 'handChanges'>,
  { undone }: Pick<MemberPlan, 'undone'>,
): Date | null {
  const times = disputedRoles(undone).flatMap(
    (roleId) => handChanges.get(roleId)?.nextTryAt?.getTime() ?? [],
  );
  return times.length === 0 ? null : new Date(Math.min(...times));
}

export function disputedRoles(undone: UndoneChanges | undefined): readonly RoleId[] {
  return undone === undefined ? [] : [...undone.grants, ...undone.removals];
}

/** Returns one reason for each change that the plan leaves out because others undid it. */
export function undoneReasons(
  { handChanges }: Pick<Facts, 'handChanges'>,
  { undone }: Pick<MemberPlan, 'undone'>,
  nameRole: (roleId: RoleId) => string,
): readonly string[] {
  if (undone === undefined) return [];
  const describe = (
    roleIds: readonly RoleId[],
    text: (change: HandChange, role: string) => string,
  ) =>
    roleIds.flatMap((roleId) => {
      const change = handChanges.get(roleId);
      return change === undefined ? [] : [text(change, nameRole(roleId))];
    });
  return [
    ...describe(undone.held, heldReason),
    ...describe([...undone.grants, ...undone.removals], disputeReason),
  ];
}

function heldReason(change: HandChange, role: string): string {
  return `${authorOf(change)} removed ${role} by hand at ${utcTime(change.changedAt)}: it is not granted until reconcileDiscordUser, a newer change to its group, or handRemovals: RESTORE`;
}

function disputeReason(change: HandChange, role: string): string {
  const verb = change.isGiven ? 'adding' : 'removing';
  const next = change.nextTryAt === null ? '' : `: the next try is at ${utcTime(change.nextTryAt)}`;
  return `${authorOf(change)} keeps ${verb} ${role}${next}`;
}

/** Names who made a change: `Alice (2000…01)`. */
export function authorOf({ byName, byDiscordUserId }: HandChange): string {
  if (byDiscordUserId === null) return byName ?? 'another bot or person';
  return byName === null ? `account ${byDiscordUserId}` : `${byName} (${byDiscordUserId})`;
}

/**
 * Returns what the run's end means for the changes by others. `changed`: the roles that the run
 * wrote. `roleIds`: the member's roles at its end. A request by an admin ends all of them. Otherwise a
 * hold ends with the role granted, and a dispute ten minutes after a try that nobody reversed.
 */
export function endOfHands(
  { handChanges, nowMs }: Pick<Facts, 'handChanges' | 'nowMs'>,
  run: {
    readonly changed: readonly RoleId[];
    readonly roleIds: readonly RoleId[];
    readonly isAskedFor: boolean;
  },
): HandsEnd {
  const { changed, roleIds, isAskedFor } = run;
  if (isAskedFor) return { over: [...handChanges.keys()], tried: [] };
  const isStill = ([roleId, { isGiven }]: [RoleId, HandChange]) =>
    roleIds.includes(roleId) === isGiven;
  const settled = [...handChanges].filter((each) => !isStill(each));
  const tried = settled.filter(
    ([roleId, { disputedSince }]) => disputedSince !== null && changed.includes(roleId),
  );
  const over = settled.filter(
    ([roleId, change]) => !changed.includes(roleId) && isOver(change, nowMs),
  );
  return {
    over: over.map(([roleId]) => roleId),
    tried: tried.map(([roleId, { tries }]) => ({ roleId, waitMs: untilNextTryMs(tries) })),
  };
}

function isOver({ isHeld, disputedSince, nextTryAt, tries }: HandChange, nowMs: number): boolean {
  if (disputedSince === null) return isHeld;
  if (nextTryAt === null) return true;
  const triedMs = nextTryAt.getTime() - untilNextTryMs(tries);
  return nowMs >= triedMs + SETTLED_AFTER_MS;
}

/**
 * Returns the time from a try of a disputed change to the next: 20 minutes after the first, doubling
 * to an hour. The first try comes ten minutes after the dispute began.
 */
function untilNextTryMs(tries: number): number {
  return Math.min(10 * 2 ** Math.max(tries, 1), 60) * MINUTE_MS;
}
