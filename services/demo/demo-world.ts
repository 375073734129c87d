import { PermissionFlagsBits } from 'discord-api-types/v10';
import type { SandboxMember, SandboxRole, SandboxWorld } from 'sandbox-discord';

/** Ids and names of the demonstration, as used in the README and the playground's tabs. */
export const DEMO = {
  guildId: '100000000000000001',
  applicationId: '200000000000000001',
  /** Never expires. */
  inviteCode: 'sandbox-alliance',
  roles: {
    pilot: '300000000000000004',
    director: '300000000000000005',
    recruit: '300000000000000003',
  },
  accounts: {
    alice: '400000000000000001',
    bob: '400000000000000002',
    carol: '400000000000000003',
    dave: '400000000000000004',
    erin: '400000000000000005',
  },
} as const;

const ADMIN = '400000000000000009';
const BOT = '400000000000000010';
const FLEET_COMMAND = '300000000000000007';
const CONNECTOR = '300000000000000006';
const EVENT_HOST = '300000000000000002';
const BOOSTER = '300000000000000001';

const BOT_PERMISSIONS = String(
  PermissionFlagsBits.ManageRoles |
    PermissionFlagsBits.ManageNicknames |
    PermissionFlagsBits.CreateInstantInvite |
    PermissionFlagsBits.ViewAuditLog,
);

/**
 * Returns a guild like a small community's: roles that the bot may grant, one above it (Fleet
 * Command), one that no bot may assign (Server Booster) and one without a mapping (Event Host,
 * which Carol holds). Erin is linked but not in the guild.
 */
export function demoWorld(secrets: {
  readonly botToken: string;
  readonly clientSecret: string;
  readonly redirectUris?: readonly string[];
}): SandboxWorld {
  const { guildId, applicationId } = DEMO;
  return {
    applications: [{ applicationId, name: 'Connector', botUserId: BOT, ...secrets }],
    users: demoUsers(),
    invites: [{ code: DEMO.inviteCode, guildId, inviterId: ADMIN }],
    guilds: [
      {
        guildId,
        name: 'Sandbox Alliance',
        ownerId: ADMIN,
        roles: demoRoles(),
        members: demoMembers(),
      },
    ],
  };
}

function demoUsers(): SandboxWorld['users'] {
  const people = Object.entries(DEMO.accounts).map(([username, discordUserId]) => ({
    discordUserId,
    username,
    globalName: username.charAt(0).toUpperCase() + username.slice(1),
    email: `${username}@example.org`,
  }));
  return [
    ...people,
    { discordUserId: ADMIN, username: 'ada', globalName: 'Ada (owner)' },
    { discordUserId: BOT, username: 'connector', isBot: true },
  ];
}

function demoRoles(): readonly SandboxRole[] {
  const { director, pilot, recruit } = DEMO.roles;
  const bot = {
    permissions: BOT_PERMISSIONS,
    managed: true,
    tags: { bot_id: BOT },
  };
  const booster = { managed: true, tags: { premium_subscriber: null } };
  return [
    {
      roleId: FLEET_COMMAND,
      name: 'Fleet Command',
      position: 7,
      color: 0xe67e22,
    },
    { roleId: CONNECTOR, name: 'Connector', position: 6, ...bot },
    { roleId: director, name: 'Director', position: 5, color: 0x9b59b6 },
    { roleId: pilot, name: 'Pilot', position: 4, color: 0x3498db },
    { roleId: recruit, name: 'Recruit', position: 3, color: 0x2ecc71 },
    { roleId: EVENT_HOST, name: 'Event Host', position: 2, color: 0xf1c40f },
    {
      roleId: BOOSTER,
      name: 'Server Booster',
      position: 1,
      color: 0xf47fff,
      ...booster,
    },
  ];
}

function demoMembers(): readonly SandboxMember[] {
  const { alice, bob, carol, dave } = DEMO.accounts;
  return [
    { discordUserId: ADMIN, roleIds: [FLEET_COMMAND] },
    { discordUserId: BOT, roleIds: [CONNECTOR] },
    { discordUserId: alice, roleIds: [] },
    { discordUserId: bob, roleIds: [BOOSTER] },
    { discordUserId: carol, roleIds: [EVENT_HOST] },
    { discordUserId: dave, roleIds: [] },
  ];
}
