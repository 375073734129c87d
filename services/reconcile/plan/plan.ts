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
    // A role that the guild deleted is gone from its members, even if they still show its id.
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
  if (causes.length === 0 || spoken.some(({ groupId }) => groupId === undefined)) return null;
  const unwritten = spoken.filter(({ isWritten }) => isWritten !== true);
  const groupIds = new Set(unwritten.map(({ groupId }) => groupId));
  return new Set(
    mappings.filter((mapping) => groupIds.has(mapping.groupId)).map((mapping) => mapping.roleId),
  );
}

/**
 * Whether a member should have a mapped role. `unknown`: no source has said "no" yet, so a held
 * role stays. `isTakenBack`: a person retired a mapping of the role, or all of them, with
 * TAKE_BACK, and that is the only reason this member should not have it.
 */
export interface DesiredRole {
  readonly verdict: 'yes' | 'no' | 'unknown';
  readonly isTakenBack: boolean;
}

/**
 * Every mapped role with its verdict. Empty for a member without a link, who is never written to.
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
  // The account belonged to another user until now. Roles granted to that user must not pass to
  // this one.
  const isHandedOver = links.some((link) => link.status === 'ENDING');
  return isHandedOver || client.unknownMembership === 'REMOVE' ? 'no' : 'unknown';
}

export function isAnyEnding({ links }: Pick<MemberFacts, 'links'>): boolean {
  return links.some((link) => link.status === 'ENDING');
}

/**
 * In some guilds a granted role ends screening, and the member would get in without having accepted
 * the rules. So nothing is granted to a pending member. Discord reports the end of screening only
 * in its next answer about the member.
 */
export function isScreened(
  { client }: Pick<MemberFacts, 'client'>,
  member: MemberReading,
): boolean {
  return client.waitsForScreening && member.isPresent && member.isPending;
}

/**
 * The plan without grants that have to wait. Removals continue, and roles that the member already
 * holds stay.
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

/** The first reading grants roles, so the reading after screening has to count as the first. */
function withoutGrants(requests: RequestPlan): RequestPlan {
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
 * The grants that still wait when a run ends: those its plan withheld, and those it left out when
 * an answer showed the member pending.
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
