import type { SandboxApplication, SandboxWorld } from 'sandbox-discord';

import { GUILD, MEMBER, ROLE, TOKEN } from './gateway-setup.js';
import { REDIRECT, SECRETS } from './oauth-setup.js';

export const APPLICATION = '100000000000000001';
export const BOT = '500000000000000005';
export const OWNER = '900000000000000009';
export const BOT_ROLE = '200000000000000020';
export const HIGH_ROLE = '210000000000000021';
export const MANAGED_ROLE = '220000000000000022';
export const OTHER_GUILD = '300000000000000004';
export const INVITE = 'https://discord.gg/welcome';

/** Create Invite, View Audit Log, Manage Nicknames, Manage Roles: what the bot is invited with. */
export const ENOUGH = (1n << 0n) | (1n << 7n) | (1n << 27n) | (1n << 28n);

export const application: SandboxApplication = {
  applicationId: APPLICATION,
  name: 'connector',
  botUserId: BOT,
  botToken: TOKEN,
  clientSecret: SECRETS.clientSecret,
  redirectUris: [REDIRECT],
};

/** A guild in which everything is set up as it should be. */
export const clientWorld: SandboxWorld = {
  applications: [application],
  users: [
    { discordUserId: BOT, username: 'connector', isBot: true },
    { discordUserId: OWNER, username: 'owner' },
    {
      discordUserId: MEMBER,
      username: 'ada',
      globalName: 'Ada',
      email: 'ada@example.org',
    },
  ],
  guilds: [
    {
      guildId: GUILD,
      name: 'ours',
      ownerId: OWNER,
      roles: [
        { roleId: GUILD, name: '@everyone', position: 0, permissions: '0' },
        { roleId: ROLE, name: 'pilot', position: 1 },
        { roleId: MANAGED_ROLE, name: 'booster', position: 2, managed: true },
        {
          roleId: BOT_ROLE,
          name: 'connector',
          position: 3,
          permissions: String(ENOUGH),
        },
        { roleId: HIGH_ROLE, name: 'council', position: 4 },
      ],
      members: [
        { discordUserId: OWNER, roleIds: [HIGH_ROLE] },
        { discordUserId: BOT, roleIds: [BOT_ROLE] },
      ],
    },
    {
      guildId: OTHER_GUILD,
      name: 'theirs',
      ownerId: OWNER,
      roles: [],
      members: [{ discordUserId: OWNER, roleIds: [] }],
    },
  ],
  invites: [{ code: 'welcome', guildId: GUILD }],
};
