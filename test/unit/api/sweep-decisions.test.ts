import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { CLIENT_ID, OTHER_CLIENT_ID, ownId } from '../../builders/api-views.js';
import { aPlanMember, aSweep } from '../../builders/sweep-views.js';
import { aWorld, faultsOf, KEYS, startApi, type StartedApi } from './start-api.js';

const HELD_ID = ownId(0x50);
const FOREIGN_ID = ownId(0x51);
const DONE_ID = ownId(0x52);
const HASH = 'the hash that was looked at';
const PLAN = {
  hash: HASH,
  removals: 12,
  additions: 0,
  calls: 12,
  seconds: 6,
  members: [aPlanMember({ add: [], remove: ['300000000000000004'] })],
};

let api: StartedApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(async () => api.server.stop());
beforeEach(() => {
  const held = { state: 'HELD', finishedAt: null, plan: PLAN } as const;
  Object.assign(api.world, aWorld(), {
    schedules: [],
    sweeps: [
      aSweep({ id: HELD_ID, kind: 'CHANGES', ...held, reason: 'too much' }),
      aSweep({ id: FOREIGN_ID, clientId: OTHER_CLIENT_ID, ...held }),
      aSweep({ id: DONE_ID }),
    ],
  });
  api.calls.length = 0;
});

const deciding = (
  name: 'approveSweep' | 'rejectSweep',
  input: Readonly<Record<string, unknown>>,
  key: string = KEYS.admin,
) =>
  api.ask(
    `mutation ($input: ${name === 'approveSweep' ? 'Approve' : 'Reject'}SweepInput!) { ${name}(input: $input) {
      sweep { id state decidedBy decidedAt plan { hash removals } } warnings } }`,
    { input },
    { key },
  );

describe('a held plan', () => {
  it('is shown with its reason, its hash and its cost', async () => {
    const { body } = await api.ask(
      `{ sweep(id: "${HELD_ID}") { kind state reason decidedBy finishedAt
        plan { hash removals additions calls seconds members { discordUserId remove { id } reason } } } }`,
    );

    expect(body.data?.['sweep']).toMatchObject({
      kind: 'CHANGES',
      state: 'HELD',
      reason: 'too much',
      decidedBy: null,
      finishedAt: null,
      plan: { hash: HASH, removals: 12, calls: 12, seconds: 6 },
    });
  });

  it.each([
    ['approveSweep', 'APPROVED'],
    ['rejectSweep', 'REJECTED'],
  ] as const)('is decided by %s, which returns who decided on which plan', async (name, state) => {
    const { body, headers } = await deciding(name, {
      id: HELD_ID,
      hash: HASH,
    });

    expect(body.data?.[name]).toEqual({
      sweep: {
        id: HELD_ID,
        state,
        decidedBy: 'admin',
        decidedAt: '1970-01-01T00:00:00.000Z',
        plan: { hash: HASH, removals: 12 },
      },
      warnings: [],
    });
    expect(api.lastArguments('sweeps.decideSweep')).toMatchObject([
      {
        id: HELD_ID,
        hash: HASH,
        verdict: state,
        cause: { actor: 'admin', id: headers.get('x-request-id') },
      },
    ]);
  });

  it('cannot be approved without a hash', async () => {
    for (const [hash, field] of [
      [undefined, 'input'],
      [null, 'input.hash'],
      ['', 'input.hash'],
    ]) {
      const answer = await deciding('approveSweep', { id: HELD_ID, hash });

      expect(faultsOf(answer)).toEqual([{ code: 'BAD_USER_INPUT', field }]);
    }
    expect(api.calls.some((call) => call === 'sweeps.decideSweep')).toBe(false);
  });

  it('cannot be approved with the hash of another plan', async () => {
    const answer = await deciding('approveSweep', {
      id: HELD_ID,
      hash: 'of yesterday',
    });

    expect(faultsOf(answer)).toEqual([{ code: 'CONFLICT', field: 'input.hash' }]);
  });

  it('can be rejected without a hash', async () => {
    const { body } = await deciding('rejectSweep', { id: HELD_ID });

    expect(body.data?.['rejectSweep']).toMatchObject({
      sweep: { state: 'REJECTED' },
    });
  });

  it.each([
    ['that is over', DONE_ID, 'FAILED_PRECONDITION'],
    ['that does not exist', ownId(0x5f), 'NOT_FOUND'],
    ['whose id is none', 'the-sweep', 'BAD_USER_INPUT'],
  ])('%s cannot be decided', async (_, id, code) => {
    const answer = await deciding('approveSweep', { id, hash: HASH });

    expect(faultsOf(answer)).toEqual([{ code, field: 'input.id' }]);
  });

  it('of another client is NOT_FOUND for a limited key', async () => {
    const answer = await deciding('approveSweep', { id: FOREIGN_ID, hash: HASH }, KEYS.limited);

    expect(faultsOf(answer)).toEqual([{ code: 'NOT_FOUND', field: 'input.id' }]);
  });
});

describe('createRoleMapping', () => {
  it('warns about holders whose roles stay until a person decides', async () => {
    api.world.heldRemovals = { sweepId: HELD_ID, removals: 3 };

    const { body } = await api.ask(
      `mutation { createRoleMapping(input: { clientId: "${CLIENT_ID}", groupId: "recruits", roleId: "300000000000000001" }) { warnings } }`,
    );

    expect(body.data?.['createRoleMapping']).toEqual({
      warnings: expect.arrayContaining([
        expect.stringContaining(`Their roles stay until sweep ${HELD_ID}`),
      ]),
    });
  });
});

describe('retireRoleMapping', () => {
  it('warns about holders who keep the role until a person decides', async () => {
    api.world.heldRemovals = { sweepId: HELD_ID, removals: 3 };

    const { body } = await api.ask(
      `mutation ($id: ID!) { retireRoleMapping(input: { id: $id, holders: LEAVE }) { warnings } }`,
      { id: ownId(0x10) },
    );

    expect(body.data?.['retireRoleMapping']).toEqual({
      warnings: [expect.stringMatching(`3 linked members .* unless sweep ${HELD_ID}`)],
    });
  });
});
