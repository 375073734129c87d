import { setTimeout as sleep } from 'node:timers/promises';

import type pg from 'pg';
import { describe, expect, test } from 'vitest';

import { eventually } from '../../support/eventually.js';
import { closeRecord, openRecord, useNotices, type Collected } from '../../support/notice-world.js';

const world = useNotices();

const idsOf = (told: Collected<{ readonly id: string }>) => told.values.map(({ id }) => id);

async function oneClosed(connection: pg.Client): Promise<string> {
  const id = await openRecord(connection, world.clientId());
  await closeRecord(connection, id);
  return id;
}

describe('audit records closed by another process', () => {
  test('are sent once, with their changes', async () => {
    const other = await world.connect();
    const before = await oneClosed(other);
    const told = await world.records();

    const first = await oneClosed(other);
    await eventually(() => told.values.length === 1);
    const second = await oneClosed(other);
    await eventually(() => told.values.length === 2);

    expect(idsOf(told)).toEqual([first, second]);
    expect(idsOf(told)).not.toContain(before);
    expect(told.values[0]).toMatchObject({
      clientId: world.clientId(),
      outcome: 'APPLIED',
      closedAt: expect.any(Date),
    });
  });

  test('are sent on commit, not on write, and never after a rollback', async () => {
    const [slow, quick, undone] = [
      await world.connect(),
      await world.connect(),
      await world.connect(),
    ];
    const told = await world.records();
    await slow.query('begin');
    const early = await oneClosed(slow);
    await undone.query('begin');
    await oneClosed(undone);

    const late = await oneClosed(quick);
    await eventually(() => told.values.length === 1);
    const later = await oneClosed(quick);
    await eventually(() => told.values.length === 2);
    await undone.query('rollback');
    await slow.query('commit');
    await eventually(() => told.values.length === 3);

    expect(idsOf(told)).toEqual([late, later, early]);
  });

  test('are each sent exactly once, however their transactions overlap', async () => {
    const told = await world.records();
    const writers = await Promise.all(Array.from({ length: 6 }, () => world.connect()));

    const closed = await Promise.all(
      writers.map(async (writer, at) => {
        const ids: string[] = [];
        for (let n = 0; n < 40; n += 1) {
          await writer.query('begin');
          ids.push(await oneClosed(writer));
          await sleep((n * 7 + at * 5) % 23);
          await writer.query('commit');
        }
        return ids;
      }),
    );
    const all = closed.flat();
    await eventually(() => told.values.length >= all.length);

    expect(idsOf(told).toSorted()).toEqual(all.toSorted());
  });

  test('cause one notification per transaction, even for ten thousand records', async () => {
    const other = await world.connect();
    const ears = await world.connect();
    const heard: string[] = [];
    ears.on('notification', ({ payload = '' }) => heard.push(payload));
    await ears.query('listen audit_record_closed');
    const told = await world.records();

    await other.query(
      `insert into audit_record (id, client_id, discord_user_id, causes, planned_added, planned_removed, guarded_removed, opened_at, closed_at)
       select gen_random_uuid(), $1, n, '[]', '{}', '{}', '{}', now(), now() from generate_series(1, 10000) n`,
      [world.clientId()],
    );
    await eventually(() => told.values.length === 10_000);

    expect(new Set(idsOf(told)).size).toBe(10_000);
    expect(heard).toEqual([world.clientId()]);
  });

  test('are sent even if they were closed while the LISTEN connection was broken', async () => {
    const other = await world.connect();
    const told = await world.records();

    await other.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where application_name = 'discord-connector listener' and datname = current_database()`,
    );
    const first = await oneClosed(other);
    await eventually(() => told.values.length === 1);
    await eventually(() => world.store().ready().ok);
    const second = await oneClosed(other);
    await eventually(() => told.values.length === 2);

    expect(idsOf(told)).toEqual([first, second]);
  });

  test('from before a backup was restored on this server are not sent again', async () => {
    const other = await world.connect();
    const restored = [await oneClosed(other), await oneClosed(other)];
    await other.query(`update audit_record set closed_xid = '4000000000'::xid8 where id = $1`, [
      restored[0],
    ]);
    await other.query(
      `update audit_record set closed_at = now() - interval '2 days',
        closed_xid = (pg_current_xact_id()::text::bigint + 3)::text::xid8 where id = $1`,
      [restored[1]],
    );
    const told = await world.records();

    const ids = [];
    for (let n = 0; n < 5; n += 1) ids.push(await oneClosed(other));
    await eventually(() => told.values.length >= 5);

    expect(idsOf(told)).toEqual(ids);
  });

  test('are sent only for the requested clients', async () => {
    const other = await world.connect();
    const elsewhere = '0192f000-0000-7000-8000-00000000ffff';
    const told = await world.records({ clientIds: [elsewhere] });

    await oneClosed(other);
    const id = await openRecord(other, elsewhere);
    await closeRecord(other, id);
    await eventually(() => told.values.length === 1);

    expect(idsOf(told)).toEqual([id]);
  });
});

describe('when the last subscription ends', () => {
  test('the store stops listening in the database', async () => {
    const other = await world.connect();
    const lastOfListener = async () => {
      const { rows } = await other.query<{ query: string }>(
        `select query from pg_stat_activity
         where application_name = 'discord-connector listener' and datname = current_database()`,
      );
      return rows.map(({ query }) => query);
    };
    const [one, two] = [await world.records(), await world.records()];

    await one.end();
    await oneClosed(other);
    await eventually(() => two.values.length === 1);
    expect(await lastOfListener()).toEqual(['listen "audit_record_closed"']);
    await two.end();

    await eventually(
      async () => String(await lastOfListener()) === 'unlisten "audit_record_closed"',
    );
  });
});
