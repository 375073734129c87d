import { named } from '../../lib/named.js';
import type { ClientId } from '../../model.js';
import type { ApiContext } from '../context.js';
import type { ParkedMembersView, UnlinkedRoleView } from '../mappings/ports.js';
import type { HeldPlansView } from '../sweeps/ports.js';
import type { DiscordClient, HealthCheck } from './discord-client.types.js';

/**
 * Returns health checks from stored data, including the results of the last check at Discord. Does
 * not call Discord.
 */
export function storedHealth(client: DiscordClient, now: Date): readonly HealthCheck[] {
  return [
    enabledCheck(client),
    sendingCheck(client, now),
    ...secretChecks(client),
    ...doubtCheck(client),
    ...countsCheck(client),
    client.checks.length > 0 ? lastCheck(client) : rolesCheck(client),
    ...client.checks,
  ];
}

/** Returns a warning while held plans wait for a person's approval. */
export function heldPlansCheck(
  clientId: ClientId,
  held: HeldPlansView | null,
  now: Date,
): readonly HealthCheck[] {
  if (held === null) return [];
  const { plans, removals, oldestSince } = held;
  const age = ageIn(now.getTime() - oldestSince.getTime());
  return [
    {
      name: 'held plans',
      result: 'WARNING',
      message: `${countOf(plans, 'plan')} with ${countOf(removals, 'removal')} waiting for approval; the oldest was held at ${oldestSince.toISOString()}, ${age} ago.`,
      remedy: `List them with heldPlans(clientId: "${clientId}"), then decide each with approveSweep or rejectSweep.`,
    },
  ];
}

const MINUTE_MS = 60_000;

/**
 * Returns the age in days if it is at least two days, in hours if at least two hours, else in
 * minutes.
 */
export function ageIn(ms: number): string {
  const minutes = Math.max(0, Math.floor(ms / MINUTE_MS));
  if (minutes >= 2 * 24 * 60) return countOf(Math.floor(minutes / (24 * 60)), 'day');
  if (minutes >= 2 * 60) return countOf(Math.floor(minutes / 60), 'hour');
  return countOf(minutes, 'minute');
}

export const countOf = (count: number, noun: string) => `${count} ${noun}${count === 1 ? '' : 's'}`;

function enabledCheck(client: DiscordClient): HealthCheck {
  const name = 'enabled';
  if (client.endingAt)
    return {
      name,
      result: 'WARNING',
      message: `Deleted at ${client.endingAt.toISOString()}; the client is removed once its roles are.`,
      remedy: null,
    };
  if (!client.isEnabled)
    return {
      name,
      result: 'WARNING',
      message: 'Disabled: nothing is sent to Discord.',
      remedy: 'Enable it with updateDiscordClient { enabled: true }.',
    };
  return { name, result: 'OK', message: 'Enabled.', remedy: null };
}

function sendingCheck(client: DiscordClient, now: Date): HealthCheck {
  const name = 'sending';
  if (client.stoppedAt)
    return {
      name,
      result: 'FAILED',
      message: `Stopped since ${client.stoppedAt.toISOString()}: ${client.trouble ?? 'Discord rejected the bot token'}`,
      remedy:
        'If the token is still valid, run checkDiscordClient: the client continues once Discord accepts it. Otherwise set a new botToken with updateDiscordClient.',
    };
  if (client.pausedUntil && client.pausedUntil > now)
    return {
      name,
      result: 'WARNING',
      message: `Paused until ${client.pausedUntil.toISOString()}: ${client.trouble ?? 'the guild does not respond'}`,
      remedy:
        'Run checkDiscordClient: it names the cause, and ends the pause if nothing is wrong. If the bot is not in the guild, open botInviteUrl.',
    };
  const { sending } = client;
  if (sending !== null && sending.until > now)
    return {
      name,
      result: 'WARNING',
      message: `Paused since ${sending.since.toISOString()}, next call at ${sending.until.toISOString()}: ${sending.cause}.`,
      remedy:
        'No action needed: the first successful call ends the pause. checkDiscordClient, new credentials and new endpoints try immediately.',
    };
  if (client.trouble !== null)
    return { name, result: 'WARNING', message: client.trouble, remedy: 'Run checkDiscordClient.' };
  return { name, result: 'OK', message: 'No problems.', remedy: null };
}

/** Returns a failure for each of the client's secrets that cannot be decrypted. */
function secretChecks({ lostSecrets }: DiscordClient): readonly HealthCheck[] {
  return lostSecrets.map(({ name, keyId }) => ({
    name: SECRET_WORDS[name],
    result: 'FAILED' as const,
    message: `Encrypted with the key "${keyId}", which is missing from ENCRYPTION_KEYS; ${LOST_MEANS[name]}.`,
    remedy: `Set ${name} again with updateDiscordClient, or restore the key in ENCRYPTION_KEYS.`,
  }));
}

