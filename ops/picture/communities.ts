import { PermissionFlagsBits } from 'discord-api-types/v10';
import type { SandboxGuild, SandboxWorld } from 'sandbox-discord';

/** Two guilds: one where much goes on, and one whose bot's token is reset. */
export const HARBOUR = communityOf({
  name: 'Harbour',
  prefix: '21',
  crowd: { people: 150, linked: 120 },
});
export const LIGHTHOUSE = communityOf({
  name: 'Lighthouse',
  prefix: '22',
  crowd: { people: 12, linked: 12 },
});

export interface Community {
  readonly settings: {
    readonly name: string;
    readonly guildId: string;
    readonly applicationId: string;
    readonly botToken: string;
    readonly clientSecret: string;
  };
  readonly bot: { readonly userId: string; readonly roleId: string };
  /** Of the groups of the same names. */
  readonly roles: { readonly crew: string; readonly watch: string };
  /** How many are in the guild, and how many of them are linked at first. */
  readonly crowd: { readonly people: number; readonly linked: number };
}

function communityOf({
  name,
  prefix,
  crowd,
}: {
  readonly name: string;
  readonly prefix: string;
  readonly crowd: Community['crowd'];
}): Community {
  const id = (n: number) => `${prefix}000000000000000${n}`;
  return {
    settings: {
      name,
      guildId: id(1),
      applicationId: id(2),
      botToken: `token of ${name}`,
      clientSecret: `secret of ${name}`,
    },
    bot: { userId: id(3), roleId: id(4) },
    roles: { crew: id(5), watch: id(6) },
    crowd,
  };
}
const OWNER = '430000000000000001';

/** The Discord account of the platform's user `user-n`. */
export const accountOf = (n: number) => String(440000000000000000n + BigInt(n));
export const userOf = (n: number) => `user-${n}`;

export function communities(): SandboxWorld {
  const both: readonly Community[] = [HARBOUR, LIGHTHOUSE];
  const people = Array.from({ length: HARBOUR.crowd.people }, (_, n) => ({
    discordUserId: accountOf(n),
    username: userOf(n),
  }));
  const bots = both.map(({ bot, settings }) => ({
    discordUserId: bot.userId,
    username: `${settings.name.toLowerCase()}-bot`,
    isBot: true,
  }));
  return {
    applications: both.map(({ settings, bot }) => ({
      ...settings,
      botUserId: bot.userId,
    })),
    users: [...people, ...bots, { discordUserId: OWNER, username: 'owner' }],
    guilds: both.map(guildOf),
  };
}

function guildOf(community: Community): SandboxGuild {
  const { settings, roles, bot, crowd } = community;
  const { guildId, name } = settings;
  const permissions = String(
    PermissionFlagsBits.ManageRoles |
      PermissionFlagsBits.ManageNicknames |
      PermissionFlagsBits.CreateInstantInvite,
  );
  const tags = { bot_id: bot.userId };
  return {
    guildId,
    name,
    ownerId: OWNER,
    roles: [
      {
        roleId: bot.roleId,
        name,
        position: 3,
        permissions,
        managed: true,
        tags,
      },
      { roleId: roles.watch, name: 'Watch', position: 2 },
      { roleId: roles.crew, name: 'Crew', position: 1 },
    ],
    members: [
      { discordUserId: OWNER, roleIds: [] },
      { discordUserId: bot.userId, roleIds: [bot.roleId] },
      ...Array.from({ length: crowd.people }, (_, n) => ({
        discordUserId: accountOf(n),
        roleIds: [],
      })),
    ],
  };
}
