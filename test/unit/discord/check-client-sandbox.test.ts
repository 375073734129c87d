import type { SandboxApplication } from 'sandbox-discord';
import { describe, expect, it } from 'vitest';

import type { CheckRequest } from '../../../services/discord/doctor/check-client.js';
import { faultsOf, useCheckedClient } from './check-client-setup.js';
import { APPLICATION, ENOUGH, HIGH_ROLE, MANAGED_ROLE, OTHER_GUILD } from './client-world.js';
import { guild, GUILD, ROLE } from './gateway-setup.js';
import { REDIRECT } from './oauth-setup.js';

const { check, discord, grant } = useCheckedClient();

describe('a correctly configured client', () => {
  it('has no faults, and is checked with six calls', async () => {
    const checks = await check();

    expect(faultsOf(checks)).toEqual([]);
    expect(checks.map(({ name }) => name)).toEqual([
      'bot token',
      'application',
      'server members intent',
      'callback address',
      'bot in guild',
      'two-factor authentication',
      'permission Manage Roles',
      'permission Manage Nicknames',
      'permission Create Invite',
      'permission View Audit Log',
      'permission Administrator',
      'mapped roles',
      'room for roles',
      'invite link',
      'known memberships',
    ]);
    expect(discord().calls.count()).toBe(6);
    expect(discord().calls.invalidRequests()).toBe(0);
    for (const { message, remedy } of checks) {
      expect(message).toMatch(/^[A-Z].*\.$|^https:.*\.$/);
      expect(remedy).toBeNull();
    }
  });

  it('is not checked for features that it does not use', async () => {
    const checks = await check({
      mappedRoleIds: [],
      callbackUrl: null,
      inviteUrl: null,
      hasNicknamePolicy: false,
      joinsPeople: false,
      isLive: false,
      unknownMemberships: null,
    });

    expect(checks.map(({ name }) => name)).toEqual([
      'bot token',
      'application',
      'server members intent',
      'bot in guild',
      'two-factor authentication',
      'permission Manage Roles',
      'permission Administrator',
      'mapped roles',
      'room for roles',
    ]);
  });
});

interface Planted {
  readonly fault: string;
  readonly plant?: () => void;
  readonly request?: Partial<CheckRequest>;
  readonly found: string;
  /** Words that the message or the remedy contains. */
  readonly words: readonly string[];
}

const MANAGE_ROLES = 1n << 28n;
const MANAGE_NICKNAMES = 1n << 27n;
const VIEW_AUDIT_LOG = 1n << 7n;
const ADMINISTRATOR = 1n << 3n;

const editRole = (permissions: bigint) => () =>
  discord().moderator.editRole({
    guildId: GUILD,
    roleId: ROLE,
    permissions: String(permissions),
  });
const editApplication = (change: Partial<SandboxApplication>) =>
  discord().moderator.editApplication({
    applicationId: APPLICATION,
    ...change,
  });

const makeRoles = (count: number) => () => {
  const { length } = discord().guild(GUILD).roles;
  for (let index = length; index < count; index++) {
    discord().moderator.createRole({ guildId: GUILD, name: `role ${index}` });
  }
};

