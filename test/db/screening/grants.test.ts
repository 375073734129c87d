import { describe, expect, test } from 'vitest';

import { createExplainRole } from '../../../services/connector/explain.js';
import { DEMO } from '../../../services/demo/demo-world.js';
import { cause, membership, nextOrder, snapshotOf } from '../../builders/store-world.js';
import { held, LIST, READ, useSweeps } from '../../support/sweep-fixture.js';

const { accounts, guildId, roles } = DEMO;
const ERIN = { guildId, discordUserId: accounts.erin };
const RENAMES = {
  nicknamePolicy: {
    strategy: 'TEMPLATE',
    template: '[SA] %username',
    onUnlink: 'RESET',
  },
} as const;

const world = useSweeps();

const moderator = () => world.rig().discord.moderator;
const erin = () => world.rig().discord.member(guildId, accounts.erin);
const rolesOfErin = () => erin()?.roleIds.toSorted();
const update = async (
  patch: Parameters<ReturnType<typeof world.rig>['store']['clients']['updateClient']>[1],
) => {
  const { store, clientId, quiet } = world.rig();
  await store.clients.updateClient(clientId, patch, cause);
  await quiet();
};
const linkOfErin = async () => {
  const { store, clientId } = world.rig();
  return store.read.findLinkByPlatformUser(clientId, 'erin');
};
const say = async (...facts: Parameters<typeof membership>[]) => {
  const { store, quiet } = world.rig();
  await store.applyFacts(facts.map((fact) => membership(...fact)));
  await quiet();
};

/** Erin joins a server with membership screening, is linked and is in these groups. */
async function pendingErin(
  groupIds: readonly string[],
  given: { readonly roleEndsScreening?: boolean } = {},
): Promise<void> {
  moderator().editGuild({ guildId, hasScreening: true, ...given });
  moderator().join(ERIN);
  await world.rig().store.applyFacts([
    snapshotOf('erin', groupIds),
    {
      kind: 'userChanged',
      platformUserId: 'erin',
      username: 'Erin Solo',
      order: nextOrder(),
      cause,
    },
  ]);
  await world.link('erin');
}

