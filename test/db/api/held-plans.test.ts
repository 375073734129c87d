import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { clientInput } from '../../builders/store-world.js';
import { openRealApi, type RealApi } from './api-world.js';

let api: RealApi;
let clientId: string;
beforeAll(async () => {
  api = await openRealApi();
});
afterAll(async () => api.close());
beforeEach(async () => {
  await api.sql.query('truncate client cascade');
  ({ id: clientId } = await api.store.clients.createClient(clientInput()));
});

const addSweep = async (its: {
  readonly kind: string;
  readonly state: string;
  readonly hoursAgo: number;
  readonly removals?: number;
}) => {
  const id = uuidv7({ msecs: Date.now() - its.hoursAgo * 3_600_000 });
  await api.sql.query(
    `insert into sweep (id, client_id, kind, state, is_dry_run, cause, started_at)
     values ($1, $2, $3, $4, false, '{}', now() - make_interval(hours => $5))`,
    [id, clientId, its.kind, its.state, its.hoursAgo],
  );
  await api.sql.query(
    `insert into removal_decision (client_id, discord_user_id, role_id, verdict, ground, reason, sweep_id)
     select $1, '4' || n, $4, 'HELD', 'LIMIT', 'x', $2 from generate_series(1, $3::int) n`,
    [clientId, id, its.removals ?? 0, its.kind],
  );
  return id;
};

async function heldChecks(): Promise<readonly unknown[]> {
  const data = await api.ask(
    `query ($id: ID!) { discordClient(id: $id) { health { checks { name result message remedy } } } }`,
    { id: clientId },
  );
  const { discordClient } = JSON.parse(JSON.stringify(data));
  return discordClient.health.checks.filter(
    ({ name }: { readonly name: string }) => name === 'held plans',
  );
}

async function heldPlans(): Promise<unknown> {
  const { heldPlans: plans } = await api.ask(
    `query ($id: ID!) { heldPlans(clientId: $id) { id kind state plan { removals } } }`,
    { id: clientId },
  );
  return plans;
}

async function found(args: string): Promise<unknown> {
  const { sweeps } = await api.ask(
    `query ($id: ID!) { sweeps(clientId: $id, first: 10 ${args}) { totalCount nodes { id } } }`,
    { id: clientId },
  );
  return sweeps;
}

describe('held plans', () => {
  test('appear in the health of their client, with their number, their removals and the age of the oldest', async () => {
    await addSweep({
      kind: 'CHANGES',
      state: 'HELD',
      hoursAgo: 50,
      removals: 12,
    });
    await addSweep({ kind: 'REMOTE_SYNC', state: 'HELD', hoursAgo: 1 });
    await addSweep({ kind: 'VERIFY_GROUPS', state: 'DONE', hoursAgo: 0 });

    expect(await heldChecks()).toEqual([
      {
        name: 'held plans',
        result: 'WARNING',
        message: expect.stringMatching(
          /^2 plans with 12 removals waiting for approval; the oldest was held at [-\d]+T[:\d]+\.\d{3}Z, 2 days ago\.$/,
        ),
        remedy: `List them with heldPlans(clientId: "${clientId}"), then decide each with approveSweep or rejectSweep.`,
      },
    ]);
  });

  test('no longer appear in the health once rejected', async () => {
    await addSweep({ kind: 'CHANGES', state: 'REJECTED', hoursAgo: 5 });

    expect(await heldChecks()).toEqual([]);
  });

  test('are listed by client, longest held first', async () => {
    const swept = await addSweep({
      kind: 'VERIFY_GROUPS',
      state: 'HELD',
      hoursAgo: 3,
      removals: 2,
    });
    const changes = await addSweep({
      kind: 'CHANGES',
      state: 'HELD',
      hoursAgo: 50,
      removals: 5,
    });
    await addSweep({ kind: 'REMOTE_SYNC', state: 'APPROVED', hoursAgo: 1 });
    await addSweep({ kind: 'SYNC_ACCOUNTS', state: 'DONE', hoursAgo: 0 });

    expect(await heldPlans()).toEqual([
      { id: changes, kind: 'CHANGES', state: 'HELD', plan: { removals: 5 } },
      {
        id: swept,
        kind: 'VERIFY_GROUPS',
        state: 'HELD',
        plan: { removals: 2 },
      },
    ]);
    await expect(api.ask(`{ heldPlans(clientId: "${uuidv7()}") { id } }`)).rejects.toThrow(
      'does not exist',
    );
  });

  test('can be found by state behind twelve newer sweeps', async () => {
    const held = await addSweep({
      kind: 'CHANGES',
      state: 'HELD',
      hoursAgo: 30,
      removals: 1,
    });
    for (let hoursAgo = 12; hoursAgo > 0; hoursAgo -= 1)
      await addSweep({ kind: 'VERIFY_GROUPS', state: 'DONE', hoursAgo });

    expect(await found(', states: [HELD]')).toEqual({
      totalCount: 1,
      nodes: [{ id: held }],
    });
    expect(await found(', states: [HELD, DONE]')).toMatchObject({
      totalCount: 13,
    });
    expect(await found(', kind: VERIFY_GROUPS, states: [HELD]')).toMatchObject({
      totalCount: 0,
    });
    expect(await found(', states: []')).toMatchObject({ totalCount: 0 });
    expect(await found('')).toMatchObject({ totalCount: 13 });
  });
});
