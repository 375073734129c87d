import { utcTime } from '../../lib/utc-time.js';
import type { Cause, GroupId, JoinRefusal, RoleBlock } from '../../model.js';
import { authorOf } from '../plan/hand-changes.js';
import type { MappingFacts } from '../ports.js';
import type { RoleStanding } from './explanation.js';

/** Returns one or two sentences that an admin can paste into a message to the person. */
export function sentenceOf(standing: RoleStanding, blockedBy: readonly RoleBlock[]): string {
  const first = standing.isMapped ? mappedSentence(standing) : foreignSentence(standing);
  const second = isChangeDue(standing)
    ? obstacle(standing, blockedBy)
    : afterthought(standing, first);
  return second === null ? first : `${first} ${second}`;
}

function afterthought(standing: RoleStanding, first: string): string | null {
  const isGone = standing.refusal === 'UNKNOWN_ROLE';
  return isGone ? GONE : lastChange(standing, first);
}

const GONE = 'The guild no longer has this role.';

function mappedSentence(standing: RoleStanding): string {
  const { isHeld, desired } = standing;
  const why = reasonFor(standing);
  const [who, what] = namesOf(standing);
  if (isHeld === null)
    return `The connector has not checked yet whether ${who} has ${what}; ${NEVER_SEEN[desired]} because ${why}.`;
  return isHeld
    ? `${who} has ${what} ${HELD[desired]} ${why}.`
    : `${who} lacks ${what} ${desired === 'YES' ? 'although' : 'because'} ${why}.`;
}

const HELD = { YES: 'because', NO: 'although', UNKNOWN: 'and keeps it because' } as const;

const NEVER_SEEN = {
  YES: 'they should have it',
  NO: 'they should not have it',
  UNKNOWN: 'it is left as it is',
} as const;

function foreignSentence(standing: RoleStanding): string {
  const { isHeld, isAbsent, refusal } = standing;
  const [who, what] = namesOf(standing);
  if (isAbsent) return `${who} lacks ${what} because the account is not in the guild.`;
  if (refusal === 'EVERYONE' && isHeld === true)
    return `${who} has ${what} as every member of the guild does.`;
  const which = 'which is not mapped, so the connector never changes it';
  return isHeld === null
    ? `The connector has not checked yet whether ${who} has ${what}, ${which}.`
    : `${who} ${isHeld ? 'has' : 'lacks'} ${what}, ${which}.`;
}

function namesOf({ roleId, roleName, history }: RoleStanding): readonly [string, string] {
  const { username, platformUserId } = history.link;
  return [username ?? platformUserId, roleName ?? `role ${roleId}`];
}

/** Returns a sentence about the first obstacle to a change that is due. */
function obstacle(standing: RoleStanding, blockedBy: readonly RoleBlock[]): string {
  const block = blockedBy.find((one) => one in OBSTACLES);
  if (block === 'PARKED') return parked(standing);
  if (standing.undone !== null && (block === 'REMOVED_BY_HAND' || block === 'CHANGE_DISPUTED'))
    return undoneSentence(standing.undone);
  return block === undefined
    ? 'Nothing blocks the change: the next reconcile makes it.'
    : (OBSTACLES[block] ?? '');
}

const OBSTACLES: Readonly<Partial<Record<RoleBlock, string>>> = {
  CLIENT_DISABLED: 'The client is disabled.',
  CLIENT_STOPPED: 'The client is stopped: Discord rejected its bot token.',
  CLIENT_PAUSED: 'The client is paused: Discord responds as if the bot had left the guild.',
  BANNED: 'The guild has banned the account.',
  NOT_IN_GUILD: 'The account is not in the guild.',
  SCREENING: "The member has not accepted the server's rules yet (Discord's membership screening).",
  TIMED_OUT: 'A moderator has timed the member out.',
  ROLE_ABOVE_BOT: 'The role is not below the bot, so the bot cannot change it.',
  ROLE_MANAGED: 'Only Discord or an integration can add and remove the role.',
  ROLE_GONE: GONE,
  MISSING_PERMISSION: 'The bot lacks the permission Manage Roles.',
  REMOVED_BY_HAND: 'The role was removed by hand.',
  CHANGE_DISPUTED: 'Another bot or person keeps undoing the change.',
  HELD_BY_GUARD: 'The removal guard holds the removal until a person approves or rejects it.',
  REMOVAL_REJECTED: 'A person rejected the removal, so the role stays.',
  PARKED: 'The change is parked.',
  PENDING: 'The change is queued.',
};

