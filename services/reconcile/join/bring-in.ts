/**
 * Adds a person to the guild with the consent they gave at sign-in. The join call also grants their
 * roles, unless new members must wait for screening: a granted role may end screening early.
 * In: the facts of a member with a grant. Out: the member as Discord added them, or the refusal.
 * Never: a call without an open record, or with a refreshed token that was not stored first.
 */
import {
  LeaseLostError,
  PassingRefusalError,
  TerminalError,
  UnsentError,
} from '../../lib/errors.js';
import type {
  Cause,
  JoinRefusal,
  MemberReading,
  PresentMember,
  RoleId,
  TokenGrant,
} from '../../model.js';
import { desiredRoles, type MemberPlan, planRoles } from '../plan/plan.js';
import type { DiscordMembers, MemberFacts, MemberTarget } from '../ports.js';
import { withholdUndone } from '../plan/hand-changes.js';
import { planMemberNickname } from '../plan/plan-nickname.js';
import { planRequests, withRequests } from '../plan/plan-requests.js';
import type { OpenedRecord, OpenRecord } from '../write/records.js';
import type { GrantMemory } from './ports.js';

/**
 * A token closer than this to its expiry is refreshed first, because it may have expired when the
 * call arrives.
 */
const MARGIN_MS = 60_000;

interface Deps {
  readonly grants: GrantMemory;
  readonly discord: Pick<DiscordMembers, 'joinMember'>;
  /** Throws TerminalError INVALID_GRANT if the refresh token is no longer valid. */
  readonly refreshGrant: (clientId: string, refreshToken: string) => Promise<TokenGrant>;
  readonly clock: () => number;
}

interface Arrival {
  readonly causes: readonly Cause[];
  readonly facts: MemberFacts;
  readonly target: MemberTarget;
  readonly openRecord: (plan: MemberPlan) => Promise<OpenedRecord>;
  readonly isLeased: () => boolean;
}

/**
 * The result of adding a person. `refusal` is null if they are a member now but part of the plan
 * remains to be done.
 */
export type BroughtIn =
  | {
      readonly kind: 'JOINED';
      readonly member: PresentMember;
      readonly plan: MemberPlan;
      readonly record: OpenedRecord;
    }
  | {
      readonly kind: 'NOT_JOINED';
      readonly refusal: JoinRefusal | null;
      /**
       * The new member, if this call added them without all their roles or the nickname; null: it
       * did not add them.
       */
      readonly arrived: PresentMember | null;
      readonly openRecord: OpenRecord | null;
    }
  /** A rate limit stopped the join call before it was sent. `record` was opened for the call. */
  | { readonly kind: 'UNSENT'; readonly error: UnsentError; readonly record: OpenedRecord };

export type BringIn = (arrival: Arrival) => Promise<BroughtIn>;

export function createBringIn(deps: Deps): BringIn {
  return async (arrival) => {
    const { facts, openRecord } = arrival;
    const accessToken = await usableToken(deps, facts);
    if (accessToken === null) return refused('INVALID_TOKEN', facts.openRecord);
    const plan = planArrival(arrival);
    const record = await openRecord(plan);
    try {
      const { member, isWhole } = await join(deps, arrival, { accessToken, plan });
      if (member !== null && isWhole) return { kind: 'JOINED', member, plan, record };
      const after = recordAfter(facts, plan, record);
      return { ...refused(null, after), arrived: member };
    } catch (error) {
      const isNew = record.recordId !== facts.openRecord?.recordId;
      if (error instanceof UnsentError && isNew) return { kind: 'UNSENT', error, record };
      const refusal = refusalOf(error);
      if (refusal === null) throw error;
      return refused(refusal, recordAfter(facts, plan, record));
    }
  };
}

function planArrival({ facts, causes, target }: Arrival): MemberPlan {
  const roles = planRoles({
    desired: desiredRoles(facts),
    actual: new Set(),
    written: new Set(),
    refusals: facts.roles,
    decisions: facts.decisions,
  });
  const { discordUserId } = target;
  const names = planMemberNickname(facts, { discordUserId, causes }, null);
  // Under authority DISCORD only a member's first reading grants roles. A new member has not been
  // read before, so these roles are granted too.
  const requests = planRequests(facts, ARRIVING);
  const plan = { ...withRequests(roles, requests), ...names };
  const isAskedFor = causes.some((cause) => cause.isAskedFor === true);
  return withholdUndone(facts, ARRIVING, plan, isAskedFor);
}

const ARRIVING: MemberReading = {
  isPresent: true,
  roleIds: [],
  username: '',
  displayName: null,
  nickname: null,
  isPending: false,
  timedOutUntil: null,
};

