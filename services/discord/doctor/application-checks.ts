import { isLoopback } from '../../lib/web-address.js';
import type { GuildId } from '../../model.js';
import type { ApplicationReading, InviteReading } from '../rest/bot-readings.js';
import { type Check, type CheckedRead, failed, ok, unanswered, warning } from './check.js';

/** Checks which application the token belongs to, and how that application is set up. */
export function applicationChecks(
  asked: CheckedRead<ApplicationReading>,
  client: {
    readonly applicationId: string;
    readonly callbackUrl: string | null;
    readonly isLive: boolean;
  },
): readonly Check[] {
  const { applicationId, callbackUrl, isLive } = client;
  const name = 'application';
  const remedy = 'Use the bot token and the CLIENT ID of the same application.';
  if (!asked.isAnswered) return [unanswered(name, asked.error, remedy)];
  const { value: application } = asked;
  const intent = intentCheck(application, isLive);
  if (application.applicationId !== applicationId) {
    const message = `The token belongs to application ${application.applicationId}, but the client is set up for application ${applicationId}.`;
    // Do not check the callback address against the redirects of a different application.
    return [failed(name, message, remedy), intent];
  }
  const message = `The token belongs to application ${applicationId} (${application.name}).`;
  return [
    ok(name, message),
    intent,
    ...(callbackUrl === null ? [] : [callbackCheck(application, callbackUrl)]),
  ];
}

function intentCheck({ hasMembersIntent }: ApplicationReading, isLive: boolean): Check {
  const name = 'server members intent';
  if (hasMembersIntent) {
    return ok(name, 'The bot may list members and receive changes of members.');
  }
  const polls = isLive ? ' Changes made on Discord do not arrive live: the client polls.' : '';
  return warning(
    name,
    `The bot may not list members, so drift is found one member at a time.${polls}`,
    "In Discord's Developer Portal, turn on SERVER MEMBERS INTENT on the application's Bot page.",
  );
}

/**
 * Discord compares redirect addresses character by character, so an address that differs only by a
 * trailing slash does not count.
 */
function callbackCheck({ redirectUris }: ApplicationReading, callbackUrl: string): Check {
  const name = 'callback address';
  if (redirectUris === null) {
    return warning(
      name,
      'Discord does not show which redirect addresses the application has.',
      `Check that ${callbackUrl} is listed under Redirects on the application's OAuth2 page.`,
    );
  }
  if (redirectUris.includes(callbackUrl)) {
    return ok(name, `The application lists ${callbackUrl} under Redirects.`);
  }
  return failed(
    name,
    `The application does not list the callback address ${callbackUrl}, so people cannot link an account by signing in.`,
    `Add ${callbackUrl}, exactly as written, to Redirects on the application's OAuth2 page.`,
  );
}

const NAME = 'invite link';

/**
 * Returns the invite's code, or null if the URL is not an invite. Accepts Discord's hosts and a
 * sandbox Discord on this machine.
 */
export function inviteCodeOf(inviteUrl: string): string | null {
  if (!URL.canParse(inviteUrl)) return null;
  const { host, hostname, pathname, protocol } = new URL(inviteUrl);
  if (host === 'discord.gg') return SHORT.exec(pathname)?.[1] ?? null;
  const isSandbox = protocol === 'http:' && isLoopback(hostname);
  if (!LONG_HOSTS.includes(host) && !isSandbox) return null;
  return LONG.exec(pathname)?.[1] ?? null;
}

const LONG_HOSTS = ['discord.com', 'ptb.discord.com', 'canary.discord.com', 'discordapp.com'];
const SHORT = /^\/(?:invite\/)?([\w-]{2,64})\/?$/;
const LONG = /^\/invite\/([\w-]{2,64})\/?$/;

export function foreignInviteCheck(inviteUrl: string): Check {
  return warning(
    NAME,
    `${inviteUrl} is not a Discord invite, so its destination cannot be checked.`,
    'Use a link such as https://discord.gg/CODE.',
  );
}

export function inviteCheck(
  asked: CheckedRead<InviteReading | null>,
  inviteUrl: string,
  guildId: GuildId,
): Check {
  const remedy = 'Create an invite to this guild that never expires, and set it as inviteUrl.';
  if (!asked.isAnswered) return unanswered(NAME, asked.error, remedy);
  const { value: invite } = asked;
  if (invite === null) {
    return failed(NAME, `${inviteUrl} is invalid or has expired.`, remedy);
  }
  if (invite.guildId !== guildId) {
    const there = invite.guildId === null ? 'no guild' : `guild ${invite.guildId}`;
    const message = `${inviteUrl} leads to ${there} instead of guild ${guildId}.`;
    return failed(NAME, message, remedy);
  }
  if (invite.expiresAt) {
    const message = `${inviteUrl} expires at ${invite.expiresAt.toISOString()}.`;
    return warning(NAME, message, remedy);
  }
  if (invite.expiresAt === undefined) {
    const message = `Discord does not show whether ${inviteUrl} expires.`;
    return warning(NAME, message, 'Check that it never expires.');
  }
  return ok(NAME, `${inviteUrl} leads to this guild and does not expire.`);
}
