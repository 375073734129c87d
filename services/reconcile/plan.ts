import type { Cause, RemovalVerdict, RoleId, RoleRefusal } from '../model.js';
import type { DesiredRole } from './desired.js';
import type { NicknamePlan } from './plan-nickname.js';
import type { MappingFacts } from './ports.js';
import type { RequestPlan } from './remote.js';

/** What a member is granted once they have passed Discord's membership screening. */
export interface AfterScreening {
  readonly roleIds: readonly RoleId[];
  /** Null: the nickname does not wait. */
  readonly nickname: string | null;
}

/** What to change for one member. */
export interface MemberPlan extends RolePlan, NicknamePlan {
  /** Grants that wait until the member has passed screening; absent: none do. */
  readonly afterScreening?: AfterScreening;
}

/** Roles are in the order of their ids, so that the same facts make the same plan. */
export interface RolePlan {
  readonly add: readonly RoleId[];
  readonly remove: readonly RoleId[];
  /**
   * Of `remove`: asked for when the mapping was retired, or approved since, so the guard does not
   * hold them.
   */
  readonly approved: readonly RoleId[];
  /** Of `approved`: they follow from a mapping that was retired with `holders: TAKE_BACK`. */
  readonly takenBack: readonly RoleId[];
  /** Held roles that stay because a person has rejected their removal. */
  readonly rejected: readonly RoleId[];
  /** Held roles that stay because a mapped group is not known for this person. */
  readonly unknown: readonly RoleId[];
  /** Changes that the bot cannot make as things are. */
  readonly blocked: readonly BlockedRole[];
  /** Where Discord has the say; absent: nothing was read of that. */
  readonly requests?: RequestPlan;
}

export interface BlockedRole {
  readonly roleId: RoleId;
  readonly refusal: RoleRefusal;
}

/**
 * `written` are roles about which a fact has just come: they are written even where `actual`, being
 * only the mirror, agrees. Only managed roles are looked at; nothing here can name a foreign one.
 */
export function planRoles(input: {
  readonly desired: ReadonlyMap<RoleId, DesiredRole>;
  readonly actual: ReadonlySet<RoleId>;
  readonly written: ReadonlySet<RoleId>;
  readonly refusals: ReadonlyMap<RoleId, RoleRefusal | null>;
  readonly decisions: ReadonlyMap<RoleId, RemovalVerdict>;
  /**
   * A link is ending: whether a held role exists is asked of Discord by removing it, not of the
   * guild's list of roles.
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

/**
 * A role that the guild no longer has is taken back by its own end, even where members still show
 * its id.
 */
function hasGone(verdict: DesiredRole['verdict'], refusal: RoleRefusal | null): boolean {
  return verdict === 'no' && refusal === 'UNKNOWN_ROLE';
}

/**
 * Roles mapped to the groups that the causes speak of. Null when a cause is about more than single
 * groups. A sweep speaks of no group: it has just held the mirror against Discord, so what the
 * mirror shows is enough, unless it sends to look anew. Nor does a fact about a person's name, of
 * which no role follows.
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
