import {
  type GroupId,
  type MemberKey,
  type MemberReading,
  NO_NICKNAME,
  type RoleId,
} from '../../model.js';
import { guardRemovals } from '../guard/guard.js';
import type { MappingFacts, MemberFacts } from '../ports.js';
import { IS_BOT, roleNamer } from '../settle/settlement-words.js';
import type { GuardTally } from '../write/records.js';
import { undoneReasons } from './hand-changes.js';
import { LEAVE_NICKNAME, type NicknamePlan, planMemberNickname } from './plan-nickname.js';
import { planRequests, removalsAskedFor, withRequests } from './plan-requests.js';
import { desiredRoles, type MemberPlan, planRoles, screeningReason } from './plan.js';
import type { RequestedChange, RequestPlan } from './remote.js';
import { timeoutReason, withholdChanges } from './withhold.js';

/**
 * What the next run would do, computed from the mirror without calling Discord or changing
 * anything.
 */
interface Preview extends Omit<
  MemberPlan,
  'approved' | 'isBlockedByRank' | 'isWithheld' | 'renamedByHandAt' | 'requests' | Withheld
> {
  /** Roles to grant after Discord's membership screening, or after the member's time-out. */
  readonly waiting: readonly RoleId[];
  /** Requests that would be made to the platform. */
  readonly requests: readonly PreviewedRequest[];
  readonly held: readonly RoleId[];
  /** When the mirror was last confirmed; null: the member was never read. */
  readonly observedAt: Date | null;
  readonly summary: string;
}

/** Parts of a plan that are not made now; the summary describes them. */
type Withheld = 'afterScreening' | 'afterTimeout' | 'undone';

const ABSENT: MemberReading = { isPresent: false };

export function createPreview(deps: {
  readonly readMember: (member: MemberKey) => Promise<MemberFacts | null>;
  readonly readTally: (
    clientId: string,
    removals: readonly { readonly roleId: RoleId; readonly discordUserId: string }[],
  ) => Promise<GuardTally>;
}) {
  return async (member: MemberKey): Promise<Preview | null> => {
    const facts = await deps.readMember(member);
    if (facts === null) return null;
    const { plan: whole, asked } = planOf(facts);
    const plan = withholdChanges(facts, facts.mirror ?? ABSENT, {
      plan: { ...whole, ...nicknameFor(facts, member) },
      isAskedFor: false,
    });
    const { approved, requests: _, afterScreening, afterTimeout, undone: _undone, ...roles } = plan;
    const isCounted = (exempt: readonly RoleId[]) => (roleId: RoleId) => !exempt.includes(roleId);
    const removals = plan.remove.filter(isCounted(approved));
    const requested = removalsAskedFor(asked.readings).filter(isCounted(asked.uncounted));
    const { discordUserId, clientId } = member;
    const tally = await deps.readTally(
      clientId,
      [...removals, ...requested].map((roleId) => ({ roleId, discordUserId })),
    );
    const held = heldOf(facts, removals, tally);
    const { isBlockedByRank: _rank, isWithheld: _withheld, ...changes } = roles;
    const shown = {
      ...changes,
      remove: plan.remove.filter(isCounted(held)),
      held,
      waiting: [...(afterScreening?.roleIds ?? []), ...(afterTimeout?.roleIds ?? [])],
      requests: previewRequests(facts, asked, heldOf(facts, requested, tally)),
    };
    return {
      ...shown,
      observedAt: facts.mirrorReadAt,
      summary: summaryOf(facts, shown, plan),
    };
  };
}

/**
 * Plans roles and requests. Roles under authority DISCORD are not listed as unknown: the member
 * keeps them because Discord decides, not because a group is unknown.
 */
function planOf(known: MemberFacts) {
  const facts = isOfBot(known) ? { ...known, mappings: [] } : known;
  const actual = facts.mirror?.isPresent === true ? facts.mirror.roleIds : [];
  const asked = planRequests(facts, facts.mirror ?? ABSENT);
  const roles = planRoles({
    desired: desiredRoles(asIfWritten(facts)),
    actual: new Set(actual),
    written: new Set(),
    refusals: facts.roles,
    decisions: facts.decisions,
  });
  const unknown = roles.unknown.filter((roleId) =>
    facts.mappings.some((mapping) => mapping.roleId === roleId && mapping.authority !== 'DISCORD'),
  );
  return { plan: withRequests({ ...roles, unknown }, asked), asked };
}

