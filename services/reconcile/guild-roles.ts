import type { ClientId, GuildRole, RoleId } from '../model.js';
import type { DiscordMembers, GuildRef, Memory } from './ports.js';

/** A refused role is looked into at once, but a guild full of refusals is not read again for each of them. */
const READ_AGAIN_MS = 5_000;

export interface GuildRoles {
  /** Reads the guild's roles at Discord and keeps them, unless that was done just now. */
  refresh(guild: GuildRef): Promise<readonly GuildRole[]>;
  /**
   * Tells which ids of a member just read no longer name a role of the guild. An id not seen before may be a role just made, so
   * Discord is asked; one that was gone once is gone for ever.
   */
  goneAmong(
    guild: GuildRef,
    roleIds: readonly RoleId[],
  ): Promise<(roleId: RoleId) => boolean>;
}

export function createGuildRoles(deps: {
  readonly discord: Pick<DiscordMembers, 'readRoles'>;
  readonly memory: Pick<Memory, 'saveRoles'>;
  readonly clock: () => number;
}): GuildRoles {
  const read = new Map<
    ClientId,
    { readonly roles: readonly GuildRole[]; readonly atMs: number }
  >();
  const gone = new Set<RoleId>();

  async function readNow(guild: GuildRef): Promise<readonly GuildRole[]> {
    const roles = await deps.discord.readRoles(guild);
    await deps.memory.saveRoles(guild.clientId, roles);
    read.set(guild.clientId, { roles, atMs: deps.clock() });
    return roles;
  }

  function idsOf(guild: GuildRef): ReadonlySet<RoleId> {
    return new Set(read.get(guild.clientId)?.roles.map((role) => role.roleId));
  }

  return {
    async refresh(guild) {
      const last = read.get(guild.clientId);
      const isRecent =
        last !== undefined && deps.clock() - last.atMs < READ_AGAIN_MS;
      return isRecent ? last.roles : readNow(guild);
    },
    async goneAmong(guild, roleIds) {
      const present = idsOf(guild);
      const doubtful = roleIds.filter(
        (roleId) => !present.has(roleId) && !gone.has(roleId),
      );
      if (doubtful.length > 0) {
        await readNow(guild);
        const now = idsOf(guild);
        for (const roleId of doubtful) if (!now.has(roleId)) gone.add(roleId);
      }
      return (roleId) => gone.has(roleId);
    },
  };
}
