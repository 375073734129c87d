import { PermissionFlagsBits } from 'discord-api-types/v10';

import type { SandboxMember, SandboxRole, SandboxWorld } from './world.js';

const GUILD = '100000000000000001';
const APPLICATION = '200000000000000001';
const BOT = '400000000000000010';
const [ADA, ALICE, BOB] = ['400000000000000009', '400000000000000001', '400000000000000002'];
const ROLE = {
  booster: '300000000000000001',
  member: '300000000000000002',
  moderator: '300000000000000003',
  bot: '300000000000000004',
  admin: '300000000000000005',
};

const BOT_PERMISSIONS =
  PermissionFlagsBits.ManageRoles |
  PermissionFlagsBits.ManageNicknames |
  PermissionFlagsBits.KickMembers |
  PermissionFlagsBits.BanMembers |
  PermissionFlagsBits.ViewAuditLog |
  PermissionFlagsBits.CreateInstantInvite;

/**
 * The world that the command starts with: one bot in one guild, with two roles that the bot may
 * grant, one above it and one that no bot may assign.
 */
export function exampleWorld(redirectUris: readonly string[] = []): SandboxWorld {
  return {
    applications: [
      {
        applicationId: APPLICATION,
        name: 'Example Bot',
        botUserId: BOT,
        botToken: 'example-bot-token',
        clientSecret: 'example-client-secret',
        redirectUris,
      },
    ],
    users: [
      { discordUserId: ADA, username: 'ada', globalName: 'Ada', email: 'ada@example.org' },
      { discordUserId: ALICE, username: 'alice', globalName: 'Alice', email: 'alice@example.org' },
      { discordUserId: BOB, username: 'bob', globalName: 'Bob', email: 'bob@example.org' },
      { discordUserId: BOT, username: 'example-bot', isBot: true },
    ],
    guilds: [
      { guildId: GUILD, name: 'Example Guild', ownerId: ADA, roles: roles(), members: members() },
    ],
    invites: [{ code: 'example', guildId: GUILD, inviterId: ADA }],
  };
}

function roles(): readonly SandboxRole[] {
  const bot = { permissions: String(BOT_PERMISSIONS), managed: true, tags: { bot_id: BOT } };
  const booster = { managed: true, tags: { premium_subscriber: null } };
  return [
    { roleId: ROLE.admin, name: 'Admin', position: 5, permissions: '8', color: 0xe67e22 },
    { roleId: ROLE.bot, name: 'Example Bot', position: 4, ...bot },
    { roleId: ROLE.moderator, name: 'Moderator', position: 3, color: 0x9b59b6 },
    { roleId: ROLE.member, name: 'Member', position: 2, color: 0x3498db },
    { roleId: ROLE.booster, name: 'Server Booster', position: 1, color: 0xf47fff, ...booster },
  ];
}

function members(): readonly SandboxMember[] {
  return [
    { discordUserId: ADA, roleIds: [ROLE.admin] },
    { discordUserId: BOT, roleIds: [ROLE.bot] },
    { discordUserId: ALICE, roleIds: [ROLE.member] },
    { discordUserId: BOB, roleIds: [] },
  ];
}
