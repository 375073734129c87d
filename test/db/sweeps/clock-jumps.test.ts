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
 * Of the schedule of every five minutes; the database's clock stays, so all that was written by it
 * is moved the other way.
 */
async function jump(by: string): Promise<void> {
  await direct.query(`
    update schedule set next_run_at = next_run_at - interval '${by}', last_run_at = last_run_at - interval '${by}'
    where kind = 'VERIFY_GROUPS'`);
}

/** The time of a tick, as the row has it, and it comes. */
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
  test('ahead, the twelve ticks in it come as one, and the next in its time', async () => {
    await tick();
    expect(await run()).toBe(1);

    await jump('1 hour');

    expect(await run()).toBe(1);
    expect(await run()).toBe(0);
    expect(await minutesUntilNext()).toBeLessThanOrEqual(5);
  });

  test('back, no tick that was run is run again, and the next is run once', async () => {
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
    'by %s while a sweep runs, the sweep is not begun a second time',
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

describe('a sweep that is over', () => {
  test.each(['DONE', 'FAILED', 'CANCELLED', 'REJECTED', 'APPROVED'])(
    'as %s cannot be cancelled, and stays as it is',
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

  test('that does not exist cannot be cancelled either', async () => {
    const id = '0193b0a0-0000-7000-8000-00000000dead';

    await expect(store.sweeps.cancelSweep(id)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      field: 'input.id',
    });
  });
});
