import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { aLink, CLIENT_ID, OTHER_CLIENT_ID, ownId, ROLE_ID } from '../../builders/api-views.js';
import { aPlanMember, aSweep } from '../../builders/sweep-views.js';
import { aWorld, faultsOf, KEYS, startApi, type StartedApi } from './start-api.js';

const SWEEP_ID = ownId(0x40);
const FOREIGN_SWEEP_ID = ownId(0x41);
const FOREIGN_ROLE_ID = '300000000000000099';

let api: StartedApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(async () => api.server.stop());
beforeEach(() => {
  Object.assign(api.world, aWorld(), {
    schedules: [],
    sweeps: [aSweep(), aSweep({ id: FOREIGN_SWEEP_ID, clientId: OTHER_CLIENT_ID })],
  });
  api.calls.length = 0;
});

describe('sweep', () => {
  it('shows the plan with its members and roles', async () => {
    api.world.sweeps = [
      aSweep({
        plan: {
          hash: 'abc',
          removals: 1,
          additions: 1,
          calls: 2,
          seconds: 1.2,
          members: [
            aPlanMember({ remove: [FOREIGN_ROLE_ID] }),
            aPlanMember({
              discordUserId: '400000000000000002',
              platformUserId: null,
              add: [],
              reason: 'not linked',
            }),
          ],
        },
        reason: 'stopped by ops',
      }),
    ];

    const { body } = await api.ask(
      `{ sweep(id: "${SWEEP_ID}") { id kind state dryRun checked drifted changed failed reason startedAt finishedAt
        client { name } plan { hash removals additions calls seconds members {
          discordUserId discordUser { id } platformUserId platformUser { username }
          add { id name isMapped } remove { id name } reason } } } }`,
    );

    expect(body.data.sweep).toEqual({
      id: SWEEP_ID,
      kind: 'VERIFY_GROUPS',
      state: 'DONE',
      dryRun: false,
      checked: 3,
      drifted: 1,
      changed: 1,
      failed: 0,
      reason: 'stopped by ops',
      startedAt: '2026-11-22T17:00:00.000Z',
      finishedAt: '2026-11-22T17:00:00.000Z',
      client: { name: 'Alliance' },
      plan: {
        hash: 'abc',
        removals: 1,
        additions: 1,
        calls: 2,
        seconds: 2,
        members: [
          {
            discordUserId: '400000000000000001',
            discordUser: { id: ownId(0x20) },
            platformUserId: 'alice',
            platformUser: { username: 'Alice' },
            add: [{ id: ROLE_ID, name: 'Pilot', isMapped: true }],
            remove: [{ id: FOREIGN_ROLE_ID, name: null }],
            reason: 'in the group pilots',
          },
          {
            discordUserId: '400000000000000002',
            discordUser: null,
            platformUserId: null,
            platformUser: null,
            add: [],
            remove: [],
            reason: 'not linked',
          },
        ],
      },
    });
  });

  it.each([
    ['there is none', ownId(0x99), KEYS.admin],
    ['it is of a client that the key may not touch', FOREIGN_SWEEP_ID, 'limited'],
  ])('is null if %s', async (_where, id, key) => {
    const { body } = await api.ask(
      `{ sweep(id: "${id}") { id } }`,
      {},
      { key: key === 'limited' ? KEYS.limited : key },
    );

    expect(body).toEqual({ data: { sweep: null } });
  });
});

