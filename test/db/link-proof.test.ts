import { describe, expect, test } from 'vitest';

import { DEMO } from '../../services/demo/demo-world.js';
import { cause, snapshotOf } from '../builders/store-world.js';
import { eventually } from '../support/eventually.js';
import { withoutRole, withRoles } from '../support/lying-discord.js';
import { usePath } from '../support/path-fixture.js';

const { guildId, accounts, roles } = DEMO;
const path = usePath({ mayLie: true });

const MEMBER = new RegExp(`^/guilds/${guildId}/members/\\d+$`);
const ROLES = new RegExp(`^/guilds/${guildId}/roles$`);
const WAITS = expect.stringContaining('when Discord confirms this');

/** Links Alice, who is a pilot, and returns the link id. */
async function linkPilot(): Promise<string> {
  await path.rig().store.applyFacts([snapshotOf('alice', ['pilots'])]);
  return path.link('alice');
}

async function unlink(id: string): Promise<void> {
  await path.rig().store.links.unlinkMember({ id, cause });
}

const isUnlinked = async () => (await path.stateOf('alice')) === undefined;

const leave = () => path.rig().discord.moderator.leave({ guildId, discordUserId: accounts.alice });

const lieAbsent = (times: number | null) =>
  path
    .rig()
    .liar()
    .lie({
      method: 'GET',
      path: MEMBER,
      times,
      status: 404,
      answer: () => ({ code: 10007, message: 'Unknown Member' }),
    });

describe('the roles of an ending link', () => {
  test.each([
    ['lacks the mapped role', withoutRole(roles.pilot)],
    [
      'has nothing but everyone',
      (list: unknown) => (Array.isArray(list) ? list.filter(({ id }) => id === guildId) : list),
    ],
  ])('are removed even while the role list %s', async (_, answer) => {
    const id = await linkPilot();
    path.rig().liar().lie({ method: 'GET', path: ROLES, times: null, answer });
    await path.rig().importRoles();

    await unlink(id);
    await eventually(isUnlinked);

    expect(path.rig().rolesOf('alice')).toEqual([]);
  });

  test('are removed even if one response shows the account without any', async () => {
    const id = await linkPilot();
    path
      .rig()
      .liar()
      .lie({ method: 'GET', path: MEMBER, times: 1, answer: withRoles([]) });

    await unlink(id);
    await eventually(isUnlinked);

    expect(path.rig().rolesOf('alice')).toEqual([]);
  });

  test('are removed again if Discord accepted the removal but did not keep it', async () => {
    const id = await linkPilot();
    path.rig().discord.faults.plant({
      effect: { kind: 'lostWrite' },
      method: 'DELETE',
    });

    await unlink(id);
    await eventually(isUnlinked);

    expect(path.rig().rolesOf('alice')).toEqual([]);
    expect(await path.records()).toMatchObject([
      { removed: [roles.pilot], outcome: 'APPLIED' },
      {},
    ]);
  });
});

describe('an ending link', () => {
  test('is removed once Discord responds that the role does not exist', async () => {
    const id = await linkPilot();
    path.rig().discord.moderator.deleteRole({ guildId, roleId: roles.pilot });
    path
      .rig()
      .liar()
      .lie({
        method: 'GET',
        path: MEMBER,
        times: null,
        answer: withRoles([roles.pilot]),
      });
    await path.rig().importRoles();

    await unlink(id);
    await eventually(isUnlinked);

    expect(path.rig().discord.calls.count({ code: 10011 })).toBe(1);
  });

  test.each([10007, 10013])(
    'stays after one response with %s, shows what it waits for, and ends after a second one a minute later',
    async (code) => {
      const id = await linkPilot();
      leave();
      path
        .rig()
        .liar()
        .lie({
          method: 'GET',
          path: MEMBER,
          times: null,
          status: 404,
          answer: () => ({ code, message: 'Unknown' }),
        });

      await unlink(id);
      await path.rig().quiet();
      const waiting = await path.stateOf('alice');
      await path.rig().restart();
      await path.rig().quiet();
      const later = await path.stateOf('alice');
      await path.passMinuteOfAbsence();

      expect(waiting).toEqual({ state: 'ENDING', reason: WAITS });
      expect(later).toEqual({ state: 'ENDING', reason: WAITS });
      expect(await isUnlinked()).toBe(true);
      expect(path.rig().writes()).toBe(0);
    },
  );

  test('has its role removed after Discord wrongly reported the account absent once', async () => {
    const id = await linkPilot();
    lieAbsent(1);

    await unlink(id);
    await path.rig().quiet();
    expect(await path.stateOf('alice')).toMatchObject({ state: 'ENDING' });
    await path.passMinuteOfAbsence();

    expect(await isUnlinked()).toBe(true);
    expect(path.rig().rolesOf('alice')).toEqual([]);
  });
});

test('a link is removed at once if a complete member list lacked its account during the run', async () => {
  const id = await linkPilot();
  lieAbsent(1);
  const dueAt: unknown[] = [];
  path.rig().at('memory.settle:before', async () => {
    await path.query("update member set absent_since = '-infinity'");
    path.rig().at('memory.settle:before', async () => undefined);
  });
  path.rig().at('memory.settle:after', async () => {
    dueAt.push(...(await path.query('select due_at from reconcile_job where is_parked')));
  });

  await unlink(id);
  await eventually(isUnlinked);

  expect(dueAt).toEqual([{ due_at: expect.any(Date) }]);
});

test('a retired mapping’s role is removed even if Discord wrongly reported its holder absent once', async () => {
  await linkPilot();
  const [pilots = ''] = path.mappingIds();
  lieAbsent(1);

  await path.rig().store.mappings.retireMapping({
    id: pilots,
    holders: 'TAKE_BACK',
    dryRun: false,
    cause,
  });
  await path.rig().quiet();
  await path.passMinuteOfAbsence();

  expect(path.rig().rolesOf('alice')).toEqual([]);
});
