import { describe, expect, test } from 'vitest';

import { createExplainRole } from '../../../services/connector/explain.js';
import { DEMO } from '../../../services/demo/demo-world.js';
import { membership, snapshotOf } from '../../builders/store-world.js';
import { eventually } from '../../support/eventually.js';
import { held, useSweeps } from '../../support/sweep-fixture.js';

const { guildId, accounts, roles } = DEMO;

const world = useSweeps();

const until = new Date('2100-01-02T03:04:05.000Z');

function timeOut(time: Date | null): void {
  world.rig().discord.moderator.setTimeOut({
    guildId,
    discordUserId: accounts.alice,
    until: time?.toISOString() ?? null,
  });
}

async function say(...facts: Parameters<typeof membership>[]): Promise<void> {
  const { store, quiet } = world.rig();
  await store.applyFacts(facts.map((fact) => membership(...fact)));
  await quiet();
}

async function linkOfAlice() {
  const { store, clientId } = world.rig();
  const link = await store.read.findLinkByPlatformUser(clientId, 'alice');
  if (link === undefined) throw new Error('alice is not linked');
  return link;
}

/** Alice is a director and becomes a pilot while she is timed out. */
async function timedOutAlice(): Promise<void> {
  await world.rig().store.applyFacts([snapshotOf('alice', ['directors'])]);
  await world.link('alice');
  timeOut(until);
  await world.sweep('SYNC_ACCOUNTS');
  world.rig().discord.calls.reset();
  await say(['alice', 'pilots']);
}

describe('a member who is timed out', () => {
  test('gets no role, and waits as PENDING until the time-out ends', async () => {
    await timedOutAlice();

    expect(world.rig().rolesOf('alice')).toEqual([roles.director]);
    expect(await linkOfAlice()).toMatchObject({
      state: 'PENDING',
      timedOutUntil: until,
      reason: 'the member is timed out until 2100-01-02 03:04:05 UTC: 1 role waits for that',
    });
    expect(await world.query('select due_at from reconcile_job where is_parked')).toEqual([
      { due_at: until },
    ]);
    expect(await world.query('select from audit_record where closed_at is null')).toEqual([]);
  });

  test('loses roles as ever', async () => {
    await timedOutAlice();

    await say(['alice', 'directors', 'removed']);

    expect(world.rig().rolesOf('alice')).toEqual([]);
    expect(await linkOfAlice()).toMatchObject({ state: 'PENDING' });
  });

  test('gets the role once the time-out is over', async () => {
    await timedOutAlice();
    timeOut(null);
    await world.query(
      `update member set timed_out_until = now() - interval '1 second'; update reconcile_job set due_at = now()`,
    );

    await world.rig().restart();

    await eventually(async () => (await linkOfAlice()).state === 'IN_STEP');
    expect(world.rig().rolesOf('alice')?.toSorted()).toEqual([roles.pilot, roles.director]);
  });

  test('gets the role from the sweep that finds the time-out lifted', async () => {
    await timedOutAlice();
    await world.sweep('SYNC_ACCOUNTS');
    expect(world.rig().writes()).toBe(0);
    timeOut(null);

    await world.sweep('SYNC_ACCOUNTS');

    expect(world.rig().rolesOf('alice')?.toSorted()).toEqual([roles.pilot, roles.director]);
  });

  test('is explained, with the time of the next try', async () => {
    await timedOutAlice();
    const explainRole = createExplainRole({ store: world.rig().store });

    expect(await explainRole({ id: (await linkOfAlice()).id, roleId: roles.pilot })).toMatchObject({
      blockedBy: ['TIMED_OUT'],
      unblockedBy: [
        'The time-out ends, or a moderator lifts it; the connector then grants the role. The connector retries it at 2100-01-02 03:04:05 UTC.',
      ],
      sentence: expect.stringContaining('A moderator has timed the member out.'),
    });
  });

  test('is not counted as parked', async () => {
    await timedOutAlice();

    const { clients } = await world.rig().store.readStanding();

    expect(clients).toMatchObject([{ parked: 0 }]);
  });
});

test('a role held despite a time-out is no change to make', async () => {
  await timedOutAlice();
  world.rig().discord.moderator.giveRole(held('alice', roles.pilot));

  await world.sweep('SYNC_ACCOUNTS');
  await say(['alice', 'directors', 'removed']);

  expect(await linkOfAlice()).toMatchObject({ state: 'IN_STEP', reason: null });
});
