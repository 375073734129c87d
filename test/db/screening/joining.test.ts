import { describe, expect, test } from 'vitest';

import { DEMO } from '../../../services/demo/demo-world.js';
import { membership, nextOrder, cause } from '../../builders/store-world.js';
import { useSignIn } from '../../support/sign-in-fixture.js';
import { byName } from '../../support/sign-in-world.js';

const { accounts, guildId, roles } = DEMO;
const MEMBER = '/guilds/{guild_id}/members/{user_id}';
const guild = useSignIn();

const erin = () => guild.rig().discord.member(guildId, accounts.erin);
const guildCalls = () => guild.calls().filter((call) => call.includes('/guilds/'));

/** Erin is a pilot, and the client sets nicknames. */
async function namedPilot(): Promise<void> {
  await guild.update({
    nicknamePolicy: {
      strategy: 'TEMPLATE',
      template: '[SA] %username',
      onUnlink: 'RESET',
    },
  });
  await guild.rig().store.applyFacts([
    membership('erin', 'pilots'),
    {
      kind: 'userChanged',
      platformUserId: 'erin',
      username: 'Erin Solo',
      order: nextOrder(),
      cause,
    },
  ]);
  await guild.quiet();
  guild.rig().discord.calls.reset();
}

describe('a person who signs in to a server that screens its new members', () => {
  test('joins with neither roles nor nickname, stays pending, and gets both after accepting the rules', async () => {
    const { store, discord } = guild.rig();
    await namedPilot();
    discord.moderator.editGuild({
      guildId,
      hasScreening: true,
      roleEndsScreening: true,
    });

    const linkId = await guild.signIn('erin');

    expect(guildCalls()).toEqual([`PUT ${MEMBER} 201`]);
    expect(erin()).toMatchObject({ pending: true, roleIds: [], nick: null });
    expect(await guild.linkOf('erin')).toMatchObject({
      state: 'PENDING',
      isScreening: true,
      reason: expect.stringContaining('1 role and the nickname wait for that'),
    });
    expect(await store.signIn.links.awaitLinked(linkId, 5_000)).toEqual({
      kind: 'IN_GUILD',
      isScreened: true,
    });
    expect(await guild.records()).toMatchObject([
      { added: [], nickname: null, closedAt: expect.any(Date) },
    ]);
    expect((await guild.told()).map(({ type }) => type)).toEqual(['discord.user.linked.v1']);

    discord.moderator.finishScreening(byName('erin'));
    await guild.reconcile(linkId);

    expect(erin()).toMatchObject({
      roleIds: [roles.pilot],
      nick: '[SA] Erin Solo',
    });
    expect(await guild.linkOf('erin')).toMatchObject({
      state: 'IN_STEP',
      isScreening: false,
    });
  });

  test('joins with roles and nickname if the client ignores screening', async () => {
    await namedPilot();
    await guild.update({ screening: 'IGNORE' });
    guild.rig().discord.moderator.editGuild({ guildId, hasScreening: true });

    await guild.signIn('erin');

    expect(guildCalls()).toEqual([`PUT ${MEMBER} 201`]);
    expect(erin()).toMatchObject({
      pending: true,
      roleIds: [roles.pilot],
      nick: '[SA] Erin Solo',
    });
    expect(await guild.linkOf('erin')).toMatchObject({ state: 'IN_STEP' });
  });
});

describe('a person who signs in to a server without screening', () => {
  test('joins without roles and nickname, and gets both in the same run without another read', async () => {
    await namedPilot();

    await guild.signIn('erin');

    expect(erin()).toMatchObject({
      roleIds: [roles.pilot],
      nick: '[SA] Erin Solo',
    });
    expect(guildCalls()[0]).toBe(`PUT ${MEMBER} 201`);
    expect(guildCalls().filter((call) => call.startsWith('GET'))).toEqual([]);
    expect(await guild.records()).toMatchObject([
      {
        plannedAdded: [roles.pilot],
        added: [roles.pilot],
        nickname: '[SA] Erin Solo',
        outcome: 'APPLIED',
      },
    ]);
    expect(await guild.linkOf('erin')).toMatchObject({
      state: 'IN_STEP',
      reason: null,
    });
  });
});
