import {
  GatewayDispatchEvents,
  GatewayIntentBits,
  PermissionFlagsBits,
  type GatewayGuildAuditLogEntryCreateDispatchData,
  type GatewayGuildBanModifyDispatchData,
  type GatewayGuildMemberAddDispatchData,
  type GatewayGuildMemberRemoveDispatchData,
  type GatewayGuildRoleDeleteDispatchData,
  type GatewayGuildRoleModifyDispatchData,
} from 'discord-api-types/v10';

import type { LiveWorld } from '../live-world.js';
import { permissionsOf } from '../permissions.js';
import { auditEntryOnWire, memberOnWire, ownUserOnWire, roleOnWire, userOnWire } from '../wire.js';
import { guildOnWire } from '../wire-guild.js';
import type { FullMember } from '../world.js';
import type { WorldChange } from '../world-changes.js';
import type { Session } from './sessions.js';
import { isOnShard } from './sharding.js';

/** An event before it has a session: its name, its body and the condition to receive it. */
export type Announcement = {
  readonly name: GatewayDispatchEvents;
  /** Undefined: the event belongs to no guild, and goes to `botUserId` alone. */
  readonly guildId: string | undefined;
  /** One of these intents is needed. */
  readonly intent: number;
  /** The bot that needs no intent, because the event is about itself. */
  readonly botUserId?: string;
  /** A permission the bot needs in the guild. */
  readonly permission?: bigint;
  readonly body: () => unknown;
};

const { Guilds, GuildMembers, GuildModeration } = GatewayIntentBits;

/**
 * The events of a change, without GUILD_CREATE and GUILD_DELETE, whose bodies differ between
 * sessions.
 */
export function announcementsFor(world: LiveWorld, change: WorldChange): readonly Announcement[] {
  switch (change.kind) {
    case 'member':
      return announceMember(world, change);
    case 'role':
      return announceRole(change);
    case 'ban':
      return announceBan(world, change);
    case 'auditEntry':
      return announceAuditEntry(change);
    case 'guild':
      return announceGuild(world, change);
    case 'user':
      return announceUser(world, change);
    case 'application':
    default:
      return [];
  }
}

type Change<Kind extends WorldChange['kind']> = Extract<WorldChange, { kind: Kind }>;

function announceMember(
  world: LiveWorld,
  { guildId, before, after }: Change<'member'>,
): readonly Announcement[] {
  if (after) {
    const name = before
      ? GatewayDispatchEvents.GuildMemberUpdate
      : GatewayDispatchEvents.GuildMemberAdd;
    return [memberAnnouncement(world, { name, guildId, member: after })];
  }
  if (!before) return [];
  return [
    {
      name: GatewayDispatchEvents.GuildMemberRemove,
      guildId,
      intent: GuildMembers,
      body: (): GatewayGuildMemberRemoveDispatchData => ({
        guild_id: guildId,
        user: userOnWire(world, before.discordUserId),
      }),
    },
  ];
}

/** Updates of the bot's own member need no intent. */
function memberAnnouncement(
  world: LiveWorld,
  {
    name,
    guildId,
    member,
  }: {
    readonly name: GatewayDispatchEvents;
    readonly guildId: string;
    readonly member: FullMember;
  },
): Announcement {
  return {
    name,
    guildId,
    intent: GuildMembers,
    botUserId: member.discordUserId,
    body: (): GatewayGuildMemberAddDispatchData => ({
      ...memberOnWire(world, member),
      guild_id: guildId,
    }),
  };
}

function announceRole({ guildId, before, after }: Change<'role'>): readonly Announcement[] {
  const about = { guildId, intent: Guilds };
  if (after)
    return [
      {
        ...about,
        name: before
          ? GatewayDispatchEvents.GuildRoleUpdate
          : GatewayDispatchEvents.GuildRoleCreate,
        body: (): GatewayGuildRoleModifyDispatchData => ({
          guild_id: guildId,
          role: roleOnWire(after),
        }),
      },
    ];
  if (!before) return [];
  const body = (): GatewayGuildRoleDeleteDispatchData => ({
    guild_id: guildId,
    role_id: before.roleId,
  });
  return [{ ...about, name: GatewayDispatchEvents.GuildRoleDelete, body }];
}

/** Changing a ban's reason sends no event. */
function announceBan(
  world: LiveWorld,
  { guildId, before, after }: Change<'ban'>,
): readonly Announcement[] {
  const ban = after ?? before;
  if (!ban || (before && after)) return [];
  return [
    {
      name: after ? GatewayDispatchEvents.GuildBanAdd : GatewayDispatchEvents.GuildBanRemove,
      guildId,
      intent: GuildModeration,
      body: (): GatewayGuildBanModifyDispatchData => ({
        guild_id: guildId,
        user: userOnWire(world, ban.discordUserId),
      }),
    },
  ];
}

function announceAuditEntry({ guildId, entry }: Change<'auditEntry'>): readonly Announcement[] {
  return [
    {
      name: GatewayDispatchEvents.GuildAuditLogEntryCreate,
      guildId,
      intent: GuildModeration,
      permission: PermissionFlagsBits.ViewAuditLog,
      body: () =>
        ({
          ...auditEntryOnWire(entry),
          guild_id: guildId,
        }) satisfies Omit<GatewayGuildAuditLogEntryCreateDispatchData, 'changes'>,
    },
  ];
}

function announceGuild(
  world: LiveWorld,
  { guildId, before, after }: Change<'guild'>,
): readonly Announcement[] {
  if (!before || !after) return [];
  const body = () => {
    const guild = world.guilds.get(guildId);
    return guild && guildOnWire(guild);
  };
  return [{ name: GatewayDispatchEvents.GuildUpdate, guildId, intent: Guilds, body }];
}

/**
 * A new name sends USER_UPDATE if the account is the bot's own, and GUILD_MEMBER_UPDATE in its guilds.
 */
function announceUser(
  world: LiveWorld,
  { before, after }: Change<'user'>,
): readonly Announcement[] {
  if (!before || !after) return [];
  if (before.username === after.username && before.globalName === after.globalName) return [];
  const { discordUserId } = after;
  const members = [...world.guilds.values()].flatMap(({ guildId, members: all }) => {
    const member = all.get(discordUserId);
    const name = GatewayDispatchEvents.GuildMemberUpdate;
    return member ? [memberAnnouncement(world, { name, guildId, member })] : [];
  });
  return [
    {
      name: GatewayDispatchEvents.UserUpdate,
      guildId: undefined,
      intent: 0,
      botUserId: discordUserId,
      body: () => ownUserOnWire(world, after, false),
    },
    ...members,
  ];
}

/** Checks the session's shard, intents, guild membership and permission. */
export function canReceive(
  world: LiveWorld,
  session: Session,
  announcement: Announcement,
  now: number,
): boolean {
  const { guildId, botUserId, permission } = announcement;
  if (guildId === undefined) return botUserId === session.botUserId && session.shard[0] === 0;
  if (!isOnShard(guildId, session.shard)) return false;
  const isOwn = botUserId === session.botUserId;
  if ((session.intents & announcement.intent) === 0 && !isOwn) return false;
  const guild = world.guilds.get(guildId);
  const self = guild?.members.get(session.botUserId);
  if (!guild || !self) return false;
  return permission === undefined || (permissionsOf(guild, self, now) & permission) !== 0n;
}
