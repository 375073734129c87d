import { describe, expect, test } from 'vitest';

import { DEMO } from '../../../services/demo/demo-world.js';
import { membership } from '../../builders/store-world.js';
import { useSignIn } from '../../support/sign-in-fixture.js';
import { byName } from '../../support/sign-in-world.js';

const { accounts, applicationId, guildId, roles } = DEMO;
const MEMBER = '/guilds/{guild_id}/members/{user_id}';
const guild = useSignIn();

/** Reasons why Discord does not add a person to the guild. */
const REFUSALS: readonly {
  readonly what: string;
  readonly prepare: () => void;
  readonly refusal: string;
  readonly reason: string;
}[] = [
  {
    what: 'is banned',
    prepare: () => guild.rig().discord.moderator.ban(byName('erin')),
    refusal: 'BANNED',
    reason: 'the guild has banned the account',
  },
  {
    what: 'finds the guild full',
    prepare: () => guild.rig().discord.moderator.makeGuildFull(guildId),
    refusal: 'GUILD_FULL',
    reason: 'the guild is full',
  },
  {
    what: 'is in as many guilds as can be',
    prepare: () =>
      guild.rig().discord.moderator.editUser({
        discordUserId: accounts.erin,
        maxGuilds: 0,
      }),
    refusal: 'USER_GUILD_LIMIT',
    reason: 'the account is in as many guilds as Discord allows',
  },
  {
    what: 'takes back in their settings what they agreed to',
    prepare: () =>
      guild.rig().at('discord.joinMember:before', async () =>
        guild.rig().discord.oauth.deauthorize({
          applicationId,
          discordUserId: accounts.erin,
        }),
      ),
    refusal: 'INVALID_TOKEN',
    reason: 'the person must sign in again to be added to the guild',
  },
  {
    what: 'comes to a guild where the bot may not invite',
    prepare: () => takeFromBot(1n),
    refusal: 'MISSING_PERMISSION',
    reason: 'the bot cannot add people to the guild: it needs Create Invite',
  },
  {
    what: 'is to prove first to be a person',
    prepare: () =>
      guild.rig().discord.moderator.editUser({
        discordUserId: accounts.erin,
        isVerificationLocked: true,
      }),
    refusal: 'REFUSED',
    reason: 'Discord refused to add the account to the guild',
  },
];

/** Removes the permission from every role, the bot's own and @everyone. */
function takeFromBot(permission: bigint): void {
  const { discord } = guild.rig();
  for (const { roleId, permissions } of discord.guild(guildId).roles)
    discord.moderator.editRole({
      guildId,
      roleId,
      permissions: String(BigInt(permissions) & ~permission),
    });
}

test('a ban that refuses a person is published, and not again by later runs', async () => {
  guild.rig().discord.moderator.ban(byName('erin'));

  const linkId = await guild.signIn('erin');
  await guild.revoked();
  await guild.reconcile(linkId);

  const published = await guild.told();
  expect(published.map(({ type }) => type)).toEqual([
    'discord.user.linked.v1',
    'discord.member.banned.v1',
  ]);
  expect(published.at(-1)).toMatchObject({
    data: {
      clientId: guild.rig().clientId,
      guildId,
      discordUserId: accounts.erin,
      platformUserId: 'erin',
    },
  });
});

describe.each(REFUSALS)('a person who $what', ({ prepare, refusal, reason }) => {
  test('is linked as ABSENT with the reason, and all their tokens are revoked', async () => {
    const { store } = guild.rig();
    await store.applyFacts([membership('erin', 'pilots')]);
    prepare();

    const linkId = await guild.signIn('erin');
    await guild.revoked();

    expect(await guild.linkOf('erin')).toMatchObject({
      id: linkId,
      state: 'ABSENT',
      reason,
      isBanned: refusal === 'BANNED',
    });
    expect(await store.signIn.links.awaitLinked(linkId, 0)).toEqual({
      kind: 'NOT_IN_GUILD',
      refusal,
    });
    expect(guild.liveTokens('erin')).toEqual([]);
    const records = await guild.records();
    expect(records.every(({ closedAt }) => closedAt !== null)).toBe(true);
    expect(records.flatMap(({ added }) => added)).toEqual([]);
  });

  test('is not added by later runs, which show the same reason', async () => {
    prepare();
    const linkId = await guild.signIn('erin');
    guild.rig().discord.calls.reset();

    await guild.reconcile(linkId);

    expect(guild.calls()).not.toContainEqual(expect.stringContaining(`PUT ${MEMBER}`));
    expect(await guild.linkOf('erin')).toMatchObject({
      state: 'ABSENT',
      reason,
    });
  });

  test('and joins later on their own gets the roles, and the refusal is cleared', async () => {
    const { store, discord } = guild.rig();
    await store.applyFacts([membership('erin', 'pilots')]);
    prepare();
    const linkId = await guild.signIn('erin');
    discord.moderator.editUser({
      discordUserId: accounts.erin,
      maxGuilds: 200,
      isVerificationLocked: false,
    });
    discord.moderator.editGuild({ guildId, maxMembers: 1_000 });
    if (refusal === 'BANNED') discord.moderator.unban(byName('erin'));

    discord.moderator.join(byName('erin'));
    await guild.reconcile(linkId);

    expect(guild.rolesOf('erin')).toEqual([roles.pilot]);
    expect(await guild.linkOf('erin')).toMatchObject({
      state: 'IN_STEP',
      reason: null,
      isBanned: false,
    });
    expect(await store.signIn.links.awaitLinked(linkId, 0)).toMatchObject({
      kind: 'IN_GUILD',
    });
  });
});

describe('if tokens are kept,', () => {
  test('those of a banned person are revoked', async () => {
    await guild.keepTokens(true);
    guild.rig().discord.moderator.ban(byName('erin'));

    await guild.signIn('erin');
    await guild.revoked();

    expect(guild.liveTokens('erin')).toEqual([]);
  });

  test('a person is added later to a guild that was full', async () => {
    const { discord } = guild.rig();
    await guild.keepTokens(true);
    discord.moderator.makeGuildFull(guildId);
    const linkId = await guild.signIn('erin');

    discord.moderator.editGuild({ guildId, maxMembers: 1_000 });
    await guild.reconcile(linkId);

    expect(guild.rolesOf('erin')).toEqual([]);
    expect(await guild.linkOf('erin')).toMatchObject({ state: 'IN_STEP' });
  });
});
