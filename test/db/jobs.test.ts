import { sql, type CompiledQuery } from 'kysely';
import pg from 'pg';
import { beforeEach, describe, expect, test } from 'vitest';

import { LeaseLostError } from '../../services/lib/errors.js';
import { LANES } from '../../services/model.js';
import type { ClaimRequest } from '../../services/reconcile/job.js';
import { openDatabase } from '../../services/store/connection/database.js';
import { askerOf } from '../../services/store/connection/together.js';
import { claimJobs } from '../../services/store/jobs/claim.js';
import { markClient } from '../../services/store/jobs/mark.js';
import type { Store } from '../../services/store/store.js';
import { silentLogger } from '../../services/lib/logger.js';
import { PILOT } from '../builders/member-facts.js';
import { NOTHING_SETTLED } from '../../services/reconcile/settle/settlement.js';
import { NOTHING_DONE } from '../../services/reconcile/write/records.js';
import { cause, createMappedClient, link, membership, nextOrder } from '../builders/store-world.js';
import { eventually } from '../support/eventually.js';
import { ALICE, useJobs } from '../support/jobs-fixture.js';
import { must } from '../support/must.js';
import { TEST_KEYS } from '../support/store.js';

const BOB = '600000000000000002';
const OTHERS = { bob: BOB, carol: '600000000000000003' };

const jobs = useJobs();
const { open, claim, databaseUrl } = jobs;
let store: Store;
let clientId: string;

beforeEach(() => {
  store = jobs.store();
  clientId = jobs.clientId();
});

const everything = { running: new Map(), runsPerClient: 10, except: [] } as const;

async function nextDueInMs(request: Partial<ClaimRequest> = {}): Promise<number | null> {
  const claimed = await store.jobs.claim({
    running: new Map(),
    inWork: [],
    runsPerClient: 1,
    except: [],
    ...request,
  });
  return claimed.nextDueInMs;
}

describe('a mark', () => {
  test('joins earlier marks of the member: one job with all causes and the most urgent lane', async () => {
    await store.clients.updateClient(clientId, { unknownMembership: 'REMOVE' }, cause);
    await store.applyFacts([membership('alice', 'pilots')]);
    await store.applyFacts([membership('alice', 'directors')]);

    const jobs = await claim();
    expect(jobs).toMatchObject([{ discordUserId: ALICE, lane: LANES.fresh }]);
    expect(jobs[0]?.causes.map((each) => each.groupId).filter(Boolean)).toEqual([
      'pilots',
      'directors',
    ]);
  });

  test('never lowers the lane of a job', async () => {
    await store.applyFacts([membership('alice', 'pilots')]);

    await store.clients.updateClient(clientId, { unknownMembership: 'REMOVE' }, cause);

    expect(await claim()).toMatchObject([{ lane: LANES.fresh }]);
  });

  test('that removes a role is claimed before earlier grants, and both before other work', async () => {
    for (const [name, id] of Object.entries(OTHERS)) await link(store, clientId, name, id);
    await store.applyFacts([membership('alice', 'pilots')]);
    await jobs.query(`delete from reconcile_job; update member set is_present = true,
      read_at = now(), roles_read_at = now(), role_ids = '{${PILOT}}' where discord_user_id = '${ALICE}'`);
    await store.clients.updateClient(clientId, { unknownMembership: 'REMOVE' }, cause);
    await store.applyFacts([membership('bob', 'pilots')]);
    await store.applyFacts([membership('alice', 'pilots', 'removed')]);

    const claimed = await claim();

    expect(claimed.map(({ discordUserId, lane }) => [discordUserId, lane])).toEqual([
      [ALICE, LANES.removal],
      [OTHERS.bob, LANES.fresh],
      [OTHERS.carol, LANES.bulk],
    ]);
  });

  test('that concerns only a nickname is claimed last, and only if member edits are left', async () => {
    for (const [name, id] of Object.entries(OTHERS)) await link(store, clientId, name, id);
    const template = { strategy: 'TEMPLATE', template: '%username', onUnlink: 'KEEP' } as const;
    await store.clients.updateClient(clientId, { nicknamePolicy: template }, cause);
    await jobs.query('delete from reconcile_job');
    for (const platformUserId of ['alice', 'bob'])
      await store.applyFacts([
        {
          kind: 'userChanged',
          platformUserId,
          username: platformUserId,
          attributes: {},
          order: nextOrder(),
          cause,
        },
      ]);
    await store.applyFacts([membership('carol', 'pilots')]);
    const request = { running: new Map(), inWork: [], runsPerClient: 10, except: [] };
    const claimWith = async (edits: number) =>
      (await store.jobs.claim({ ...request, edits: new Map([[clientId, edits]]) })).jobs.map(
        ({ discordUserId, lane }) => [discordUserId, lane],
      );

    expect(await claimWith(1)).toEqual([
      [OTHERS.carol, LANES.fresh],
      [ALICE, LANES.name],
    ]);
    await jobs.query('update reconcile_job set claimed_by = null');
    expect(await claimWith(0)).toEqual([[OTHERS.carol, LANES.fresh]]);
  });

  test('for a group without a mapping creates no job', async () => {
    await store.applyFacts([membership('alice', 'chess club')]);

    expect(await claim()).toEqual([]);
  });

  test('wakes the listeners of another process, once per transaction', async () => {
    const other = await open();
    let wakes = 0;
    await other.jobs.onMarked(() => {
      wakes += 1;
    });

    await store.applyFacts([membership('alice', 'pilots')]);

    await eventually(() => wakes > 0);
    expect(wakes).toBe(1);
  });

  test('for 100,000 members in one statement creates 100,000 jobs', async () => {
    const direct = await openDatabase({
      url: jobs.databaseUrl(),
      poolSize: 1,
      logger: silentLogger,
    });
    await sql`insert into platform_user (id) select 'p' || n from generate_series(1, 100000) n`.execute(
      direct.sql(),
    );
    await sql`
      insert into link (id, client_id, platform_user_id, discord_user_id, status, linked_at)
      select gen_random_uuid(), ${clientId}, 'p' || n, (700000000000000000 + n)::text, 'ACTIVE', now()
      from generate_series(1, 100000) n`.execute(direct.sql());

    await markClient(direct.sql(), { clientId, state: 'ANY', cause });

    const { rows } = await sql<{
      jobs: number;
    }>`select count(*)::int as jobs from reconcile_job`.execute(direct.sql());
    expect(rows[0]?.jobs).toBe(100_001);
    await direct.close();
  });
});

