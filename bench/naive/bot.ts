import { REST } from '@discordjs/rest';
import { Routes } from 'discord-api-types/v10';
import { z } from 'zod';

/**
 * A single-server bot as a developer writes it in an afternoon, as a baseline for the benches: no
 * plan, no guard, no record and no retry after a crash. `@discordjs/rest` alone keeps Discord's
 * limits.
 */
export interface NaiveBot {
  /** One event, one call. */
  change(discordUserId: string, roleId: string, change: Change): Promise<void>;
  /** Fetches the member and writes what is missing. */
  syncMember(discordUserId: string, desired: DesiredMember): Promise<void>;
  /** Fetches each holder and removes the role, one after the other. */
  removeRole(roleId: string, discordUserIds: readonly string[]): Promise<void>;
  /** Adds an account that consented, with its roles. */
  join(discordUserId: string, accessToken: string, roleIds: readonly string[]): Promise<void>;
}

export type Change = 'added' | 'removed';

export interface DesiredMember {
  readonly roleIds: readonly string[];
  /** Left alone if undefined. */
  readonly nickname?: string;
}

const Member = z.object({ roles: z.array(z.string()), nick: z.string().nullish() });

/** `timeFactor`: 0.1 for a sandbox whose windows are ten times shorter than Discord's. */
export function connectRest(bot: {
  readonly api: string;
  readonly token: string;
  readonly timeFactor?: number;
}): REST {
  const { api, token, timeFactor = 1 } = bot;
  return new REST({
    api,
    version: '10',
    globalRequestsPerSecond: 50 / timeFactor,
    offset: 50 * timeFactor,
  }).setToken(token);
}

export function createNaiveBot(rest: REST, guildId: string): NaiveBot {
  const grant = (user: string, role: string) =>
    rest.put(Routes.guildMemberRole(guildId, user, role));
  const revoke = (user: string, role: string) =>
    rest.delete(Routes.guildMemberRole(guildId, user, role));
  const fetchMember = async (user: string) =>
    Member.parse(await rest.get(Routes.guildMember(guildId, user)));

  return {
    async change(user, role, change) {
      await (change === 'added' ? grant(user, role) : revoke(user, role));
    },
    async syncMember(user, desired) {
      const member = await fetchMember(user);
      for (const role of desired.roleIds) {
        if (!member.roles.includes(role)) await grant(user, role);
      }
      const nick = desired.nickname;
      if (nick !== undefined && member.nick !== nick)
        await rest.patch(Routes.guildMember(guildId, user), { body: { nick } });
    },
    async removeRole(role, users) {
      for (const user of users) {
        const member = await fetchMember(user);
        if (member.roles.includes(role)) await revoke(user, role);
      }
    },
    async join(user, accessToken, roleIds) {
      const body = { access_token: accessToken, roles: roleIds };
      await rest.put(Routes.guildMember(guildId, user), { body });
    },
  };
}