const SECRET_WORDS = {
  botToken: 'stored bot token',
  clientSecret: 'stored client secret',
} as const;

const LOST_MEANS = {
  botToken: 'nothing is sent to Discord for this client',
  clientSecret: 'people cannot link accounts by signing in',
} as const;

/** Returns a failure if Discord's last member list looked incomplete. */
function doubtCheck({ doubt }: DiscordClient): readonly HealthCheck[] {
  if (doubt === null) return [];
  return [
    {
      name: 'sweeps',
      result: 'FAILED',
      message: `The last sweep removed no roles: Discord's member list looked incomplete (${doubt}).`,
      remedy:
        'Check that the guild is intact. The next sweep with a complete list clears this warning.',
    },
  ];
}

function countsCheck({ countsFault }: DiscordClient): readonly HealthCheck[] {
  if (countsFault === null) return [];
  return [
    {
      name: 'role counts',
      result: 'WARNING',
      message: `Discord did not return the number of holders of each role, so sweeps read the whole member list instead: ${countsFault}`,
      remedy:
        'Nothing is lost, but each verification costs more calls. This warning clears once Discord returns the numbers again.',
    },
  ];
}

function lastCheck({ checkedAt }: DiscordClient): HealthCheck {
  const at = checkedAt?.toISOString() ?? 'an unknown time';
  return {
    name: 'last check',
    result: 'OK',
    message: `The following was checked at Discord at ${at}.`,
    remedy: null,
  };
}

function rolesCheck(client: DiscordClient): HealthCheck {
  const name = 'roles';
  if (!client.rolesReadAt)
    return {
      name,
      result: 'WARNING',
      message: 'The roles of the guild have not been read yet.',
      remedy: 'Run importDiscordRoles.',
    };
  return {
    name,
    result: 'OK',
    message: `Read at ${client.rolesReadAt.toISOString()}.`,
    remedy: null,
  };
}

/** Returns the health checks about members, from current data. */
export async function loadPeopleChecks(
  { loaders }: Pick<ApiContext, 'loaders'>,
  clientId: ClientId,
): Promise<readonly HealthCheck[]> {
  const [parked, roles] = await Promise.all([
    loaders.parkedOfClient.load(clientId),
    loaders.unlinkedRolesOfClient.load(clientId),
  ]);
  return [...parkedCheck(clientId, parked), ...unlinkedHoldersCheck(clientId, roles)];
}

/** Maximum number of roles named in one check. A guild may have hundreds. */
const MOST_NAMED = 10;

/**
 * Returns a warning about parked members. A member is parked when Discord refuses a change
 * permanently, or when reconciling keeps failing. The connector retries the member once a cause is
 * resolved, after the next fact about the member, or the next day.
 */
function parkedCheck(clientId: ClientId, parked: ParkedMembersView | null): readonly HealthCheck[] {
  if (parked === null) return [];
  const { members, causes } = parked;
  const list = causes.map((each) => `${each.cause} (${each.members})`);
  const ends = causes.map(({ endedBy }) => endedBy);
  const known = [...new Set(ends)].filter((each) => each !== null);
  return [
    {
      name: 'parked members',
      result: 'WARNING',
      message: `${members === 1 ? '1 linked member is' : `${members} linked members are`} parked and not in step: ${list.join('; ')}.`,
      remedy: `${sentencesOf(known)}List them with discordUsers(clientId: "${clientId}", filter: { states: [PARKED] }); each is tried again once a day.`,
    },
  ];
}

const sentencesOf = (texts: readonly string[]) =>
  texts.map((text) => `${text.charAt(0).toUpperCase()}${text.slice(1)}. `).join('');

/**
 * Returns a warning about accounts without a link that hold mapped roles. No group grants them
 * these roles, and the connector never changes accounts without a link.
 */
function unlinkedHoldersCheck(
  clientId: ClientId,
  roles: readonly UnlinkedRoleView[],
): readonly HealthCheck[] {
  const held = roles.filter(({ holders }) => holders !== null && holders > 0);
  const [first] = held;
  if (first === undefined) return [];
  const shown = held
    .slice(0, MOST_NAMED)
    .map(({ roleId, name, holders }) => `${named('role', roleId, name)}: ${holders}`);
  const more = held.length - shown.length;
  const list = [...shown, ...(more > 0 ? [`${more} more roles`] : [])];
  return [
    {
      name: 'unlinked holders',
      result: 'WARNING',
      message: `Accounts without a link hold mapped roles (${list.join(', ')}). They keep them: the connector changes linked members only.`,
      remedy: `List them with unlinkedHolders(clientId: "${clientId}", roleId: "${first.roleId}"), then link each account, or remove its role on Discord.`,
    },
  ];
}
