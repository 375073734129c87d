import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { Store } from '../../../services/store/store.js';
import { cause, clientInput, link } from '../../builders/store-world.js';
import type { TestDatabase } from '../../support/database.js';
import { createMigratedDatabase, openTestStore } from '../../support/store.js';
import { addRecords, addSweep, planOf } from './seed.js';

const ALICE = '600000000000000001';

let database: TestDatabase;
let store: Store;
let clientId: string;
let sql: pg.Client;

beforeEach(async () => {
  database = await createMigratedDatabase();
  store = await openTestStore(database.url);
  clientId = (await store.clients.createClient(clientInput())).id;
  sql = new pg.Client({ connectionString: database.url });
  await sql.connect();
});

afterEach(async () => {
  await sql.end();
  await store.stop();
  await database.drop();
});

const remove = async (most = 1_000, from = store) =>
  from.removeOver({ most, pause: async () => undefined });

const left = async (table: string, name = 'reason') =>
  (await sql.query<{ name: string }>(`select ${name} as name from ${table} order by 1`)).rows.map(
    (row) => row.name,
  );

describe('closed audit records', () => {
  test('are kept for 400 days, and open ones forever', async () => {
    await addRecords(sql, { clientId, days: 399, reason: 'young' });
    await addRecords(sql, { clientId, days: 401, reason: 'old', count: 3 });
    await addRecords(sql, {
      clientId,
      days: 800,
      reason: 'open',
      isOpen: true,
    });

    const removed = await remove();

    expect(removed).toEqual({ counts: { auditRecords: 3 }, hasMore: false });
    expect(await left('audit_record')).toEqual(['open', 'young']);
  });

  test('are kept for their client’s retention period, or for the default one if the client is deleted', async () => {
    await store.clients.updateClient(clientId, { auditRetentionDays: 30 }, cause);
    const gone = '0192f000-0000-7000-8000-000000000009';
    await addRecords(sql, { clientId, days: 29, reason: 'young' });
    await addRecords(sql, { clientId, days: 31, reason: 'old' });
    await addRecords(sql, { clientId: gone, days: 399, reason: 'gone, young' });
    await addRecords(sql, { clientId: gone, days: 401, reason: 'gone, old' });

    await remove();

    expect(await left('audit_record')).toEqual(['gone, young', 'young']);
  });

  test('are kept for a period that starts when they are closed, not when they are opened', async () => {
    await addRecords(sql, {
      clientId,
      days: 500,
      closedDays: 1,
      reason: 'resumed',
    });

    await remove();

    expect(await left('audit_record')).toEqual(['resumed']);
  });

  test('are deleted oldest first, in batches, without a sequential scan', async () => {
    await addRecords(sql, {
      clientId,
      days: 500,
      count: 20_000,
      spreadDays: 95,
    });
    await addRecords(sql, {
      clientId,
      days: 390,
      count: 20_000,
      spreadDays: 380,
    });
    await sql.query('analyze audit_record');

    const first = await remove(3);

    expect(first).toEqual({ counts: { auditRecords: 1_500 }, hasMore: true });
    const { rows } = await sql.query<{ oldest: boolean }>(`
      select min(opened_at) > now() - interval '500 days' + interval '3 days' as oldest from audit_record`);
    expect(rows).toEqual([{ oldest: true }]);
    expect(await planOf(sql, 'records', clientId)).not.toContain('Seq Scan');
    expect(await remove()).toMatchObject({
      counts: { auditRecords: 18_500 },
      hasMore: false,
    });
  });
});

