import type { Cause, RoleId, RoleRefusal } from '../model.js';
import type { DesiredRole } from './desired.js';
import type { MappingFacts } from './ports.js';

/** What to change for one member. Roles are in the order of their ids, so that the same facts make the same plan. */
export interface MemberPlan {
  readonly add: readonly RoleId[];
  readonly remove: readonly RoleId[];
  /** Of `remove`: asked for by name when the mapping was retired, so the guard does not count them. */
  readonly approved: readonly RoleId[];
  /** Held roles that stay because a mapped group is not known for this person. */
  readonly unknown: readonly RoleId[];
  /** Changes that the bot cannot make as things are. */
  readonly blocked: readonly BlockedRole[];
}

export interface BlockedRole {
  readonly roleId: RoleId;
  readonly refusal: RoleRefusal;
}

/**
 * `written` are roles about which a fact has just come: they are written even where `actual`, being only the mirror, agrees.
 * Only managed roles are looked at; nothing here can name a foreign one.
 */
export function planRoles(input: {
  readonly desired: ReadonlyMap<RoleId, DesiredRole>;
  readonly actual: ReadonlySet<RoleId>;
  readonly written: ReadonlySet<RoleId>;
  readonly refusals: ReadonlyMap<RoleId, RoleRefusal | null>;
}): MemberPlan {
  const { desired, actual, written, refusals } = input;
  const plan = {
    add: [] as RoleId[],
    remove: [] as RoleId[],
    approved: [] as RoleId[],
    unknown: [] as RoleId[],
    blocked: [] as BlockedRole[],
  };
  for (const [roleId, { verdict, isRetired }] of [...desired].sort(
    ([a], [b]) => (a < b ? -1 : 1),
  )) {
    const isHeld = actual.has(roleId);
    if (verdict === 'unknown') {
      if (isHeld) plan.unknown.push(roleId);
      continue;
    }
    const isDrift = (verdict === 'yes') !== isHeld;
    if (!isDrift && !written.has(roleId)) continue;
    const refusal = refusals.get(roleId) ?? null;
    if (refusal !== null) {
      if (isDrift && !hasGone(verdict, refusal))
        plan.blocked.push({ roleId, refusal });
      continue;
    }
    if (verdict === 'yes') plan.add.push(roleId);
    else plan.remove.push(roleId);
    if (verdict === 'no' && isRetired) plan.approved.push(roleId);
  }
  return plan;
}

/** A role that the guild no longer has is taken back by its own end, even where members still show its id. */
function hasGone(
  verdict: DesiredRole['verdict'],
  refusal: RoleRefusal,
): boolean {
  return verdict === 'no' && refusal === 'UNKNOWN_ROLE';
}

/** Roles mapped to the groups that the causes speak of. Null when a cause is about more than single groups. */
export function rolesOfCauses(
  causes: readonly Cause[],
  mappings: readonly MappingFacts[],
): ReadonlySet<RoleId> | null {
  const groupIds = new Set(causes.map((cause) => cause.groupId));
  if (groupIds.size === 0 || groupIds.has(undefined)) return null;
  return new Set(
    mappings
      .filter((mapping) => groupIds.has(mapping.groupId))
      .map((mapping) => mapping.roleId),
  );
}
