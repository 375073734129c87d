import { describe, expect, test } from 'vitest';

import { DEMO } from '../../../services/demo/demo-world.js';
import { cause } from '../../builders/store-world.js';
import { eventually } from '../../support/eventually.js';
import { useSweeps } from '../../support/sweep-fixture.js';

const world = useSweeps();

describe('a run', () => {
  test('is given up, with the reason, after it took down three processes', async () => {
    await world.query(`
      insert into sweep (id, client_id, kind, state, is_dry_run, cause, attempts)
      select gen_random_uuid(), id, 'REMOTE_SYNC', 'WAITING', false, '{}', 3 from client`);

    const [{ id } = { id: '' }] = await world.query<{ id: string }>(`select id from sweep`);
    await eventually(async () => (await world.find(id)).state === 'FAILED');

    expect((await world.find(id)).reason).toContain('gave up');
  });

  test('that is cancelled stops between pages and writes nothing', async () => {
    await world.link('alice');
    await world.sweep('VERIFY_GROUPS');
    world.rig().discord.moderator.giveRole({
      guildId: DEMO.guildId,
      discordUserId: DEMO.accounts.alice,
      roleId: DEMO.roles.pilot,
    });
    const before = await world.query(`select * from member`);
    let pages = 0;
    let goOn: () => void = () => undefined;
    const blocked = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    world.tamper(() => ({
      async listMembers() {
        pages += 1;
        await blocked;
        return Array.from({ length: 1_000 }, (_, index) => ({
          discordUserId: String(400000000000000001n + BigInt(index)),
          roleIds: [],
          username: 'someone',
          displayName: null,
          nickname: null,
          isPending: false,
          timedOutUntil: null,
        }));
      },
    }));
    const { id } = await world.start('REMOTE_SYNC', false);
    await eventually(() => pages === 1);

    const cancelled = await world.ports().sweeps.cancelSweep(id);
    goOn();
    world.tamper(() => ({}));
    // A later sweep ends after the cancelled one could have continued.
    await world.sweep('SYNC_ACCOUNTS', { dryRun: true });

    expect(cancelled.state).toBe('CANCELLED');
    expect(pages).toBe(1);
    expect(await world.query(`select * from member`)).toEqual(before);
    await expect(world.ports().sweeps.cancelSweep(id)).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
    });
  });
});

describe('starting a sweep', () => {
  test('is refused while a sweep of the same kind runs', async () => {
    let goOn: () => void = () => undefined;
    const blocked = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    world.tamper((guild) => ({
      async listMembers(page) {
        await blocked;
        return guild.listMembers(page);
      },
    }));
    const { id } = await world.start('REMOTE_SYNC', false);

    await expect(world.start('REMOTE_SYNC', false)).rejects.toMatchObject({
      code: 'CONFLICT',
    });
    goOn();
    await eventually(async () => (await world.find(id)).state === 'DONE');
    await world.start('REMOTE_SYNC', true);
  });

  test.each([
    ['is_enabled = false', 'disabled'],
    ['stopped_at = now()', 'stopped'],
    [`paused_until = now() + interval '1 hour'`, 'paused'],
    ['ending_at = now()', 'deleted'],
  ])('is refused if %s', async (change, reason) => {
    await world.query(`update client set ${change}`);

    await expect(world.start('VERIFY_GROUPS', false)).rejects.toThrow(reason);
  });

  test('is refused for a client that does not exist', async () => {
    const request = {
      clientId: '0193b0a0-0000-7000-8000-00000000dead',
      kind: 'REMOTE_SYNC',
      dryRun: false,
      enforceStrategy: null,
      cause,
    } as const;

    await expect(world.ports().sweeps.startSweep(request)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      field: 'input.clientId',
    });
  });

  test('fails the sweep and stops the client if Discord refuses the token', async () => {
    const { discord, store, clientId } = world.rig();
    await world.link('alice');
    discord.faults.plant({
      effect: { kind: 'status', status: 401, code: 0 },
      times: null,
    });

    const sweep = await world.sweep('REMOTE_SYNC');

    expect(sweep.state).toBe('FAILED');
    const [client] = await store.clients.findClients([clientId]);
    expect(client?.stoppedAt).not.toBeNull();
  });
});

test('sweeps are paged newest first, and counted by kind', async () => {
  const first = await world.sweep('REMOTE_SYNC');
  const second = await world.sweep('VERIFY_GROUPS');
  const { sweeps } = world.ports();
  const { clientId } = world.rig();

  const page = await sweeps.pageSweeps({ clientId, kind: null }, { limit: 1, after: null });
  const rest = await sweeps.pageSweeps({ clientId, kind: null }, { limit: 1, after: second.id });

  expect(page).toMatchObject({ rows: [{ id: second.id }], hasMore: true });
  expect(rest).toMatchObject({ rows: [{ id: first.id }], hasMore: false });
  expect(await sweeps.countSweeps({ clientId, kind: 'REMOTE_SYNC' })).toBe(1);
  expect(await sweeps.findSweeps(['0193b0a0-0000-7000-8000-00000000dead'])).toEqual([undefined]);
});
