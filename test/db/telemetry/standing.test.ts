import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { LANES } from '../../../services/model.js';
import { markMembers } from '../../../services/store/jobs/mark.js';
import { openDatabase } from '../../../services/store/connection/database.js';
import { silentLogger } from '../../../services/lib/logger.js';
import { createKeyRing } from '../../../services/lib/encryption.js';
import { cause, clientInput } from '../../builders/store-world.js';
import type { TestDatabase } from '../../support/database.js';
import { createMigratedDatabase, openTestStore } from '../../support/store.js';
import type { Store } from '../../../services/store/store.js';

let database: TestDatabase;
let store: Store;
let client: pg.Client;
let clientId: string;

beforeAll(async () => {
  database = await createMigratedDatabase();
  store = await openTestStore(database.url);
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
});

afterAll(async () => {
  await client.end();
  await store.stop();
  await database.drop();
});

beforeEach(async () => {
  await client.query('truncate client, outbox cascade');
  ({ id: clientId } = await store.clients.createClient(clientInput()));
});

const job = async (its: Partial<{ who: string; lane: number; parked: boolean; seconds: number }>) =>
  client.query(
    `insert into reconcile_job (client_id, discord_user_id, lane, due_at, causes, is_parked, marked_at)
     values ($1, $2, $3, now() + interval '1 hour', '[]', $4, now() - make_interval(secs => $5))`,
    [clientId, its.who ?? '1', its.lane ?? LANES.fresh, its.parked ?? false, its.seconds ?? 0],
  );

const ours = async () => {
  const { clients } = await store.readStanding();
  const found = clients.find((one) => one.clientId === clientId);
  if (found === undefined) throw new Error('the client is missing');
  return found;
};

describe('the measured state of a client', () => {
  test('is healthy if the client is new and quiet', async () => {
    expect(await ours()).toEqual({
      clientId,
      trouble: null,
      oldestWrongSeconds: null,
      verifiedSeconds: expect.closeTo(0, -2),
      heldRemovals: 0,
      heldPlans: 0,
      sendingPauseSeconds: 0,
      live: {
        state: 'CONNECTING',
        waitingSeconds: expect.closeTo(0, -2),
        gapSeconds: 0,
        missed: 0,
      },
      disputes: { reversals: 0, kept: 0, requests: 0 },
      oldestHeldPlanSeconds: 0,
      parked: 0,
      unlinkedHolders: 0,
    });
  });

  test('has the age of the oldest job, postponed or not, except parked ones', async () => {
    await job({ who: '1', lane: LANES.fresh, seconds: 30 });
    await job({ who: '2', lane: LANES.bulk, seconds: 900 });
    await job({ who: '3', lane: LANES.bulk, seconds: 10 });
    await job({ who: '4', lane: LANES.sweep, parked: true, seconds: 9_000 });

    const { oldestWrongSeconds, parked } = await ours();
    const { queues } = await store.readStanding();

    expect(oldestWrongSeconds).toBeGreaterThanOrEqual(900);
    expect(oldestWrongSeconds).toBeLessThan(1_800);
    expect(parked).toBe(1);
    expect(
      queues.map(({ lane, jobs }) => [lane, jobs]).toSorted(([a = 0], [b = 0]) => a - b),
    ).toEqual([
      [LANES.bulk, 2],
      [LANES.fresh, 1],
    ]);
  });

  test('has no drift age if the client is disabled', async () => {
    await job({ seconds: 900 });
    await client.query('update client set is_enabled = false');

    expect(await ours()).toMatchObject({
      trouble: 'disabled',
      oldestWrongSeconds: null,
    });
  });

  test.each([
    ['token_refused', `stopped_at = now()`],
    ['paused', `paused_until = now() + interval '1 minute'`],
    ['doubt', `doubt = 'the list is short'`],
    ['check_failed', `checks = '[{"name":"x","result":"FAILED"}]'`],
    ['token_refused', `stopped_at = now(), doubt = 'the list is short'`],
    [null, `paused_until = now() - interval '1 minute'`],
    [null, `checks = '[{"name":"x","result":"WARNING"}]'`],
  ])('names the most serious trouble: %s', async (trouble, change) => {
    await client.query(`update client set ${change}`);

    expect((await ours()).trouble).toBe(trouble);
  });

  test('shows that a secret can no longer be read', async () => {
    const other = await openTestStore(database.url, {
      keys: createKeyRing([{ id: 'another', key: Buffer.alloc(32, 9) }]),
    });
    const { clients } = await other.readStanding();
    await other.stop();

    expect(clients.map(({ trouble }) => trouble)).toEqual(['secret_lost']);
  });

  test('has no verification age if verification is off', async () => {
    await client.query(
      `insert into schedule (client_id, kind, cron, time_zone, is_enabled) values ($1, 'VERIFY_GROUPS', '* * * * *', 'UTC', false)
       on conflict (client_id, kind) do update set is_enabled = false`,
      [clientId],
    );

    expect((await ours()).verifiedSeconds).toBeNull();
  });

  test('counts held plans and removals, and the events that wait for the broker', async () => {
    await client.query(
      `insert into sweep (id, client_id, kind, state, is_dry_run, cause, finished_at)
       values (gen_random_uuid(), $1, 'CHANGES', 'HELD', false, '{}', now() - interval '2 hours'),
         (gen_random_uuid(), $1, 'REMOTE_SYNC', 'HELD', false, '{}', now()),
         (gen_random_uuid(), $1, 'VERIFY_GROUPS', 'DONE', false, '{}', now() - interval '5 minutes'),
         (gen_random_uuid(), $1, 'VERIFY_GROUPS', 'FAILED', false, '{}', now()),
         (gen_random_uuid(), $1, 'VERIFY_GROUPS', 'DONE', true, '{}', now())`,
      [clientId],
    );
    await client.query(
      `insert into removal_decision (client_id, discord_user_id, role_id, verdict, ground, reason)
       values ($1, '1', '2', 'HELD', 'LIMIT', 'x'), ($1, '1', '3', 'APPROVED', 'LIMIT', 'x')`,
      [clientId],
    );
    await client.query(
      `insert into outbox (id, key, type, time, data)
       values (gen_random_uuid(), 'k', 't', now() - interval '1 minute', '{}')`,
    );

    const { heldPlans, oldestHeldPlanSeconds, ...counted } = await ours();
    const { heldRemovals, verifiedSeconds } = counted;
    const { outbox } = await store.readStanding();

    expect({ heldPlans, heldRemovals }).toEqual({
      heldPlans: 2,
      heldRemovals: 1,
    });
    expect(oldestHeldPlanSeconds).toBeGreaterThanOrEqual(7_200);
    expect(oldestHeldPlanSeconds).toBeLessThan(9_000);
    expect(verifiedSeconds).toBeGreaterThanOrEqual(300);
    expect(outbox.rows).toBe(1);
    expect(outbox.oldestSeconds).toBeGreaterThanOrEqual(60);
  });
});

