import type { ClientId, GuildRoleReading, RoleId, RoleRefusal } from '../../model.js';
import type { DiscordMembers, GuildRef, Memory, MemberFacts } from '../ports.js';

/**
 * Retries want to know whether the obstacle is still there. Reading the roles at most this often
 * keeps a guild full of blocked members cheap.
 */
const READ_AGAIN_MS = 5_000;

export interface GuildRoles {
  /**
   * Checks whether known refusals still hold. Resolves with roles newer than facts read at
   * `factsReadAtMs`; null: the roles were read and saved just before, so the facts are as new.
   */
  refresh(guild: GuildRef, factsReadAtMs: number): Promise<GuildRoleReading | null>;
  /** Reads the roles, no matter how recently they were read. */
  readAnew(guild: GuildRef): Promise<GuildRoleReading>;
  /**
   * Discord refused a role that should have been assignable, so the roles are read again at once.
   * If that fails, this process treats them as doubtful.
   */
  explainRefusal(guild: GuildRef): Promise<void>;
  /**
   * Reads roles that a refusal made doubtful, before another write fails for the same reason; null:
   * none are.
   */
  catchUp(guild: GuildRef): Promise<GuildRoleReading | null>;
  /**
   * Discord refused a list with these ids. Ids that the guild's role list lacks become suspects: a
   * member may still show the id of a deleted role, and a list with it is refused. No role is
   * dropped because of that, as the role list may be the one that is behind.
   */
  suspectRefused(guild: GuildRef, roleIds: readonly RoleId[]): Promise<void>;
  /** A list with one of these ids was refused, and the latest role list still lacks it. */
  hasSuspect(roleIds: readonly RoleId[]): boolean;
}

/** The facts with the newly read roles. */
export function withRoles(facts: MemberFacts, reading: GuildRoleReading | null): MemberFacts {
  if (reading === null) return facts;
  const { ownerId, roles } = reading;
  const known = [...facts.roles.keys()];
  return {
    ...facts,
    roles: new Map<RoleId, RoleRefusal | null>([
      ...known.map((roleId) => [roleId, 'UNKNOWN_ROLE'] as const),
      ...roles.map(({ roleId, refusal }) => [roleId, refusal] as const),
    ]),
    renaming: {
      ownerId,
      refusals: new Map(
        roles.flatMap(({ roleId, renameRefusal }) =>
          renameRefusal === undefined ? [] : [[roleId, renameRefusal] as const],
        ),
      ),
    },
  };
}

export function createGuildRoles(deps: {
  readonly discord: Pick<DiscordMembers, 'readRoles'>;
  readonly memory: Pick<Memory, 'saveRoles'>;
  readonly clock: () => number;
}): GuildRoles {
  const read = new Map<ClientId, { readonly reading: GuildRoleReading; readonly atMs: number }>();
  const suspects = new Set<RoleId>();
  const doubted = new Set<ClientId>();

  async function readNow(guild: GuildRef): Promise<GuildRoleReading> {
    const reading = await deps.discord.readRoles(guild);
    await deps.memory.saveRoles(guild.clientId, reading);
    read.set(guild.clientId, { reading, atMs: deps.clock() });
    for (const { roleId } of reading.roles) suspects.delete(roleId);
    return reading;
  }

  function idsOf(guild: GuildRef): ReadonlySet<RoleId> {
    const last = read.get(guild.clientId);
    return new Set(last?.reading.roles.map((role) => role.roleId));
  }

  return {
    async refresh(guild, factsReadAtMs) {
      const last = read.get(guild.clientId);
      if (last === undefined || deps.clock() - last.atMs >= READ_AGAIN_MS) return readNow(guild);
      return last.atMs >= factsReadAtMs ? last.reading : null;
    },
    readAnew: readNow,
    async explainRefusal(guild) {
      doubted.add(guild.clientId);
      await readNow(guild);
      doubted.delete(guild.clientId);
    },
    async catchUp(guild) {
      if (!doubted.has(guild.clientId)) return null;
      const reading = await readNow(guild);
      doubted.delete(guild.clientId);
      return reading;
    },
    async suspectRefused(guild, roleIds) {
      const isListed = (roleId: RoleId) => idsOf(guild).has(roleId);
      if (roleIds.every(isListed)) return;
      await readNow(guild);
      for (const roleId of roleIds) if (!isListed(roleId)) suspects.add(roleId);
    },
    hasSuspect: (roleIds) => roleIds.some((roleId) => suspects.has(roleId)),
  };
}
