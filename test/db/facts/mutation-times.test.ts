import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';

import type { PlatformFact } from '../../../services/model.js';
import { openRealApi, type RealApi } from '../api/api-world.js';

let api: RealApi;
beforeAll(async () => {
  api = await openRealApi();
});
afterAll(async () => api.close());
beforeEach(async () => {
  await api.sql.query('truncate membership, platform_user, platform_group cascade');
});

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** Runs `work` with the clock of the process set `byMs` ahead. */
async function withClockAhead<T>(byMs: number, work: () => Promise<T>) {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + byMs });
  try {
    return await work();
  } finally {
    vi.useRealTimers();
  }
}

const RESULTS =
  'results { ok verdict error { code message } outrankedBy { kind groupId change sequence time retryAt } }';

async function send(mutation: string, input: object) {
  const type = `${mutation.charAt(0).toUpperCase()}${mutation.slice(1)}Input`;
  const { payload } = JSON.parse(
    JSON.stringify(
      await api.ask(
        `mutation ($input: ${type}!) { payload: ${mutation}(input: $input) { ${RESULTS} } }`,
        { input },
      ),
    ),
  );
  return payload.results[0];
}

const record = (change: 'ADDED' | 'REMOVED', sequence?: number) =>
  send('recordMembershipChanges', {
    changes: [{ platformUserId: 'ann', groupId: 'a', change, sequence }],
  });
const replace = (groupIds: readonly string[]) =>
  send('replaceMemberships', { users: [{ platformUserId: 'ann', groupIds }] });

async function groups(): Promise<string> {
  const { rows } = await api.sql.query(
    `select coalesce(string_agg(group_id, ' ' order by group_id), '') as held from membership where is_held`,
  );
  return rows[0].held;
}

/** An event whose time is `byMs` ahead of the database's clock. */
const eventAhead = (byMs: number, change: 'added' | 'removed'): PlatformFact => ({
  kind: 'membershipChanged',
  platformUserId: 'ann',
  groupId: 'a',
  change,
  order: { sequence: null, timeUs: (Date.now() + byMs) * 1000 },
  cause: { kind: 'EVENT', id: 'e1', actor: 'site', groupId: 'a' },
});

describe('a mutation', () => {
  it.each([
    ['ten minutes', 10 * MINUTE_MS],
    ['thirty days', 30 * DAY_MS],
  ])(
    'outranks an earlier one that was received by a process whose clock is %s ahead',
    async (_, aheadMs) => {
      await withClockAhead(aheadMs, async () => record('ADDED'));

      expect(await record('REMOVED')).toMatchObject({ verdict: 'APPLIED' });
      expect(await groups()).toBe('');

      await withClockAhead(aheadMs, async () => replace(['a', 'b']));
      expect(await replace(['c'])).toMatchObject({ verdict: 'APPLIED' });
      expect(await groups()).toBe('c');
    },
  );

  it('that sets a name outranks an earlier one that was received by a process with a fast clock', async () => {
    const user = (username: string) =>
      send('upsertPlatformUsers', { users: [{ id: 'ann', username }] });
    const group = (name: string) => send('upsertPlatformGroups', { groups: [{ id: 'a', name }] });
    await withClockAhead(DAY_MS, async () => {
      await user('Ann');
      await group('Pilots');
    });

    await user('Anna');
    await group('Captains');

    const { rows } = await api.sql.query(
      `select username as name from platform_user union all select name from platform_group`,
    );
    expect(rows).toEqual([{ name: 'Anna' }, { name: 'Captains' }]);
  });

  it('outranks the previous one even if the database clock was set back between them', async () => {
    await replace(['a', 'b']);
    await send('upsertPlatformUsers', {
      users: [{ id: 'ann', username: 'A' }],
    });
    await api.sql.query(
      `update membership set time_us = time_us + 3600000000;
       update platform_user set snapshot_time_us = snapshot_time_us + 3600000000,
         fences = jsonb_set(fences, '{username,1}', to_jsonb((fences #>> '{username,1}')::bigint + 3600000000))`,
    );

    const changed = await record('REMOVED');
    const renamed = await send('upsertPlatformUsers', {
      users: [{ id: 'ann', username: 'B' }],
    });

    expect(changed).toMatchObject({ verdict: 'APPLIED' });
    expect(renamed).toMatchObject({ verdict: 'APPLIED' });
    expect(await groups()).toBe('b');
    expect(await replace(['c'])).toMatchObject({ verdict: 'APPLIED' });
    expect(await groups()).toBe('c');
  });

  it('that a later event outranks returns CONFLICT, and the error says when to retry', async () => {
    const event = eventAhead(4 * MINUTE_MS, 'added');
    await api.store.applyFacts([event]);

    const result = await record('REMOVED');

    const retryAt = new Date((event.order.timeUs ?? 0) / 1000 + 1);
    expect(result).toMatchObject({
      ok: false,
      verdict: 'STALE',
      error: { code: 'CONFLICT' },
      outrankedBy: [{ groupId: 'a', change: 'ADDED', retryAt: retryAt.toISOString() }],
    });
    expect(result.error.message).toContain('group a');
    expect(result.error.message).toContain(retryAt.toISOString());
    expect(await groups()).toBe('a');
  });

  it('with a whole set names the one group in which an event outranks it, and records the rest', async () => {
    const event = eventAhead(4 * MINUTE_MS, 'added');
    await api.store.applyFacts([event]);

    const result = await replace(['b']);

    expect(result).toMatchObject({
      ok: false,
      verdict: 'PARTIAL',
      error: { code: 'CONFLICT' },
      outrankedBy: [{ groupId: 'a', retryAt: expect.any(String) }],
    });
    expect(await groups()).toBe('a b');
  });

  it('never ties with the previous one', async () => {
    for (const change of ['REMOVED', 'ADDED', 'REMOVED', 'ADDED'] as const)
      expect(await record(change)).toMatchObject({ verdict: 'APPLIED' });
    expect(await groups()).toBe('a');
  });
});

