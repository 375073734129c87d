import { PermissionFlagsBits } from 'discord-api-types/v10';

import type { LiveGuild } from './live-world.js';
import { compareSnowflakes } from './snowflake.js';
import type { FullMember, FullRole } from './world.js';

/** A member's guild-wide permission bits, combined as Discord does. */
export function permissionsOf(guild: LiveGuild, member: FullMember, now: number): bigint {
  if (member.discordUserId === guild.ownerId) return ALL_PERMISSIONS;
  const bits = [guild.guildId, ...member.roleIds]
    .map((roleId) => BigInt(guild.roles.get(roleId)?.permissions ?? '0'))
    .reduce((sum, one) => sum | one, 0n);
  if (bits & PermissionFlagsBits.Administrator) return ALL_PERMISSIONS;
  return isTimedOut(member, now) ? bits & WHILE_TIMED_OUT : bits;
}

/** Whether the first role is above the second. At the same position the older one is higher. */
export function ranksAbove(a: FullRole | undefined, b: FullRole | undefined): boolean {
  if (!a) return false;
  if (!b) return true;
  if (a.position !== b.position) return a.position > b.position;
  return compareSnowflakes(a.roleId, b.roleId) < 0;
}

/** A member's highest role; ids of deleted roles do not count. Undefined: only @everyone. */
export function highestRole(guild: LiveGuild, member: FullMember): FullRole | undefined {
  let highest: FullRole | undefined;
  for (const roleId of member.roleIds) {
    const role = guild.roles.get(roleId);
    if (role && ranksAbove(role, highest)) highest = role;
  }
  return highest;
}

/**
 * Whether the actor may assign, change or delete the role. It must be below the actor's highest
 * role, even for a member with ADMINISTRATOR. The owner may use every role.
 */
export function canMoveRole(guild: LiveGuild, actor: FullMember, role: FullRole): boolean {
  if (actor.discordUserId === guild.ownerId) return true;
  return ranksAbove(highestRole(guild, actor), role);
}

/**
 * Whether one member may rename, kick or time out another. The owner outranks everyone, and equals
 * cannot act on each other.
 */
export function canActOn(guild: LiveGuild, actor: FullMember, target: FullMember): boolean {
  if (target.discordUserId === guild.ownerId) return false;
  if (actor.discordUserId === guild.ownerId) return true;
  return ranksAbove(highestRole(guild, actor), highestRole(guild, target));
}

/**
 * Whether the permission needs two-factor authentication in a guild that requires it. For a bot,
 * its owner must use it.
 */
export function needsTwoFactor(permission: bigint): boolean {
  return (ELEVATED & permission) !== 0n;
}

export function isTimedOut(member: FullMember, now: number): boolean {
  const until = member.communicationDisabledUntil;
  return until !== null && Date.parse(until) > now;
}

const ALL_PERMISSIONS = Object.values(PermissionFlagsBits).reduce((sum, bit) => sum | bit, 0n);

const WHILE_TIMED_OUT = PermissionFlagsBits.ViewChannel | PermissionFlagsBits.ReadMessageHistory;

const ELEVATED =
  PermissionFlagsBits.KickMembers |
  PermissionFlagsBits.BanMembers |
  PermissionFlagsBits.Administrator |
  PermissionFlagsBits.ManageChannels |
  PermissionFlagsBits.ManageGuild |
  PermissionFlagsBits.ManageMessages |
  PermissionFlagsBits.ManageRoles |
  PermissionFlagsBits.ManageWebhooks |
  PermissionFlagsBits.ManageThreads |
  PermissionFlagsBits.ManageGuildExpressions;
