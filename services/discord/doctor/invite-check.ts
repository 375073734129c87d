import { isLoopback } from '../../lib/web-address.js';
import type { GuildId } from '../../model.js';
import type { InviteReading } from '../rest/bot-readings.js';
import { failed, ok, unanswered, warning, type CheckedRead, type Check } from './check.js';

const NAME = 'invite link';

/** Null: not an invite of Discord's, nor of a sandbox Discord on this machine. */
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
