import {
  type Cause,
  type MemberReading,
  NO_NICKNAME,
  type RemovalVerdict,
  type RoleId,
  type RoleRefusal,
} from '../../model.js';
import type { MappingFacts, MemberFacts } from '../ports.js';
import type { NicknamePlan } from './plan-nickname.js';
import { NO_REQUESTS, type RequestPlan } from './remote.js';

/** Changes that wait until the member has passed Discord's membership screening. */
export interface AfterScreening {
  readonly roleIds: readonly RoleId[];
  /** Null: no nickname waits. */
  readonly nickname: string | null;
}

/** Grants that wait until the member's time-out ends. */
export interface AfterTimeout {
  readonly roleIds: readonly RoleId[];
  readonly until: Date;
}

/** Changes that others undid, and that are not made again now. */
export interface UndoneChanges {
  /** Roles that a person removed by hand, and that stay removed (`handRemovals: HOLD`). */
  readonly held: readonly RoleId[];
  /** Roles whose grants others keep reversing; the next try comes later. */
  readonly grants: readonly RoleId[];
  /** Roles whose removals others keep reversing; the next try comes later. */
  readonly removals: readonly RoleId[];
}

/** The changes to make for one member. */
export interface MemberPlan extends RolePlan, NicknamePlan {
  /** Grants that wait for screening; absent: none do. */
  readonly afterScreening?: AfterScreening;
  /** Grants that wait until the member's time-out ends; absent: none do. */
  readonly afterTimeout?: AfterTimeout;
  /** Changes not made because others undid them; absent: none. */
  readonly undone?: UndoneChanges;
}

/** Roles are sorted by id, so that the same facts always produce the same plan. */
export interface RolePlan {
  readonly add: readonly RoleId[];
  readonly remove: readonly RoleId[];
  /**
   * The removals that an admin approved, or requested by retiring the mapping with TAKE_BACK. The
   * guard does not hold them.
   */
  readonly approved: readonly RoleId[];
  /** The part of `approved` that follows from a mapping retired with `holders: TAKE_BACK`. */
  readonly takenBack: readonly RoleId[];
  /** Roles that the member keeps because a person rejected their removal. */
  readonly rejected: readonly RoleId[];
  /** Roles that the member keeps because their membership in a mapped group is unknown. */
  readonly unknown: readonly RoleId[];
  /** Changes the bot currently cannot make. */
  readonly blocked: readonly BlockedRole[];
  /** Requests and grants under authority DISCORD; absent: none were planned. */
  readonly requests?: RequestPlan;
}

export interface BlockedRole {
  readonly roleId: RoleId;
  readonly refusal: RoleRefusal;
}

/**
 * Plans the role changes. Considers only mapped roles, so a plan never names a foreign one. Roles
 * in `written` have a new fact and are written even if `actual` agrees, because `actual` may be
 * only the mirror.
 */
