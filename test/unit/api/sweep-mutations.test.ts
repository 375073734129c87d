import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { InputError } from '../../../services/lib/errors.js';
import { aClient, CLIENT_ID, OTHER_CLIENT_ID, ownId } from '../../builders/api-views.js';
import { aSweep } from '../../builders/sweep-views.js';
import { STARTED_SWEEP_ID } from '../../fakes/sweep-ports.js';
import { aWorld, faultsOf, KEYS, startApi, type StartedApi } from './start-api.js';

const SWEEP_ID = ownId(0x40);
const FOREIGN_SWEEP_ID = ownId(0x41);

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

const sweepCalls = () => api.calls.filter((call) => /^(sweeps|schedules)\./.test(call));

const starting = (given: Readonly<Record<string, unknown>> = {}) =>
  api.ask(
    `mutation ($input: StartSweepInput!) { startSweep(input: $input) {
      sweep { id kind state dryRun plan { hash } startedAt finishedAt client { id } } warnings } }`,
    { input: { clientId: CLIENT_ID, kind: 'VERIFY_GROUPS', ...given } },
  );

describe('startSweep', () => {
  it('starts a sweep, with the caller in its cause', async () => {
    const { body, headers } = await starting({ dryRun: true });

    expect(body).toEqual({
      data: {
        startSweep: {
          sweep: {
            id: STARTED_SWEEP_ID,
            kind: 'VERIFY_GROUPS',
            state: 'WAITING',
            dryRun: true,
            plan: null,
            startedAt: '2026-11-22T17:00:00.000Z',
            finishedAt: null,
            client: { id: CLIENT_ID },
          },
          warnings: [],
        },
      },
    });
    expect(api.lastArguments('sweeps.startSweep')).toEqual([
      {
        clientId: CLIENT_ID,
        kind: 'VERIFY_GROUPS',
        dryRun: true,
        enforceStrategy: null,
        cause: {
          kind: 'MUTATION',
          id: headers.get('x-request-id'),
          actor: 'admin',
        },
      },
    ]);
  });

  it('is not a dry run by default', async () => {
    await starting({ dryRun: null });

    expect(api.lastArguments('sweeps.startSweep')).toMatchObject([{ dryRun: false }]);
  });

  it('cannot start a sweep of kind CHANGES, which the connector starts itself', async () => {
    const answer = await starting({ kind: 'CHANGES' });

    expect(faultsOf(answer)).toEqual([{ code: 'BAD_USER_INPUT', field: 'input.kind' }]);
    expect(sweepCalls()).toEqual([]);
  });

  it.each(['EVERYTHING', 'verify_groups', null])('refuses an invalid kind: %s', async (kind) => {
    const answer = await starting({ kind });

    expect(faultsOf(answer)).toEqual([{ code: 'BAD_USER_INPUT', field: 'input.kind' }]);
    expect(sweepCalls()).toEqual([]);
  });

  it('returns CONFLICT if another sweep is running', async () => {
    const conflict = new InputError('CONFLICT', 'One runs.', 'input.kind');
    api.fail('sweeps.startSweep', conflict);

    const answer = await starting();

    api.fail('sweeps.startSweep', null);
    expect(faultsOf(answer)).toEqual([{ code: 'CONFLICT', field: 'input.kind' }]);
  });
});

describe('the nickname strategy of a sweep', () => {
  const naming = (enforceStrategy: string | null) =>
    starting({ kind: 'ENFORCE_NICKNAMES', enforceStrategy });

  it('is passed on if the sweep enforces nicknames', async () => {
    const { body } = await naming('EVE_ONLINE');

    expect(body.data.startSweep.warnings).toEqual([]);
    expect(api.lastArguments('sweeps.startSweep')).toMatchObject([
      { kind: 'ENFORCE_NICKNAMES', enforceStrategy: 'EVE_ONLINE' },
    ]);
  });

  it.each([[null], ['NONE']])('causes a warning if it is %s', async (strategy) => {
    const { body } = await naming(strategy);

    expect(body.data.startSweep.warnings).toEqual([
      'With the strategy NONE, nicknames stay unchanged.',
    ]);
  });

  it('may be TEMPLATE only if the client has a template', async () => {
    const without = await naming('TEMPLATE');
    const before = sweepCalls();
    const nicknamePolicy = {
      strategy: 'NONE',
      template: '%username',
      onUnlink: 'RESET',
    } as const;
    api.world.clients = [aClient({ nicknamePolicy })];
    const withOne = await naming('TEMPLATE');

    expect(faultsOf(without)).toEqual([
      { code: 'FAILED_PRECONDITION', field: 'input.enforceStrategy' },
    ]);
    expect(before).toEqual([]);
    expect(withOne.body.data.startSweep.warnings).toEqual([]);
  });

  it.each(['EVE_ONLINE', 'NONE'])('is refused for other sweeps: %s', async (enforceStrategy) => {
    const answer = await starting({ enforceStrategy });

    expect(faultsOf(answer)).toEqual([{ code: 'BAD_USER_INPUT', field: 'input.enforceStrategy' }]);
    expect(sweepCalls()).toEqual([]);
  });
});

describe('cancelSweep', () => {
  const cancelling = (id: string, key: string = KEYS.admin) =>
    api.ask(
      'mutation ($input: CancelSweepInput!) { cancelSweep(input: $input) { sweep { id state } warnings } }',
      { input: { id } },
      { key },
    );

  it('stops a running sweep', async () => {
    api.world.sweeps = [aSweep({ state: 'RUNNING', finishedAt: null })];

    const { body } = await cancelling(SWEEP_ID.toUpperCase());

    expect(body.data.cancelSweep).toEqual({
      sweep: { id: SWEEP_ID, state: 'CANCELLED' },
      warnings: [],
    });
    expect(api.lastArguments('sweeps.cancelSweep')).toEqual([SWEEP_ID]);
  });

  it('refuses a finished sweep', async () => {
    expect(faultsOf(await cancelling(SWEEP_ID))).toEqual([
      { code: 'FAILED_PRECONDITION', field: 'input.id' },
    ]);
  });

  it.each([
    ['nothing', ownId(0x99), KEYS.admin, 'NOT_FOUND'],
    ['another client', FOREIGN_SWEEP_ID, KEYS.limited, 'NOT_FOUND'],
    ['no id of ours', 'sweep-1', KEYS.admin, 'BAD_USER_INPUT'],
  ])('refuses an id of %s', async (_of, id, key, code) => {
    const answer = await cancelling(id, key);

    expect(faultsOf(answer)).toEqual([{ code, field: 'input.id' }]);
    expect(api.calls).not.toContain('sweeps.cancelSweep');
  });
});
