import { describe, expect, test } from 'vitest';

import { DEMO } from '../../../services/demo/demo-world.js';
import { cause, membership, nextOrder } from '../../builders/store-world.js';
import { eventually } from '../../support/eventually.js';
import { useSignIn } from '../../support/sign-in-fixture.js';
import { signIn, type Person } from '../../support/sign-in-rig.js';
import { byName } from '../../support/sign-in-world.js';

const { accounts, roles } = DEMO;
const guild = useSignIn();

/** Everything that a sign-in could change. */
const allThatIsLinked = async () => {
  const { query } = guild.rig();
  return {
    links: await query('select * from link order by id'),
    grants: await query('select id, client_id from discord_grant order by id'),
    members: await query('select * from member order by discord_user_id'),
    jobs: await query('select discord_user_id, version from reconcile_job'),
    told: await guild.told(),
  };
};

/** Links with the given grant. */
async function link(person: Person, { grantId }: { grantId: string }) {
  return guild.rig().store.signIn.links.linkSignedIn({
    ...person,
    grantId,
    account: {
      discordUserId: person.discordUserId,
      username: person.platformUserId,
      displayName: null,
    },
    cause,
  });
}

describe('signing in', () => {
  test('again with the same account keeps the link, and adds the person back to the guild', async () => {
    const { store, discord } = guild.rig();
    await store.applyFacts([membership('erin', 'pilots')]);
    const first = await guild.signIn('erin');
    discord.moderator.leave(byName('erin'));

    const second = await guild.signIn('erin');

    expect(second).toBe(first);
    expect(guild.rolesOf('erin')).toEqual([roles.pilot]);
    expect(
      (await guild.told()).filter(({ type }) => type === 'discord.user.linked.v1'),
    ).toHaveLength(1);
  });

  test('with a second account replaces the first, which loses its roles', async () => {
    const { store } = guild.rig();
    await store.applyFacts([membership('alice', 'pilots')]);
    await guild.signIn('alice');
    expect(guild.rolesOf('alice')).toEqual([roles.pilot]);

    const linked = await signIn(
      guild.rig(),
      guild.personOf('alice', { discordUserId: accounts.erin }),
    );
    await eventually(() => guild.rolesOf('alice')?.length === 0);
    await guild.quiet();

    expect(guild.rolesOf('erin')).toEqual([roles.pilot]);
    expect(linked.warnings).toEqual([expect.stringContaining(accounts.alice)]);
    expect(await guild.linkOf('alice')).toMatchObject({
      id: linked.linkId,
      discordUserId: accounts.erin,
      state: 'IN_STEP',
    });
  });

  test('with another person’s account fails with CONFLICT and changes nothing, and the grant is revoked', async () => {
    const { store } = guild.rig();
    await guild.keepTokens(true);
    await guild.signIn('alice');
    const bob = guild.personOf('bob', { discordUserId: accounts.alice });
    const grant = await guild.grantOf('bob');
    const before = await allThatIsLinked();

    await expect(link(bob, grant)).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await allThatIsLinked()).toEqual(before);
    await store.signIn.grants.discardGrant(grant.grantId);
    await guild.revoked();

    expect(guild.liveTokens('bob')).toEqual([]);
    expect(guild.liveTokens('alice')).toHaveLength(2);
  });

  test('takes over an account whose last owner is being unlinked, and keeps the grant even if the unlink is repeated', async () => {
    const { store, at } = guild.rig();
    await guild.keepTokens(true);
    const old = await guild.signIn('alice');
    let hasRun = false;
    at('memory.readMember:before', async () => {
      if (hasRun) return;
      hasRun = true;
      await signIn(guild.rig(), guild.personOf('bob', { discordUserId: accounts.alice }));
      await store.links.unlinkMember({ id: old, cause });
    });

    await store.links.unlinkMember({ id: old, cause });
    await eventually(async () => (await guild.linkOf('bob')) !== undefined);
    await guild.quiet();
    await guild.revoked();

    expect(await guild.linkOf('bob')).toMatchObject({ state: 'IN_STEP' });
    expect(await guild.rig().query('select from discord_grant')).toHaveLength(1);
    expect(guild.liveTokens('alice').length).toBeGreaterThan(0);
  });

  test('twice at once, as one person with two accounts, ends with one link', async () => {
    const [one, two] = [accounts.alice, accounts.dave].map((discordUserId) =>
      guild.personOf('alice', { discordUserId }),
    );
    if (one === undefined || two === undefined) throw new Error('two');
    const grants = [await guild.grantOf('alice'), await guild.grantOf('dave')];

    await Promise.all([
      link(one, grants[0] ?? { grantId: '' }),
      link(two, grants[1] ?? { grantId: '' }),
    ]);
    await guild.quiet();
    await eventually(async () => (await allThatIsLinked()).links.length === 1);

    expect(await guild.linkOf('alice')).toMatchObject({ state: 'IN_STEP' });
  });

  test('twice at once, as two people with one account, links one and refuses the other', async () => {
    const one = guild.personOf('alice');
    const two = guild.personOf('bob', { discordUserId: accounts.alice });
    const grants = [await guild.grantOf('alice'), await guild.grantOf('alice')];

    const outcomes = await Promise.allSettled([
      link(one, grants[0] ?? { grantId: '' }),
      link(two, grants[1] ?? { grantId: '' }),
    ]);
    await guild.quiet();

    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { code: 'CONFLICT' },
    });
    expect((await allThatIsLinked()).links).toHaveLength(1);
  });

  test('twice at once with the same account creates one link and keeps one grant', async () => {
    await guild.keepTokens(true);
    const erin = guild.personOf('erin');
    const grants = [await guild.grantOf('erin'), await guild.grantOf('erin')];

    const linked = await Promise.all(grants.map((grant) => link(erin, grant)));
    await guild.quiet();
    await guild.revoked();

    expect(new Set(linked.map(({ linkId }) => linkId)).size).toBe(1);
    expect((await allThatIsLinked()).grants).toHaveLength(1);
    expect(guild.rolesOf('erin')).toEqual([]);
  });
});