describe('a claim', () => {
  test('takes the most urgent lane first, and no more jobs than there is room for', async () => {
    await link(store, clientId, 'bob', BOB);
    for (const job of await claim()) await store.memory.settle(job, NOTHING_SETTLED);
    await store.clients.updateClient(clientId, { unknownMembership: 'REMOVE' }, cause);
    await store.applyFacts([membership('bob', 'pilots')]);

    const first = await claim(store, 1);
    const second = await claim(store, 1);

    expect(first).toMatchObject([{ discordUserId: BOB }]);
    expect(second).toMatchObject([{ discordUserId: ALICE }]);
    expect(await claim()).toEqual([]);
  });

  test('that runs concurrently with others shares no job with them', async () => {
    for (let index = 0; index < 40; index += 1) {
      await link(store, clientId, `person-${index}`, String(610000000000000000n + BigInt(index)));
    }

    const claims = await Promise.all(Array.from({ length: 8 }, async () => claim(store, 10)));

    const members = claims.flat().map((job) => job.discordUserId);
    expect(members).toHaveLength(40);
    expect(new Set(members).size).toBe(40);
  });

  test('returns no jobs to a process that does not hold the bot lease', async () => {
    const other = await open();
    await other.jobs.renewLeases();
    await store.applyFacts([membership('alice', 'pilots')]);

    expect(await claim(other)).toEqual([]);
    expect(await claim(store)).toHaveLength(1);
  });

  test('includes a new client without waiting for the next lease renewal', async () => {
    const { client } = await createMappedClient(store, [{ groupId: 'pilots', roleId: PILOT }], {
      guildId: '500000000000000002',
      applicationId: '800000000000000002',
    });

    await link(store, client.id, 'alice', ALICE);

    expect(await claim()).toMatchObject([{ clientId: client.id }]);
  });

  test('skips a paused or disabled client', async () => {
    await store.applyFacts([membership('alice', 'pilots')]);
    await store.memory.saveTrouble(clientId, {
      kind: 'PAUSED',
      reason: 'the bot has left',
    });
    expect(await claim()).toEqual([]);

    await store.clearTrouble(clientId);
    await store.clients.updateClient(clientId, { isEnabled: false }, cause);
    expect(await claim()).toEqual([]);

    await store.clients.updateClient(clientId, { isEnabled: true }, cause);
    expect(await claim()).toHaveLength(1);
  });

  test('reports when the next job is due, unless its client has no room or is skipped', async () => {
    await store.applyFacts([membership('alice', 'pilots')]);
    await jobs.query(`update reconcile_job set due_at = clock_timestamp() + interval '1 minute'`);

    expect(await nextDueInMs()).toBeGreaterThan(0);
    expect(await nextDueInMs()).toBeLessThanOrEqual(60_000);
    expect(await nextDueInMs({ running: new Map([[clientId, 1]]) })).toBeNull();
    expect(await nextDueInMs({ except: [clientId] })).toBeNull();
  });

  test('skips busy members, even if no process has claimed their jobs', async () => {
    await store.applyFacts([membership('alice', 'pilots')]);
    const request = { running: new Map(), inWork: [], runsPerClient: 1, except: [] };
    const busy = [{ clientId, discordUserId: ALICE }];

    expect((await store.jobs.claim({ ...request, busy })).jobs).toEqual([]);
    expect((await store.jobs.claim(request)).jobs).toHaveLength(1);
  });
});

