import { describe, expect, test } from 'vitest';

import { judgePlan } from '../../../services/reconcile/guard/guard.js';
import { NOTHING_FOUND } from '../../../services/sweep/run-sweep.js';
import { must } from '../../support/must.js';
import { LIVE, useLive } from '../../support/live-fixture.js';

const live = useLive();

const clients = () => [live.clientId()];
const DOWN = { state: 'POLLING', reason: 'the session is down', liveForMs: 0 } as const;

const gapSweeps = async () =>
  live.query<{ state: string }>(
    `select state from sweep where kind = 'SYNC_ACCOUNTS' and cause ->> 'id' = 'gap' order by id`,
  );

/** Claims and completes the waiting sweep, with a list requested at `askedAt`. */
async function completeList(askedAt?: string): Promise<void> {
  const runs = live.store().sweeps.runs(judgePlan);
  const run = must(await runs.claim(60_000, []));
  const listed = {
    askedAt: askedAt ?? (await live.row<{ now: string }>('select now()::text as now')).now,
    roleIds: [],
    members: 0,
  };
  await runs.finish(run, { ...NOTHING_FOUND, holders: new Map(), listed });
}

describe('the live state of a client', () => {
  test('is saved with the time when it began', async () => {
    await live.live().saveLiveState(clients(), DOWN);
    const first = await live.liveGuild();

    await live.live().saveLiveState(clients(), { ...DOWN, reason: 'another reason' });
    const second = await live.liveGuild();
    expect(second).toMatchObject({ state: 'POLLING', reason: 'another reason', live_until: null });
    expect(second.since).toEqual(first.since);

    await live.live().saveLiveState(clients(), LIVE);
    const third = await live.liveGuild();
    expect(third).toMatchObject({ state: 'LIVE', reason: null });
    expect(third.since.getTime()).toBeGreaterThan(first.since.getTime());
    expect(must(third.live_until).getTime()).toBeGreaterThan(third.since.getTime());
  });

  test('is not overwritten by a process that no longer leases the bot', async () => {
    const heir = await live.takeOver();
    await heir.live.saveLiveState(clients(), LIVE);

    await live.live().saveLiveState(clients(), DOWN);
    await live.live().saveUnavailable(live.clientId(), true);

    expect(await live.liveGuild()).toMatchObject({ state: 'LIVE', unavailable_since: null });
  });

  test('shows an outage of the guild from its begin to its end', async () => {
    await live.live().saveUnavailable(live.clientId(), true);
    const { unavailable_since: begin } = await live.liveGuild();
    expect(begin).not.toBeNull();

    await live.live().saveUnavailable(live.clientId(), true);
    expect((await live.liveGuild()).unavailable_since).toEqual(begin);

    await live.live().saveUnavailable(live.clientId(), false);
    expect((await live.liveGuild()).unavailable_since).toBeNull();
  });

  test('goes with the client', async () => {
    await live.live().saveLiveState(clients(), LIVE);

    await live.query('delete from client');

    expect(await live.query('select * from live_guild')).toEqual([]);
  });
});

describe('a gap', () => {
  test('makes a live client catch up, and starts one comparison by a member list', async () => {
    await live.live().saveLiveState(clients(), LIVE);

    await live.live().openGap(clients());
    await live.live().openGap(clients());
    await live.live().saveLiveState(clients(), LIVE);

    expect(await live.liveGuild()).toMatchObject({ state: 'CATCHING_UP' });
    expect((await live.liveGuild()).gap_at).not.toBeNull();
    expect(await gapSweeps()).toEqual([{ state: 'WAITING' }]);
  });

  test('is ended by a list that was requested after it', async () => {
    await live.live().openGap(clients());
    await live.live().saveLiveState(clients(), LIVE);

    await completeList();

    expect(await live.liveGuild()).toMatchObject({ state: 'LIVE', gap_at: null });
  });

  test('ends while the session is down, and the client is live when the session is back', async () => {
    await live.live().openGap(clients());
    await live.live().saveLiveState(clients(), DOWN);
    await completeList();
    expect(await live.liveGuild()).toMatchObject({ state: 'POLLING', gap_at: null });

    await live.live().saveLiveState(clients(), LIVE);

    expect(await live.liveGuild()).toMatchObject({ state: 'LIVE' });
  });

  test('is not ended by a list requested before it, and starts another a minute later', async () => {
    const { now } = await live.row<{ now: string }>('select now()::text as now');
    await live.live().openGap(clients());
    await completeList(now);
    await live.live().saveLiveState(clients(), LIVE);
    expect(await live.liveGuild()).toMatchObject({ state: 'CATCHING_UP' });
    expect(await gapSweeps()).toEqual([{ state: 'DONE' }]);

    await live.query("update sweep set started_at = started_at - interval '61 minutes'");
    await live.live().saveLiveState(clients(), LIVE);

    expect(await gapSweeps()).toEqual([{ state: 'DONE' }, { state: 'WAITING' }]);
  });

  test('waits for the list that is already being read, and then starts its own', async () => {
    await live.query(
      `insert into sweep (id, client_id, kind, state, is_dry_run, cause)
        values (gen_random_uuid(), '${live.clientId()}', 'SYNC_ACCOUNTS', 'WAITING', false, '{"kind":"MUTATION","id":"asked","actor":"ops"}')`,
    );
    const { now } = await live.row<{ now: string }>('select now()::text as now');
    await live.live().openGap(clients());
    expect(await gapSweeps()).toEqual([]);
    await completeList(now);

    await live.live().saveLiveState(clients(), LIVE);

    expect(await gapSweeps()).toEqual([{ state: 'WAITING' }]);
  });

  test.each([
    ['disabled', 'update client set is_enabled = false'],
    ['stopped', 'update client set stopped_at = now()'],
    ['paused', "update client set paused_until = now() + interval '1 hour'"],
  ])('starts no list at a client that is %s', async (_, change) => {
    await live.query(change);

    await live.live().openGap(clients());

    expect(await gapSweeps()).toEqual([]);
    expect((await live.liveGuild()).gap_at).not.toBeNull();
  });

  test('is opened for each client of the bot at once, and by two processes together', async () => {
    const other = await live.open();

    await Promise.all([live.live().openGap(clients()), other.live.openGap(clients())]);

    expect(await gapSweeps()).toEqual([{ state: 'WAITING' }]);
  });
});
