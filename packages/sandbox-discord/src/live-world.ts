import { randomBytes } from 'node:crypto';

import { compareSnowflakes, createIds } from './snowflake.js';
import { watchedMap } from './watched-map.js';
import { createWorldChanges, type WorldChange, type WorldChanges } from './world-changes.js';
import {
  everyone,
  fullApplication,
  fullChannel,
  fullInvite,
  fullMember,
  fullRole,
  fullUser,
} from './world-defaults.js';
import type {
  FullGuild,
  FullMember,
  FullRole,
  SandboxAccessToken,
  SandboxApplication,
  SandboxAuditEntry,
  SandboxAuthorization,
  SandboxAuthorizationCode,
  SandboxBan,
  SandboxGuild,
  SandboxInvite,
  SandboxUser,
  SandboxWorld,
} from './world.js';

/**
 * The running world: the facts of a SandboxWorld, indexed by id. Records are replaced, never
 * mutated.
 */
export type LiveWorld = {
  /** Published by the maps below and by the audit log. */
  readonly changes: WorldChanges;
  readonly applications: Map<string, LiveApplication>;
  readonly users: Map<string, LiveUser>;
  readonly guilds: Map<string, LiveGuild>;
  readonly invites: Map<string, LiveInvite>;
  /** Keyed by application and account. */
  readonly authorizations: Map<string, SandboxAuthorization>;
  readonly authorizationCodes: Map<string, SandboxAuthorizationCode>;
  readonly accessTokens: Map<string, SandboxAccessToken>;
  readonly refreshTokens: Map<string, SandboxAuthorization>;
  readonly nextId: () => string;
  /** An unguessable code or token. */
  readonly nextSecret: () => string;
};

export type LiveApplication = Required<SandboxApplication>;
export type LiveUser = Required<SandboxUser>;
export type LiveInvite = Required<SandboxInvite>;
export type LiveGuild = Omit<FullGuild, 'roles' | 'members' | 'bans' | 'auditLog'> & {
  readonly roles: Map<string, FullRole>;
  readonly members: Map<string, FullMember>;
  readonly bans: Map<string, SandboxBan>;
  /** Newest first. */
  readonly auditLog: SandboxAuditEntry[];
  /** Members before their last change, as a stale read returns them. */
  readonly earlier: Map<string, FullMember>;
  /** Ids of `members` in Discord's order; undefined after a member joined or left. */
  memberOrder: readonly string[] | undefined;
};

export function createLiveWorld(world: SandboxWorld, clock: () => number): LiveWorld {
  const changes = createWorldChanges();
  const publish: Publish = (change) => changes.publish(change);
  const guilds = world.guilds.map((guild) => liveGuild(guild, publish));
  return {
    changes,
    applications: watchedMap(
      byId(world.applications.map(fullApplication), (application) => application.applicationId),
      (change) => publish({ kind: 'application', ...change }),
    ),
    users: watchedMap(
      byId(world.users.map(fullUser), (user) => user.discordUserId),
      (change) => publish({ kind: 'user', ...change }),
    ),
    guilds: watchedMap(
      byId(guilds, (guild) => guild.guildId),
      (change, guildId) => publish({ kind: 'guild', guildId, ...change }),
    ),
    invites: byId(
      (world.invites ?? []).map((invite) => fullInvite(invite, clock())),
      (invite) => invite.code,
    ),
    authorizations: byId(world.authorizations ?? [], authorizationKey),
    authorizationCodes: new Map(Object.entries(world.authorizationCodes ?? {})),
    accessTokens: new Map(Object.entries(world.accessTokens ?? {})),
    refreshTokens: new Map(Object.entries(world.refreshTokens ?? {})),
    nextId: createIds(clock),
    nextSecret: () => randomBytes(SECRET_BYTES).toString('hex'),
  };
}

// In hexadecimal these are thirty characters, like Discord's codes and tokens.
const SECRET_BYTES = 15;

export function authorizationKey(
  of: Pick<SandboxAuthorization, 'applicationId' | 'discordUserId'>,
): string {
  return `${of.applicationId} ${of.discordUserId}`;
}