describe('sweeps', () => {
  const listing = (args = '', more = '') =>
    api.ask(
      `query ($id: ID!, $after: String) { sweeps(clientId: $id, after: $after ${args}) {
        nodes { id } pageInfo { hasNextPage endCursor } ${more} } }`,
      { id: CLIENT_ID },
    );

  it('are paged without a gap, newest first', async () => {
    api.world.sweeps = Array.from({ length: 5 }, (_, index) => aSweep({ id: ownId(0x50 + index) }));
    const seen: string[] = [];
    let after: string | null = null;
    do {
      const { body } = await api.ask(
        `query ($id: ID!, $after: String) { sweeps(clientId: $id, first: 2, after: $after) {
          edges { cursor node { id } } pageInfo { hasNextPage endCursor } } }`,
        { id: CLIENT_ID, after },
      );
      const { edges, pageInfo } = body.data.sweeps;
      for (const edge of edges) seen.push(edge.node.id);
      after = pageInfo.hasNextPage ? pageInfo.endCursor : null;
    } while (after !== null);

    expect(seen).toEqual([0x54, 0x53, 0x52, 0x51, 0x50].map(ownId));
  });

  it('are listed for one client, and optionally for one kind', async () => {
    api.world.sweeps.push(
      aSweep({ id: ownId(0x42), kind: 'REMOTE_SYNC' }),
      aSweep({ id: ownId(0x43), kind: 'CHANGES', state: 'HELD' }),
    );

    const all = await listing();
    const held = await listing(', kind: CHANGES', 'totalCount');

    expect(all.body.data.sweeps.nodes).toEqual([
      { id: ownId(0x43) },
      { id: ownId(0x42) },
      { id: SWEEP_ID },
    ]);
    expect(held.body.data.sweeps).toMatchObject({
      nodes: [{ id: ownId(0x43) }],
      totalCount: 1,
    });
    expect(api.lastArguments('sweeps.pageSweeps')).toEqual([
      { clientId: CLIENT_ID, kind: 'CHANGES', states: null },
      { limit: 50, after: null },
    ]);
  });

  it('are counted only if the total is requested', async () => {
    await listing();
    const before = [...api.calls];
    await listing('', 'totalCount');

    expect(before).toEqual(['clients.findClients', 'sweeps.pageSweeps']);
    expect(api.lastArguments('sweeps.countSweeps')).toEqual([
      { clientId: CLIENT_ID, kind: null, states: null },
    ]);
  });

  it.each([
    [', first: 0', 'first'],
    [', first: 201', 'first'],
  ])('are refused with the arguments "%s"', async (args, field) => {
    expect(faultsOf(await listing(args))).toEqual([{ code: 'BAD_USER_INPUT', field }]);
  });

  it('are refused with the cursor of another list', async () => {
    const after = Buffer.from('pilots').toString('base64url');
    const answer = await api.ask(
      `{ sweeps(clientId: "${CLIENT_ID}", after: "${after}") { nodes { id } } }`,
    );

    expect(faultsOf(answer)).toEqual([{ code: 'BAD_USER_INPUT', field: 'after' }]);
  });

  it('cost as many statements for a hundred sweeps as for one', async () => {
    const count = async (sweeps: number) => {
      const places = Array.from({ length: sweeps }, (_, index) => index);
      const accountOf = (index: number) => String(400_000_000_000_000_000n + BigInt(index));
      api.world.sweeps = places.map((index) => {
        const members = [index, index + 1000].map((one) =>
          aPlanMember({
            discordUserId: accountOf(one),
            platformUserId: `user-${one}`,
            add: [ROLE_ID, `31${String(one).padStart(16, '0')}`],
            remove: [`32${String(one).padStart(16, '0')}`],
          }),
        );
        const { plan } = aSweep();
        return aSweep({
          id: ownId(0x1000 + index),
          plan: plan && { ...plan, members },
        });
      });
      api.world.links = places.map((index) =>
        aLink({ id: ownId(0x2000 + index), discordUserId: accountOf(index) }),
      );
      api.calls.length = 0;
      const { body } = await api.ask(
        `{ sweeps(clientId: "${CLIENT_ID}", first: 200) { totalCount nodes {
          client { name schedules { kind client { id } } } plan { members {
            discordUser { id roles { name } platformUser { username } } platformUser { groups { id } }
            add { name isMapped } remove { name } } } } } }`,
      );
      expect(body.errors).toBeUndefined();
      expect(body.data.sweeps.nodes).toHaveLength(sweeps);
      return api.calls.length;
    };

    expect(await count(100)).toBe(await count(1));
    expect(await count(1)).toBeLessThanOrEqual(12);
  });
});