describe('a crowd of jobs that need a reading', () => {
  const addJobs = async (from: number, count: number, cause: object) =>
    jobs.query(`
      insert into reconcile_job (client_id, discord_user_id, lane, due_at, causes)
      select '${clientId}', (800000000000000000 + n)::text, 10, clock_timestamp(), '[${JSON.stringify(cause)}]'
      from generate_series(${from}, ${from + count - 1}) n`);

  test('is found among the newest jobs, behind any number of jobs that need no reading', async () => {
    await addJobs(1, 500, { kind: 'EVENT', groupId: 'pilots' });
    expect(await store.jobs.startListing(clientId)).toBe(false);

    await addJobs(501, 20, { kind: 'MUTATION' });

    expect(await store.jobs.startListing(clientId)).toBe(true);
    expect(await store.jobs.startListing(clientId)).toBe(false);
  });
});

describe('when a process loses the lease of a claimed job', () => {
  test('another process takes over its bot, and the job with its causes', async () => {
    const dying = await open();
    await store.jobs.releaseLeases();
    await dying.jobs.renewLeases();
    await store.applyFacts([membership('alice', 'pilots')]);
    expect(await claim(dying)).toHaveLength(1);
    expect(await store.jobs.renewLeases()).toMatchObject({ gained: 0 });

    await jobs.endLeases();

    expect(await store.jobs.renewLeases()).toMatchObject({ gained: 1 });
    const [job] = await claim(store);
    expect(job?.causes).toMatchObject([{ groupId: 'pilots' }]);
  });

  test('it can neither open a record nor settle the job', async () => {
    const sleeper = await open();
    await store.jobs.releaseLeases();
    await sleeper.jobs.renewLeases();
    await store.applyFacts([membership('alice', 'pilots')]);
    const [job] = await claim(sleeper);

    await jobs.endLeases();
    expect(await store.jobs.renewLeases()).toMatchObject({ gained: 1 });

    const opening = sleeper.memory.openRecord({
      job: must(job),
      platformUserId: 'alice',
      isArrival: false,
      add: [PILOT],
      remove: [],
      nickname: null,
      ensured: { added: [], removed: [] },
      uncounted: [],
      takenBack: [],
      judge: () => ({ allowedRemovals: [], heldRemovals: [], reason: null }),
      observed: null,
      supersedes: null,
    });
    await expect(opening).rejects.toThrow(LeaseLostError);
    await expect(sleeper.memory.settle(must(job), NOTHING_SETTLED)).rejects.toThrow(LeaseLostError);
  });

  test('because the process is known to be gone, another one claims the job without waiting for the lease to expire', async () => {
    const dying = await open({ owner: 'dying' });
    const heir = await open({ isGone: (owner) => owner === 'dying' });
    await store.jobs.releaseLeases();
    await dying.jobs.renewLeases();

    expect(await heir.jobs.renewLeases()).toMatchObject({ gained: 1 });

    await store.applyFacts([membership('alice', 'pilots')]);
    expect(await claim(dying)).toEqual([]);
    expect(await claim(heir)).toHaveLength(1);
  });

  test('because it released the lease, another process can take the bot at once', async () => {
    const other = await open();

    await store.jobs.releaseLeases();

    expect(await other.jobs.renewLeases()).toMatchObject({ gained: 1 });
  });
});

