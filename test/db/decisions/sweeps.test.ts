import { beforeEach, describe, expect, test } from 'vitest';

import { DEMO } from '../../../services/demo/demo-world.js';
import { cause, mapGroup, membership, nextOrder } from '../../builders/store-world.js';
import {
  accountsOf,
  addCrowd,
  becomes,
  CROWD,
  decide,
  heldSweeps,
  pilots,
  say,
  stateOf,
  theHeldSweep,
} from '../../support/crowd-fixture.js';
import { eventually } from '../../support/eventually.js';
import { useSweeps } from '../../support/sweep-fixture.js';

const sweeps = useSweeps();
const { guildId, roles } = DEMO;

beforeEach(async () => {
  await addCrowd(sweeps.rig());
  await sweeps.sweep('REMOTE_SYNC');
});

const MORE = Array.from({ length: 11 }, (_, index) => ({
  platformUserId: `q-${String(index).padStart(2, '0')}`,
  discordUserId: String(500000000000000200n + BigInt(index)),
}));

/**
 * Leaves the state of a failed source: every person is known to be in no group, and no member was
 * marked for it.
 */
async function sourceFails(count = CROWD.length): Promise<void> {
  await sweeps.query(
    `update membership set is_held = false where platform_user_id < 'person-${String(count).padStart(2, '0')}'`,
  );
}

/** Runs the sweep until it ends or is held. */
async function swept(kind: 'REMOTE_SYNC' | 'VERIFY_GROUPS' = 'REMOTE_SYNC') {
  const { id } = await sweeps.start(kind, false);
  await eventually(async () => !['WAITING', 'RUNNING'].includes(await stateOf(sweeps.rig(), id)));
  await sweeps.rig().quiet();
  return sweeps.find(id);
}