function undoneSentence({ why, change }: NonNullable<RoleStanding['undone']>): string {
  const who = authorOf(change);
  const author = who[0]?.toUpperCase() + who.slice(1);
  if (why === 'HELD')
    return `${author} removed it by hand at ${utcTime(change.changedAt)}, and the client keeps such removals (handRemovals: HOLD).`;
  return `${author} keeps ${change.isGiven ? 'adding' : 'removing'} it.`;
}

function parked({ history }: RoleStanding): string {
  return history.reason === null
    ? 'The change is parked.'
    : `The change is parked: ${history.reason}.`;
}

/**
 * Returns a sentence about the role's last recorded change. Null if Discord now shows the opposite
 * of that change, or if `first` already names its cause.
 */
function lastChange(standing: RoleStanding, first: string): string | null {
  const { lastChange: change, isHeld } = standing;
  if (isHeld === null) return null;
  if (change === null) return forgotten(standing);
  if (isHeld !== (change.change === 'ADDED')) return null;
  const by = change.cause === null ? '' : ` (${causeWords(change.cause)})`;
  if (by !== '' && first.includes(by.slice(2, -1))) return null;
  const verb = isHeld ? 'granted' : 'removed';
  return `It was ${verb} at ${utcTime(change.at)}${by}.`;
}

/** Returns a notice if the record of the last change may have been deleted; null otherwise. */
function forgotten({ isMapped, history }: RoleStanding): string | null {
  if (!isMapped || history.forgottenBefore === null) return null;
  return `No record shows when this last changed: records from before ${utcTime(history.forgottenBefore)} have been deleted.`;
}

/** Returns instructions for removing the block. */
export function remedyOf(block: RoleBlock, standing: RoleStanding): string {
  const { history } = standing;
  const { joinRefusal, job, decision } = history;
  if (block === 'HELD_BY_GUARD' && decision?.sweepId)
    return `${REMEDIES[block]} It waits in sweep ${decision.sweepId}: ${decision.why}.`;
  const isJobOf = ['PENDING', 'PARKED', 'SCREENING', 'TIMED_OUT', 'CHANGE_DISPUTED'].includes(
    block,
  );
  if (isJobOf && job !== null && (job.isParked || job.attempts > 0))
    return `${REMEDIES[block]} The connector retries it at ${utcTime(job.dueAt)}.`;
  if (block === 'NOT_IN_GUILD' && joinRefusal !== null)
    return `${REMEDIES[block]} The person could not be added to the guild: ${JOIN_REFUSALS[joinRefusal]}.`;
  return REMEDIES[block];
}

const REMEDIES: Readonly<Record<RoleBlock, string>> = {
  NOT_LINKED: 'The person links a Discord account again.',
  AUTHORITY_DISCORD:
    'A moderator adds or removes the role on Discord, or updateRoleMapping sets the authority to PLATFORM.',
  ROLE_REQUESTED:
    'The platform makes the requested change and reports it with an event, recordMembershipChanges or replaceMemberships.',
  REQUEST_DISPUTED:
    'The platform makes the requested change and reports it, or a moderator adds or removes the role on Discord.',
  AUTHORITY_OBSERVE: 'updateRoleMapping sets the authority to PLATFORM.',
  MAPPING_RETIRED: 'If members of the group should have the role, createRoleMapping maps it again.',
  UNKNOWN_MEMBERSHIP:
    'The platform reports whether the person is in the group, with an event, recordMembershipChanges or replaceMemberships.',
  CLIENT_DISABLED: 'updateDiscordClient enables the client.',
  CLIENT_STOPPED: 'updateDiscordClient sets a valid bot token.',
  CLIENT_PAUSED:
    "The client's health shows the cause and the time. The pause ends with the first call that succeeds; checkDiscordClient makes one at once. If the bot is not in the guild, add it again.",
  BANNED: 'A moderator lifts the ban on Discord.',
  NOT_IN_GUILD:
    'The person joins the guild; the connector grants the role when it next reads the member.',
  SCREENING:
    "The person accepts the server's rules in Discord; the next sweep then grants the role. With `screening: IGNORE` the client does not wait.",
  TIMED_OUT: 'The time-out ends, or a moderator lifts it; the connector then grants the role.',
  ROLE_ABOVE_BOT:
    "An administrator of the guild moves one of the bot's roles above it; importDiscordRoles then lets the connector see that at once.",
  ROLE_MANAGED: 'The role cannot be assigned by hand: map the group to a role the bot can assign.',
  ROLE_GONE: 'Retire the mapping, and map the group to a role that exists.',
  MISSING_PERMISSION:
    'An administrator of the guild grants the bot the permission Manage Roles; importDiscordRoles then lets the connector see that at once.',
  REMOVED_BY_HAND:
    'reconcileDiscordUser grants it again, as does a newer change to the group or `handRemovals: RESTORE`.',
  CHANGE_DISPUTED:
    'Stop the bot or person who undoes the change. reconcileDiscordUser and a newer change to the group try at once.',
  HELD_BY_GUARD: "Decide with approveSweep or rejectSweep, or raise the client's removalGuard.",
  REMOVAL_REJECTED:
    'A newer change to the group, the mapping or the link reopens the decision; reconcileDiscordUser does not.',
  PARKED: 'Fix the cause, then run reconcileDiscordUser. Any change to the member also retries it.',
  PENDING: 'Nothing to do: the connector carries it out.',
};