describe('a postponed job', () => {
  test('keeps its causes ahead of newer ones, and waits until it is due', async () => {
    await store.applyFacts([membership('alice', 'pilots')]);
    const [job] = await claim();
    await store.applyFacts([membership('alice', 'directors')]);

    await store.memory.postpone(must(job), {
      ...NOTHING_DONE,
      waitMs: 60_000,
      isFailure: true,
      reason: 'Discord answered 503',
    });

    expect(await claim()).toEqual([]);
    await jobs.letJobsBeDue();
    const again = await claim();

    expect(again[0]?.attempts).toBe(1);
    expect(again[0]?.causes.map((each) => each.groupId)).toEqual(['pilots', 'directors']);
  });
});

describe('a job that its process claimed but does not run', () => {
  test('goes to the next claim, with all its causes', async () => {
    await store.applyFacts([membership('alice', 'pilots')]);
    await store.jobs.claim({ ...everything, inWork: [] });

    const { jobs } = await store.jobs.claim({ ...everything, inWork: [] });

    expect(jobs).toMatchObject([{ causes: [{ groupId: 'pilots' }] }]);
  });

  test('is not confused with a running job, which no claim returns', async () => {
    await store.applyFacts([membership('alice', 'pilots')]);
    const { jobs } = await store.jobs.claim({ ...everything, inWork: [] });

    const next = await store.jobs.claim({ ...everything, inWork: jobs });

    expect(next.jobs).toEqual([]);
  });

  test('stays with the later claim if an earlier claim reaches the database after it', async () => {
    const owner = 'late';
    const late = await open({ owner });
    const database = await openDatabase({
      url: databaseUrl(),
      poolSize: 1,
      logger: silentLogger,
    });
    await store.jobs.releaseLeases();
    await late.jobs.renewLeases();
    await store.applyFacts([membership('alice', 'pilots')]);
    const leasing = {
      owner,
      leaseMs: 10_000,
      isGone: () => false,
      keys: TEST_KEYS,
    };
    const numbered = async (own: number) =>
      claimJobs(database.sql(), leasing, { ...everything, inWork: [] }, { own, endedBefore: own });

    const { jobs: later } = await numbered(2);
    await store.applyFacts([membership('alice', 'directors')]);
    const { jobs: earlier } = await numbered(1);
    await late.memory.settle(must(later[0]), NOTHING_SETTLED);
    const { jobs: next } = await numbered(3);
    await database.close();

    expect(later).toHaveLength(1);
    expect(earlier).toEqual([]);
    expect(next).toMatchObject([{ causes: [{ groupId: 'directors' }] }]);
  });
});

test('a claim finds its jobs by an index, however many are due', async () => {
  await jobs.query(`
    insert into reconcile_job (client_id, discord_user_id, lane, due_at, causes)
    select '${clientId}', 'member-' || n, ${LANES.bulk}, now(), '[]' from generate_series(1, 20000) n`);
  await jobs.query('vacuum analyze reconcile_job');

  const plan = await planOfClaim();

  expect(plan).toContain('reconcile_job_next');
  expect(plan).not.toContain('Seq Scan on reconcile_job');
});

/** PostgreSQL's plan for a claim of the client's jobs. */
async function planOfClaim(): Promise<string> {
  const asked: CompiledQuery[] = [];
  const asker = askerOf({
    ask: ({ query, resolve }) => {
      asked.push(query);
      resolve({ rows: [] });
    },
  });
  const leasing = { owner: 'any', leaseMs: 10_000, isGone: () => false, keys: TEST_KEYS };
  await claimJobs(asker, leasing, { ...everything, inWork: [] }, { own: 1, endedBefore: 1 });
  const { sql: text, parameters } = must(asked[0]);
  const direct = new pg.Client({ connectionString: databaseUrl() });
  await direct.connect();
  const { rows } = await direct.query(`explain ${text}`, [...parameters]);
  await direct.end();
  return rows.map((row) => row['QUERY PLAN']).join('\n');
}
