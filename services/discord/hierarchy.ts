import { PermissionFlagsBits } from 'discord-api-types/v10';

import type { DiscordUserId, GuildId, RoleId, RoleRefusal } from '../model.js';

/** What decides of a role whether the bot may give it. */
export interface RankedRole {
  readonly roleId: RoleId;
  readonly position: number;
  readonly isManaged: boolean;
  /** A decimal string of bits. */
  readonly permissions: string;
}

export interface BotStanding {
  readonly guildId: GuildId;
  readonly ownerId: DiscordUserId | null;
  readonly botUserId: DiscordUserId;
  /** Without @everyone, as Discord lists them. */
  readonly botRoleIds: readonly RoleId[];
}

/** What stands against the bot's giving and taking each role; null when nothing does. */
export function roleRefusals(
  roles: readonly RankedRole[],
  bot: BotStanding,
): ReadonlyMap<RoleId, RoleRefusal | null> {
  // @everyone has the guild's id.
  const everyone: string = bot.guildId;
  const held = roles.filter(
    ({ roleId }) => roleId === everyone || bot.botRoleIds.includes(roleId),
  );
  const isOwner = bot.ownerId === bot.botUserId;
  const canManage = isOwner || held.some(grantsManaging);
  const highest = held.toSorted(byRank)[0];

  const judge = (role: RankedRole): RoleRefusal | null => {
    if (role.roleId === everyone) return 'EVERYONE';
    if (role.isManaged) return 'MANAGED';
    const isBelow = highest !== undefined && byRank(highest, role) < 0;
    if (!isOwner && !isBelow) return 'ABOVE_BOT';
    return canManage ? null : 'MISSING_PERMISSION';
  };
  return new Map(roles.map((role) => [role.roleId, judge(role)]));
}

/** Administrators may manage roles too, but stay within the hierarchy. */
const MANAGING =
  PermissionFlagsBits.ManageRoles | PermissionFlagsBits.Administrator;

function grantsManaging({ permissions }: RankedRole): boolean {
  return (BigInt(permissions) & MANAGING) !== 0n;
}

/** Highest first. Positions are not unique; of two equal ones the older role, with the lower id, is the higher. */
function byRank(a: RankedRole, b: RankedRole): number {
  if (a.position !== b.position) return b.position - a.position;
  if (a.roleId === b.roleId) return 0;
  return BigInt(a.roleId) < BigInt(b.roleId) ? -1 : 1;
}
