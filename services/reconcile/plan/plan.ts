import type { Cause, RemovalVerdict, RoleId, RoleRefusal } from '../../model.js';
import type { DesiredRole } from './desired.js';
import type { NicknamePlan } from './plan-nickname.js';
import type { MappingFacts } from '../ports.js';
import type { RequestPlan } from './remote.js';

/** Changes that wait until the member has passed Discord's membership screening. */
export interface AfterScreening {
  readonly roleIds: readonly RoleId[];
  /** Null: no nickname waits. */
  readonly nickname: string | null;
}

/** What to change for one member. */
export interface MemberPlan extends RolePlan, NicknamePlan {
  /** Grants that wait for screening; absent: none do. */
  readonly afterScreening?: AfterScreening;
}

/** Roles are sorted by id, so that the same facts always produce the same plan. */
export interface RolePlan {
  readonly add: readonly RoleId[];
  readonly remove: readonly RoleId[];
  /**
   * The part of `remove` that was requested when the mapping was retired, or approved since. The
   * guard does not hold these.
   */
  readonly approved: readonly RoleId[];
  /** The part of `approved` that follows from a mapping retired with `holders: TAKE_BACK`. */
  readonly takenBack: readonly RoleId[];
  /** Held roles that stay because a person rejected their removal. */
  readonly rejected: readonly RoleId[];
  /** Held roles that stay because a mapped group is unknown for this person. */
  readonly unknown: readonly RoleId[];
  /** Changes the bot currently cannot make. */
  readonly blocked: readonly BlockedRole[];
  /** For roles under authority DISCORD; absent: no such role was read. */
  readonly requests?: RequestPlan;
}

export interface BlockedRole {
  readonly roleId: RoleId;
  readonly refusal: RoleRefusal;
}

/**
 * `written` are roles with a new fact. They are written even if `actual` agrees, because that may
 * be only the mirror. Only mapped roles are considered, so a plan can never name a foreign one.
 */
export function planRoles(input: {
  readonly desired: ReadonlyMap<RoleId, DesiredRole>;
  readonly actual: ReadonlySet<RoleId>;
  readonly written: ReadonlySet<RoleId>;
  readonly refusals: ReadonlyMap<RoleId, RoleRefusal | null>;
  readonly decisions: ReadonlyMap<RoleId, RemovalVerdict>;
  /**
   * True: a link is ending. Then a removal at Discord, not the guild's role list, decides whether a
   * held role still exists.
   */
  readonly isAnyEnding?: boolean;
}): RolePlan {
  const { desired, actual, written, refusals, decisions } = input;
  const plan = {
    add: [] as RoleId[],
    remove: [] as RoleId[],
    approved: [] as RoleId[],
    takenBack: [] as RoleId[],
    rejected: [] as RoleId[],
    unknown: [] as RoleId[],
    blocked: [] as BlockedRole[],
  };
  for (const [roleId, { verdict, isTakenBack }] of [...desired].sort(([a], [b]) =>
    a < b ? -1 : 1,
  )) {
    const isHeld = actual.has(roleId);
    if (verdict === 'unknown') {
      if (isHeld) plan.unknown.push(roleId);
      continue;
    }
    const isDrift = (verdict === 'yes') !== isHeld;
    if (!isDrift && !written.has(roleId)) continue;
    const decision = decisions.get(roleId);
    if (verdict === 'no' && decision === 'REJECTED') {
      if (isHeld) plan.rejected.push(roleId);
      continue;
    }
    const refusal = refusals.get(roleId) ?? null;
    const isUnlisted = hasGone(verdict, refusal);
    const isTried = isUnlisted && isHeld && input.isAnyEnding === true;
    if (refusal !== null && !isTried) {
      if (isDrift && !isUnlisted) plan.blocked.push({ roleId, refusal });
      continue;
    }
    if (verdict === 'yes') plan.add.push(roleId);
    else plan.remove.push(roleId);
    if (verdict === 'no' && (isTakenBack || decision === 'APPROVED')) plan.approved.push(roleId);
    if (verdict === 'no' && isTakenBack) plan.takenBack.push(roleId);
  }
  return plan;
}

/** A role that the guild deleted is gone from its members, even if they still show its id. */
function hasGone(verdict: DesiredRole['verdict'], refusal: RoleRefusal | null): boolean {
  return verdict === 'no' && refusal === 'UNKNOWN_ROLE';
}

/**
 * Roles mapped to the groups that the causes name. Null when a cause concerns more than single
 * groups. A sweep names no group: it has just compared the mirror with Discord, so the mirror is
 * enough unless the sweep asks for a new reading. Facts about a person's name affect no role.
 */
export function rolesOfCauses(
  causes: readonly Cause[],
  mappings: readonly MappingFacts[],
): ReadonlySet<RoleId> | null {
  const spoken = causes.filter((cause) =>
    cause.kind === 'SWEEP' ? cause.looksAnew === true : cause.isAboutName !== true,
  );
  const groupIds = new Set(spoken.map((cause) => cause.groupId));
  if (causes.length === 0 || groupIds.has(undefined)) return null;
  return new Set(
    mappings.filter((mapping) => groupIds.has(mapping.groupId)).map((mapping) => mapping.roleId),
  );
}