/** Whether the account is a bot, which is never changed. */
function isOfBot({ mirror }: MemberFacts): boolean {
  return mirror?.isPresent === true && mirror.isBot === true;
}

function heldOf(
  { client, decisions }: MemberFacts,
  removals: readonly RoleId[],
  tally: GuardTally,
): readonly RoleId[] {
  const verdict = guardRemovals({
    removals,
    tally,
    limits: client.guard,
    decisions,
    cause: 'OTHER',
    isAskedFor: false,
  });
  return verdict.heldRemovals;
}

/** Plans the nickname; none for accounts that are not in the guild. */
function nicknameFor(facts: MemberFacts, { discordUserId }: MemberKey): NicknamePlan {
  if (facts.mirror?.isPresent !== true || isOfBot(facts)) return LEAVE_NICKNAME;
  const run = { discordUserId, causes: [] };
  return planMemberNickname(asIfWritten(facts), run, facts.mirror);
}

function summaryOf(
  facts: MemberFacts,
  plan: Omit<Preview, 'summary' | 'observedAt'>,
  withheld: Pick<MemberPlan, Withheld>,
): string {
  if (facts.mirror === null)
    return 'not read at Discord yet; the first run reads this member before it plans';
  if (!facts.mirror.isPresent) return 'the account is not in the guild';
  if (isOfBot(facts)) return IS_BOT;
  const { afterScreening, afterTimeout } = withheld;
  const parts = [
    count(plan.add, 'to add'),
    count(plan.remove, 'to remove'),
    count(plan.held, 'held by the removal guard'),
    count(plan.rejected, 'kept because a person rejected the removal'),
    countRequests(plan.requests),
    count(plan.unknown, 'kept because a group is unknown'),
    count(plan.blocked, 'that the bot cannot change'),
    nicknameWords(plan),
    plan.nicknameBlocked,
    afterScreening === undefined ? null : screeningReason(afterScreening),
    afterTimeout === undefined ? null : timeoutReason(afterTimeout),
    ...undoneReasons(facts, withheld, roleNamer(facts)),
  ].filter((part) => part !== null);
  if (parts.length === 0) return 'in step';
  const isObserved = facts.client.isObserved || facts.mappings.some(isOnlyObserved);
  return isObserved
    ? `${parts.join(', ')}; nothing is written for mappings in OBSERVE`
    : parts.join(', ');
}

function nicknameWords({ nickname }: Pick<MemberPlan, 'nickname'>) {
  if (nickname === null) return null;
  return nickname === NO_NICKNAME ? 'the nickname to reset' : `the nickname ${nickname} to set`;
}

/** Treats OBSERVE mappings as PLATFORM, to show what they would change. */
function asIfWritten(facts: MemberFacts): MemberFacts {
  return {
    ...facts,
    client: { ...facts.client, isObserved: false },
    mappings: facts.mappings.map((mapping) =>
      isOnlyObserved(mapping) ? { ...mapping, authority: 'PLATFORM' } : mapping,
    ),
  };
}

function isOnlyObserved({ authority }: MappingFacts): boolean {
  return authority === 'OBSERVE';
}

function count(roles: readonly unknown[], what: string): string | null {
  if (roles.length === 0) return null;
  return `${roles.length} ${roles.length === 1 ? 'role' : 'roles'} ${what}`;
}

/** A request that would be made to the platform. */
interface PreviewedRequest {
  readonly groupId: GroupId;
  readonly roleId: RoleId;
  readonly change: RequestedChange;
  /** The removal guard holds the request, or would hold it. */
  readonly isHeld: boolean;
}

function previewRequests(
  { mappings }: Pick<MemberFacts, 'mappings'>,
  { readings, waiting }: RequestPlan,
  held: readonly RoleId[],
): readonly PreviewedRequest[] {
  const asked = readings.flatMap(({ groupId, roleId, asks }) =>
    asks === null ? [] : [{ groupId, roleId, change: asks, isHeld: held.includes(roleId) }],
  );
  const waits = mappings
    .filter(({ roleId }) => waiting.includes(roleId))
    .map(({ groupId, roleId }) => ({ groupId, roleId, change: 'REMOVED' as const, isHeld: true }));
  return [...asked, ...waits];
}

function countRequests(requests: readonly PreviewedRequest[]): string | null {
  const { length } = requests;
  if (length === 0) return null;
  return `${length} ${length === 1 ? 'change' : 'changes'} to request from the platform`;
}