export function plainWorld(world: LiveWorld): Required<SandboxWorld> {
  return {
    applications: [...world.applications.values()],
    users: [...world.users.values()],
    guilds: [...world.guilds.values()].map(plainGuild),
    invites: [...world.invites.values()],
    authorizations: [...world.authorizations.values()],
    authorizationCodes: Object.fromEntries(world.authorizationCodes),
    accessTokens: Object.fromEntries(world.accessTokens),
    refreshTokens: Object.fromEntries(world.refreshTokens),
  };
}

export function plainGuild(guild: LiveGuild): FullGuild {
  const { earlier: _earlier, memberOrder: _memberOrder, ...rest } = guild;
  return {
    ...rest,
    roles: [...guild.roles.values()],
    members: [...guild.members.values()],
    bans: [...guild.bans.values()],
    auditLog: [...guild.auditLog],
  };
}

export function saveMember(guild: LiveGuild, member: FullMember): void {
  const before = guild.members.get(member.discordUserId);
  if (before) guild.earlier.set(member.discordUserId, before);
  else guild.memberOrder = undefined;
  guild.members.set(member.discordUserId, afterGrants(guild, member));
}

/**
 * In guilds where a granted role ends screening, a member with an additional role is no longer
 * pending.
 */
export function afterGrants(guild: LiveGuild, member: FullMember): FullMember {
  const before = guild.members.get(member.discordUserId)?.roleIds ?? [];
  const isGranted = member.roleIds.some((roleId) => !before.includes(roleId));
  return guild.roleEndsScreening && isGranted ? { ...member, pending: false } : member;
}

/** Adds a role or replaces it. */
export function saveRole(guild: LiveGuild, role: FullRole): void {
  guild.roles.set(role.roleId, role);
}

/** Saves the roles whose position changed. */
export function moveRoles(guild: LiveGuild, roles: readonly FullRole[]): void {
  for (const role of roles)
    if (guild.roles.get(role.roleId)?.position !== role.position) saveRole(guild, role);
}

export function removeMember(guild: LiveGuild, discordUserId: string): void {
  const before = guild.members.get(discordUserId);
  if (before) guild.earlier.set(discordUserId, before);
  guild.memberOrder = undefined;
  guild.members.delete(discordUserId);
}

/** Bans an account; a member leaves the guild with it. */
export function banAccount(guild: LiveGuild, ban: SandboxBan): void {
  guild.bans.set(ban.discordUserId, ban);
  removeMember(guild, ban.discordUserId);
}

export function unbanAccount(guild: LiveGuild, discordUserId: string): void {
  guild.bans.delete(discordUserId);
}

/** Ids in ascending order, which is the order Discord lists members in. */
export function memberOrder(guild: LiveGuild): readonly string[] {
  guild.memberOrder ??= [...guild.members.keys()].sort(compareSnowflakes);
  return guild.memberOrder;
}

export function newMember(guild: LiveGuild, discordUserId: string, now: number): FullMember {
  return fullMember({
    discordUserId,
    roleIds: [],
    joinedAt: new Date(now).toISOString(),
    pending: guild.hasScreening,
    // 1 is Discord's flag DID_REJOIN.
    flags: guild.earlier.has(discordUserId) ? 1 : 0,
  });
}

function byId<T>(items: readonly T[], idOf: (item: T) => string): Map<string, T> {
  return new Map(items.map((item) => [idOf(item), item]));
}

type Publish = (change: WorldChange) => void;

function liveGuild(guild: SandboxGuild, publish: Publish): LiveGuild {
  const { guildId } = guild;
  const roles = byId(guild.roles.map(fullRole), (role) => role.roleId);
  if (!roles.has(guildId)) roles.set(guildId, everyone(guildId));
  return {
    mfaLevel: 0,
    maxMembers: 500_000,
    hasScreening: false,
    roleEndsScreening: false,
    features: [],
    ...guild,
    channels: (guild.channels ?? [{ channelId: guild.guildId, name: 'general' }]).map(fullChannel),
    roles: watchedMap(roles, (change) => publish({ kind: 'role', guildId, ...change })),
    members: watchedMap(
      byId(guild.members.map(fullMember), (one) => one.discordUserId),
      (change) => publish({ kind: 'member', guildId, ...change }),
    ),
    bans: watchedMap(
      byId(guild.bans ?? [], (ban) => ban.discordUserId),
      (change) => publish({ kind: 'ban', guildId, ...change }),
    ),
    auditLog: [...(guild.auditLog ?? [])],
    earlier: new Map(),
    memberOrder: undefined,
  };
}
