import { PermissionFlagsBits } from 'discord-api-types/v10';

import type { DiscordUserId, GuildId, RenameRefusal, RoleId, RoleRefusal } from '../../model.js';

/** The properties of a role that decide whether the bot can assign it. */
export interface RankedRole {
  readonly roleId: RoleId;
  readonly position: number;
  readonly isManaged: boolean;
  /** Permission bits, as a decimal number. */
  readonly permissions: string;
}

export interface BotStanding {
  readonly guildId: GuildId;
  readonly ownerId: DiscordUserId | null;
  readonly botUserId: DiscordUserId;
  /** Without @everyone, as Discord lists them. */
  readonly botRoleIds: readonly RoleId[];
}

/** Returns, for each role, why the bot cannot add or remove it; null if it can. */
export function roleRefusals(
  roles: readonly RankedRole[],
  bot: BotStanding,
): ReadonlyMap<RoleId, RoleRefusal | null> {
  const { everyone, canAct, may } = rankOf(roles, bot);
  const canManage = may(PermissionFlagsBits.ManageRoles);
  const judge = (role: RankedRole): RoleRefusal | null => {
    if (role.roleId === everyone) return 'EVERYONE';
    if (role.isManaged) return 'MANAGED';
    if (!canAct(role)) return 'ABOVE_BOT';
    return canManage ? null : 'MISSING_PERMISSION';
  };
  return new Map(roles.map((role) => [role.roleId, judge(role)]));
}

/**
 * Returns the reason for each role whose holders the bot cannot rename. The other roles have no
 * entry. Roles that the bot cannot assign are included. @everyone has an entry if the bot lacks the
 * permission to rename.
 */
export function renameRefusals(
  roles: readonly RankedRole[],
  bot: BotStanding,
): ReadonlyMap<RoleId, RenameRefusal> {
  const { everyone, canAct, may } = rankOf(roles, bot);
  const canRename = may(PermissionFlagsBits.ManageNicknames);
  const judge = (role: RankedRole): RenameRefusal | null => {
    if (role.roleId === everyone) return canRename ? null : 'MISSING_PERMISSION';
    return canAct(role) ? null : 'ABOVE_BOT';
  };
  return new Map(
    roles.flatMap((role) => {
      const refusal = judge(role);
      return refusal === null ? [] : [[role.roleId, refusal] as const];
    }),
  );
}

function rankOf(roles: readonly RankedRole[], bot: BotStanding) {
  // @everyone has the guild's id.
  const everyone: string = bot.guildId;
  const held = roles.filter(({ roleId }) => roleId === everyone || bot.botRoleIds.includes(roleId));
  const isOwner = bot.ownerId === bot.botUserId;
  const highest = held.toSorted(byRank)[0];
  const bits = held.reduce((all, { permissions }) => all | BigInt(permissions), 0n);
  return {
    everyone,
    /** Administrators have every permission, but the role hierarchy still limits them. */
    may: (permission: bigint) =>
      isOwner || (bits & (permission | PermissionFlagsBits.Administrator)) !== 0n,
    canAct: (role: RankedRole) => isOwner || (highest !== undefined && byRank(highest, role) < 0),
  };
}

/**
 * Sorts the highest role first. Positions are not unique. Of two roles with the same position, the
 * older role, which has the lower id, is higher.
 */
function byRank(a: RankedRole, b: RankedRole): number {
  if (a.position !== b.position) return b.position - a.position;
  if (a.roleId === b.roleId) return 0;
  return BigInt(a.roleId) < BigInt(b.roleId) ? -1 : 1;
}