describe('a sweep that would remove too many roles', () => {
  test('removes none, and shows its whole plan', async () => {
    await sourceFails();

    const sweep = await swept();

    expect(pilots(sweeps.rig())).toEqual(accountsOf(CROWD));
    expect(sweep).toMatchObject({
      state: 'HELD',
      finishedAt: null,
      reason: expect.stringContaining('14 more exceed the limit of 10'),
      plan: { removals: 14, calls: 9 + 5 * 3, seconds: 1 },
    });
    expect(sweep.plan?.members).toHaveLength(14);
  });

  test('still removes the roles of a link that a person ended', async () => {
    const [leaver, ...others] = CROWD;
    await sourceFails();
    // As if a process had died while it ran the job of the unlink.
    await sweeps.query(
      `update link set status = 'ENDING', ending_at = now(), is_end_asked_for = true
       where platform_user_id = '${leaver?.platformUserId}'`,
    );

    const sweep = await swept();

    expect(sweep).toMatchObject({ state: 'HELD', plan: { removals: 13 } });
    expect(sweep.plan?.members).not.toContainEqual(
      expect.objectContaining({ discordUserId: leaver?.discordUserId }),
    );
    expect(pilots(sweeps.rig())).toEqual(accountsOf(others));
  });

  test('finishes with nothing to decide if the path held all removals meanwhile', async () => {
    await sourceFails();
    // The path holds each of them between the search for drift and the guard's decision.
    await sweeps.query(`create function hold_meanwhile() returns trigger language plpgsql as $$ begin
      with held as (
        insert into sweep (id, client_id, kind, state, is_dry_run, cause)
        select gen_random_uuid(), c.id, 'CHANGES', 'HELD', false, '{}' from client c returning id, client_id)
      insert into removal_decision (client_id, discord_user_id, role_id, verdict, ground, sweep_id, reason)
        select h.client_id, l.discord_user_id, '${roles.pilot}', 'HELD', 'LIMIT', h.id, 'x'
        from link l, held h where l.platform_user_id like 'person-%';
      return null; end $$`);
    await sweeps.query(
      'create trigger hold_meanwhile after insert on sweep_mark for each statement execute function hold_meanwhile()',
    );

    const sweep = await swept();
    await sweeps.query('drop function hold_meanwhile cascade');

    expect(sweep).toMatchObject({ state: 'DONE' });
    expect(await heldSweeps(sweeps.rig())).toMatchObject([{ kind: 'CHANGES' }]);
    expect(pilots(sweeps.rig())).toEqual(accountsOf(CROWD));
  });

  test('still adds roles', async () => {
    const [first] = CROWD;
    await sourceFails();
    await sweeps.query(
      `insert into membership (platform_user_id, group_id, is_held, time_us, is_snapshot)
       values ('${first?.platformUserId}', 'recruits', true, 1, false)`,
    );

    await swept();

    const member = sweeps.rig().discord.member(guildId, first?.discordUserId ?? '');
    expect(member?.roleIds.toSorted()).toEqual([roles.pilot, roles.recruit].toSorted());
  });

  test('is published once, however often the same removals are found', async () => {
    await sourceFails(12);
    const first = await swept();
    await sourceFails();

    const second = await swept();
    const third = await swept('VERIFY_GROUPS');

    expect(await heldSweeps(sweeps.rig())).toMatchObject([{ id: first.id }]);
    expect(second.state).toBe('DONE');
    expect(third.state).toBe('DONE');
    const told = await sweeps.query<{ data: { sweepId: string } }>(
      `select data from outbox where type = 'discord.sweep.held.v1'`,
    );
    expect(told.map(({ data }) => data.sweepId)).toEqual([first.id]);
  });

  test('adds to its plan the removals of a later sweep of its kind that exceeds the limit', async () => {
    await sourceFails(11);
    const first = await swept();
    expect(first.plan?.removals).toBe(11);
    await addCrowd(sweeps.rig(), MORE);
    await sweeps.query(`update membership set is_held = false`);

    const second = await swept();

    expect(second).toMatchObject({
      state: 'DONE',
      reason: expect.stringContaining(`they wait in sweep ${first.id}`),
    });
    expect((await theHeldSweep(sweeps.rig())).plan.removals).toBe(CROWD.length + MORE.length);
  });

  test('adds to its plan the only removal that a later sweep of another kind finds', async () => {
    await sourceFails(11);
    const first = await swept();
    await addCrowd(sweeps.rig(), MORE.slice(0, 1));
    await sweeps.query(
      `update membership set is_held = false where platform_user_id = '${MORE[0]?.platformUserId}'`,
    );

    const second = await swept('VERIFY_GROUPS');

    expect(second).toMatchObject({
      state: 'DONE',
      reason: expect.stringContaining(`they wait in sweep ${first.id}`),
    });
    expect((await theHeldSweep(sweeps.rig())).plan.removals).toBe(12);
    expect(pilots(sweeps.rig())).toContain(MORE[0]?.discordUserId);
  });

  test('removes, once approved, only roles that are still not desired', async () => {
    await sourceFails();
    const sweep = await swept();
    const [back, ...others] = CROWD;
    if (back === undefined || sweep.plan === null) throw new Error('no plan');

    await say(sweeps.rig(), [back], 'added');
    const now = await theHeldSweep(sweeps.rig());
    await decide(sweeps.rig(), 'APPROVED', now);
    await becomes(sweeps.rig(), sweep.id, 'DONE');

    expect(now.plan.removals).toBe(others.length);
    expect(pilots(sweeps.rig())).toEqual([back.discordUserId]);
    expect(await sweeps.find(sweep.id)).toMatchObject({ changed: 13 });
  });

  test('removes no desired role when facts contradict half of its plan during the approval', async () => {
    await sourceFails();
    await swept();
    const plan = await theHeldSweep(sweeps.rig());

    const half = CROWD.slice(0, 7);
    await Promise.all([
      decide(sweeps.rig(), 'APPROVED', plan),
      sweeps
        .rig()
        .store.applyFacts(half.map(({ platformUserId }) => membership(platformUserId, 'pilots'))),
    ]).catch(() => undefined); // the plan may have changed in between
    await sweeps.rig().quiet();

    expect(pilots(sweeps.rig())).toEqual(expect.arrayContaining(accountsOf(half)));
  });

  test('prevents later sweeps from repeating its removals once it is rejected', async () => {
    await sourceFails();
    await swept();
    await decide(sweeps.rig(), 'REJECTED', await theHeldSweep(sweeps.rig()));

    const later = await swept();

    expect(later).toMatchObject({ state: 'DONE', drifted: 0 });
    expect(pilots(sweeps.rig())).toEqual(accountsOf(CROWD));
  });

  test('drops from its plan a role that a moderator has removed', async () => {
    await sourceFails();
    await swept();
    const [first] = CROWD;
    sweeps.rig().discord.moderator.takeRole({
      guildId,
      discordUserId: first?.discordUserId ?? '',
      roleId: roles.pilot,
    });

    await swept();

    expect((await theHeldSweep(sweeps.rig())).plan.removals).toBe(13);
  });
});

