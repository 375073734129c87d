import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { Store } from '../../../services/store/store.js';
import { defaultSchedule, nextRun } from '../../../services/sweep/schedule.js';
import { clientInput } from '../../builders/store-world.js';
import type { TestDatabase } from '../../support/database.js';
import { createMigratedDatabase, openTestStore } from '../../support/store.js';

let database: TestDatabase;
let store: Store;
let direct: pg.Client;
let clientId: string;

beforeEach(async () => {
  database = await createMigratedDatabase();
  store = await openTestStore(database.url);
  clientId = (await store.clients.createClient(clientInput())).id;
  direct = new pg.Client({ connectionString: database.url });
  await direct.connect();
  await schedules().addMissing();
});

afterEach(async () => {
  await direct.end();
  await store.stop();
  await database.drop();
});

const schedules = () => store.sweeps.schedules({ nextRun, defaultsOf: defaultSchedule });

/**
 * Moves the clock for the five-minute schedule. The database's clock cannot move, so the stored
 * times move the other way.
 */
async function jump(by: string): Promise<void> {
  await direct.query(`
    update schedule set next_run_at = next_run_at - interval '${by}', last_run_at = last_run_at - interval '${by}'
    where kind = 'VERIFY_GROUPS'`);
}

/** Makes the next tick due now. */
async function tick(): Promise<void> {
  await direct.query(`update schedule set next_run_at = now() where kind = 'VERIFY_GROUPS'`);
}

async function run(): Promise<number> {
  for (let looks = 0; looks < 3; looks += 1) await schedules().claimDue();
  const { rowCount } = await direct.query(
    `update sweep set state = 'DONE', finished_at = now() where state = 'WAITING'`,
  );
  return rowCount ?? 0;
}

async function minutesUntilNext(): Promise<number> {
  const { rows } = await direct.query<{ minutes: number }>(`
    select (extract(epoch from next_run_at - now()) / 60)::float8 as minutes from schedule where kind = 'VERIFY_GROUPS'`);
  return rows[0]?.minutes ?? NaN;
}

describe('when the clock jumps an hour', () => {
  test('ahead, the twelve missed ticks run as one, and the next tick runs on time', async () => {
    await tick();
    expect(await run()).toBe(1);

    await jump('1 hour');

    expect(await run()).toBe(1);
    expect(await run()).toBe(0);
    expect(await minutesUntilNext()).toBeLessThanOrEqual(5);
  });

  test('back, no tick runs again, and the next tick runs once', async () => {
    await tick();
    expect(await run()).toBe(1);

    await jump('-1 hour');

    expect(await run()).toBe(0);
    const minutes = await minutesUntilNext();
    expect(minutes).toBeGreaterThan(55);
    expect(minutes).toBeLessThanOrEqual(65);
    await tick();
    expect(await run()).toBe(1);
    expect(await run()).toBe(0);
    expect(await minutesUntilNext()).toBeLessThanOrEqual(5);
  });

  test.each(['1 hour', '-1 hour'])(
    'by %s while a sweep runs, the sweep is not started again',
    async (by) => {
      await tick();
      await schedules().claimDue();
      await direct.query(
        `update sweep set state = 'RUNNING', leased_until = now() + interval '1 minute'`,
      );

      await jump(by);
      await schedules().claimDue();

      const found = await store.sweeps.countSweeps({ clientId, kind: null });
      expect(found).toBe(1);
    },
  );
});

describe('cancelling a sweep', () => {
  test.each(['DONE', 'FAILED', 'CANCELLED', 'REJECTED', 'APPROVED'])(
    'that is already %s fails and changes nothing',
    async (state) => {
      const { rows } = await direct.query<{ id: string }>(`
        insert into sweep (id, client_id, kind, state, is_dry_run, cause, finished_at)
        values (gen_random_uuid(), '${clientId}', 'REMOTE_SYNC', '${state}', false, '{}', now()) returning id`);
      const id = rows[0]?.id ?? '';

      await expect(store.sweeps.cancelSweep(id)).rejects.toMatchObject({
        code: 'FAILED_PRECONDITION',
        message: `sweep ${id} is already finished: ${state}`,
      });

      expect(await store.sweeps.findSweeps([id])).toMatchObject([{ state }]);
    },
  );

  test('that does not exist fails with NOT_FOUND', async () => {
    const id = '0193b0a0-0000-7000-8000-00000000dead';

    await expect(store.sweeps.cancelSweep(id)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      field: 'input.id',
    });
  });
});
