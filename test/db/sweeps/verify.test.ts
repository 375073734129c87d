import { v7 as uuidv7 } from 'uuid';
import { describe, expect, test } from 'vitest';

import { DEMO } from '../../../services/demo/demo-world.js';
import { cause, membership } from '../../builders/store-world.js';
import { eventually } from '../../support/eventually.js';
import { COUNTS, held, LIST, READ, useSweeps } from '../../support/sweep-fixture.js';

const { guildId, accounts, roles } = DEMO;

const world = useSweeps();

const discord = () => world.rig().discord;

describe('a verification', () => {
  test('costs one call when nothing has changed', async () => {
    await world.settledGuild();

    const sweep = await world.sweep('VERIFY_GROUPS');

    expect(sweep).toMatchObject({ state: 'DONE', checked: 2, drifted: 0 });
    expect(world.calls()).toEqual({ [COUNTS]: 1 });
  });

  test('re-adds a role that a moderator removed, removes one that a moderator added, and the records name the sweep', async () => {
    await world.settledGuild();
    discord().moderator.takeRole(held('alice', roles.pilot));
    discord().moderator.giveRole(held('bob', roles.director));

    const sweep = await world.sweep('VERIFY_GROUPS');

    expect(world.rig().rolesOf('alice')?.toSorted()).toEqual(
      [roles.pilot, roles.director].toSorted(),
    );
    expect(world.rig().rolesOf('bob')).not.toContain(roles.director);
    expect(sweep).toMatchObject({ drifted: 2, changed: 2, failed: 0 });
    expect(sweep.plan).toMatchObject({ additions: 1, removals: 1 });
    const records = await world.query<{ causes: { id: string }[] }>(
      `select causes from audit_record order by id desc limit 2`,
    );
    for (const { causes } of records)
      expect(causes).toMatchObject([{ kind: 'SWEEP', id: sweep.id }]);
  });

  test.each(['still open', 'opened while Discord counts'])(
    'finds a manually removed role despite a concurrent grant whose record is %s',
    async (when) => {
      await world.settledGuild();
      // The mirror does not have this grant yet, and the number of holders stays the same.
      discord().moderator.giveRole(held('bob', roles.pilot));
      discord().moderator.takeRole(held('alice', roles.pilot));
      const write = async () =>
        world.query(
          `insert into audit_record (id, client_id, guild_id, discord_user_id, platform_user_id, causes, planned_added, planned_removed, guarded_removed, opened_at)
           select '${uuidv7()}', id, guild_id, '${accounts.bob}', 'bob', '[]', '{}', '{}', '{}', clock_timestamp() from client on conflict do nothing`,
        );
      if (when === 'still open') await write();
      else
        world.tamper((guild) => ({
          readRoleCounts: async () => {
            const counts = await guild.readRoleCounts();
            await write();
            return counts;
          },
        }));

      const sweep = await world.sweep('VERIFY_GROUPS');

      expect(sweep.drifted).toBeGreaterThan(0);
      expect(world.rig().rolesOf('alice')).toContain(roles.pilot);
    },
  );

  test('that was started within a trace passes it on to its changes', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    await world.settledGuild();
    discord().moderator.takeRole(held('alice', roles.pilot));

    const { id } = await world.start('VERIFY_GROUPS', false, {
      ...cause,
      traceparent,
    });
    await eventually(async () => (await world.find(id)).state === 'DONE');
    await world.rig().quiet();

    const [record] = await world.query<{ causes: unknown }>(
      `select causes from audit_record order by id desc limit 1`,
    );
    expect(record?.causes).toMatchObject([{ kind: 'SWEEP', id, traceparent }]);
  });

  test('writes listed members without reading them again, and a second one right afterwards writes nothing', async () => {
    await world.settledGuild();
    discord().moderator.takeRole(held('alice', roles.pilot));

    await world.sweep('VERIFY_GROUPS');
    expect(world.calls()).toMatchObject({ [LIST]: 1 });
    expect(world.calls()).not.toHaveProperty([READ]);
    expect(world.rig().writes()).toBe(1);

    await world.sweep('VERIFY_GROUPS');
    expect(world.calls()).toEqual({ [COUNTS]: 1 });
  });

  test('leaves an unlinked holder unchanged, and lists the guild for them only once', async () => {
    await world.settledGuild();
    discord().moderator.giveRole(held('carol', roles.pilot));

    const first = await world.sweep('VERIFY_GROUPS');
    expect(world.calls()).toMatchObject({ [LIST]: 1 });
    expect(first.drifted).toBe(0);
    expect(world.rig().rolesOf('carol')).toContain(roles.pilot);

    await world.sweep('VERIFY_GROUPS');
    expect(world.calls()).toEqual({ [COUNTS]: 1 });
  });

  test('reads absent members again, and finds those who returned', async () => {
    await world.rig().store.applyFacts([membership('erin', 'pilots')]);
    await world.link('erin');
    await world.sweep('VERIFY_GROUPS');
    discord().moderator.join({ guildId, discordUserId: accounts.erin });

    await world.sweep('VERIFY_GROUPS');

    expect(world.calls()[LIST]).toBeUndefined();
    expect(world.rig().rolesOf('erin')).toContain(roles.pilot);
  });

  test('lists the guild every twelfth time, whatever the counts are', async () => {
    await world.settledGuild();
    discord().moderator.takeRole(held('alice', roles.pilot));
    discord().moderator.giveRole(held('bob', roles.pilot));

    let runs = 1;
    for (; runs <= 12; runs += 1) if ((await world.sweep('VERIFY_GROUPS')).drifted > 0) break;

    expect(runs).toBe(12);
    expect(world.rig().rolesOf('alice')).toContain(roles.pilot);
  });

  test('does not retry a member whose change Discord refuses', async () => {
    await world.settledGuild();
    discord().moderator.moveRole({ guildId, roleId: roles.pilot, position: 6 });
    discord().moderator.takeRole(held('alice', roles.pilot));
    const first = await world.sweep('VERIFY_GROUPS');
    expect(first).toMatchObject({ drifted: 1, changed: 0, failed: 1 });

    const second = await world.sweep('VERIFY_GROUPS');

    expect(second).toMatchObject({ drifted: 1, parked: 1, failed: 1 });
    expect(second.plan?.additions).toBe(0);
    expect(world.calls()[READ]).toBeUndefined();
  });
});

test('runs without drift are kept for a day, all others for their client’s retention period', async () => {
  await world.settledGuild();
  await world.query(`
    insert into sweep (id, client_id, kind, state, is_dry_run, cause, drifted, reason, finished_at)
    select gen_random_uuid(), c.id, 'VERIFY_GROUPS', r.state, false, '{}', r.drifted, r.name, now() - r.age::interval
    from client c cross join (values ('quiet, old', 'DONE', 0, '25 hours'), ('quiet, new', 'DONE', 0, '23 hours'),
      ('loud', 'DONE', 1, '29 days'), ('failed', 'FAILED', 0, '29 days'), ('loud, old', 'DONE', 1, '31 days'))
      as r (name, state, drifted, age)`);

  await world.sweep('VERIFY_GROUPS');

  expect(
    await world.query(`select reason from sweep where reason is not null order by reason`),
  ).toEqual([
    { reason: 'failed' },
    { reason: 'loud' },
    { reason: 'loud, old' },
    { reason: 'quiet, new' },
  ]);
});
