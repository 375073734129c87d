import type { ClientId } from '../model.js';
import type { HeldPlansView } from './sweep-ports.js';
import type { CheckResult, ClientView } from './views.js';

/** How it stands with the client now, and what the last check at Discord found; nothing is asked of Discord. */
export function storedHealth(
  client: ClientView,
  now: Date,
): readonly CheckResult[] {
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

/** Shown while it lasts: nothing of a held plan is carried out without a person. */
export function heldPlansCheck(
  clientId: ClientId,
  held: HeldPlansView | null,
  now: Date,
): readonly CheckResult[] {
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

/** In the largest unit of which two have passed. */
function ageIn(ms: number): string {
  const minutes = Math.max(0, Math.floor(ms / MINUTE_MS));
  if (minutes >= 2 * 24 * 60)
    return countOf(Math.floor(minutes / (24 * 60)), 'day');
  if (minutes >= 2 * 60) return countOf(Math.floor(minutes / 60), 'hour');
  return countOf(minutes, 'minute');
}

const countOf = (count: number, noun: string) =>
  `${count} ${noun}${count === 1 ? '' : 's'}`;

function enabledCheck(client: ClientView): CheckResult {
  const name = 'enabled';
  if (client.endingAt)
    return {
      name,
      result: 'WARNING',
      message: `Deleted at ${client.endingAt.toISOString()}; it goes when its roles are taken back.`,
      remedy: null,
    };
  if (!client.isEnabled)
    return {
      name,
      result: 'WARNING',
      message: 'Switched off: nothing is sent to Discord.',
      remedy: 'Switch it on with updateDiscordClient { enabled: true }.',
    };
  return { name, result: 'OK', message: 'Switched on.', remedy: null };
}

function sendingCheck(client: ClientView, now: Date): CheckResult {
  const name = 'sending';
  if (client.stoppedAt)
    return {
      name,
      result: 'FAILED',
      message: `Stopped since ${client.stoppedAt.toISOString()}: ${client.trouble ?? 'Discord refused the bot token'}`,
      remedy:
        'If the token is still right, run checkDiscordClient: once Discord accepts it, everything goes on. Else give a new botToken with updateDiscordClient.',
    };
  if (client.pausedUntil && client.pausedUntil > now)
    return {
      name,
      result: 'WARNING',
      message: `Paused until ${client.pausedUntil.toISOString()}: ${client.trouble ?? 'the guild does not answer'}`,
      remedy:
        'Run checkDiscordClient: it names what is wrong, and ends the pause where nothing is. If the bot is not in the guild, open botInviteUrl.',
    };
  const { sending } = client;
  if (sending !== null && sending.until > now)
    return {
      name,
      result: 'WARNING',
      message: `Paused since ${sending.since.toISOString()}, next call at ${sending.until.toISOString()}: ${sending.cause}.`,
      remedy:
        'Nothing has to be done: the first call that goes through ends it. checkDiscordClient, and new credentials or endpoints, try at once.',
    };
  if (client.trouble !== null)
    return {
      name,
      result: 'WARNING',
      message: client.trouble,
      remedy: 'Run checkDiscordClient.',
    };
  return {
    name,
    result: 'OK',
    message: 'Nothing is in the way.',
    remedy: null,
  };
}

/** Shown while it lasts: the others' work goes on. */
function secretChecks({ lostSecrets }: ClientView): readonly CheckResult[] {
  return lostSecrets.map(({ name, keyId }) => ({
    name: SECRET_WORDS[name],
    result: 'FAILED' as const,
    message: `It was encrypted with the key "${keyId}", which is not among ENCRYPTION_KEYS; ${LOST_MEANS[name]}.`,
    remedy: `Give ${name} again with updateDiscordClient, or put the key back into ENCRYPTION_KEYS.`,
  }));
}

const SECRET_WORDS = {
  botToken: 'stored bot token',
  clientSecret: 'stored client secret',
} as const;

const LOST_MEANS = {
  botToken: 'nothing is sent to Discord for this client',
  clientSecret: 'nobody can link an account by signing in',
} as const;

/** Shown while it lasts. */
function doubtCheck({ doubt }: ClientView): readonly CheckResult[] {
  if (doubt === null) return [];
  return [
    {
      name: 'sweeps',
      result: 'FAILED',
      message: `The last sweep took nothing away, as its list cannot be believed: ${doubt}`,
      remedy:
        'Look whether the guild is as it should be; the next sweep whose list is whole clears this.',
    },
  ];
}

function countsCheck({ countsFault }: ClientView): readonly CheckResult[] {
  if (countsFault === null) return [];
  return [
    {
      name: 'role counts',
      result: 'WARNING',
      message: `Discord did not count the holders of each role, so sweeps read the whole member list instead: ${countsFault}`,
      remedy:
        'Nothing is lost, each verification only costs more calls. This clears itself when Discord counts again.',
    },
  ];
}

function lastCheck({ checkedAt }: ClientView): CheckResult {
  const at = checkedAt?.toISOString() ?? 'a time unknown';
  return {
    name: 'last check',
    result: 'OK',
    message: `What follows was found at Discord at ${at}.`,
    remedy: null,
  };
}

function rolesCheck(client: ClientView): CheckResult {
  const name = 'roles';
  if (!client.rolesReadAt)
    return {
      name,
      result: 'WARNING',
      message: 'The roles of the guild were never read.',
      remedy: 'Run importDiscordRoles.',
    };
  return {
    name,
    result: 'OK',
    message: `Read at ${client.rolesReadAt.toISOString()}.`,
    remedy: null,
  };
}