describe('the live state of a client', () => {
  const liveGuild = async (columns: string) => {
    await client.query(
      `insert into live_guild (client_id, state, since) values ($1, 'LIVE', now())`,
      [clientId],
    );
    await client.query(`update live_guild set ${columns}`);
  };

  test.each([
    [`live_until = now() + interval '1 minute', missed = 5`, { state: 'LIVE', missed: 5 }],
    [`state = 'POLLING', since = now() - interval '10 minutes'`, { state: 'POLLING' }],
    [`live_until = now() - interval '10 minutes'`, { state: 'CONNECTING' }],
  ])('is the one that the API shows: %s', async (columns, state) => {
    await liveGuild(columns);

    const { live } = await ours();
    const [shown] = await store.read.liveOfClients([clientId]);

    expect(live).toMatchObject(state);
    expect(live.state).toBe(shown?.state);
    expect(live.waitingSeconds).toBeGreaterThanOrEqual(live.state === 'LIVE' ? 0 : 600);
    expect(live.waitingSeconds).toBeLessThan(live.state === 'LIVE' ? 1 : 1_200);
  });

  test('has no ages while it is off', async () => {
    await liveGuild(`gap_at = now() - interval '2 hours'`);
    expect((await ours()).live.gapSeconds).toBeGreaterThanOrEqual(7_200);
    await client.query('update client set is_live = false');

    expect((await ours()).live).toEqual({
      state: 'OFF',
      waitingSeconds: null,
      gapSeconds: null,
      missed: 0,
    });
  });
});

describe('the age of a wrong role', () => {
  const mark = async () => {
    const opened = await openDatabase({
      url: database.url,
      poolSize: 1,
      logger: silentLogger,
    });
    await client.query(`
      insert into link (id, client_id, platform_user_id, discord_user_id, status, linked_at)
      values (gen_random_uuid(), '${clientId}', 'alice', '1', 'ACTIVE', now()) on conflict do nothing`);
    const request = { clientId, members: ['1'], cause };
    await markMembers(opened.sql(), request, LANES.fresh);
    await opened.close();
  };

  test('is measured from the first mark, even if another follows', async () => {
    await client.query(`insert into platform_user (id) values ('alice') on conflict do nothing`);
    await job({ seconds: 600 });

    await mark();

    expect((await ours()).oldestWrongSeconds).toBeGreaterThanOrEqual(600);
  });

  test('starts again when a parked member is marked', async () => {
    await client.query(`insert into platform_user (id) values ('alice') on conflict do nothing`);
    await job({ seconds: 90_000, parked: true });

    await mark();

    expect((await ours()).oldestWrongSeconds).toBeLessThan(600);
  });
});

describe('the pool', () => {
  test('reports the first word of each statement, and counts its connections', async () => {
    const seen: string[] = [];
    const told = await openTestStore(database.url, {
      onStatement: ({ kind, seconds }) => {
        seen.push(kind);
        expect(seconds).toBeGreaterThanOrEqual(0);
      },
    });

    await told.readStanding();
    const { idle, used, waiting } = told.connections();
    await told.stop();

    expect(new Set(seen)).toEqual(new Set(['begin', 'select', 'with', 'commit']));
    expect({ used, waiting }).toEqual({ used: 0, waiting: 0 });
    expect(idle).toBeGreaterThanOrEqual(1);
  });
});

describe('sweep notifications', () => {
  test('are sent for a waiting sweep, but not when a claim finds no sweep', async () => {
    const heard: (string | null)[] = [];
    const unlisten = await store.sweeps.onSweep(() => void heard.push('sweep'));
    const { runs } = store.sweeps;

    await runs(() => []).claim(1_000, []);
    await runs(() => []).claim(1_000, []);
    await client.query(
      `insert into sweep (id, client_id, kind, state, is_dry_run, cause)
       values (gen_random_uuid(), $1, 'VERIFY_GROUPS', 'WAITING', false, '{}')`,
      [clientId],
    );
    await expect.poll(() => heard.length).toBe(1);
    await unlisten();

    expect(heard).toEqual(['sweep']);
  });
});