export function planRoles(input: {
  readonly desired: ReadonlyMap<RoleId, DesiredRole>;
  readonly actual: ReadonlySet<RoleId>;
  readonly written: ReadonlySet<RoleId>;
  readonly refusals: ReadonlyMap<RoleId, RoleRefusal | null>;
  readonly decisions: ReadonlyMap<RoleId, RemovalVerdict>;
  /**
   * True: a link is ending. Then a removal is sent even for a role that the guild no longer lists:
   * only Discord's response proves that the role is gone.
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
    // Members no longer have a deleted role, even if Discord still shows its id. So its removal
    // does not count as blocked.
    const isUnlisted = verdict === 'no' && refusal === 'UNKNOWN_ROLE';
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
 * Returns the roles mapped to the groups that the causes name, without groups whose roles are
 * already written. Two kinds of causes are ignored: facts about a name, which affect no role, and
 * sweeps, which have just compared the mirror with Discord. A sweep that requires a new reading
 * (`looksAnew`) is not ignored. Null: there are no causes, or one that is not ignored names no
 * group.
 */
export function rolesOfCauses(
  causes: readonly Cause[],
  mappings: readonly MappingFacts[],
): ReadonlySet<RoleId> | null {
  const spoken = causes.filter((cause) =>
    cause.kind === 'SWEEP' ? cause.looksAnew === true : cause.isAboutName !== true,
  );
  if (causes.length === 0 || spoken.some(({ groupId }) => groupId === undefined)) return null;
  const unwritten = spoken.filter(({ isWritten }) => isWritten !== true);
  const groupIds = new Set(unwritten.map(({ groupId }) => groupId));
  return new Set(
    mappings.filter((mapping) => groupIds.has(mapping.groupId)).map((mapping) => mapping.roleId),
  );
}

/**
 * Whether a member should have a mapped role. `unknown`: the role stays as it is, because no
 * mapping grants it and at least one is undecided. `isTakenBack` matters only if the verdict is
 * "no": the only reason is then that an admin retired the mapping with TAKE_BACK.
 */
export interface DesiredRole {
  readonly verdict: 'yes' | 'no' | 'unknown';
  readonly isTakenBack: boolean;
}

/**
 * Returns every mapped role with its verdict; empty for a member without a link, who is never
 * changed.
 */
export function desiredRoles(
  facts: Pick<MemberFacts, 'client' | 'links' | 'mappings'>,
): ReadonlyMap<RoleId, DesiredRole> {
  if (facts.links.length === 0) return new Map();
  const byRole = Map.groupBy(facts.mappings, (mapping) => mapping.roleId);
  return new Map([...byRole].map(([roleId, mappings]) => [roleId, desiredRole(facts, mappings)]));
}

function desiredRole(
  facts: Pick<MemberFacts, 'client' | 'links'>,
  mappings: readonly MappingFacts[],
): DesiredRole {
  const verdicts = new Set(mappings.map((mapping) => mappingVerdict(facts, mapping)));
  const isTakenBack =
    mappings.every(({ isRetired }) => isRetired) ||
    mappings.some(({ isRetired, membership }) => isRetired && membership === 'held');
  if (verdicts.has('yes')) return { verdict: 'yes', isTakenBack };
  return { verdict: verdicts.has('unknown') ? 'unknown' : 'no', isTakenBack };
}

function mappingVerdict(
  { client, links }: Pick<MemberFacts, 'client' | 'links'>,
  mapping: MappingFacts,
): DesiredRole['verdict'] {
  // Only PLATFORM decides here. For roles under authority DISCORD see plan-requests.ts.
  if (mapping.authority !== 'PLATFORM') return 'unknown';
  if (mapping.isRetired || links.every((link) => link.status === 'ENDING')) return 'no';
  if (mapping.membership === 'held') return 'yes';
  if (mapping.membership === 'notHeld') return 'no';
  // The account is being transferred from another user. Roles granted to that user must not pass to
  // the new one.
  const isHandedOver = links.some((link) => link.status === 'ENDING');
  return isHandedOver || client.unknownMembership === 'REMOVE' ? 'no' : 'unknown';
}

export function isAnyEnding({ links }: Pick<MemberFacts, 'links'>): boolean {
  return links.some((link) => link.status === 'ENDING');
}

/**
 * Whether grants to the member wait for screening. In some guilds a granted role ends screening,
 * and the member would enter without accepting the rules. Only the next reading of the member shows
 * that screening has ended.
 */
export function isScreened(
  { client }: Pick<MemberFacts, 'client'>,
  member: MemberReading,
): boolean {
  return client.waitsForScreening && member.isPresent && member.isPending;
}

/**
 * Returns the plan without the grants and the nickname that wait for screening; `afterScreening`
 * lists these. Removals and a reset of the nickname stay in the plan. Roles that the member already
 * has do not wait.
 */
export function withholdGrants(
  facts: Pick<MemberFacts, 'client'>,
  member: MemberReading,
  plan: MemberPlan,
): MemberPlan {
  if (!isScreened(facts, member) || !member.isPresent) return plan;
  const { add, nickname, requests } = plan;
  const roleIds = add.filter((roleId) => !member.roleIds.includes(roleId));
  const isReset = nickname === NO_NICKNAME;
  const afterScreening = { roleIds, nickname: isReset ? null : nickname };
  return {
    ...plan,
    add: [],
    nickname: isReset ? nickname : null,
    ...(requests && { requests: withoutGrants(requests) }),
    ...(isAnything(afterScreening) && { afterScreening }),
  };
}

/**
 * Forgets the readings that would grant roles. Only a first reading grants, so the one after
 * screening or a time-out must count as the first.
 */
export function withoutGrants(requests: RequestPlan): RequestPlan {
  const { gives, readings } = requests;
  return {
    ...requests,
    gives: NO_REQUESTS.gives,
    readings: readings.map((reading) =>
      gives.includes(reading.roleId) ? { ...reading, asks: null, next: null } : reading,
    ),
  };
}

function isAnything({ roleIds, nickname }: AfterScreening): boolean {
  return roleIds.length > 0 || nickname !== null;
}

/**
 * Returns the grants that wait for screening when a run ends: those withheld by the plan, and those
 * left out when a response showed the member pending. Null: no grant waits.
 */
export function stillWaiting(
  facts: Pick<MemberFacts, 'client'>,
  plan: MemberPlan,
  end: {
    readonly reading: MemberReading;
    readonly refused: readonly RoleId[];
    readonly isNicknameUntouched: boolean;
  },
): AfterScreening | null {
  const { reading, refused } = end;
  const withheld = plan.afterScreening ?? { roleIds: [], nickname: null };
  if (!isScreened(facts, reading) || !reading.isPresent) return plan.afterScreening ?? null;
  const isLeft = (roleId: RoleId) => !reading.roleIds.includes(roleId) && !refused.includes(roleId);
  const left = {
    roleIds: [...withheld.roleIds, ...plan.add.filter(isLeft)],
    nickname:
      withheld.nickname ??
      (end.isNicknameUntouched && plan.nickname !== NO_NICKNAME ? plan.nickname : null),
  };
  return isAnything(left) ? left : null;
}

export function screeningReason({ roleIds, nickname }: AfterScreening): string {
  const things = [
    ...(roleIds.length > 0 ? [`${roleIds.length} ${roleIds.length === 1 ? 'role' : 'roles'}`] : []),
    ...(nickname === null ? [] : ['the nickname']),
  ].join(' and ');
  const isOne = roleIds.length + (nickname === null ? 0 : 1) === 1;
  return `the member has not accepted the server's rules yet (Discord's membership screening): ${things} ${isOne ? 'waits' : 'wait'} for that; the next sweep checks again, at the latest within a day`;
}
