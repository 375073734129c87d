import { utcTime } from '../lib/utc-time.js';
import type { JoinRefusal, RoleBlock } from '../model.js';
import { isChangeDue } from './explain-blocks.js';
import { causeWords, reasonFor } from './explain-reason.js';
import type { RoleStanding } from './explanation.js';

/** One or two sentences that an administrator can paste to the person. */
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

const GONE = 'The guild has no such role any more.';

function mappedSentence(standing: RoleStanding): string {
  const { isHeld, desired } = standing;
  const why = reasonFor(standing);
  const [who, what] = namesOf(standing);
  if (isHeld === null)
    return `Discord was not asked yet whether ${who} has ${what}; ${NEVER_SEEN[desired]} because ${why}.`;
  return isHeld
    ? `${who} has ${what} ${HELD[desired]} ${why}.`
    : `${who} lacks ${what} ${desired === 'YES' ? 'although' : 'because'} ${why}.`;
}

const HELD = {
  YES: 'because',
  NO: 'although',
  UNKNOWN: 'and keeps it because',
} as const;

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
  const which = 'which no mapping names: the connector neither gives nor takes it';
  return isHeld === null
    ? `Discord was not asked yet whether ${who} has ${what}, ${which}.`
    : `${who} ${isHeld ? 'has' : 'lacks'} ${what}, ${which}.`;
}

function namesOf({ roleId, roleName, history }: RoleStanding): readonly [string, string] {
  const { username, platformUserId } = history.link;
  return [username ?? platformUserId, roleName ?? `role ${roleId}`];
}

/** The first thing that stands against a change that is due. */
function obstacle(standing: RoleStanding, blockedBy: readonly RoleBlock[]): string {
  const block = blockedBy.find((one) => one in OBSTACLES);
  if (block === 'PARKED') return parked(standing);
  return block === undefined
    ? 'Nothing stands against it: the next reconcile puts it right.'
    : (OBSTACLES[block] ?? '');
}

const OBSTACLES: Readonly<Partial<Record<RoleBlock, string>>> = {
  CLIENT_DISABLED: 'The client is switched off.',
  CLIENT_STOPPED: 'The client is stopped: Discord refused its bot token.',
  CLIENT_PAUSED: 'The client is paused: the guild answers as if the bot had gone.',
  BANNED: 'The guild has banned the account.',
  NOT_IN_GUILD: 'The account is not in the guild.',
  SCREENING: "The member has not accepted the server's rules yet (Discord's membership screening).",
  ROLE_ABOVE_BOT: 'The role is not below the bot, so the bot cannot change it.',
  ROLE_MANAGED: 'Discord or an integration alone gives and takes the role.',
  ROLE_GONE: GONE,
  MISSING_PERMISSION: 'The bot lacks the permission Manage Roles.',
  HELD_BY_GUARD: 'The removal guard holds it back until a person has looked at it.',
  REMOVAL_REJECTED: 'A person has rejected the removal, so the role stays.',
  PARKED: 'It is parked.',
  PENDING: 'The change waits for its turn.',
};

function parked({ history }: RoleStanding): string {
  return history.reason === null ? 'It is parked.' : `It is parked: ${history.reason}.`;
}

/** Where it has made things as they are, and is not named yet. */
function lastChange(standing: RoleStanding, first: string): string | null {
  const { lastChange: change, isHeld } = standing;
  if (isHeld === null) return null;
  if (change === null) return forgotten(standing);
  if (isHeld !== (change.change === 'ADDED')) return null;
  const by = change.cause === null ? '' : ` (${causeWords(change.cause)})`;
  if (by !== '' && first.includes(by.slice(2, -1))) return null;
  const verb = isHeld ? 'given' : 'taken back';
  return `It was ${verb} at ${utcTime(change.at)}${by}.`;
}