const planted: readonly Planted[] = [
  {
    fault: 'a token of another application',
    request: { guild: { ...guild, applicationId: '100000000000000002' } },
    found: 'FAILED application',
    words: [APPLICATION, '100000000000000002'],
  },
  {
    fault: 'no Manage Roles',
    plant: () => grant(ENOUGH & ~MANAGE_ROLES),
    found: 'FAILED permission Manage Roles',
    words: ["None of the bot's roles", 'Grant Manage Roles'],
  },
  {
    fault: 'no Manage Roles, where no role is mapped',
    plant: () => grant(ENOUGH & ~MANAGE_ROLES),
    request: { mappedRoleIds: [] },
    found: 'WARNING permission Manage Roles',
    words: ['Grant Manage Roles'],
  },
  {
    fault: 'no Manage Nicknames',
    plant: () => grant(ENOUGH & ~MANAGE_NICKNAMES),
    found: 'FAILED permission Manage Nicknames',
    words: ['Grant Manage Nicknames'],
  },
  {
    fault: 'no Create Invite',
    plant: () => grant(ENOUGH & ~1n),
    found: 'FAILED permission Create Invite',
    words: ['Grant Create Invite'],
  },
  {
    fault: 'no View Audit Log',
    plant: () => grant(ENOUGH & ~VIEW_AUDIT_LOG),
    found: 'WARNING permission View Audit Log',
    words: ['not who made them', 'Grant View Audit Log'],
  },
  {
    fault: 'a bot with all power',
    plant: () => grant(ADMINISTRATOR),
    found: 'WARNING permission Administrator',
    words: ['does not need'],
  },
  {
    fault: 'a mapped role with all power',
    plant: editRole(ADMINISTRATOR),
    found: 'WARNING power of mapped role pilot',
    words: ['pilot', 'has Administrator:'],
  },
  {
    fault: 'a mapped role with some power',
    plant: editRole((1n << 1n) | (1n << 2n) | (1n << 13n) | (1n << 40n)),
    found: 'WARNING power of mapped role pilot',
    words: [
      'Manage Messages, Kick Members, Ban Members, Timeout Members',
      'Remove these permissions',
    ],
  },
  {
    fault: 'a mapped role above the bot',
    request: { mappedRoleIds: [ROLE, HIGH_ROLE] },
    found: 'FAILED mapped role council',
    words: ['council', "drag the bot's role above it"],
  },
  {
    fault: 'a mapped role that others give',
    request: { mappedRoleIds: [MANAGED_ROLE] },
    found: 'FAILED mapped role booster',
    words: ['managed', 'Retire'],
  },
  {
    fault: 'a mapped @everyone',
    request: { mappedRoleIds: [GUILD] },
    found: 'FAILED mapped role @everyone',
    words: ['all members have', 'Retire'],
  },
  {
    fault: 'a mapped role that was deleted',
    request: { mappedRoleIds: ['120000000000000099'] },
    found: 'FAILED mapped role 120000000000000099',
    words: ['no longer has role 120000000000000099', 'Retire'],
  },
  {
    fault: 'a mapped role that was deleted, and whose name was read before',
    request: {
      mappedRoleIds: ['120000000000000099'],
      roleNames: new Map([['120000000000000099', 'Veteran']]),
    },
    found: 'FAILED mapped role Veteran',
    words: ['no longer has role Veteran (120000000000000099)', 'Retire'],
  },
  {
    fault: 'no privileged intent',
    plant: () => editApplication({ guildMembersIntent: false }),
    found: 'WARNING server members intent',
    words: [
      'may not list members',
      'the client polls',
      'Developer Portal',
      'SERVER MEMBERS INTENT',
    ],
  },
  {
    fault: 'a guild that asks for a second factor',
    plant: () => discord().moderator.editGuild({ guildId: GUILD, mfaLevel: 1 }),
    found: 'WARNING two-factor authentication',
    words: ['account that owns the application'],
  },
  {
    fault: 'a callback address of almost the same name',
    plant: () => editApplication({ redirectUris: [`${REDIRECT}/`] }),
    found: 'FAILED callback address',
    words: [`Add ${REDIRECT}, exactly as written`],
  },
  {
    fault: 'an invite that expires',
    plant: () =>
      void discord().moderator.createInvite({
        guildId: GUILD,
        code: 'hurry',
        maxAge: 3600,
      }),
    request: { inviteUrl: 'https://discord.com/invite/hurry' },
    found: 'WARNING invite link',
    words: ['https://discord.com/invite/hurry expires at', 'never expires'],
  },
  {
    fault: 'an invite that is over',
    plant: () => discord().moderator.expireInvite('welcome'),
    found: 'FAILED invite link',
    words: ['is invalid'],
  },
  {
    fault: 'an invite to another guild',
    plant: () =>
      void discord().moderator.createInvite({
        guildId: OTHER_GUILD,
        code: 'elsewhere',
      }),
    request: { inviteUrl: 'https://discord.gg/elsewhere' },
    found: 'FAILED invite link',
    words: [`leads to guild ${OTHER_GUILD} instead of guild ${GUILD}`],
  },
  {
    fault: 'an invite that is none',
    request: { inviteUrl: 'https://example.org/join' },
    found: 'WARNING invite link',
    words: ['https://example.org/join', 'https://discord.gg/CODE'],
  },
  {
    fault: 'little room for roles',
    plant: makeRoles(240),
    found: 'WARNING room for roles',
    words: ['240 of 250'],
  },
  {
    fault: 'no room for roles',
    plant: makeRoles(250),
    found: 'FAILED room for roles',
    words: ['cannot create more'],
  },
  {
    fault: 'a platform that has sent no group yet',
    request: {
      unknownMemberships: { linked: 0, unknown: 0, hasGroups: false },
    },
    found: 'WARNING platform groups',
    words: ['no role can be mapped', 'upsertPlatformGroups'],
  },
  {
    fault: 'people of whom nothing is known',
    request: {
      unknownMemberships: { linked: 40, unknown: 9, hasGroups: true },
    },
    found: 'WARNING known memberships',
    words: ['40', '9 of 40 linked people (22 %)', 'replaceMemberships'],
  },
  {
    fault: 'one among many of whom nothing is known',
    request: {
      unknownMemberships: { linked: 4000, unknown: 1, hasGroups: true },
    },
    found: 'WARNING known memberships',
    words: ['less than 1 %'],
  },
];

describe('a configuration fault', () => {
  it.each(planted)('is reported with a message and a remedy: $fault', async (one) => {
    one.plant?.();

    const checks = await check(one.request);

    expect(faultsOf(checks)).toEqual([one.found]);
    const text = checks
      .filter(({ result }) => result !== 'OK')
      .map(({ message, remedy }) => `${message} ${remedy}`)
      .join(' ');
    for (const word of one.words) expect(text).toContain(word);
    expect(discord().calls.count()).toBeLessThanOrEqual(6);
  });

  it('does not hide the others', async () => {
    grant(0n);
    editApplication({ redirectUris: [], guildMembersIntent: false });
    discord().moderator.expireInvite('welcome');

    const checks = await check({ mappedRoleIds: [HIGH_ROLE, MANAGED_ROLE] });

    expect(faultsOf(checks)).toEqual([
      'WARNING server members intent',
      'FAILED callback address',
      'FAILED permission Manage Roles',
      'FAILED permission Manage Nicknames',
      'FAILED permission Create Invite',
      'WARNING permission View Audit Log',
      'FAILED mapped role council',
      'FAILED mapped role booster',
      'FAILED invite link',
    ]);
  });
});
