import type { ChangeBlock, RemovalVerdict, RoleBlock, RoleId, RoleRefusal } from '../../model.js';
import { desiredRoles, isScreened } from '../plan/plan.js';
import { whyUndone } from '../plan/hand-changes.js';
import type { RequestState } from '../plan/remote.js';
import { timeoutEnd } from '../plan/withhold.js';
import type { LinkFacts, MappingFacts, MemberFacts } from '../ports.js';
import { isChangeDue, remedyOf, sentenceOf } from './explain-words.js';
import type { RoleChange, RoleExplanation, RoleHistory, RoleStanding } from './explanation.js';

/**
 * Explains why a person has a role or not. Null: no such role is known in the guild or on the
 * member.
 */
export function explainRole(input: {
  readonly roleId: RoleId;
  readonly facts: MemberFacts;
  readonly link: LinkFacts;
  readonly history: RoleHistory;
}): RoleExplanation | null {
  const { roleId, facts } = input;
  const seen = facts.mirror?.isPresent === true ? facts.mirror.roleIds : [];
  if (!facts.roles.has(roleId) && !seen.includes(roleId)) return null;
  const standing = standingOf(input);
  const blockedBy = blocksOf(standing);
  const { roleName, isMapped, desired, isHeld, lastChange } = standing;
  return {
    roleId,
    roleName,
    isMapped,
    desired,
    isHeld,
    seenAt: facts.mirrorReadAt,
    mappings: standing.mappings.map((mapping) => ({
      mappingId: mapping.mappingId,
      groupId: mapping.groupId,
      authority: mapping.authority,
      isRetired: mapping.isRetired,
      membership: MEMBERSHIPS[mapping.membership],
    })),
    lastChange,
    blockedBy,
    unblockedBy: blockedBy.map((block) => remedyOf(block, standing)),
    sentence: sentenceOf(standing, blockedBy),
  };
}

const MEMBERSHIPS = { held: 'HELD', notHeld: 'NOT_HELD', unknown: 'UNKNOWN' } as const;

function standingOf(input: Parameters<typeof explainRole>[0]): RoleStanding {
  const { roleId, link, history } = input;
  const facts = factsOfLink(input.facts, link);
  const mappings = facts.mappings.filter((one) => one.roleId === roleId);
  const isEnding = link.status === 'ENDING';
  const refusal = facts.roles.get(roleId) ?? null;
  return {
    roleId,
    roleName: history.roleName,
    isMapped: mappings.length > 0,
    desired: WORDS[desiredRoles(facts).get(roleId)?.verdict ?? 'unknown'],
    isHeld: isHeld(facts, roleId, refusal),
    lastChange: changeOf(history.lastChange, mappings),
    refusal,
    mappings,
    isEnding,
    isTakenOver: isEnding && input.facts.links.some((one) => one.status === 'ACTIVE'),
    isAbsent: facts.mirror?.isPresent === false,
    isScreened: facts.mirror !== null && isScreened(facts, facts.mirror),
    isTimedOut: facts.mirror !== null && timeoutEnd(facts, facts.mirror) !== null,
    undone: undoneOf(facts, roleId),
    history,
  };
}

function undoneOf(facts: MemberFacts, roleId: RoleId): RoleStanding['undone'] {
  const { mirror, handChanges } = facts;
  const change = handChanges.get(roleId);
  if (change === undefined || mirror?.isPresent !== true) return null;
  const why = whyUndone(facts, { roleId, hasRole: mirror.roleIds.includes(roleId) });
  return why === null ? null : { why, change };
}

const WORDS = { yes: 'YES', no: 'NO', unknown: 'UNKNOWN' } as const;

/**
 * Hides the memberships if the link is ending, because they belong to the user to whom the account
 * is now linked.
 */
function factsOfLink(facts: MemberFacts, link: LinkFacts): MemberFacts {
  if (link.status === 'ACTIVE') return facts;
  const mappings = facts.mappings.map((mapping) => ({
    ...mapping,
    membership: 'unknown' as const,
  }));
  return { ...facts, links: [link], mappings };
}

/**
 * Whether the member has the role; null: the member was never read. Discord omits @everyone from
 * role lists.
 */
function isHeld(
  { mirror }: MemberFacts,
  roleId: RoleId,
  refusal: RoleRefusal | null,
): boolean | null {
  if (mirror === null) return null;
  if (!mirror.isPresent) return false;
  return refusal === 'EVERYONE' || mirror.roleIds.includes(roleId);
}