/** It may have been given or taken by a change whose record is gone. */
function forgotten({ isMapped, history }: RoleStanding): string | null {
  if (!isMapped || history.forgottenBefore === null) return null;
  return `No record says when it came to be so: those from before ${utcTime(history.forgottenBefore)} are not kept.`;
}

/** What would unblock it. */
export function remedyOf(block: RoleBlock, standing: RoleStanding): string {
  const { history } = standing;
  const { joinRefusal, job, decision } = history;
  if (block === 'HELD_BY_GUARD' && decision?.sweepId)
    return `${REMEDIES[block]} It waits in sweep ${decision.sweepId}: ${decision.why}.`;
  const isJobOf = ['PENDING', 'PARKED', 'SCREENING'].includes(block);
  if (isJobOf && job !== null && (job.isParked || job.attempts > 0))
    return `${REMEDIES[block]} By itself it is tried again at ${utcTime(job.dueAt)}.`;
  if (block === 'NOT_IN_GUILD' && joinRefusal !== null)
    return `${REMEDIES[block]} Bringing the person in was refused: ${JOIN_REFUSALS[joinRefusal]}.`;
  return REMEDIES[block];
}

const REMEDIES: Readonly<Record<RoleBlock, string>> = {
  NOT_LINKED: 'The person links a Discord account again.',
  AUTHORITY_DISCORD:
    'Somebody gives or takes the role at Discord, or updateRoleMapping gives the platform the say.',
  ROLE_REQUESTED:
    'The platform follows: it says so by an event, or by recordMembershipChanges or replaceMemberships.',
  REQUEST_DISPUTED:
    'The platform changes its mind and says so, or somebody gives or takes the role at Discord.',
  AUTHORITY_OBSERVE: 'updateRoleMapping gives the platform the say.',
  MAPPING_RETIRED: 'createRoleMapping maps the group to the role again, while it should be given.',
  UNKNOWN_MEMBERSHIP:
    'The platform says whether the person is in the group, by an event or by recordMembershipChanges or replaceMemberships.',
  CLIENT_DISABLED: 'updateDiscordClient switches the client on.',
  CLIENT_STOPPED: 'updateDiscordClient gives the client a bot token that works.',
  CLIENT_PAUSED:
    "The client's health names the cause and the time; the first call that goes through ends it, at once after checkDiscordClient. If the bot is not in the guild, bring it back.",
  BANNED: 'A moderator lifts the ban at Discord.',
  NOT_IN_GUILD: 'The person joins the guild; the role follows with the next look at the member.',
  SCREENING:
    "The person accepts the server's rules in Discord; the next sweep then grants the role. With `screening: IGNORE` the client does not wait.",
  ROLE_ABOVE_BOT:
    'An administrator of the guild moves a role of the bot above it; importDiscordRoles then tells the connector at once.',
  ROLE_MANAGED: 'Nobody can give it by hand: map the group to a role that people may give.',
  ROLE_GONE: 'Retire the mapping, and map the group to a role that the guild has.',
  MISSING_PERMISSION:
    'An administrator of the guild gives the bot the permission Manage Roles; importDiscordRoles then tells the connector at once.',
  HELD_BY_GUARD:
    "approveSweep or rejectSweep decides on the held removals, or the client's removalGuard is raised.",
  REMOVAL_REJECTED:
    'Newer news about the group, the mapping or the link puts the question anew; reconcileDiscordUser does not.',
  PARKED:
    'The reason is mended; reconcileDiscordUser, or any news about the member, tries it again.',
  PENDING: 'Nothing is to be done: it is carried out by itself.',
};

const JOIN_REFUSALS: Readonly<Record<JoinRefusal, string>> = {
  BANNED: 'the guild has banned the account',
  GUILD_FULL: 'the guild takes no more members',
  USER_GUILD_LIMIT: 'the account is in as many guilds as Discord allows',
  INVALID_TOKEN: 'the person has to sign in again',
  MISSING_PERMISSION: 'the bot needs the permission Create Invite',
  REFUSED: 'Discord did not say why',
};
