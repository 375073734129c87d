import { beforeEach, describe, expect, test } from 'vitest';

import { createExplainRole } from '../../../services/connector/explain.js';
import { DEMO } from '../../../services/demo/demo-world.js';
import { cause, membership } from '../../builders/store-world.js';
import { eventually } from '../../support/eventually.js';
import { changeByHand } from '../../support/hand-changes.js';
import { useSweeps } from '../../support/sweep-fixture.js';

const { accounts, guildId, roles } = DEMO;

const world = useSweeps();

const NEXT_TRY = '2100-01-02 03:04:05Z';

async function say(...facts: Parameters<typeof membership>[]): Promise<void> {
  const { store, quiet } = world.rig();
  await store.applyFacts(facts.map((fact) => membership(...fact)));
  await quiet();
}

const findLink = () => world.rig().store.read.findLinkByPlatformUser(world.rig().clientId, 'alice');

async function linkOfAlice() {
  const link = await findLink();
  if (link === undefined) throw new Error('alice is not linked');
  return link;
}

const rolesOfAlice = () => world.rig().rolesOf('alice')?.toSorted();
const events = async () =>
  world.query(`select key, data from outbox where type = 'discord.member.disputed.v1'`);

const dispute = async (roleId: string, isGiven = false) =>
  changeByHand(world, {
    roleId,
    isGiven,
    columns: {
      reversals: '3',
      disputed_since: `'2026-11-30 14:03:12Z'`,
      next_try_at: `'${NEXT_TRY}'`,
    },
  });

/** Makes the next try of every disputed change due now. */
async function passTime(): Promise<void> {
  await world.query(`
    update hand_change set next_try_at = now();
    update reconcile_job set due_at = now()`);
  await world.rig().restart();
}

beforeEach(async () => {
  await world.settledGuild();
});

describe('a role that another bot keeps removing', () => {
  beforeEach(async () => {
    await dispute(roles.pilot);
    await say(['alice', 'recruits']);
  });

  test('is not granted until the next try, and the link is DISPUTED with the time', async () => {
    expect(rolesOfAlice()).toEqual([roles.recruit, roles.director].toSorted());
    expect(await linkOfAlice()).toMatchObject({
      state: 'DISPUTED',
      reason: `Mallory (200000000000000001) keeps removing role Pilot (${roles.pilot}): the next try is at 2100-01-02 03:04:05 UTC`,
    });
    expect(await world.query('select is_parked, due_at from reconcile_job')).toEqual([
      { is_parked: true, due_at: new Date(NEXT_TRY) },
    ]);
  });

  test('is published once, with the name of the other', async () => {
    await say(['alice', 'recruits', 'removed']);

    expect(await events()).toEqual([
      {
        key: 'alice',
        data: {
          clientId: world.rig().clientId,
          guildId,
          discordUserId: accounts.alice,
          platformUserId: 'alice',
          roleId: roles.pilot,
          kind: 'REVERSALS',
          by: 'Mallory (200000000000000001)',
          since: '2026-11-30T14:03:12.000Z',
        },
      },
    ]);
  });

  test('is shown and counted until a try has lasted', async () => {
    const { store, clientId } = world.rig();
    const { id } = await linkOfAlice();
    const shown = async () => ({
      dispute: (await store.read.disputesOfLinks([id]))[0],
      counts: (await store.read.disputesOfClients([clientId]))[0],
    });

    expect(await shown()).toMatchObject({
      dispute: {
        kind: 'REVERSALS',
        roleId: roles.pilot,
        by: 'Mallory (200000000000000001)',
        since: new Date('2026-11-30T14:03:12Z'),
      },
      counts: { reversals: 1, kept: 0 },
    });

    await passTime();
    await eventually(async () => (await linkOfAlice()).state === 'IN_STEP');
    expect(await shown()).toMatchObject({ dispute: null, counts: { reversals: 0 } });
  });

  test('is left alone by sweeps, and not counted as parked', async () => {
    world.rig().discord.calls.reset();

    expect(await world.sweep('SYNC_ACCOUNTS')).toMatchObject({ drifted: 0, parked: 0 });

    expect(world.rig().writes()).toBe(0);
    const { clients } = await world.rig().store.readStanding();
    expect(clients).toMatchObject([{ parked: 0 }]);
  });

  test('is granted at the next try, and a reversal of that starts no fight', async () => {
    await passTime();

    await eventually(async () => (await linkOfAlice()).state === 'IN_STEP');
    expect(rolesOfAlice()).toContain(roles.pilot);
    expect(
      await world.query(
        `select next_try_at > now() + interval '19 minutes' as later, next_try_at < now() + interval '21 minutes' as soon from hand_change`,
      ),
    ).toEqual([{ later: true, soon: true }]);
    expect(await events()).toHaveLength(1);
  });

  test('is over once a try has lasted ten minutes', async () => {
    await passTime();
    await eventually(async () => (await linkOfAlice()).state === 'IN_STEP');
    await say(['alice', 'recruits', 'removed']);
    expect(await world.query('select role_id from hand_change')).toHaveLength(1);
    await world.query(`update hand_change set next_try_at = next_try_at - interval '11 minutes'`);

    await say(['alice', 'recruits']);

    expect(await world.query('select role_id from hand_change')).toEqual([]);
  });

  test('is granted at once when an admin reconciles the member', async () => {
    const { id } = await linkOfAlice();

    await world.rig().store.links.reconcileMember({ id, cause, waitMs: 10_000 });

    expect(rolesOfAlice()).toContain(roles.pilot);
    expect(await world.query('select role_id from hand_change')).toEqual([]);
  });

  test('is explained, with the time of the next try', async () => {
    const explainRole = createExplainRole({ store: world.rig().store });

    expect(await explainRole({ id: (await linkOfAlice()).id, roleId: roles.pilot })).toMatchObject({
      blockedBy: ['CHANGE_DISPUTED'],
      unblockedBy: [
        'Stop the bot or person who undoes the change. reconcileDiscordUser and a newer change to the group try at once. The connector retries it at 2100-01-02 03:04:05 UTC.',
      ],
      sentence: expect.stringContaining('Mallory (200000000000000001) keeps removing it.'),
    });
  });
});

describe('a role that another bot keeps adding', () => {
  test('keeps an ending link until its removal lasts', async () => {
    // The other bot adds the role again while the link is ending.
    await world.query('update client set is_enabled = false');
    await world.rig().store.applyFacts([
      {
        kind: 'userDeleted',
        platformUserId: 'alice',
        order: { sequence: null, timeUs: null },
        cause,
      },
    ]);
    await dispute(roles.recruit, true);
    await world.query('update client set is_enabled = true');
    await world.rig().restart();
    await world.rig().quiet();
    expect(rolesOfAlice()).toEqual([roles.recruit]);
    expect(await linkOfAlice()).toMatchObject({ state: 'ENDING' });

    await passTime();
    await eventually(async () => (await findLink()) === undefined);
    expect(rolesOfAlice()).toEqual([]);
  });
});
