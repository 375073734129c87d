import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { LANES } from '../../services/model.js';
import { HEARTBEAT_QUERY } from '../../services/store/connection/heartbeat.js';
import type { Store } from '../../services/store/store.js';
import { cause, createMappedClient, link, membership, nextOrder } from '../builders/store-world.js';
import type { TestDatabase } from '../support/database.js';
import { createMigratedDatabase, openTestStore } from '../support/store.js';

type Pair = Parameters<Store['links']['importMembers']>[0]['users'][number];

let database: TestDatabase;
let store: Store;
let direct: pg.Client;
let clientId: string;

beforeEach(async () => {
  database = await createMigratedDatabase();
  store = await openTestStore(database.url);
  direct = new pg.Client({ connectionString: database.url });
  await direct.connect();
  const { client } = await createMappedClient(store, [
    { groupId: 'pilots', roleId: '700000000000000001' },
  ]);
  clientId = client.id;
});

afterEach(async () => {
  await direct.end();
  await store.stop();
  await database.drop();
});

const account = (number: number) => String(600_000_000_000_000_000n + BigInt(number));

const pair = (name: string, number: number): Pair => ({
  platformUserId: name,
  discordUserId: account(number),
});

const people = (count: number): Pair[] =>
  Array.from({ length: count }, (_, at) => ({
    platformUserId: `person-${at}`,
    discordUserId: String(610_000_000_000_000_000n + BigInt(at)),
  }));

const importing = (users: readonly Pair[], dryRun = false, by = store) =>
  by.links.importMembers({ clientId, users, dryRun, cause });

const query = async (sql: string) => (await direct.query<Record<string, unknown>>(sql)).rows;

const kindsOf = (verdicts: readonly { kind: string }[]) => verdicts.map(({ kind }) => kind);

const allThatIsKept = async () => ({
  users: await query('select id from platform_user order by id'),
  links: await query('select * from link order by id'),
  jobs: await query('select * from reconcile_job order by discord_user_id'),
  told: await query('select id from outbox'),
});

describe('an import', () => {
  test('links people, returns their links, marks them in the bulk lane and publishes an event for each', async () => {
    const verdicts = await importing([pair('alice', 1), pair('bob', 2)]);

    expect(kindsOf(verdicts)).toEqual(['LINKED', 'LINKED']);
    for (const [at, name] of ['alice', 'bob'].entries())
      expect(await store.read.findLinkByPlatformUser(clientId, name)).toMatchObject({
        id: verdicts[at]?.linkId,
        discordUserId: account(at + 1),
        state: 'PENDING',
      });
    expect(await query('select lane, causes from reconcile_job')).toEqual(
      ['alice', 'bob'].map(() => ({ lane: LANES.bulk, causes: [cause] })),
    );
    expect(await query('select type, key, data from outbox order by key')).toEqual(
      ['alice', 'bob'].map((name, at) => ({
        type: 'discord.user.linked.v1',
        key: name,
        data: {
          clientId,
          guildId: expect.any(String),
          discordUserId: account(at + 1),
          platformUserId: name,
          linkId: verdicts[at]?.linkId,
        },
      })),
    );
  });

  test('returns the same verdicts in a dry run and changes nothing', async () => {
    await link(store, clientId, 'carol', account(3));
    const users = [pair('alice', 1), pair('carol', 3), pair('carol', 4)];
    const before = await allThatIsKept();

    const tried = await importing(users, true);

    expect(await allThatIsKept()).toEqual(before);
    expect(tried.every(({ kind, linkId }) => kind !== 'LINKED' || linkId === null)).toBe(true);
    expect(kindsOf(await importing(users))).toEqual(kindsOf(tried));
  });

  test('that is repeated changes nothing', async () => {
    const users = people(20);
    const first = await importing(users);
    const before = await allThatIsKept();

    const second = await importing(users);

    expect(kindsOf(second)).toEqual(Array(20).fill('UNCHANGED'));
    expect(second.map(({ linkId }) => linkId)).toEqual(first.map(({ linkId }) => linkId));
    expect(await allThatIsKept()).toEqual(before);
  });

  test('returns CONFLICT for a user linked to another account and for an account linked to another user', async () => {
    const alice = await link(store, clientId, 'alice', account(1));

    const verdicts = await importing([pair('alice', 2), pair('bob', 1)]);

    expect(verdicts).toEqual([
      {
        kind: 'CONFLICT',
        linkId: null,
        message: expect.stringContaining(account(1)),
      },
      {
        kind: 'CONFLICT',
        linkId: null,
        message: expect.stringContaining('already linked to another user'),
      },
    ]);
    expect(await query('select id, discord_user_id from link')).toEqual([
      { id: alice, discord_user_id: account(1) },
    ]);
  });

  test('rejects users whom the platform has deleted, and links the others', async () => {
    await store.applyFacts([
      {
        kind: 'userDeleted',
        platformUserId: 'alice',
        order: nextOrder(),
        cause,
      },
    ]);

    const verdicts = await importing([pair('alice', 1), pair('bob', 2)]);

    expect(verdicts).toMatchObject([
      {
        kind: 'INVALID',
        linkId: null,
        message: 'platform user alice was deleted',
      },
      { kind: 'LINKED' },
    ]);
  });

  test('links the first of several items with the same user or account, and returns CONFLICT for the others', async () => {
    const verdicts = await importing([
      pair('alice', 1),
      pair('alice', 2),
      pair('bob', 1),
      pair('alice', 1),
    ]);

    expect(kindsOf(verdicts)).toEqual(['LINKED', 'CONFLICT', 'CONFLICT', 'CONFLICT']);
    expect(verdicts[1]?.message).toContain('users[0]');
    expect(await query('select from link')).toHaveLength(1);
  });

  test('reactivates an ending link under its id', async () => {
    const id = await link(store, clientId, 'alice', account(1));
    await store.links.unlinkMember({ id, cause });

    const verdicts = await importing([pair('alice', 1)]);

    expect(verdicts).toMatchObject([{ kind: 'LINKED', linkId: id }]);
    expect(await query('select id, status, ending_at from link')).toEqual([
      { id, status: 'ACTIVE', ending_at: null },
    ]);
  });

  test('links an account to another user while its previous link is ending', async () => {
    const id = await link(store, clientId, 'alice', account(1));
    await store.links.unlinkMember({ id, cause });

    const verdicts = await importing([pair('bob', 1)]);

    expect(kindsOf(verdicts)).toEqual(['LINKED']);
    expect(await query(`select platform_user_id from link where status = 'ACTIVE'`)).toEqual([
      { platform_user_id: 'bob' },
    ]);
  });

  test('of an empty list succeeds', async () => {
    expect(await importing([])).toEqual([]);
  });

  test('into a client that is being deleted is rejected', async () => {
    await link(store, clientId, 'alice', account(1));
    await store.clients.deleteClient({
      id: clientId,
      holders: 'TAKE_BACK',
      dryRun: false,
      cause,
    });

    for (const dryRun of [false, true])
      await expect(importing([pair('bob', 2)], dryRun)).rejects.toMatchObject({
        code: 'FAILED_PRECONDITION',
      });
  });

  test('writes no event if there is no broker', async () => {
    const alone = await openTestStore(database.url, { hasBroker: false });

    await importing([pair('alice', 1)], false, alone);
    await alone.stop();

    expect(await query('select from outbox')).toEqual([]);
  });
});

