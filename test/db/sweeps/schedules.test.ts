import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { sweepPorts } from '../../../services/connector/timed.js';
import { silentLogger } from '../../../services/lib/logger.js';
import type { Store } from '../../../services/store/store.js';
import { defaultSchedule, nextRun } from '../../../services/sweep/schedule.js';
import { createScheduler } from '../../../services/sweep/scheduler.js';
import { clientInput } from '../../builders/store-world.js';
import type { TestDatabase } from '../../support/database.js';
import { eventually } from '../../support/eventually.js';
import { createMigratedDatabase, openTestStore } from '../../support/store.js';

let database: TestDatabase;
let store: Store;
let clientId: string;
let direct: pg.Client;
const opened: Store[] = [];

beforeEach(async () => {
  database = await createMigratedDatabase();
  store = await open();
  clientId = (await store.clients.createClient(clientInput())).id;
  direct = new pg.Client({ connectionString: database.url });
  await direct.connect();
});

afterEach(async () => {
  await direct.end();
  for (const each of opened.splice(0)) await each.stop();
  await database.drop();
});

async function open(): Promise<Store> {
  const another = await openTestStore(database.url);
  opened.push(another);
  return another;
}

const schedulesOf = (of: Store) => of.sweeps.schedules({ nextRun, defaultsOf: defaultSchedule });

/** Makes the schedule five hours overdue. */
async function letPass(kind = 'VERIFY_GROUPS'): Promise<void> {
  await direct.query(
    `update schedule set next_run_at = now() - interval '5 hours' where kind = $1`,
    [kind],
  );
}

async function sweeps(): Promise<number> {
  return store.sweeps.countSweeps({ clientId, kind: null });
}

describe('a new client', () => {
  test('has the default schedule as soon as it is read', async () => {
    const [schedules = []] = await sweepPorts(store).schedules.schedulesOfClients([clientId]);

    expect(
      schedules.map(({ kind, isEnabled, nextRunAt }) => [kind, isEnabled, nextRunAt !== null]),
    ).toEqual([
      ['ENFORCE_NICKNAMES', false, false],
      ['REMOTE_SYNC', true, true],
      ['SYNC_ACCOUNTS', true, true],
      ['VERIFY_GROUPS', true, true],
    ]);
  });

  test('keeps a changed schedule when missing defaults are added', async () => {
    const { schedules } = sweepPorts(store);
    await schedules.updateSchedule({
      clientId,
      kind: 'REMOTE_SYNC',
      isEnabled: false,
    });

    await schedulesOf(store).addMissing();

    const [found = []] = await schedules.schedulesOfClients([clientId]);
    expect(found.find(({ kind }) => kind === 'REMOTE_SYNC')?.isEnabled).toBe(false);
    const reset = await schedules.loadDefaultSchedule(clientId);
    expect(reset.find(({ kind }) => kind === 'REMOTE_SYNC')?.isEnabled).toBe(true);
  });
});

describe('a schedule that is due', () => {
  test('starts its sweep once, however many processes check and however long it was overdue', async () => {
    const stores = [store, await open(), await open()];
    await schedulesOf(store).addMissing();
    await letPass();

    for (let round = 0; round < 3; round += 1)
      await Promise.all(stores.map((each) => schedulesOf(each).claimDue()));

    expect(await sweeps()).toBe(1);
    const [schedules = []] = await schedulesOf(store).schedulesOfClients([clientId]);
    const verify = schedules.find(({ kind }) => kind === 'VERIFY_GROUPS');
    expect(verify?.nextRunAt?.getTime()).toBeGreaterThan(Date.now());
    expect(verify?.lastRunAt).not.toBeNull();
  });

  test('is skipped with the reason if its previous sweep is still running', async () => {
    await schedulesOf(store).addMissing();
    await letPass();
    await schedulesOf(store).claimDue();
    await letPass();

    const due = await schedulesOf(store).claimDue();

    expect(due).toEqual([
      {
        clientId,
        kind: 'VERIFY_GROUPS',
        skipped: 'the previous sweep is still running',
      },
    ]);
    expect(await sweeps()).toBe(1);
  });

  test('is skipped with the reason if the client is stopped', async () => {
    await schedulesOf(store).addMissing();
    await direct.query(`update client set stopped_at = now(), trouble = 'refused'`);
    await letPass();

    await schedulesOf(store).claimDue();

    expect(await sweeps()).toBe(0);
    const { rows } = await direct.query(
      `select skipped_reason, last_run_at from schedule where kind = 'VERIFY_GROUPS'`,
    );
    expect(rows).toEqual([{ skipped_reason: 'the client is stopped: refused', last_run_at: null }]);
  });

  test('starts its sweep in a running scheduler as soon as it is changed', async () => {
    const { addMissing, claimDue } = schedulesOf(store);
    const scheduler = createScheduler({
      addMissing,
      claimDue,
      onSchedule: store.sweeps.onSchedule,
      logger: silentLogger,
    });
    await scheduler.start();
    await eventually(async () => {
      const { rows } = await direct.query(`select 1 from schedule`);
      return rows.length > 0;
    });
    await direct.query(`
      update schedule set next_run_at = now(), cron = '* * * * *' where kind = 'REMOTE_SYNC'`);

    await eventually(async () => (await sweeps()) === 1);

    await scheduler.stop();
  });
});

describe('a schedule change', () => {
  test('takes effect at once, in its own time zone', async () => {
    const changed = await sweepPorts(store).schedules.updateSchedule({
      clientId,
      kind: 'REMOTE_SYNC',
      cron: '30 4 * * *',
      timeZone: 'Asia/Kolkata',
    });

    expect(changed).toMatchObject({
      cron: '30 4 * * *',
      timeZone: 'Asia/Kolkata',
    });
    expect(changed.nextRunAt?.toISOString()).toMatch(/T23:00:00\.000Z$/);
  });

  test('that disables it leaves no next run', async () => {
    const { schedules } = sweepPorts(store);
    const changed = await schedules.updateSchedule({
      clientId,
      kind: 'VERIFY_GROUPS',
      isEnabled: false,
    });

    expect(changed.nextRunAt).toBeNull();
    expect(await schedulesOf(store).claimDue()).toEqual([]);
  });

  test.each([
    [{ cron: '61 * * * *' }, 'BAD_USER_INPUT', 'input.cron'],
    [{ cron: '0 0 31 2 *' }, 'BAD_USER_INPUT', 'input.cron'],
    [{ cron: '@weekly' }, 'BAD_USER_INPUT', 'input.cron'],
    [{ cron: '0 0 * * * *' }, 'BAD_USER_INPUT', 'input.cron'],
    [{ timeZone: 'Mars/Base' }, 'BAD_USER_INPUT', 'input.timeZone'],
    [{ timeZone: '' }, 'BAD_USER_INPUT', 'input.timeZone'],
    [{ timeZone: '+01:00' }, 'BAD_USER_INPUT', 'input.timeZone'],
  ])('to %j is refused', async (change, code, field) => {
    const request = { clientId, kind: 'REMOTE_SYNC', ...change } as const;

    await expect(sweepPorts(store).schedules.updateSchedule(request)).rejects.toMatchObject({
      code,
      field,
    });
  });
});