describe('a member who has not accepted the rules of the server', () => {
  test('waits for roles and nickname as PENDING, with the reason and a next try within a day', async () => {
    await update(RENAMES);

    await pendingErin(['pilots', 'recruits'], { roleEndsScreening: true });

    expect(world.rig().writes()).toBe(0);
    expect(erin()).toMatchObject({ pending: true, roleIds: [], nick: null });
    expect(await linkOfErin()).toMatchObject({
      state: 'PENDING',
      isScreening: true,
      reason:
        "the member has not accepted the server's rules yet (Discord's membership screening): 2 roles and the nickname wait for that; the next sweep checks again, at the latest within a day",
    });
    const states = ['PENDING'] as const;
    const { store, clientId } = world.rig();
    expect(await store.read.countLinks(clientId, { states })).toBe(1);
    expect(
      await world.query(
        `select is_parked, due_at > now() + interval '23 hours' as later, due_at < now() + interval '25 hours' as soon
         from reconcile_job`,
      ),
    ).toEqual([{ is_parked: true, later: true, soon: true }]);
    expect(await world.query('select from audit_record')).toEqual([]);
  });

  test('gets roles and nickname from the sweep whose member list shows that they have accepted', async () => {
    await update(RENAMES);
    await pendingErin(['pilots', 'recruits']);
    moderator().finishScreening(ERIN);

    await world.sweep('REMOTE_SYNC');

    expect(erin()).toMatchObject({ nick: '[SA] Erin Solo' });
    expect(rolesOfErin()).toEqual([roles.recruit, roles.pilot]);
    expect(await linkOfErin()).toMatchObject({
      state: 'IN_STEP',
      isScreening: false,
      reason: null,
    });
  });

  test('gets the nickname when no role waits with it', async () => {
    await update(RENAMES);
    await pendingErin([]);
    expect(await linkOfErin()).toMatchObject({ state: 'PENDING' });
    moderator().finishScreening(ERIN);

    await world.sweep('SYNC_ACCOUNTS');

    expect(erin()).toMatchObject({ nick: '[SA] Erin Solo' });
  });

  test('is read individually, once per sweep, when the sweep needs no list', async () => {
    await world.settledGuild();
    await pendingErin(['pilots']);
    await world.sweep('VERIFY_GROUPS');
    expect(world.calls()).toMatchObject({ [READ]: 1 });
    expect(world.calls()[LIST]).toBeUndefined();
    expect(await linkOfErin()).toMatchObject({ state: 'PENDING' });
    moderator().finishScreening(ERIN);

    await world.sweep('VERIFY_GROUPS');

    expect(world.calls()).toMatchObject({ [READ]: 1 });
    expect(world.calls()[LIST]).toBeUndefined();
    expect(rolesOfErin()).toEqual([roles.pilot]);
    expect(await linkOfErin()).toMatchObject({ state: 'IN_STEP' });
  });

  test('gets everything with the next fact about them, which reads them', async () => {
    await pendingErin(['pilots']);
    moderator().finishScreening(ERIN);

    await say(['erin', 'directors']);

    expect(rolesOfErin()).toEqual([roles.pilot, roles.director]);
    expect(await linkOfErin()).toMatchObject({ state: 'IN_STEP' });
  });

  test('loses roles they are known not to have and keeps the others, and no list is written', async () => {
    await pendingErin(['pilots', 'recruits', 'directors']);
    for (const roleId of [roles.pilot, roles.director]) moderator().giveRole(held('erin', roleId));
    await world.sweep('REMOTE_SYNC');
    world.rig().discord.calls.reset();

    await say(['erin', 'directors', 'removed']);

    expect(rolesOfErin()).toEqual([roles.pilot]);
    expect(erin()).toMatchObject({ pending: true });
    expect(world.rig().writes()).toBe(1);
    expect(world.calls()).toMatchObject({
      'DELETE /guilds/{guild_id}/members/{user_id}/roles/{role_id} 204': 1,
    });
    expect(await linkOfErin()).toMatchObject({
      state: 'PENDING',
      reason: expect.stringContaining('1 role waits for that'),
    });
  });

  test('loses one role at a time, even if other members would get a single list write', async () => {
    await pendingErin(['pilots', 'recruits', 'directors']);
    const more = ['Wing A', 'Wing B'].map(
      (name) => moderator().createRole({ guildId, name }).roleId,
    );
    const all = [roles.pilot, roles.director, roles.recruit];
    for (const roleId of [...all, ...more]) moderator().giveRole(held('erin', roleId));
    await world.sweep('REMOTE_SYNC');
    world.rig().discord.calls.reset();

    await world.rig().store.applyFacts([snapshotOf('erin', [])]);
    await world.rig().quiet();

    expect(rolesOfErin()).toEqual(more.toSorted());
    expect(world.rig().writes()).toBe(3);
    expect(world.calls()['PATCH /guilds/{guild_id}/members/{user_id} 200']).toBeUndefined();
  });

  test('is IN_STEP when nothing waits for them', async () => {
    await pendingErin([]);

    expect(await linkOfErin()).toMatchObject({
      state: 'IN_STEP',
      isScreening: true,
      reason: null,
    });
  });

  test('is reported as drifted by no dry run, and renamed by no sweep', async () => {
    await update(RENAMES);
    await pendingErin(['pilots']);

    for (const kind of ['VERIFY_GROUPS', 'REMOTE_SYNC', 'ENFORCE_NICKNAMES'] as const)
      for (const dryRun of [true, false])
        expect(await world.sweep(kind, { dryRun })).toMatchObject({
          state: 'DONE',
          drifted: 0,
          failed: 0,
        });
    expect(world.rig().writes()).toBe(0);
  });

  test('gets everything at once when the client stops waiting for screening', async () => {
    await update(RENAMES);
    await pendingErin(['pilots', 'recruits']);

    await update({ screening: 'IGNORE' });

    expect(rolesOfErin()).toEqual([roles.recruit, roles.pilot]);
    expect(erin()).toMatchObject({ pending: true, nick: '[SA] Erin Solo' });
    expect(await linkOfErin()).toMatchObject({
      state: 'IN_STEP',
      isScreening: true,
    });
  });

  test('gets everything at once if the client never waited', async () => {
    await update({ screening: 'IGNORE' });

    await pendingErin(['pilots'], { roleEndsScreening: true });

    expect(erin()).toMatchObject({ pending: false, roleIds: [roles.pilot] });
  });

  test('is reported as waiting by explainRole and memberPlan', async () => {
    await pendingErin(['pilots']);
    const { store } = world.rig();
    const id = (await linkOfErin())?.id ?? '';

    const explained = await createExplainRole({ store })({
      id,
      roleId: roles.pilot,
    });
    const plan = await store.read.findLinks([id]);

    expect(explained.blockedBy).toEqual(['SCREENING']);
    expect(explained.sentence).toContain(
      "The member has not accepted the server's rules yet (Discord's membership screening).",
    );
    expect(explained.unblockedBy[0]).toContain('The connector retries it');
    expect(plan[0]).toMatchObject({ isScreening: true });
  });

  test('waits again after leaving and returning', async () => {
    await pendingErin(['pilots']);
    moderator().finishScreening(ERIN);
    await world.sweep('REMOTE_SYNC');
    moderator().leave(ERIN);
    await world.sweep('REMOTE_SYNC');
    moderator().join(ERIN);

    await world.sweep('REMOTE_SYNC');

    expect(rolesOfErin()).toEqual([]);
    expect(await linkOfErin()).toMatchObject({ state: 'PENDING' });
  });

  test('is first compared after screening if authority is DISCORD', async () => {
    await update({ authority: 'DISCORD' });
    await pendingErin(['pilots']);
    expect(rolesOfErin()).toEqual([]);
    expect(await linkOfErin()).toMatchObject({ state: 'PENDING' });
    moderator().finishScreening(ERIN);

    await world.sweep('REMOTE_SYNC');

    expect(rolesOfErin()).toEqual([roles.pilot]);
    expect(
      await world.query("select from outbox where type = 'discord.membership.requested.v1'"),
    ).toEqual([]);
  });

  test('triggers no membership request while in screening again after rejoining, if authority is DISCORD', async () => {
    await update({ authority: 'DISCORD' });
    await pendingErin(['pilots']);
    moderator().finishScreening(ERIN);
    await world.sweep('REMOTE_SYNC');
    moderator().leave(ERIN);
    await world.sweep('REMOTE_SYNC');
    moderator().join(ERIN);
    await world.sweep('REMOTE_SYNC');
    await world.sweep('REMOTE_SYNC');
    expect(rolesOfErin()).toEqual([]);
    moderator().finishScreening(ERIN);

    await world.sweep('REMOTE_SYNC');

    expect(rolesOfErin()).toEqual([roles.pilot]);
    expect(
      await world.query("select from outbox where type = 'discord.membership.requested.v1'"),
    ).toEqual([]);
  });
});
