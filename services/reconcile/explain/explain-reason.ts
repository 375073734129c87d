import { utcTime } from '../../lib/utc-time.js';
import type { Cause, GroupId } from '../../model.js';
import type { MappingFacts } from '../ports.js';
import type { RoleStanding } from './explanation.js';

/**
 * Why a mapped role is desired, not desired, or left as it is: a clause that can follow "because".
 */
export function reasonFor(standing: RoleStanding): string {
  const { mappings, desired, isEnding, isTakenOver } = standing;
  const ours = mappings.filter((mapping) => mapping.authority === 'PLATFORM');
  const active = ours.filter((mapping) => !mapping.isRetired);
  const [held, notHeld, unknown] = (['held', 'notHeld', 'unknown'] as const).map((membership) =>
    active.filter((one) => one.membership === membership),
  );
  if (desired === 'YES') return sayIn(standing, held ?? []);
  const others = unwritten(standing);
  if (isEnding && others.length === 0)
    return isTakenOver
      ? 'the link to the Discord account is ending, and the account is now linked to another user'
      : 'the link to the Discord account is ending';
  return inOneClause([
    ...others,
    ...(desired === 'UNKNOWN' ? [] : sayNotIn(standing, notHeld ?? [])),
    ...(isEnding ? [] : saidNothing(standing, unknown ?? [])),
    ...retired(standing, ours),
  ]);
}

function inOneClause(clauses: readonly string[]): string {
  return clauses.join(', and ');
}

/** Clauses for mappings whose authority writes nothing to Discord. */
function unwritten(standing: RoleStanding): readonly string[] {
  const { mappings } = standing;
  const has = (authority: string) => mappings.some((mapping) => mapping.authority === authority);
  return [
    ...(has('DISCORD') ? [`Discord decides who holds it and ${saidOfRequest(standing)}`] : []),
    ...(has('OBSERVE') ? ['the connector only observes it and leaves it as it is'] : []),
  ];
}

/** What the platform was asked for. An ending link makes no requests. */
function saidOfRequest(standing: RoleStanding): string {
  const asking = standing.mappings.find(({ remote }) => remote?.baseline?.request);
  const request = asking?.remote?.baseline?.request;
  if (standing.isEnding || asking === undefined || !request)
    return 'the connector leaves it as it is';
  const verb = request.change === 'ADDED' ? 'add them to' : 'remove them from';
  const answer = request.state === 'OPEN' ? 'has not done so yet' : 'reports the opposite';
  return `the platform was asked to ${verb} ${label(standing, asking.groupId)} but ${answer}`;
}

function sayIn(standing: RoleStanding, mappings: readonly MappingFacts[]): string {
  return `the platform says they are in ${withEvidence(standing, mappings, ' and ')}`;
}

/** A deleted group has no members, whatever was last reported of the person. */
function sayNotIn(standing: RoleStanding, mappings: readonly MappingFacts[]): readonly string[] {
  const isGone = ({ groupId }: MappingFacts) => groupOf(standing, groupId)?.isDeleted === true;
  const gone = mappings.filter(isGone);
  const left = mappings.filter((mapping) => !isGone(mapping));
  return [
    ...(left.length === 0
      ? []
      : [`the platform says they are not in ${withEvidence(standing, left, ' or ')}`]),
    ...(gone.length === 0 ? [] : [`the platform has deleted ${labels(standing, gone, ' and ')}`]),
  ];
}

/** Also mentions when unknown counts as "no". */
function saidNothing(standing: RoleStanding, mappings: readonly MappingFacts[]): readonly string[] {
  if (mappings.length === 0) return [];
  const groups = labels(standing, mappings, ' or ');
  const counted = standing.desired === 'NO' ? ', which counts as no here' : '';
  return [`the platform has not reported whether they are in ${groups}${counted}`];
}

/**
 * Mentioned if the role has no active mapping, or if the retired one would grant it.
 */
function retired(standing: RoleStanding, mappings: readonly MappingFacts[]): readonly string[] {
  const isAlone = mappings.every((mapping) => mapping.isRetired);
  const told = mappings.filter(
    (mapping) => mapping.isRetired && (isAlone || mapping.membership === 'held'),
  );
  return told.length === 0
    ? []
    : [`the role is no longer mapped to ${labels(standing, told, ' and ')}`];
}

function withEvidence(
  standing: RoleStanding,
  mappings: readonly MappingFacts[],
  between: string,
): string {
  return mappings
    .map((mapping) => label(standing, mapping.groupId) + evidence(standing, mapping))
    .join(between);
}

function labels(
  standing: RoleStanding,
  mappings: readonly MappingFacts[],
  between: string,
): string {
  return mappings.map((mapping) => label(standing, mapping.groupId)).join(between);
}

function label(standing: RoleStanding, groupId: GroupId): string {
  return groupOf(standing, groupId)?.name ?? groupId;
}

function groupOf({ history }: RoleStanding, groupId: GroupId) {
  return history.groups.find((group) => group.groupId === groupId);
}

/**
 * A fact dated 1 January 1970 is ordered like others but shown without a date: its sender had no
 * real one.
 */
const FIRST_DAY_ENDS = new Date('1970-01-02T00:00:00Z');

/**
 * When the membership was reported, and by what. The source is only known for the last change of
 * the role, so it is named if that change agrees with the membership and no later fact arrived.
 */
function evidence(standing: RoleStanding, mapping: MappingFacts): string {
  const { lastChange: change } = standing;
  const group = groupOf(standing, mapping.groupId);
  if (group === undefined || group.saidAt === null) return '';
  const hasDay = group.saidAt >= FIRST_DAY_ENDS;
  const day = utcTime(group.saidAt);
  const isOfThis =
    change?.cause?.groupId === mapping.groupId &&
    (change.change === 'ADDED') === (mapping.membership === 'held') &&
    group.saidAt <= change.at;
  if (isOfThis && change.cause !== null)
    return ` (${causeWords(change.cause)}${hasDay ? `, ${day}` : ''})`;
  if (!hasDay) return '';
  return group.isSnapshot ? ` (whole list of ${day})` : ` (${day})`;
}

export function causeWords({ kind, id, actor }: Cause): string {
  if (kind === 'EVENT') return `event ${id} of ${actor}`;
  if (kind === 'MUTATION') return `request ${id} of ${actor}`;
  return kind === 'SWEEP' ? `sweep ${id}` : `a repair by ${actor}`;
}
