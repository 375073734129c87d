import type {
  APIBan,
  APIGuildMember,
  APIRole,
  APIRoleColors,
  APIUser,
} from 'discord-api-types/v10';

import type { LiveGuild, LiveUser, LiveWorld } from './live-world.js';
import type { RoleColors } from './role-colors.js';
import { compareSnowflakes } from './snowflake.js';
import type { FullMember, FullRole, SandboxAuditEntry, SandboxBan } from './world.js';

/** Converts the world's records to Discord's formats. */
export function memberOnWire(world: LiveWorld, member: FullMember): APIGuildMember {
  return {
    avatar: member.avatar,
    banner: member.banner,
    communication_disabled_until: timeOnWire(member.communicationDisabledUntil),
    flags: member.flags,
    joined_at: timeOnWire(member.joinedAt),
    nick: member.nick,
    pending: member.pending,
    premium_since: null,
    roles: [...member.roleIds],
    user: userOnWire(world, member.discordUserId),
    mute: member.mute,
    deaf: member.deaf,
  };
}

export function userOnWire(world: LiveWorld, discordUserId: string): APIUser {
  const user = world.users.get(discordUserId);
  return {
    id: discordUserId,
    username: user?.username ?? `deleted_user_${discordUserId.slice(-6)}`,
    avatar: null,
    // Bots have a discriminator of four digits; people have had none since 2023.
    discriminator: user?.isBot ? discordUserId.slice(-4) : '0',
    public_flags: NO_FLAGS,
    flags: NO_FLAGS,
    ...(user?.isBot ? { bot: true } : {}),
    banner: null,
    accent_color: null,
    global_name: user?.globalName ?? null,
    avatar_decoration_data: null,
    collectibles: null,
    primary_guild: null,
  };
}

/**
 * The caller's own account. It has a few more fields, and the email address if the scope allows it.
 */
export function ownUserOnWire(world: LiveWorld, user: LiveUser, withEmail: boolean): APIUser {
  return {
    ...userOnWire(world, user.discordUserId),
    mfa_enabled: false,
    locale: 'en-US',
    premium_type: 0,
    ...(withEmail ? { email: user.email, verified: user.isEmailVerified } : {}),
  };
}

export function roleOnWire(role: FullRole): APIRole {
  return {
    id: role.roleId,
    name: role.name,
    permissions: role.permissions,
    position: role.position,
    color: role.color,
    colors: colorsOnWire(role),
    hoist: role.hoist,
    managed: role.managed,
    mentionable: role.mentionable,
    icon: null,
    unicode_emoji: null,
    flags: NO_FLAGS,
    ...(role.tags ? { tags: role.tags } : {}),
  };
}

export function colorsOnWire(role: RoleColors): APIRoleColors {
  return {
    primary_color: role.color,
    secondary_color: role.secondaryColor,
    tertiary_color: role.tertiaryColor,
  };
}

export function rolesOnWire(guild: LiveGuild): APIRole[] {
  return [...guild.roles.values()]
    .sort((a, b) => compareSnowflakes(a.roleId, b.roleId))
    .map(roleOnWire);
}

export function banOnWire(world: LiveWorld, ban: SandboxBan): APIBan {
  return { user: userOnWire(world, ban.discordUserId), reason: ban.reason };
}

export function auditEntryOnWire(entry: SandboxAuditEntry) {
  return {
    id: entry.entryId,
    action_type: entry.actionType,
    user_id: entry.actorId,
    target_id: entry.targetId,
    ...(entry.changes ? { changes: entry.changes } : {}),
    ...(entry.reason === undefined ? {} : { reason: entry.reason }),
  };
}

/** The value of empty bit fields, for which the enums have no name. */
const NO_FLAGS: number = 0;

/** `2015-04-26T06:26:56.936000+00:00`, with six digits, as Discord writes it. */
export function timeOnWire(time: string): string;
export function timeOnWire(time: string | null): string | null;
export function timeOnWire(time: string | null): string | null {
  return time && new Date(time).toISOString().replace('Z', '000+00:00');
}