function changeOf(
  change: RoleHistory['lastChange'],
  mappings: readonly MappingFacts[],
): RoleChange | null {
  if (change === null) return null;
  const { causes, ...rest } = change;
  const groupIds = new Set(mappings.map((mapping) => mapping.groupId));
  const apt = causes.findLast(({ groupId }) => groupId !== undefined && groupIds.has(groupId));
  return { ...rest, cause: apt ?? causes.at(-1) ?? null };
}

/**
 * Returns the blocks in the order to fix them: first why the role is not desired, then why a change
 * waits.
 */
function blocksOf(standing: RoleStanding): readonly RoleBlock[] {
  return [...blocksOfWish(standing), ...blocksOfChange(standing)];
}

/** Returns why the role is not desired for the person. */
function blocksOfWish(standing: RoleStanding): readonly RoleBlock[] {
  const { mappings, desired, isEnding } = standing;
  if (desired === 'YES') return [];
  const active = mappings.filter((mapping) => !mapping.isRetired);
  const hasAuthority = (authority: string) =>
    mappings.some((mapping) => mapping.authority === authority);
  const missesRetired = mappings.some(
    (mapping) => mapping.isRetired && (active.length === 0 || mapping.membership !== 'notHeld'),
  );
  const isUnknown = active.some(
    ({ authority, membership }) => authority === 'PLATFORM' && membership === 'unknown',
  );
  return named<RoleBlock>([
    ['NOT_LINKED', isEnding && standing.isMapped],
    ['AUTHORITY_DISCORD', hasAuthority('DISCORD')],
    ['ROLE_REQUESTED', isAsked(standing, 'OPEN')],
    ['REQUEST_DISPUTED', isAsked(standing, 'DISPUTED')],
    ['HELD_BY_GUARD', isRequestHeld(standing)],
    ['AUTHORITY_OBSERVE', hasAuthority('OBSERVE')],
    ['MAPPING_RETIRED', missesRetired],
    ['UNKNOWN_MEMBERSHIP', isUnknown && !isEnding],
  ]);
}

function isAsked({ mappings, isEnding }: RoleStanding, state: RequestState) {
  return !isEnding && mappings.some(({ remote }) => remote?.baseline?.request?.state === state);
}

/** Whether a request to remove the person from the group waits for approval. */
function isRequestHeld({ mappings, isHeld, history }: RoleStanding): boolean {
  return (
    isHeld === false &&
    history.decision?.verdict === 'HELD' &&
    mappings.some(({ remote, membership }) => remote !== null && membership === 'held')
  );
}

const OF_ROLE: Readonly<Record<RoleRefusal, ChangeBlock>> = {
  EVERYONE: 'ROLE_MANAGED',
  MANAGED: 'ROLE_MANAGED',
  ABOVE_BOT: 'ROLE_ABOVE_BOT',
  MISSING_PERMISSION: 'MISSING_PERMISSION',
  UNKNOWN_ROLE: 'ROLE_GONE',
};

/** Returns why a desired change has not been made yet. */
function blocksOfChange(standing: RoleStanding): readonly ChangeBlock[] {
  if (!isChangeDue(standing)) return [];
  const { isAbsent, refusal, desired, history } = standing;
  const isScreened = standing.isScreened && desired === 'YES';
  const isTimedOut = standing.isTimedOut && desired === 'YES';
  const isWaiting = isScreened || isTimedOut || standing.undone !== null;
  const { client, joinRefusal, decision, job } = history;
  const isSaid = (verdict: RemovalVerdict) => desired === 'NO' && decision?.verdict === verdict;
  return [
    ...named<ChangeBlock>([
      ['CLIENT_DISABLED', !client.isEnabled],
      ['CLIENT_STOPPED', client.isStopped],
      ['CLIENT_PAUSED', client.isPaused],
      ['BANNED', isAbsent && joinRefusal === 'BANNED'],
      ['NOT_IN_GUILD', isAbsent],
      ['SCREENING', isScreened],
      ['TIMED_OUT', isTimedOut],
    ]),
    ...(refusal === null ? [] : [OF_ROLE[refusal]]),
    ...named<ChangeBlock>([
      ['REMOVED_BY_HAND', standing.undone?.why === 'HELD'],
      ['CHANGE_DISPUTED', standing.undone?.why === 'DISPUTED'],
      ['HELD_BY_GUARD', isSaid('HELD')],
      ['REMOVAL_REJECTED', isSaid('REJECTED')],
      ['PARKED', job?.isParked === true && !isWaiting],
      ['PENDING', job?.isParked === false],
    ]),
  ];
}

function named<Block extends RoleBlock>(
  candidates: readonly (readonly [Block, boolean])[],
): readonly Block[] {
  return candidates.filter(([, stands]) => stands).map(([block]) => block);
}
