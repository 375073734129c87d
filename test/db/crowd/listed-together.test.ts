import { expect, test } from 'vitest';

import { DEMO } from '../../../services/demo/demo-world.js';
import { TerminalError } from '../../../services/lib/errors.js';
import { cause, mapGroup, snapshotOf } from '../../builders/store-world.js';
import { COUNTS, LIST, READ, useSweeps } from '../../support/sweep-fixture.js';

const { guildId, roles } = DEMO;
const GRANT = 'PUT /guilds/{guild_id}/members/{user_id}/roles/{role_id} 204';
const ABSENT = 'GET /guilds/{guild_id}/members/{user_id} 404';

const sweeps = useSweeps({
  discord: {
    limits: {
      memberGet: { limit: 5, windowMs: 1_000, window: 'sliding' },
      memberRoles: null,
      memberPatch: null,
      global: null,
      others: null,
    },
  },
});

const people = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => ({
    platformUserId: `person-${from + index}`,
    discordUserId: String(510_000_000_000_000_000n + BigInt(from + index)),
  }));

function join(crowd: ReturnType<typeof people>, roleIds: readonly string[] = []) {
  const { moderator } = sweeps.rig().discord;
  for (const { platformUserId, discordUserId } of crowd) {
    moderator.addUser({ discordUserId, username: platformUserId });
    moderator.join({ guildId, discordUserId });
    for (const roleId of roleIds) moderator.giveRole({ guildId, discordUserId, roleId });
  }
}

async function importAll(crowd: ReturnType<typeof people>): Promise<void> {
  const { store, clientId } = sweeps.rig();
  sweeps.rig().discord.calls.reset();
  await store.links.importMembers({ clientId, users: crowd, dryRun: false, cause });
  await sweeps.rig().quiet();
}

const statesOf = async () =>
  Object.fromEntries(
    (
      await sweeps.query<{ state: string; members: number }>(
        `select state, count(*)::int as members from member where discord_user_id like '51%' group by state`,
      )
    ).map(({ state, members }) => [state, members]),
  );

const lastVersion = async () =>
  (
    await sweeps.query<{ version: number }>(
      'select last_value::int as version from reconcile_version',
    )
  )[0]?.version ?? 0;

/** Members marked again after their import, which causes a run. */
const markedAgain = async (importedUpTo: number) =>
  sweeps.query(`select from member where done_version > ${importedUpTo}`);

const reads = () => (sweeps.calls()[READ] ?? 0) + (sweeps.calls()[ABSENT] ?? 0);

test('an imported crowd is read with one member list, and only members who lack roles are written', async () => {
  const lacking = people(10);
  const inStep = people(40, 10);
  const away = people(30, 50);
  join(lacking);
  join(inStep, [roles.pilot]);
  await sweeps
    .rig()
    .store.applyFacts(
      [...lacking, ...inStep, ...away].map(({ platformUserId }) =>
        snapshotOf(platformUserId, ['pilots']),
      ),
    );

  const everybody = [...lacking, ...inStep, ...away];
  const before = await lastVersion();

  await importAll(everybody);

  expect(sweeps.calls()).toMatchObject({ [LIST]: 1, [COUNTS]: 1, [GRANT]: 10 });
  expect(reads()).toBe(0);
  expect(await statesOf()).toEqual({ IN_STEP: 50, ABSENT: 30 });
  expect(await markedAgain(before + everybody.length)).toEqual([]);
});

test('a member whose facts change during the listing still gets a run', async () => {
  const crowd = people(30);
  join(crowd, [roles.pilot]);
  const { store } = sweeps.rig();
  await store.applyFacts(crowd.map((each) => snapshotOf(each.platformUserId, ['pilots'])));
  let changed: readonly string[] = [];
  sweeps.tamper((guild) => ({
    async listMembers(page) {
      const answer = await guild.listMembers(page);
      const late = await sweeps.query<{ platform_user_id: string }>(
        `select l.platform_user_id from link l join reconcile_job j using (client_id, discord_user_id)
         where j.claimed_by is null limit 5`,
      );
      changed = late.map((row) => row.platform_user_id);
      await store.applyFacts(changed.map((id) => snapshotOf(id, ['pilots', 'directors'])));
      return answer;
    },
  }));

  await importAll(crowd);

  expect(changed).toHaveLength(5);
  const holders = sweeps
    .rig()
    .discord.guild(guildId)
    .members.filter((member) => member.roleIds.includes(roles.director));
  expect(holders).toHaveLength(5);
  expect(sweeps.calls()[LIST]).toBe(1);
});

test('a crowd is read one by one if the bot may not list members', async () => {
  const crowd = people(14);
  join(crowd);
  sweeps.tamper(() => ({
    async listMembers() {
      throw new TerminalError('MISSING_INTENT', 'cannot list members: the intent is off');
    },
  }));

  await importAll(crowd);

  expect(reads()).toBe(14);
  expect(await statesOf()).toEqual({ IN_STEP: 14 });
});

test('a crowd is read one by one if listing the guild would cost more calls', async () => {
  await sweeps.settledGuild();
  await sweeps.query('update guild_listing set listed_count = 50000');
  const crowd = people(14);
  join(crowd);

  await importAll(crowd);

  expect(reads()).toBe(14);
  expect(sweeps.calls()[LIST]).toBeUndefined();
});

test('a crowd of a disabled client is listed once the client is enabled', async () => {
  const crowd = people(30);
  join(crowd);
  const { store, clientId } = sweeps.rig();
  await store.clients.updateClient(clientId, { isEnabled: false }, cause);
  await store.links.importMembers({ clientId, users: crowd, dryRun: false, cause });
  expect(await sweeps.query('select from sweep')).toEqual([]);
  sweeps.rig().discord.calls.reset();

  await store.clients.updateClient(clientId, { isEnabled: true }, cause);
  await sweeps.rig().quiet();

  expect(sweeps.calls()[LIST]).toBe(1);
  expect(await statesOf()).toEqual({ IN_STEP: 30 });
});

test('a crowd is listed at most once a minute', async () => {
  const crowd = people(44);
  join(crowd);
  await importAll(crowd.slice(0, 30));

  await importAll(crowd.slice(30));

  expect(sweeps.calls()[LIST]).toBeUndefined();
  expect(reads()).toBe(14);
});

test('a new mapping reads its members with one list if their last readings are old', async () => {
  const crowd = people(30);
  join(crowd, [roles.pilot]);
  const { store } = sweeps.rig();
  await store.applyFacts(crowd.map((each) => snapshotOf(each.platformUserId, ['pilots', 'staff'])));
  await importAll(crowd);
  await sweeps.query(`update member set roles_read_at = roles_read_at - interval '1 hour'`);
  await sweeps.query(`update sweep set started_at = started_at - interval '1 hour'`);
  sweeps.rig().discord.calls.reset();

  const { clientId } = sweeps.rig();
  await mapGroup(store.mappings, { clientId, groupId: 'staff', roleId: roles.recruit });
  await sweeps.rig().quiet();

  expect(sweeps.calls()).toMatchObject({ [LIST]: 1, [GRANT]: 30 });
  expect(reads()).toBe(0);
});