const JOIN_REFUSALS: Readonly<Record<JoinRefusal, string>> = {
  BANNED: 'the guild has banned the account',
  GUILD_FULL: 'the guild is full',
  USER_GUILD_LIMIT: 'the account is in as many guilds as Discord allows',
  INVALID_TOKEN: 'the person has to sign in again',
  MISSING_PERMISSION: 'the bot needs the permission Create Invite',
  REFUSED: 'Discord gave no reason',
};

/**
 * Returns a clause that can follow "because": why a mapped role is desired, not desired, or left as
 * it is.
 */
function reasonFor(standing: RoleStanding): string {
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

/**
 * Returns clauses for mappings under authority DISCORD or OBSERVE, where groups do not decide the
 * role.
 */
function unwritten(standing: RoleStanding): readonly string[] {
  const { mappings } = standing;
  const has = (authority: string) => mappings.some((mapping) => mapping.authority === authority);
  return [
    ...(has('DISCORD') ? [`Discord decides who holds it and ${saidOfRequest(standing)}`] : []),
    ...(has('OBSERVE') ? ['the connector only observes it and leaves it as it is'] : []),
  ];
}

/**
 * Returns a clause about the open request to the platform, if there is one. While a link is ending,
 * no requests are made.
 */
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

/** Names the groups the person is not in. A deleted group has no members, whatever was reported. */
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

/** Names groups with unknown membership, and says if unknown counts as "no". */
function saidNothing(standing: RoleStanding, mappings: readonly MappingFacts[]): readonly string[] {
  if (mappings.length === 0) return [];
  const groups = labels(standing, mappings, ' or ');
  const counted = standing.desired === 'NO' ? ', which counts as no here' : '';
  return [`the platform has not reported whether they are in ${groups}${counted}`];
}

/**
 * Returns a clause about retired mappings. It names all of them if the role has no active mapping,
 * and otherwise only those that would grant the role.
 */
function retired(standing: RoleStanding, mappings: readonly MappingFacts[]): readonly string[] {
  const isAlone = mappings.every((mapping) => mapping.isRetired);
  const mentioned = mappings.filter(
    (mapping) => mapping.isRetired && (isAlone || mapping.membership === 'held'),
  );
  return mentioned.length === 0
    ? []
    : [`the role is no longer mapped to ${labels(standing, mentioned, ' and ')}`];
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
 * The end of 1 January 1970. A fact dated on that day is ordered like any other but shown without a
 * date, because its sender had no real date.
 */
const FIRST_DAY_ENDS = new Date('1970-01-02T00:00:00Z');

/**
 * Returns when the membership was reported, and from which source (event, request, sweep or
 * repair). The source is known only for the last change of the role, so it is named only if that
 * change agrees with the membership and no later fact has arrived.
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

function causeWords({ kind, id, actor }: Cause): string {
  if (kind === 'EVENT') return `event ${id} of ${actor}`;
  if (kind === 'MUTATION') return `request ${id} of ${actor}`;
  if (kind === 'DISCORD') return `a change on Discord by ${actor}`;
  return kind === 'SWEEP' ? `sweep ${id}` : `a repair by ${actor}`;
}

/** Whether the role still has to be granted or removed. Also true if the member was never read. */
export function isChangeDue(standing: RoleStanding): boolean {
  const { desired, isHeld, isTakenOver, refusal } = standing;
  if (desired === 'UNKNOWN' || isTakenOver) return false;
  // Deleting a role at Discord already removed it from all its holders.
  if (desired === 'NO' && refusal === 'UNKNOWN_ROLE') return false;
  return isHeld !== (desired === 'YES');
}
