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

describe('an idempotency key', () => {
  it('can be claimed by one process at a time, and every process gets its stored answer', async () => {
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

  it('is claimed only once by 20 concurrent requests', async () => {
    const asked = Array.from({ length: 20 }, (_, index) =>
      (index % 2 === 0 ? store : other).idempotency.claim(request),
    );

    const kinds = (await Promise.all(asked)).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'CLAIMED')).toHaveLength(1);
    expect(kinds.filter((kind) => kind === 'UNDER_WAY')).toHaveLength(19);
  });

  it('belongs to one caller and cannot be reused for a different request', async () => {
    await claimed();
    await claimed(store, { ...request, caller: 'another' });

    const elsewhere = { ...request, fingerprint: 'that' };
    expect(await other.idempotency.claim(elsewhere)).toEqual({ kind: 'OTHER' });
  });

  it('can be claimed again as soon as it is released', async () => {
    await store.idempotency.release(request, await claimed());

    await claimed(other, { ...request, fingerprint: 'that' });
  });

  it('of a process that died can be claimed after a minute, and late statements of that process have no effect', async () => {
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

  it('stays claimed if its process renews the lease', async () => {
    const claim = await claimed();
    await sql.query(`update idempotent_request set leased_until = clock_timestamp()`);
    await store.idempotency.renew(request, claim);

    expect(await other.idempotency.claim(request)).toEqual({
      kind: 'UNDER_WAY',
    });
  });

  it('can be claimed again 24 hours after its answer was stored', async () => {
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

describe('stored answers', () => {
  it('are encrypted in the database', async () => {
    await store.idempotency.keep(request, await claimed(), 'https://example.org/?ticket=secret');

    const { rows } = await sql.query('select * from idempotent_request');
    expect(JSON.stringify(rows)).not.toContain('secret');
    expect(rows[0].answer).toMatch(/^test\./);
  });

  it('cannot be decrypted for another caller', async () => {
    await store.idempotency.keep(request, await claimed(), 'an answer');
    await sql.query(`update idempotent_request set caller = 'thief'`);

    await expect(store.idempotency.claim({ ...request, caller: 'thief' })).rejects.toThrow();
  });

  it('are deleted after they expire, 20 with each newly claimed key', async () => {
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

  it('cost one statement to claim the key and one to store the answer', async () => {
    let claim = '';

    expect(await statementsOf(async () => void (claim = await claimed()))).toBe(1);
    expect(
      await statementsOf(async () => store.idempotency.keep(request, claim, 'an answer')),
    ).toBe(1);
  });

  it('can hold the results of 50,000 items', async () => {
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
