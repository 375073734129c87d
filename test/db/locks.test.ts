import pg from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';

import type { MemberReading, PlatformFact } from '../../services/model.js';
import type { Store } from '../../services/store/store.js';
import { PILOT } from '../builders/member-facts.js';
import {
  cause,
  createMappedClient,
  link,
  mapGroup,
  membership,
  nextOrder,
} from '../builders/store-world.js';
import { NOTHING_SETTLED } from '../../services/reconcile/settle/settlement.js';
import type { TestDatabase } from '../support/database.js';
import { ask } from '../support/embedded-world.js';
import { eventually } from '../support/eventually.js';
import { createMigratedDatabase, openTestStore } from '../support/store.js';

let database: TestDatabase;
let store: Store;
let clientId: string;

beforeEach(async () => {
  database = await createMigratedDatabase();
  store = await openTestStore(database.url, { poolSize: 12 });
  const { client } = await createMappedClient(store, [{ groupId: 'pilots', roleId: PILOT }]);
  clientId = client.id;
});

afterEach(async () => {
  await store.stop();
  await database.drop();
});

const account = (index: number) => String(620000000000000000n + BigInt(index));

test('concurrent links and facts about the same people all succeed', async () => {
  const people = Array.from({ length: 60 }, (_, index) => index);

  await Promise.all([
    ...people.map(async (index) => link(store, clientId, `person-${index}`, account(index))),
    ...people.map(async (index) => store.applyFacts([membership(`person-${index}`, 'pilots')])),
    ...people.map(async (index) =>
      store.applyFacts([membership(`person-${59 - index}`, 'pilots', 'removed')]),
    ),
  ]);

  expect(await store.read.countLinks(clientId, {})).toBe(60);
});

test('eight concurrent claims of one account make one link and seven conflicts', async () => {
  const claims = await Promise.allSettled(
    Array.from({ length: 8 }, async (_, index) =>
      link(store, clientId, `person-${index}`, account(1)),
    ),
  );

  expect(claims.filter((claim) => claim.status === 'fulfilled')).toHaveLength(1);
  const refusals = claims.flatMap((claim) => (claim.status === 'rejected' ? [claim.reason] : []));
  expect(refusals).toEqual(Array(7).fill(expect.objectContaining({ code: 'CONFLICT' })));
});

test('a person who links four accounts at once ends up with one active link', async () => {
  await Promise.allSettled(
    [1, 2, 3, 4].map(async (index) => link(store, clientId, 'alice', account(index))),
  );

  const { rows } = await store.read.pageLinks(clientId, {}, { limit: 20, after: null });
  expect(rows.filter((row) => row.state !== 'ENDING')).toHaveLength(1);
});

test('a fact and a new mapping about one group at the same time never miss each other', async () => {
  await link(store, clientId, 'alice', account(1));
  await link(store, clientId, 'bob', account(2));
  await store.applyFacts([groupNamed('miners')]);
  await store.jobs.renewLeases();
  await settleAll();
  await store.applyFacts([membership('bob', 'pilots')]);
  const holder = new pg.Client({ connectionString: database.url });
  await holder.connect();

  await holder.query('begin; select from reconcile_job for update');
  const fact = store.applyFacts([
    membership('alice', 'miners'),
    membership('bob', 'pilots', 'removed'),
  ]);
  await eventually(async () => (await waiting()) === 1);
  let isMapped = false;
  const mapping = mapGroup(store.mappings, {
    clientId,
    groupId: 'miners',
    roleId: PILOT,
  }).finally(() => {
    isMapped = true;
  });
  await eventually(async () => isMapped || (await waiting()) === 2);
  await holder.query('commit');
  await Promise.all([fact, mapping]);
  await holder.end();

  expect(await settleAll()).toContain(account(1));
});

/** Observed in the guild, without a role. */
const NEWCOMER: MemberReading = {
  isPresent: true,
  roleIds: [],
  username: 'newcomer',
  displayName: null,
  nickname: null,
  isPending: false,
  timedOutUntil: null,
};

/** Completes all due jobs and returns their accounts. */
async function settleAll(): Promise<readonly string[]> {
  const { jobs } = await store.jobs.claim({
    running: new Map(),
    inWork: [],
    runsPerClient: 9,
    except: [],
  });
  for (const job of jobs)
    await store.memory.settle(job, { ...NOTHING_SETTLED, observed: NEWCOMER });
  return jobs.map((job) => job.discordUserId);
}

/** Transactions that wait for a lock. */
async function waiting(): Promise<number> {
  const rows = await ask(
    database.url,
    "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
  );
  return rows.length;
}

function groupNamed(groupId: string): PlatformFact {
  return {
    kind: 'groupChanged',
    groupId,
    name: groupId,
    order: nextOrder(),
    cause,
  };
}