describe('a whole set', () => {
  it('without a sequence names each group in which a fact with a sequence outranks it, and records the rest', async () => {
    await record('ADDED', 10);

    const result = await replace(['b']);

    expect(result).toMatchObject({
      ok: false,
      verdict: 'PARTIAL',
      error: {
        code: 'CONFLICT',
        message:
          'The user was added to group a by a fact with sequence 10, which outranks this one without a sequence. The rest was recorded. Send a sequence above 10 to outrank it.',
      },
      outrankedBy: [
        {
          groupId: 'a',
          change: 'ADDED',
          kind: 'MEMBERSHIP_CHANGE',
          sequence: 10,
          retryAt: null,
        },
      ],
    });
    expect(await groups()).toBe('a b');
  });

  it('is not outranked by a fact that agrees with it', async () => {
    await record('ADDED', 10);

    expect(await replace(['a', 'b'])).toMatchObject({
      ok: true,
      verdict: 'APPLIED',
      outrankedBy: [],
    });
  });

  it('names a group that it adds, if a removal with a sequence outranks it there', async () => {
    await record('REMOVED', 10);

    expect(await replace(['a', 'b'])).toMatchObject({
      verdict: 'PARTIAL',
      outrankedBy: [{ groupId: 'a', change: 'REMOVED', sequence: 10 }],
    });
    expect(await groups()).toBe('b');
  });

  it('that is sent again with the same sequence gets the same result', async () => {
    await record('ADDED', 10);
    const set = { platformUserId: 'ann', groupIds: ['b'], sequence: 5 };

    const first = await send('replaceMemberships', { users: [set] });

    expect(first).toMatchObject({ verdict: 'PARTIAL' });
    expect(await send('replaceMemberships', { users: [set] })).toEqual(first);
  });

  it('that another whole set outranks is STALE, and names every group in which they differ', async () => {
    await send('replaceMemberships', {
      users: [{ platformUserId: 'ann', groupIds: ['c'], sequence: 5 }],
    });

    const result = await replace(['a', 'c']);

    expect(result).toMatchObject({
      verdict: 'STALE',
      outrankedBy: [{ groupId: 'a', kind: 'WHOLE_SET', change: 'REMOVED', sequence: 5 }],
    });
    expect(await groups()).toBe('c');
  });
});