describe('sweeps', () => {
  test('that have ended are deleted with their marks, except held and approved ones and those with a rejected removal', async () => {
    await link(store, clientId, 'alice', ALICE);
    for (const state of ['DONE', 'FAILED', 'CANCELLED', 'REJECTED'] as const) {
      await addSweep(sql, {
        clientId,
        state,
        days: 401,
        reason: `${state} old`,
        marks: 3,
      });
      await addSweep(sql, {
        clientId,
        state,
        days: 399,
        reason: `${state} young`,
      });
    }
    const refused = await addSweep(sql, {
      clientId,
      state: 'REJECTED',
      days: 500,
      reason: 'its refusal stands',
    });
    await sql.query(
      `insert into removal_decision (client_id, discord_user_id, role_id, verdict, ground, sweep_id, reason)
       values ($1, $2, '1', 'REJECTED', 'LIMIT', $3, 'no')`,
      [clientId, ALICE, refused],
    );
    await addSweep(sql, { clientId, state: 'HELD', days: 900, reason: 'held' });
    await addSweep(sql, {
      clientId,
      state: 'APPROVED',
      days: 900,
      reason: 'approved',
    });

    const removed = await remove();

    expect(removed?.counts).toEqual({ sweeps: 4, sweepMarks: 12 });
    expect(await left('sweep')).toEqual([
      'CANCELLED young',
      'DONE young',
      'FAILED young',
      'REJECTED young',
      'approved',
      'held',
      'its refusal stands',
    ]);
  });

  test('with many marks are deleted after their marks, which are deleted in batches', async () => {
    await addSweep(sql, {
      clientId,
      state: 'DONE',
      days: 401,
      reason: 'big',
      marks: 1_200,
    });
    const counted: (number | undefined)[] = [];

    await store.removeOver({
      most: 100,
      pause: async () => {
        const { rows } = await sql.query<{ count: number }>(
          'select count(*)::int as count from sweep_mark',
        );
        counted.push(rows[0]?.count);
      },
    });

    expect(counted).toEqual([700, 200, 0, 0]);
    expect(await left('sweep')).toEqual([]);
  });

  test('are found by an index', async () => {
    await sql.query(
      `insert into sweep (id, client_id, kind, state, is_dry_run, cause, finished_at)
       select gen_random_uuid(), $1, 'VERIFY_GROUPS', 'DONE', false, '{}', now() - n * interval '1 minute'
       from generate_series(1, 20000) n`,
      [clientId],
    );
    await sql.query('analyze sweep');

    expect(await planOf(sql, 'sweeps', clientId)).not.toContain('Seq Scan on sweep ');
  });
});

describe('unusable rows', () => {
  test('are deleted: expired tickets and responses, rejected removals of unlinked accounts, and events that no broker accepted', async () => {
    await link(store, clientId, 'alice', ALICE);
    await sql.query('delete from outbox');
    await sql.query(
      `insert into link_ticket (ticket_hash, client_id, platform_user_id, email, expires_at) values
        ('old', $1, 'alice', 'a@example.org', now() - interval '2 hours'), ('young', $1, 'alice', null, now() - interval '5 minutes')`,
      [clientId],
    );
    await sql.query(`insert into idempotent_request (caller, key_hash, fingerprint, claim, leased_until, kept_until) values
      ('old', '1', '', gen_random_uuid(), now(), now() - interval '1 minute'),
      ('young', '1', '', gen_random_uuid(), now(), now() + interval '1 hour')`);
    await sql.query(`insert into outbox (id, key, type, time, data) values
      (gen_random_uuid(), 'old', 't', now() - interval '401 days', '{}'), (gen_random_uuid(), 'young', 't', now() - interval '399 days', '{}')`);
    await sql.query(
      `insert into removal_decision (client_id, discord_user_id, role_id, verdict, ground, reason) values
        ($1, $2, '1', 'REJECTED', 'LIMIT', 'linked'), ($1, '9', '1', 'REJECTED', 'LIMIT', 'nobody'), ($1, '9', '2', 'HELD', 'LIMIT', 'held')`,
      [clientId, ALICE],
    );

    const removed = await remove();

    expect(removed?.counts).toEqual({
      tickets: 1,
      answers: 1,
      events: 1,
      decisions: 1,
    });
    expect(await left('link_ticket', 'ticket_hash')).toEqual(['young']);
    expect(await left('idempotent_request', 'caller')).toEqual(['young']);
    expect(await left('outbox', 'key')).toEqual(['young']);
    expect(await left('removal_decision')).toEqual(['held', 'linked']);
  });
});

test('only one process deletes at a time', async () => {
  await addRecords(sql, { clientId, days: 401, count: 2 });
  const other = await openTestStore(database.url);
  let meanwhile: unknown = 'not asked';

  await store.removeOver({
    most: 10,
    pause: async () => {
      meanwhile = await remove(10, other);
    },
  });

  expect(meanwhile).toBeNull();
  expect(await remove(10, other)).toEqual({ counts: {}, hasMore: false });
  await other.stop();
});

test('changes made by hand are kept for a day, and held removals as long as the account is linked', async () => {
  await link(store, clientId, 'alice', ALICE);
  const add = async (roleId: string, hours: number, isHeld: boolean, account = ALICE) =>
    sql.query(
      `insert into hand_change (client_id, discord_user_id, role_id, is_given, changed_at, is_held)
       values ($1, $2, $3, false, now() - make_interval(hours => $4), $5)`,
      [clientId, account, roleId, hours, isHeld],
    );
  await add('1', 23, false);
  await add('2', 25, false);
  await add('3', 25, true);
  await add('4', 25, true, '600000000000000002');

  const removed = await remove();

  expect(removed).toEqual({ counts: { handChanges: 2 }, hasMore: false });
  expect(await left('hand_change', 'role_id')).toEqual(['1', '3']);
});