describe('a dry run', () => {
  test('shows the removals, and holds none', async () => {
    await sourceFails();

    const sweep = await sweeps.sweep('REMOTE_SYNC', { dryRun: true });

    expect(sweep).toMatchObject({ state: 'DONE', plan: { removals: 14 } });
    expect(await heldSweeps(sweeps.rig())).toEqual([]);
  });
});

describe('a new mapping', () => {
  test('removes nothing at first: removals from existing holders wait for a decision', async () => {
    const [first, second] = CROWD;
    if (!first || !second) throw new Error('nobody');
    const rig = sweeps.rig();
    const { moderator } = rig.discord;
    const { roleId } = moderator.createRole({ guildId, name: 'extra' });
    for (const { discordUserId } of [first, second])
      moderator.giveRole({ guildId, discordUserId, roleId });
    await rig.importRoles();
    await swept();
    await rig.store.applyFacts([
      {
        kind: 'groupChanged',
        groupId: 'extra',
        name: 'extra',
        order: nextOrder(),
        cause,
      },
      membership(first.platformUserId, 'extra'),
      membership(second.platformUserId, 'extra', 'removed'),
    ]);

    const { held } = await mapGroup(rig.store.mappings, {
      clientId: rig.clientId,
      groupId: 'extra',
      roleId,
    });
    await rig.quiet();
    await swept();

    expect(holdersOf(roleId)).toEqual(accountsOf([first, second]));
    const sweep = await theHeldSweep(rig);
    expect(held).toEqual({ sweepId: sweep.id, removals: 1 });
    expect(sweep).toMatchObject({
      kind: 'CHANGES',
      reason: expect.stringMatching(
        `^the mapping of group extra to role extra \\(${roleId}\\) is new: its first run never removes the role, held at .* UTC$`,
      ),
      plan: {
        removals: 1,
        members: [
          {
            discordUserId: second.discordUserId,
            remove: [roleId],
            reason: `held the role before the mapping of group extra to role extra (${roleId}) was created, and is in no group that grants it`,
          },
        ],
      },
    });
    await decide(rig, 'APPROVED', sweep);
    expect(holdersOf(roleId)).toEqual([first.discordUserId]);
  });
});

describe('a store without any membership', () => {
  test('removes no role from any member, even if unknown memberships count as none', async () => {
    await sweeps
      .rig()
      .store.clients.updateClient(sweeps.rig().clientId, { unknownMembership: 'REMOVE' }, cause);
    await sweeps.rig().quiet();
    await sweeps.query('delete from membership');

    const sweep = await swept();

    expect(sweep).toMatchObject({
      state: 'HELD',
      reason: expect.stringContaining('no membership at all is known'),
    });
    expect(pilots(sweeps.rig())).toEqual(accountsOf(CROWD));
  });
});

function holdersOf(roleId: string): readonly string[] {
  return sweeps
    .rig()
    .discord.guild(guildId)
    .members.filter((member) => member.roleIds.includes(roleId))
    .map((member) => member.discordUserId)
    .filter((id) => CROWD.some((each) => each.discordUserId === id))
    .toSorted();
}
