import { describe, expect, test } from 'vitest';

import { createCheckClient } from '../../services/connector/check-client.js';
import { clientPort } from '../../services/connector/client-ports.js';
import { createImportRoles } from '../../services/connector/api-ports.js';
import { silentLogger } from '../../services/lib/logger.js';
import { DEMO } from '../../services/demo/demo-world.js';
import { createDailyChecks } from '../../services/sweep/daily-checks.js';
import { cause } from '../builders/store-world.js';
import { createAnswerCutter } from '../support/answer-cutter.js';
import { eventually, patienceMs } from '../support/eventually.js';
import { usePath } from '../support/path-fixture.js';
import { openTestStore } from '../support/store.js';

const ANY = { limit: 5, except: [] };

describe('the checks of a client', () => {
  const path = usePath();

  const parts = () => {
    const { store, gateway } = path.rig();
    const checkClient = createCheckClient({ store, gateway }, () => 'http://127.0.0.1:4000');
    const clients = clientPort({
      store,
      importRoles: createImportRoles({ store, gateway }),
      checkClient,
      trySecrets: async () => undefined,
      logger: silentLogger,
    });
    return { store, checkClient, clients };
  };

  const resultOf = async (name: string) =>
    (await path.client())?.checks.find((check) => check.name === name)?.result;

  test('run when it is updated, and their results are stored', async () => {
    const { clients } = parts();
    expect((await path.client())?.checks).toEqual([]);

    const changed = await clients.updateClient(path.rig().clientId, { name: 'Renamed' }, cause);

    expect(changed.checks.map((check) => check.name)).toContain('bot token');
    expect(await resultOf('bot token')).toBe('OK');
    expect((await path.client())?.checkedAt).not.toBeNull();
  });

  test('run once a day in one of the processes, and find new problems', async () => {
    const { store, checkClient, clients } = parts();
    const { clientId, discord } = path.rig();
    await clients.updateClient(clientId, { name: 'Renamed' }, cause);
    discord.moderator.leave({
      guildId: DEMO.guildId,
      discordUserId: '400000000000000010',
    });

    const others = await Promise.all([1, 2, 3].map(() => openTestStore(path.databaseUrl())));
    const claimAll = async () => Promise.all(others.map((each) => each.claimDueChecks(ANY)));
    expect((await claimAll()).flat()).toEqual([]);
    await yesterday(clientId);
    expect((await claimAll()).flat()).toEqual([clientId]);
    await Promise.all(others.map((each) => each.stop()));

    await leasesEnd(clientId);
    const daily = createDailyChecks({
      claimDueChecks: store.claimDueChecks,
      checkClient,
      logger: silentLogger,
    });
    await daily.start();
    await eventually(async () => (await resultOf('bot in guild')) === 'FAILED');
    await daily.stop();
  });

  test('complete within ten seconds after the database response to any statement of the daily check is lost', async () => {
    const { clientId, gateway } = path.rig();
    const cutter = await createAnswerCutter(path.databaseUrl());
    const store = await openTestStore(cutter.url);
    const isChecked = async () => {
      const age = Date.now() - Number((await path.client())?.checkedAt);
      return age < 3_600_000;
    };
    const play = async () => {
      await leasesEnd(clientId);
      await yesterday(clientId);
      const daily = createDailyChecks({
        claimDueChecks: store.claimDueChecks,
        checkClient: createCheckClient({ store, gateway }, () => null),
        logger: silentLogger,
      });
      await daily.start();
      await eventually(isChecked, { withinMs: patienceMs() / 6 });
      await daily.stop();
    };
    await play();
    cutter.forget();
    await play();

    const statements = cutter.statements();
    for (const statement of statements) {
      const isCut = cutter.cutAfter(statement);
      await play();
      await isCut;
    }

    expect(statements.length).toBeGreaterThan(3);
    await store.stop();
    await cutter.stop();
  });

  test('do not prevent a client update when Discord is unavailable', async () => {
    const { clients } = parts();
    path.rig().discord.faults.plant({
      effect: { kind: 'status', status: 503 },
      times: null,
    });

    const changed = await clients.updateClient(path.rig().clientId, { name: 'Renamed' }, cause);

    expect(changed.name).toBe('Renamed');
    expect(changed.checks.some((check) => check.result === 'FAILED')).toBe(true);
  });

  const yesterday = async (clientId: string) =>
    path.query(
      `update client set checked_at = now() - interval '25 hours' where id = '${clientId}'`,
    );

  const leasesEnd = async (clientId: string) =>
    path.query(`update client set check_claimed_until = now() where id = '${clientId}'`);
});
