import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { InputError } from '../../../services/lib/errors.js';
import { aClient, CLIENT_ID, OTHER_CLIENT_ID, ownId } from '../../builders/api-views.js';
import { aSchedule } from '../../builders/sweep-views.js';
import { aWorld, faultsOf, KEYS, startApi, type StartedApi } from './start-api.js';

let api: StartedApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(async () => api.server.stop());
beforeEach(() => {
  Object.assign(api.world, aWorld(), {
    schedules: [
      aSchedule({ lastRunAt: new Date('2026-11-22T16:55:00Z') }),
      aSchedule({
        kind: 'ENFORCE_NICKNAMES',
        cron: '0 * * * *',
        timeZone: 'Europe/Berlin',
        isEnabled: false,
        nextRunAt: null,
      }),
      aSchedule({ clientId: OTHER_CLIENT_ID, cron: '1 * * * *' }),
    ],
  });
  api.calls.length = 0;
});

const changing = (given: Readonly<Record<string, unknown>> = {}) =>
  api.ask(
    `mutation ($input: UpdateScheduleInput!) { updateSchedule(input: $input) {
      schedule { kind cron timeZone enabled client { id } } warnings } }`,
    { input: { clientId: CLIENT_ID, kind: 'VERIFY_GROUPS', ...given } },
  );

describe('schedules', () => {
  it('are listed for a client with all their fields', async () => {
    const { body } = await api.ask(
      `{ schedules(clientId: "${CLIENT_ID}") { kind cron timeZone enabled lastRunAt nextRunAt client { id } } }`,
    );

    expect(body.data.schedules).toEqual([
      {
        kind: 'VERIFY_GROUPS',
        cron: '*/5 * * * *',
        timeZone: 'UTC',
        enabled: true,
        lastRunAt: '2026-11-22T16:55:00.000Z',
        nextRunAt: '2026-11-22T17:00:00.000Z',
        client: { id: CLIENT_ID },
      },
      {
        kind: 'ENFORCE_NICKNAMES',
        cron: '0 * * * *',
        timeZone: 'Europe/Berlin',
        enabled: false,
        lastRunAt: null,
        nextRunAt: null,
        client: { id: CLIENT_ID },
      },
    ]);
  });

  it('of all clients cost one statement', async () => {
    const { body } = await api.ask('{ discordClients { id schedules { kind cron } } }');

    expect(body.data.discordClients).toMatchObject([
      { id: CLIENT_ID, schedules: [{}, { kind: 'ENFORCE_NICKNAMES' }] },
      { id: OTHER_CLIENT_ID, schedules: [{ cron: '1 * * * *' }] },
    ]);
    expect(api.calls).toEqual(['clients.listClients', 'schedules.schedulesOfClients']);
  });

  it('are denied to a read key, which can still read the client', async () => {
    const answer = await api.ask(
      `{ discordClient(id: "${CLIENT_ID}") { name schedules { kind } } }`,
      {},
      { key: KEYS.read },
    );

    expect(faultsOf(answer)).toEqual([{ code: 'FORBIDDEN' }]);
    expect(answer.body.data).toEqual({
      discordClient: { name: 'Alliance', schedules: null },
    });
    expect(api.calls).not.toContain('schedules.schedulesOfClients');
  });
});

