import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import type { Store } from '../../../services/store/store.js';
import type { TestDatabase } from '../../support/database.js';
import { createMigratedDatabase, openTestStore } from '../../support/store.js';
import { statementsOf } from './api-world.js';

let database: TestDatabase;
let store: Store;
/** Another process. */
let other: Store;
let sql: pg.Client;
beforeAll(async () => {
  database = await createMigratedDatabase();
  store = await openTestStore(database.url);
  other = await openTestStore(database.url);
  sql = new pg.Client({ connectionString: database.url });
  await sql.connect();
});
afterEach(async () => void (await sql.query('delete from idempotent_request')));
afterAll(async () => {
  await sql.end();
  await store.stop();
  await other.stop();
  await database.drop();
});

const request = { caller: 'site', keyHash: 'key', fingerprint: 'this' };

async function claimed(by: Store = store, asked = request): Promise<string> {
  const claim = await by.idempotency.claim(asked);
  if (claim.kind === 'CLAIMED') return claim.claim;
  throw new Error(`not claimed, but ${claim.kind}`);
}

describe('a key', () => {
  it('is one process’s at a time, and its answer is every process’s', async () => {
    const claim = await claimed();
    expect(await other.idempotency.claim(request)).toEqual({
      kind: 'UNDER_WAY',
    });

    await store.idempotency.keep(request, claim, '{"data":"ä"}');

    for (const each of [store, other])
      expect(await each.idempotency.claim(request)).toEqual({
        kind: 'ANSWERED',
        answer: '{"data":"ä"}',
      });
  });

  it('is claimed once, however many ask at once', async () => {
    const asked = Array.from({ length: 20 }, (_, index) =>
      (index % 2 === 0 ? store : other).idempotency.claim(request),
    );

    const kinds = (await Promise.all(asked)).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'CLAIMED')).toHaveLength(1);
    expect(kinds.filter((kind) => kind === 'UNDER_WAY')).toHaveLength(19);
  });

  it('is one caller’s, and for one request', async () => {
    await claimed();
    await claimed(store, { ...request, caller: 'another' });

    const elsewhere = { ...request, fingerprint: 'that' };
    expect(await other.idempotency.claim(elsewhere)).toEqual({ kind: 'OTHER' });
  });

  it('is free at once when it is released', async () => {
    await store.idempotency.release(request, await claimed());

    await claimed(other, { ...request, fingerprint: 'that' });
  });

  it('of a process that died is free after a minute, and what that process says later counts for nothing', async () => {
    const first = await claimed();
    const { rows } = await sql.query(
      `select leased_until - clock_timestamp() between '50 seconds' and '60 seconds' as is_minute from idempotent_request`,
    );
    expect(rows).toEqual([{ is_minute: true }]);
    await sql.query(`update idempotent_request set leased_until = clock_timestamp()`);

    const second = await claimed(other);
    await store.idempotency.keep(request, first, 'late');
    await store.idempotency.release(request, first);

    expect(await store.idempotency.claim(request)).toEqual({
      kind: 'UNDER_WAY',
    });
    await other.idempotency.keep(request, second, 'right');
    expect(await store.idempotency.claim(request)).toMatchObject({
      answer: 'right',
    });
  });

  it('is kept by whoever renews it', async () => {
    const claim = await claimed();
    await sql.query(`update idempotent_request set leased_until = clock_timestamp()`);
    await store.idempotency.renew(request, claim);

    expect(await other.idempotency.claim(request)).toEqual({
      kind: 'UNDER_WAY',
    });
  });

  it('is free again when its answer is 24 hours old', async () => {
    await store.idempotency.keep(request, await claimed(), 'old');
    const { rows } = await sql.query(
      `select kept_until - clock_timestamp() between '23:59' and '24:00' as is_day from idempotent_request`,
    );
    expect(rows).toEqual([{ is_day: true }]);
    await sql.query(`update idempotent_request set kept_until = clock_timestamp()`);

    const again = await claimed(other, { ...request, fingerprint: 'that' });
    await other.idempotency.keep(request, again, 'new');
    const asked = { ...request, fingerprint: 'that' };
    expect(await store.idempotency.claim(asked)).toMatchObject({
      answer: 'new',
    });
  });
});

describe('what is kept', () => {
  it('tells nobody who reads the database what was answered, nor by which key', async () => {
    await store.idempotency.keep(request, await claimed(), 'https://example.org/?ticket=secret');

    const { rows } = await sql.query('select * from idempotent_request');
    expect(JSON.stringify(rows)).not.toContain('secret');
    expect(rows[0].answer).toMatch(/^test\./);
  });

  it('cannot be put in another’s place', async () => {
    await store.idempotency.keep(request, await claimed(), 'an answer');
    await sql.query(`update idempotent_request set caller = 'thief'`);

    await expect(store.idempotency.claim({ ...request, caller: 'thief' })).rejects.toThrow();
  });

  it('is swept out in small steps as new keys come', async () => {
    await sql.query(`insert into idempotent_request
      select 'site', 'old-' || i, 'f', gen_random_uuid(), now(), null, now() - interval '1 second' from generate_series(1, 50) i`);
    const left = async () =>
      (await sql.query(`select from idempotent_request where key_hash like 'old-%'`)).rowCount;

    const steps: unknown[] = [];
    for (const keyHash of ['a', 'b', 'c', 'd']) {
      await claimed(store, { ...request, keyHash });
      steps.push(await left());
    }

    expect(steps).toEqual([30, 10, 0, 0]);
  });

  it('costs one statement to claim and one to keep', async () => {
    let claim = '';

    expect(await statementsOf(async () => void (claim = await claimed()))).toBe(1);
    expect(
      await statementsOf(async () => store.idempotency.keep(request, claim, 'an answer')),
    ).toBe(1);
  });

  it('may be as long as the longest answer', async () => {
    const answer = JSON.stringify(
      Array.from({ length: 50_000 }, (_, index) => ({ index, ok: true })),
    );
    await store.idempotency.keep(request, await claimed(), answer);

    expect(await other.idempotency.claim(request)).toEqual({
      kind: 'ANSWERED',
      answer,
    });
  });
});