/**
 * Adds the person. Discord refuses the whole call if the bot may not grant one of the roles or set
 * the nickname. The call is then repeated without the roles, and next without the nickname;
 * whatever was left out is written after the person has joined. `member` is null if they were
 * already in the guild.
 */
async function join(
  { discord }: Deps,
  { facts, target, isLeased }: Arrival,
  { accessToken, plan }: { accessToken: string; plan: MemberPlan },
): Promise<{ readonly member: PresentMember | null; readonly isWhole: boolean }> {
  const [first, ...lesser] = facts.client.waitsForScreening
    ? gifts([], null)
    : gifts(plan.add, plan.nickname);
  const isNamed = first.nickname === plan.nickname;
  const ask = async ({ roleIds, nickname: name }: Gift) => {
    if (!isLeased())
      throw new LeaseLostError(`this process no longer holds the bot of client ${target.clientId}`);
    const request = { member: target, accessToken, roleIds, nickname: name };
    const joining = await discord.joinMember(request);
    const isWhole = isNamed && roleIds.length === plan.add.length;
    const member = joining.kind === 'joined' ? joining.member : null;
    return { member, isWhole };
  };
  let answer = ask(first);
  for (const gift of lesser)
    answer = answer.catch((error: unknown) => {
      if (mayBeOfGift(error)) return ask(gift);
      throw error;
    });
  return answer;
}

interface Gift {
  readonly roleIds: readonly RoleId[];
  readonly nickname: string | null;
}

/** Returns the contents of each attempt to join, from all roles and the nickname to nothing. */
function gifts(roleIds: readonly RoleId[], nickname: string | null): [Gift, ...Gift[]] {
  return [
    { roleIds, nickname },
    ...(roleIds.length > 0 ? [{ roleIds: [], nickname }] : []),
    ...(nickname === null ? [] : [{ roleIds: [], nickname: null }]),
  ];
}

/**
 * Whether the refusal may be about the roles or the nickname. Discord does not document its codes
 * for these, so an unknown refusal (REFUSED) may be about them too.
 */
function mayBeOfGift(error: unknown): boolean {
  return (
    error instanceof PassingRefusalError ||
    (error instanceof TerminalError && OF_GIFTS.includes(error.code))
  );
}

const OF_GIFTS = ['MISSING_PERMISSION', 'UNKNOWN_ROLE', 'BAD_NICKNAME', 'REFUSED'];

/**
 * Returns a valid access token, refreshed if it is about to expire. Null: the grant was deleted or
 * can no longer be refreshed.
 */
async function usableToken(
  { grants, refreshGrant, clock }: Deps,
  { grant, client }: MemberFacts,
): Promise<string | null> {
  if (grant === null) return null;
  const kept = await grants.readGrant(grant.grantId);
  if (kept === null) return null;
  if (kept.expiresAt.getTime() - clock() > MARGIN_MS) return kept.accessToken;
  if (kept.refreshToken === null) return null;
  try {
    const renewed = await refreshGrant(client.clientId, kept.refreshToken);
    await grants.renewGrant(grant.grantId, renewed);
    return renewed.accessToken;
  } catch (error) {
    if (error instanceof TerminalError && error.code === 'INVALID_GRANT') return null;
    throw error;
  }
}

function refused(
  refusal: JoinRefusal | null,
  openRecord: OpenRecord | null,
): Extract<BroughtIn, { kind: 'NOT_JOINED' }> {
  return { kind: 'NOT_JOINED', refusal, arrived: null, openRecord };
}

/**
 * Returns the record that is open after the call: the earlier one, or the one opened for this call.
 * No reading preceded the new one, so all its grants count as ensured.
 */
function recordAfter(
  { openRecord }: MemberFacts,
  plan: MemberPlan,
  { recordId }: OpenedRecord,
): OpenRecord | null {
  if (recordId === null || recordId === openRecord?.recordId) return openRecord;
  return {
    recordId,
    plannedAdded: plan.add,
    plannedRemoved: [],
    plannedNickname: plan.nickname,
    ensured: { added: plan.add, removed: [] },
  };
}

const REFUSALS: readonly string[] = [
  'BANNED',
  'GUILD_FULL',
  'USER_GUILD_LIMIT',
  'INVALID_TOKEN',
  'MISSING_PERMISSION',
  'REFUSED',
] satisfies readonly JoinRefusal[];

/**
 * Returns why Discord refused the person; null: the error concerns the client, or Discord did not
 * answer.
 */
function refusalOf(error: unknown): JoinRefusal | null {
  if (!(error instanceof TerminalError)) return null;
  return isJoinRefusal(error.code) ? error.code : null;
}

function isJoinRefusal(code: string): code is JoinRefusal {
  return REFUSALS.includes(code);
}
