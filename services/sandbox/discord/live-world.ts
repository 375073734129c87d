import { compareSnowflakes, createIds } from './snowflake.js';
import type {
  FullGuild,
  FullMember,
  FullRole,
  SandboxAccessToken,
  SandboxApplication,
  SandboxAuditEntry,
  SandboxBan,
  SandboxGuild,
  SandboxMember,
  SandboxRole,
  SandboxUser,
  SandboxWorld,
} from './world.js';

/** The world while it runs: the same facts, by id. Records are replaced, never written into. */
export type LiveWorld = {
  readonly applications: Map<string, LiveApplication>;
  readonly users: Map<string, LiveUser>;
  readonly guilds: Map<string, LiveGuild>;
  readonly accessTokens: Map<string, SandboxAccessToken>;
  readonly nextId: () => string;
};

export type LiveApplication = Required<SandboxApplication>;
export type LiveUser = Required<SandboxUser>;
export type LiveGuild = Omit<
  FullGuild,
  'roles' | 'members' | 'bans' | 'auditLog'
> & {
  readonly roles: Map<string, FullRole>;
  readonly members: Map<string, FullMember>;
  readonly bans: Map<string, SandboxBan>;
  /** Newest first. */
  readonly auditLog: SandboxAuditEntry[];
  /** Members as they were before their last change; what a stale read answers. */
  readonly earlier: Map<string, FullMember>;
  /** Ids of `members` in Discord's order; undefined after somebody came or went. */
  memberOrder: readonly string[] | undefined;
};

export function createLiveWorld(
  world: SandboxWorld,
  clock: () => number,
): LiveWorld {
  return {
    applications: byId(
      world.applications.map(fullApplication),
      (application) => application.applicationId,
    ),
    users: byId(world.users.map(fullUser), (user) => user.discordUserId),
    guilds: byId(world.guilds.map(liveGuild), (guild) => guild.guildId),
    accessTokens: new Map(Object.entries(world.accessTokens ?? {})),
    nextId: createIds(clock),
  };
}

export function plainWorld(world: LiveWorld): Required<SandboxWorld> {
  return {
    applications: [...world.applications.values()],
    users: [...world.users.values()],
    guilds: [...world.guilds.values()].map(plainGuild),
    accessTokens: Object.fromEntries(world.accessTokens),
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
  guild.members.set(member.discordUserId, member);
}

export function removeMember(guild: LiveGuild, discordUserId: string): void {
  const before = guild.members.get(discordUserId);
  if (before) guild.earlier.set(discordUserId, before);
  guild.members.delete(discordUserId);
  guild.memberOrder = undefined;
}

/** Ids in ascending order, which is the order Discord lists members in. */
export function memberOrder(guild: LiveGuild): readonly string[] {
  guild.memberOrder ??= [...guild.members.keys()].sort(compareSnowflakes);
  return guild.memberOrder;
}

export function newMember(
  guild: LiveGuild,
  discordUserId: string,
  now: number,
): FullMember {
  return fullMember({
    discordUserId,
    roleIds: [],
    joinedAt: new Date(now).toISOString(),
    pending: guild.hasScreening,
    // DID_REJOIN
    flags: guild.earlier.has(discordUserId) ? 1 : 0,
  });
}

function byId<T>(
  items: readonly T[],
  idOf: (item: T) => string,
): Map<string, T> {
  return new Map(items.map((item) => [idOf(item), item]));
}

function liveGuild(guild: SandboxGuild): LiveGuild {
  const roles = byId(guild.roles.map(fullRole), (role) => role.roleId);
  if (!roles.has(guild.guildId))
    roles.set(guild.guildId, everyone(guild.guildId));
  return {
    mfaLevel: 0,
    maxMembers: 500_000,
    hasScreening: false,
    ...guild,
    roles,
    members: byId(guild.members.map(fullMember), (one) => one.discordUserId),
    bans: byId(guild.bans ?? [], (ban) => ban.discordUserId),
    auditLog: [...(guild.auditLog ?? [])],
    earlier: new Map(),
    memberOrder: undefined,
  };
}

/** What a new guild lets everybody do: look, write, invite and choose their own nickname. */
function everyone(guildId: string): FullRole {
  const permissions = String(
    (1n << 0n) | (1n << 10n) | (1n << 11n) | (1n << 26n),
  );
  return fullRole({
    roleId: guildId,
    name: '@everyone',
    position: 0,
    permissions,
  });
}

export function fullRole(role: SandboxRole): FullRole {
  return {
    permissions: '0',
    color: 0,
    hoist: false,
    mentionable: false,
    managed: false,
    ...role,
  };
}

function fullMember(member: SandboxMember): FullMember {
  return {
    nick: null,
    joinedAt: '2024-01-01T00:00:00.000Z',
    pending: false,
    flags: 0,
    communicationDisabledUntil: null,
    mute: false,
    deaf: false,
    ...member,
  };
}

export function fullUser(user: SandboxUser): LiveUser {
  return {
    globalName: null,
    email: null,
    isBot: false,
    isAtGuildLimit: false,
    ...user,
  };
}

function fullApplication(application: SandboxApplication): LiveApplication {
  return {
    clientSecret: '',
    redirectUris: [],
    guildMembersIntent: true,
    ownerHasMfa: true,
    ...application,
  };
}