describe('updateSchedule', () => {
  it('changes only the given settings', async () => {
    const { body } = await changing({
      cron: '30 4 * * 1',
      timeZone: 'Europe/Berlin',
      enabled: null,
    });

    expect(body.data.updateSchedule).toEqual({
      schedule: {
        kind: 'VERIFY_GROUPS',
        cron: '30 4 * * 1',
        timeZone: 'Europe/Berlin',
        enabled: true,
        client: { id: CLIENT_ID },
      },
      warnings: [],
    });
  });

  it('disables a schedule', async () => {
    const { body } = await changing({ enabled: false });

    expect(body.data.updateSchedule.schedule.enabled).toBe(false);
  });

  it('returns the new schedule even if an earlier mutation of the request read the old one', async () => {
    const { body } = await api.ask(
      `mutation ($a: UpdateScheduleInput!, $b: UpdateScheduleInput!) {
        one: updateSchedule(input: $a) { schedule { client { schedules { cron } } } }
        two: updateSchedule(input: $b) { schedule { client { schedules { cron } } } }
      }`,
      {
        a: { clientId: CLIENT_ID, kind: 'VERIFY_GROUPS', cron: '1 1 * * *' },
        b: { clientId: CLIENT_ID, kind: 'VERIFY_GROUPS', cron: '2 2 * * *' },
      },
    );

    const first = { cron: '1 1 * * *' };
    const second = { cron: '2 2 * * *' };
    const other = { cron: '0 * * * *' };
    expect(body.data.one.schedule.client.schedules).toEqual([first, other]);
    expect(body.data.two.schedule.client.schedules).toEqual([second, other]);
  });

  it('warns if the input changes nothing', async () => {
    const { body } = await changing();

    expect(body.data.updateSchedule.warnings).toEqual(['The input contains nothing to change.']);
  });

  it('warns if nicknames are enforced while the policy has the strategy NONE', async () => {
    const enable = { kind: 'ENFORCE_NICKNAMES', enabled: true };
    const idle = await changing(enable);
    const policy = {
      strategy: 'EVE_ONLINE',
      template: null,
      onUnlink: 'RESET',
    } as const;
    api.world.clients = [aClient({ nicknamePolicy: policy })];
    const useful = await changing(enable);

    expect(idle.body.data.updateSchedule.warnings).toEqual([
      "The client's nickname policy has the strategy NONE, so nicknames stay unchanged.",
    ]);
    expect(useful.body.data.updateSchedule.warnings).toEqual([]);
  });

  it.each([
    [{ kind: 'CHANGES', enabled: true }, 'input.kind'],
    [{ kind: 'SOMETIMES' }, 'input.kind'],
    [{ cron: ' ' }, 'input.cron'],
    [{ cron: '* '.repeat(101) }, 'input.cron'],
    [{ cron: '* * * * *\u0000' }, 'input.cron'],
    [{ timeZone: '' }, 'input.timeZone'],
    [{ timeZone: 'x'.repeat(101) }, 'input.timeZone'],
    [{ enabled: 'yes' }, 'input.enabled'],
  ])('refuses %j', async (given, field) => {
    const answer = await changing(given);

    expect(faultsOf(answer)).toEqual([{ code: 'BAD_USER_INPUT', field }]);
    expect(api.calls).not.toContain('schedules.updateSchedule');
  });

  it('reports an invalid cron pattern with its field', async () => {
    const unread = new InputError('BAD_USER_INPUT', 'No.', 'input.cron');
    api.fail('schedules.updateSchedule', unread);

    const answer = await changing({ cron: 'every day' });

    api.fail('schedules.updateSchedule', null);
    expect(faultsOf(answer)).toEqual([{ code: 'BAD_USER_INPUT', field: 'input.cron' }]);
  });
});

describe('loadDefaultSchedule', () => {
  it('restores the default schedules of the client', async () => {
    const { body } = await api.ask(
      `mutation { loadDefaultSchedule(input: { clientId: "${CLIENT_ID}" }) {
        schedules { kind cron client { schedules { cron } } } warnings } }`,
    );

    const client = {
      schedules: [{ cron: '*/5 * * * *' }, { cron: '0 4 * * 1' }],
    };
    expect(body.data.loadDefaultSchedule).toEqual({
      schedules: [
        { kind: 'VERIFY_GROUPS', cron: '*/5 * * * *', client },
        { kind: 'REMOTE_SYNC', cron: '0 4 * * 1', client },
      ],
      warnings: [],
    });
  });
});

describe('operations on one client', () => {
  const operations: readonly (readonly [string, string])[] = [
    ['{ schedules(clientId: "C") { kind } }', 'clientId'],
    ['{ sweeps(clientId: "C") { totalCount } }', 'clientId'],
    [
      'mutation { startSweep(input: { clientId: "C", kind: VERIFY_GROUPS }) { warnings } }',
      'input.clientId',
    ],
    [
      'mutation { updateSchedule(input: { clientId: "C", kind: VERIFY_GROUPS, enabled: true }) { warnings } }',
      'input.clientId',
    ],
    ['mutation { loadDefaultSchedule(input: { clientId: "C" }) { warnings } }', 'input.clientId'],
  ];
  const asked = async (operation: string, id: string, key: string) => {
    const answer = await api.ask(operation.replace('C', id), {}, { key });
    const own = api.calls.filter((call) => /^(sweeps|schedules)\./.test(call));
    return { faults: faultsOf(answer), isAsked: own.length > 0 };
  };

  it.each(operations)('are allowed for a key limited to that client: %s', async (op) => {
    expect(await asked(op, CLIENT_ID, KEYS.limited)).toEqual({
      faults: [],
      isAsked: true,
    });
  });

  it.each(operations)('are denied to a key limited to another client: %s', async (op, field) => {
    expect(await asked(op, OTHER_CLIENT_ID, KEYS.limited)).toEqual({
      faults: [{ code: 'FORBIDDEN', field }],
      isAsked: false,
    });
  });

  it.each(operations)('return NOT_FOUND for an unknown client: %s', async (op, field) => {
    expect(await asked(op, ownId(0x99), KEYS.admin)).toEqual({
      faults: [{ code: 'NOT_FOUND', field }],
      isAsked: false,
    });
  });

  it.each(operations)('require the admin scope: %s', async (op) => {
    for (const key of [KEYS.read, KEYS.write])
      expect(await asked(op, CLIENT_ID, key)).toEqual({
        faults: [{ code: 'FORBIDDEN' }],
        isAsked: false,
      });
  });
});
