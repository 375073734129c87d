import { type MemberReading, NO_NICKNAME, type RoleId } from '../../model.js';
import type { AfterScreening, MemberPlan } from './plan.js';
import { NO_REQUESTS, type RequestPlan } from './remote.js';
import type { MemberFacts } from '../ports.js';

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