describe('simultaneous imports', () => {
  test('of the same list create one link and one event for each person', async () => {
    const other = await openTestStore(database.url);
    const users = people(500);

    const answers = await Promise.all([
      importing(users),
      importing(users.toReversed(), false, other),
      importing(users),
      importing(users.toReversed(), false, other),
    ]);
    await other.stop();

    const kinds = answers.flatMap(kindsOf);
    expect(kinds.filter((kind) => kind === 'LINKED')).toHaveLength(500);
    expect(kinds.filter((kind) => kind === 'UNCHANGED')).toHaveLength(1_500);
    expect(await query('select from link')).toHaveLength(500);
    expect(await query('select from outbox')).toHaveLength(500);
  });

  test('of different people with the same accounts link each account once and return CONFLICT for the other person', async () => {
    const other = await openTestStore(database.url);
    const users = people(200);
    const rivals = users.map(({ discordUserId }, at) => ({
      platformUserId: `rival-${at}`,
      discordUserId,
    }));

    const [one, two] = await Promise.all([importing(users), importing(rivals, false, other)]);
    await other.stop();

    expect([...kindsOf(one), ...kindsOf(two)].toSorted()).toEqual([
      ...users.map(() => 'CONFLICT'),
      ...users.map(() => 'LINKED'),
    ]);
    expect(await query('select from link')).toHaveLength(200);
  });

  test('lose nothing while the same people are linked one by one and facts about them arrive', async () => {
    const users = people(200);

    const [verdicts, ...linked] = await Promise.all([
      importing(users),
      ...users
        .slice(0, 20)
        .map(({ platformUserId, discordUserId }) =>
          link(store, clientId, platformUserId, discordUserId),
        ),
      ...users.map(({ platformUserId }) =>
        store.applyFacts([membership(platformUserId, 'pilots')]),
      ),
    ]);

    expect(verdicts.every(({ linkId }) => linkId !== null)).toBe(true);
    expect(linked.slice(0, 20)).toEqual(verdicts.slice(0, 20).map(({ linkId }) => linkId));
    expect(await query('select from link')).toHaveLength(200);
    expect(await query('select from reconcile_job')).toHaveLength(200);
  });
});

test('one call imports 5,000 people in fewer than 16 statements', async ({
  annotate,
  onTestFinished,
}) => {
  const users = people(5_000);
  const asked = vi.spyOn(pg.Client.prototype, 'query');
  onTestFinished(() => asked.mockRestore());
  const startedAtMs = Date.now();

  const verdicts = await importing(users);

  // A connection in use sends a heartbeat every few seconds.
  const statements = asked.mock.calls.filter(
    ([text]) => JSON.stringify(text) !== JSON.stringify(HEARTBEAT_QUERY),
  ).length;
  expect(statements).toBeGreaterThan(0);
  expect(statements).toBeLessThan(16);
  await annotate(`in ${statements} statements`);
  await annotate(`${users.length} people took ${Date.now() - startedAtMs} ms`);
  expect(new Set(kindsOf(verdicts))).toEqual(new Set(['LINKED']));
  expect(new Set(verdicts.map(({ linkId }) => linkId)).size).toBe(5_000);
  expect(await query('select count(*)::int as n from link')).toEqual([{ n: 5_000 }]);
  expect(
    await query('select count(*)::int as n from reconcile_job where due_at <= clock_timestamp()'),
  ).toEqual([{ n: 5_000 }]);
  expect(await query('select count(*)::int as n from outbox')).toEqual([{ n: 5_000 }]);
});
