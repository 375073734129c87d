import { PermissionFlagsBits } from 'discord-api-types/v10';
import type { SandboxGuild, SandboxWorld } from 'sandbox-discord';

/** One guild with a bot of its own. */
export interface BenchGuild {
  readonly guildId: string;
  readonly applicationId: string;
  readonly botToken: string;
  readonly clientSecret: string;
  readonly botUserId: string;
  readonly roleIds: readonly string[];
  readonly discordUserIds: readonly string[];
}

interface Size {
  readonly guilds: number;
  readonly rolesEach: number;
  readonly membersEach: number;
  /** All guilds have the same bot. */
  readonly shareBot?: boolean;
}

export function benchGuilds(size: Size): readonly BenchGuild[] {
  return numbers(size.guilds).map((guild) => ({
    guildId: snowflake(1, guild),
    ...botOf(size.shareBot ? 0 : guild),
    roleIds: numbers(size.rolesEach).map((role) => snowflake(4, guild * 1_000 + role)),
    discordUserIds: numbers(size.membersEach).map((member) =>
      snowflake(5, guild * 100_000 + member),
    ),
  }));
}

function botOf(index: number) {
  return {
    applicationId: snowflake(2, index),
    botToken: `bench.token.${index}`,
    clientSecret: `bench-secret-${index}`,
    botUserId: snowflake(3, index),
  };
}

/** The same guilds as the sandbox Discord knows them; nobody holds a role yet. */
export function sandboxWorldOf(guilds: readonly BenchGuild[]): SandboxWorld {
  const bots = [...new Map(guilds.map((guild) => [guild.botUserId, guild])).values()];
  return {
    applications: bots.map(({ applicationId, botUserId, botToken, clientSecret }) => ({
      applicationId,
      name: `Bot ${applicationId}`,
      botUserId,
      botToken,
      clientSecret,
    })),
    users: [
      ...bots.map(({ botUserId }) => ({
        discordUserId: botUserId,
        username: 'connector',
        isBot: true,
      })),
      ...guilds.flatMap((guild) =>
        guild.discordUserIds.map((discordUserId) => ({
          discordUserId,
          username: `member-${discordUserId}`,
        })),
      ),
    ],
    guilds: guilds.map(sandboxGuildOf),
  };
}

function sandboxGuildOf(guild: BenchGuild): SandboxGuild {
  const botRoleId = snowflake(6, Number(guild.guildId.slice(-6)));
  return {
    guildId: guild.guildId,
    name: `Guild ${guild.guildId}`,
    ownerId: guild.discordUserIds[0] ?? guild.botUserId,
    roles: [
      ...guild.roleIds.map((roleId, index) => ({
        roleId,
        name: `Role ${index}`,
        position: index + 1,
      })),
      {
        roleId: botRoleId,
        name: 'Connector',
        position: guild.roleIds.length + 1,
        permissions: String(
          PermissionFlagsBits.ManageRoles |
            PermissionFlagsBits.ViewAuditLog |
            PermissionFlagsBits.ManageNicknames |
            PermissionFlagsBits.CreateInstantInvite,
        ),
        managed: true,
        tags: { bot_id: guild.botUserId },
      },
    ],
    members: [
      { discordUserId: guild.botUserId, roleIds: [botRoleId] },
      ...guild.discordUserIds.map((discordUserId) => ({
        discordUserId,
        roleIds: [],
      })),
    ],
  };
}

export function numbers(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index);
}

function snowflake(kind: number, index: number): string {
  return String(BigInt(kind) * 100_000_000_000_000_000n + BigInt(index));
}