describe('a late sign-in', () => {
  test('is refused and changes nothing while its grant is being revoked', async () => {
    const { stopRevoking, store } = guild.rig();
    await stopRevoking();
    const grant = await guild.grantOf('erin');
    await guild.revocationsFallDue();
    await store.signIn.revocations.claimDue();
    const before = await allThatIsLinked();

    await expect(link(guild.personOf('erin'), grant)).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      message: expect.stringContaining('too long'),
    });

    expect(await allThatIsLinked()).toEqual(before);
  });

  test('is refused after its grant was revoked, and the account it would have replaced stays', async () => {
    await guild.signIn('alice');
    const grant = await guild.grantOf('erin');
    await guild.revocationsFallDue();
    await guild.revoked();
    const before = await allThatIsLinked();

    await expect(
      link(guild.personOf('alice', { discordUserId: accounts.erin }), grant),
    ).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });

    expect(await allThatIsLinked()).toEqual(before);
  });

  test('of a user that the platform has deleted is refused and changes nothing', async () => {
    const { store } = guild.rig();
    const grant = await guild.grantOf('erin');
    await store.applyFacts([
      {
        kind: 'userDeleted',
        platformUserId: 'erin',
        order: nextOrder(),
        cause,
      },
    ]);
    const before = await allThatIsLinked();

    await expect(link(guild.personOf('erin'), grant)).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
    });

    expect(await allThatIsLinked()).toEqual(before);
  });

  test.each([
    { holders: 'LEAVE', code: 'NOT_FOUND' },
    { holders: 'TAKE_BACK', code: 'FAILED_PRECONDITION' },
  ] as const)(
    'of a client that was deleted ($holders) is refused, and the grant is revoked',
    async ({ holders, code }) => {
      const { store, clientId } = guild.rig();
      await guild.signIn('alice');
      guild.hold('memory.readMember:before');
      const grant = await guild.grantOf('erin');
      await store.clients.deleteClient({
        id: clientId,
        holders,
        dryRun: false,
        cause,
      });

      await expect(link(guild.personOf('erin'), grant)).rejects.toMatchObject({
        code,
      });
      await store.signIn.grants.discardGrant(grant.grantId);
      await guild.revoked();

      expect(guild.liveTokens('erin')).toEqual([]);
    },
  );
});
