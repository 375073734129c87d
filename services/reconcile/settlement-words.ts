import type { JoinRefusal } from '../model.js';
import type { BlockedRole } from './plan.js';

export const NOT_LET_IN: Readonly<Record<JoinRefusal, string>> = {
  BANNED: 'the guild has banned the account',
  GUILD_FULL: 'the guild takes no more members',
  USER_GUILD_LIMIT: 'the account is in as many guilds as Discord allows',
  INVALID_TOKEN: 'the person must sign in again to be brought in',
  MISSING_PERMISSION: 'the bot may not bring people in: it needs Create Invite',
  REFUSED: 'Discord refused to bring the account in',
};

const REFUSALS: Readonly<Record<BlockedRole['refusal'], string>> = {
  EVERYONE: 'is @everyone',
  MANAGED: 'is managed by Discord or an integration',
  ABOVE_BOT: 'is not below the bot',
  MISSING_PERMISSION: 'needs the bot to have Manage Roles',
  UNKNOWN_ROLE: 'no longer exists at Discord',
};

export function blockedReason({ roleId, refusal }: BlockedRole): string {
  return `role ${roleId} ${REFUSALS[refusal]}`;
}

export function refusedReason(roleId: string): string {
  return `Discord refused role ${roleId}`;
}
