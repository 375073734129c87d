import type { RoleId, RoleRefusal } from '../../model.js';
import { desiredRoles, isScreened } from '../plan/plan.js';
import { blocksOf } from './explain-blocks.js';
import { remedyOf, sentenceOf } from './explain-words.js';
import type { LinkFacts, MappingFacts, MemberFacts } from '../ports.js';
import type { RoleChange, RoleExplanation, RoleHistory, RoleStanding } from './explanation.js';

/** Null when the guild has no such role and never had one. */
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

const MEMBERSHIPS = {
  held: 'HELD',
  notHeld: 'NOT_HELD',
  unknown: 'UNKNOWN',
} as const;

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
    history,
  };
}

const WORDS = { yes: 'YES', no: 'NO', unknown: 'UNKNOWN' } as const;

/** Facts of the account's new user must not show in an explanation for the old one. */
function factsOfLink(facts: MemberFacts, link: LinkFacts): MemberFacts {
  if (link.status === 'ACTIVE') return facts;
  const mappings = facts.mappings.map((mapping) => ({
    ...mapping,
    membership: 'unknown' as const,
  }));
  return { ...facts, links: [link], mappings };
}

/** Discord omits @everyone from a member's list. */
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
