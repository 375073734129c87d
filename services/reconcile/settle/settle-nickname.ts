import type { PresentMember } from '../../model.js';
import type { WritesDone } from '../write/write-progress.js';
import { isSameNickname } from '../plan/nickname.js';
import { notTaken, shownName } from '../plan/plan-nickname.js';
import type { MemberPlan } from '../plan/plan.js';
import type { MemberFacts } from '../ports.js';
import type { RecordClosing, Settlement } from '../write/records.js';

export function askedNickname(
  plan: MemberPlan,
  applied: WritesDone | null,
): Settlement['nickname'] {
  if (plan.nickname === null || applied === null) return null;
  if (applied.nickname === 'UNTOUCHED') return null;
  return { asked: plan.nickname, isTaken: applied.nickname === 'SET' };
}

/** A nickname that cannot be set does not stop the roles. */
export function nicknameReason(plan: MemberPlan, nickname: Settlement['nickname']): string | null {
  if (nickname === null) return plan.nicknameBlocked;
  return nickname.isTaken ? null : notTaken(nickname.asked);
}

/** A nickname was written and refused, and nothing else changed. */
export function wasInVain(asked: Settlement['nickname'], closes: RecordClosing | null): boolean {
  if (asked === null || asked.isTaken || closes === null) return false;
  const { added, removed, nickname } = closes;
  return added.length + removed.length === 0 && nickname === null;
}

/**
 * Discord accepts or refuses the whole call. A new member without the nickname was added without
 * it.
 */
export function arrivalNickname(
  { nickname }: MemberPlan,
  member: PresentMember,
): WritesDone['nickname'] {
  if (nickname === null) return 'UNTOUCHED';
  return isSameNickname(nickname, shownName(member)) ? 'SET' : 'REFUSED';
}

/** The nickname Discord shows now, if it differs from the one before. */
export function changedNickname(
  plan: MemberPlan,
  applied: WritesDone | null,
  { mirror }: Pick<MemberFacts, 'mirror'>,
): string | null {
  if (applied?.nickname === 'SET') return plan.nickname;
  if (applied?.nickname !== 'ALTERED' || !applied.observed.isPresent) return null;
  const { nickname } = applied.observed;
  const before = mirror?.isPresent === true ? mirror.nickname : null;
  return nickname === before ? null : nickname;
}
