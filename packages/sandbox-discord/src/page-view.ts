import { AuditLogEvent, GatewayIntentBits } from 'discord-api-types/v10';

import type { SandboxSession } from './gateway/gateway-interface.js';
import type { LiveGuild, LiveWorld } from './live-world.js';
import { memberOrder } from './live-world.js';
import { canMoveRole, highestRole, isTimedOut } from './permissions.js';
import { countHolders } from './role-holders.js';
import { highestFirst } from './role-order.js';
import { timeOfSnowflake } from './snowflake.js';
import type { SandboxCall } from './sandbox-interface.js';
import type { FullMember, FullRole, SandboxAuditEntry } from './world.js';

// How many members the page shows; the search finds the others.
const SHOWN_MEMBERS = 100;
const SHOWN_ENTRIES = 40;
const SHOWN_STRANGERS = 30;

/** One guild as the page shows it: names instead of ids, highest role first. */
export function guildView(
  world: LiveWorld,
  guild: LiveGuild,
  what: { readonly search: string; readonly now: number },
) {
  const roles = highestFirst(guild.roles.values());
  const found = memberOrder(guild).filter((discordUserId) =>
    isFound(world, guild, discordUserId, what.search),
  );
  return {
    guildId: guild.guildId,
    name: guild.name,
    memberCount: guild.members.size,
    foundCount: found.length,
    members: found
      .slice(0, SHOWN_MEMBERS)
      .flatMap((discordUserId) => guild.members.get(discordUserId) ?? [])
      .map((member) => memberView({ world, guild, roles, now: what.now }, member)),
    roles: rolesView(world, guild, roles),
    strangers: strangersView(world, guild),
    auditLog: guild.auditLog.slice(0, SHOWN_ENTRIES).map((entry) => entryView(world, guild, entry)),
  };
}

function memberView(
  {
    world,
    guild,
    roles,
    now,
  }: {
    readonly world: LiveWorld;
    readonly guild: LiveGuild;
    readonly roles: readonly FullRole[];
    readonly now: number;
  },
  member: FullMember,
) {
  const user = world.users.get(member.discordUserId);
  const held = roles.filter((role) => member.roleIds.includes(role.roleId));
  return {
    discordUserId: member.discordUserId,
    name: nameOf(world, guild, member.discordUserId),
    username: user?.username ?? '',
    nick: member.nick,
    isBot: user?.isBot ?? false,
    isOwner: guild.ownerId === member.discordUserId,
    isPending: member.pending,
    isTimedOut: isTimedOut(member, now),
    roleIds: held.map((role) => role.roleId),
    staleRoleIds: member.roleIds.filter((roleId) => !guild.roles.has(roleId)),
  };
}

function rolesView(world: LiveWorld, guild: LiveGuild, roles: readonly FullRole[]) {
  const bots = botsIn(world, guild);
  const holders = countHolders(guild);
  return roles.map((role) => ({
    roleId: role.roleId,
    name: role.name,
    color: role.color,
    position: role.position,
    isManaged: role.managed,
    isEveryone: role.roleId === guild.guildId,
    // @everyone is not counted: all members have it.
    holders: holders.get(role.roleId) ?? guild.members.size,
    /** Bots whose highest role this is: they can manage the roles below it. */
    bots: bots.filter((bot) => bot.highest?.roleId === role.roleId).map((bot) => bot.name),
    isInReach:
      role.roleId !== guild.guildId &&
      !role.managed &&
      bots.some((bot) => canMoveRole(guild, bot.member, role)),
  }));
}

function botsIn(world: LiveWorld, guild: LiveGuild) {
  return [...world.applications.values()].flatMap((application) => {
    const member = guild.members.get(application.botUserId);
    return member
      ? [
          {
            name: application.name,
            member,
            highest: highestRole(guild, member),
          },
        ]
      : [];
  });
}

/** Accounts outside the guild that could join, or are banned. */
function strangersView(world: LiveWorld, guild: LiveGuild) {
  return [...world.users.values()]
    .filter((user) => !user.isBot && !guild.members.has(user.discordUserId))
    .slice(0, SHOWN_STRANGERS)
    .map((user) => ({
      discordUserId: user.discordUserId,
      name: user.globalName ?? user.username,
      isBanned: guild.bans.has(user.discordUserId),
    }));
}

function entryView(world: LiveWorld, guild: LiveGuild, entry: SandboxAuditEntry) {
  const targetId = entry.targetId ?? '';
  return {
    at: timeOfSnowflake(entry.entryId),
    actor: entry.actorId === null ? '' : nameOf(world, guild, entry.actorId),
    action: AuditLogEvent[entry.actionType] ?? String(entry.actionType),
    target: nameOf(world, guild, targetId),
    changes: (entry.changes ?? []).map((change) => ({
      key: change.key,
      before: inWords(change.old_value),
      after: inWords(change.new_value),
    })),
    reason: entry.reason ?? '',
  };
}

/** Sessions of the gateway with the names of their bots and intents. */
export function sessionsView(world: LiveWorld, sessions: readonly SandboxSession[]) {
  return sessions.map((session) => ({
    ...session,
    bot: world.applications.get(session.applicationId)?.name ?? session.applicationId,
    intents: intentNames(session.intents),
  }));
}

/** `Guilds`, `GuildMembers`, …; deprecated second names are left out. */
function intentNames(intents: number): readonly string[] {
  const named = new Map<number, string>();
  for (const [name, bit] of Object.entries(GatewayIntentBits))
    if (typeof bit === 'number' && (intents & bit) !== 0 && !named.has(bit)) named.set(bit, name);
  return [...named.values()];
}

/**
 * A path for people to read, with names in place of ids. The part that names the guild is left out.
 */
export function pathInWords(world: LiveWorld, call: SandboxCall): string {
  const guild = world.guilds.get(call.guildId ?? '');
  // A deprecated version stays visible.
  const path = call.path.replace(/^\/api\/v(?:9|10)(?=\/)/, '');
  const inGuild = guild ? path.replace(`/guilds/${guild.guildId}/`, '/') : path;
  return inGuild.replaceAll(/\d{17,20}/g, (id) => nameOf(world, guild, id));
}

function inWords(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (Array.isArray(value))
    return value.map((one: { name?: unknown }) => inWords(one.name)).join(', ');
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** The name of a member, an account, a role or the guild itself. */
function nameOf(world: LiveWorld, guild: LiveGuild | undefined, id: string): string {
  const user = world.users.get(id);
  const person = guild?.members.get(id)?.nick ?? user?.globalName ?? user?.username;
  const role = id === guild?.guildId ? guild.name : guild?.roles.get(id)?.name;
  return person ?? role ?? id;
}

function isFound(
  world: LiveWorld,
  guild: LiveGuild,
  discordUserId: string,
  search: string,
): boolean {
  if (search === '') return true;
  const names = [
    nameOf(world, guild, discordUserId),
    world.users.get(discordUserId)?.username ?? '',
    discordUserId,
  ];
  return names.some((name) => name.toLowerCase().includes(search.toLowerCase()));
}
