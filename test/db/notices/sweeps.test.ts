import { describe, expect, test } from 'vitest';

import { judgePlan } from '../../../services/reconcile/guard/guard.js';
import type { Store } from '../../../services/store/store.js';
import { cause } from '../../builders/store-world.js';
import { eventually } from '../../support/eventually.js';
import { closeRecord, openRecord, useNotices } from '../../support/notice-world.js';
import { openTestStore } from '../../support/store.js';

const world = useNotices();

/** Another process on the same database. */
async function withOther<T>(work: (other: Store) => Promise<T>): Promise<T> {
  const other = await openTestStore(world.url());
  try {
    return await work(other);
  } finally {
    await other.stop();
  }
}

const start = async (store: Store, dryRun = false) =>
  store.sweeps.startSweep({
    clientId: world.clientId(),
    kind: 'VERIFY_GROUPS',
    dryRun,
    enforceStrategy: null,
    cause,
  });

describe('a sweep that another process runs', () => {
  test('is sent at each step from start to end', async () => {
    const told = await world.sweeps();

    await withOther(async (other) => {
      const { id } = await start(other);
      await eventually(() => told.values.at(-1)?.state === 'WAITING');
      await other.sweeps.runs(judgePlan).claim(10_000, []);
      await eventually(() => told.values.at(-1)?.state === 'RUNNING');
      await other.sweeps.runs(judgePlan).renew(id, 10_000, 1_000);
      await eventually(() => told.values.at(-1)?.checked === 1_000);
      await other.sweeps.cancelSweep(id);
      await eventually(() => told.values.at(-1)?.state === 'CANCELLED');
    });

    expect(told.values.map(({ state, checked }) => [state, checked])).toEqual([
      ['WAITING', 0],
      ['RUNNING', 0],
      ['RUNNING', 1_000],
      ['CANCELLED', 1_000],
    ]);
  });

  test('is sent first with its current state, if it is already running', async () => {
    await withOther(async (other) => {
      const over = await start(other);
      await other.sweeps.cancelSweep(over.id);
      const { id } = await start(other, true);

      const told = await world.sweeps();
      await eventually(() => told.values.length > 0);

      expect(told.values.map((sweep) => sweep.id)).toEqual([id]);
    });
  });

  test('sends no notification when only its lease is renewed', async () => {
    const ears = await world.connect();
    const heard: string[] = [];
    ears.on('notification', ({ payload = '' }) => heard.push(payload));
    await ears.query('listen sweep_moved');

    const { id } = await start(world.store());
    await world.store().sweeps.runs(judgePlan).claim(10_000, []);
    await world.store().sweeps.runs(judgePlan).renew(id, 20_000, 0);
    await world.store().sweeps.runs(judgePlan).renew(id, 20_000, 5);
    await eventually(() => heard.length >= 3);

    expect(heard).toEqual(Array(3).fill(`${world.clientId()} ${id}`));
  });

  test('is sent again after it has changed a member', async () => {
    const writer = await world.connect();
    const { id } = await start(world.store());
    await writer.query(
      `update sweep set state = 'DONE', drifted = 2, finished_at = clock_timestamp() where id = $1`,
      [id],
    );
    const told = await world.sweeps();
    const recordId = await openRecord(writer, world.clientId());
    await writer.query(
      `insert into sweep_mark (sweep_id, discord_user_id) select $1, discord_user_id from audit_record`,
      [id],
    );
    await writer.query(
      `update audit_record set added = '{1}', causes = jsonb_build_array(jsonb_build_object('kind', 'SWEEP', 'id', $1::text))`,
      [id],
    );

    await closeRecord(writer, recordId);
    await eventually(() => told.values.length === 1);

    expect(told.values).toMatchObject([{ id, state: 'DONE', changed: 1 }]);
  });
});
