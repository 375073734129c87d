import pg from 'pg';
import { describe, expect, test } from 'vitest';

import { createCheckClient } from '../../services/connector/check-client.js';
import { clientPort } from '../../services/connector/client-ports.js';
import { createImportRoles } from '../../services/connector/api-ports.js';
import { silentLogger } from '../../services/lib/logger.js';
import { DEMO } from '../../services/sandbox/demo-world.js';
import { createDailyChecks } from '../../services/sweep/daily-checks.js';
import { cause } from '../builders/store-world.js';
import { eventually } from '../support/eventually.js';
import { usePath } from '../support/path-fixture.js';

describe('the checks of a client', () => {
  const path = usePath();

  const parts = () => {
    const { store, gateway } = path.rig();
    const checkClient = createCheckClient(
      { store, gateway },
      () => 'http://127.0.0.1:4000',
    );
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

  test('are made when it is changed, and kept', async () => {
    const { clients } = parts();
    expect((await path.client())?.checks).toEqual([]);

    const changed = await clients.updateClient(
      path.rig().clientId,
      { name: 'Renamed' },
      cause,
    );

    expect(changed.checks.map((check) => check.name)).toContain('bot token');
    expect(await resultOf('bot token')).toBe('OK');
    expect((await path.client())?.checkedAt).not.toBeNull();
  });

  test('are made once a day by one of the processes, and find what has come in the way', async () => {
    const { store, checkClient, clients } = parts();
    const { clientId, discord } = path.rig();
    await clients.updateClient(clientId, { name: 'Renamed' }, cause);
    discord.moderator.leave({
      guildId: DEMO.guildId,
      discordUserId: '400000000000000010',
    });

    expect(await store.claimDueChecks(5)).toEqual([]);
    await yesterday(clientId);
    const claims = await Promise.all(
      [1, 2, 3].map(async () => store.claimDueChecks(5)),
    );
    expect(claims.flat()).toEqual([clientId]);

    await yesterday(clientId);
    const daily = createDailyChecks({
      claimDueChecks: store.claimDueChecks,
      checkClient,
      logger: silentLogger,
    });
    await daily.start();
    await eventually(async () => (await resultOf('bot in guild')) === 'FAILED');
    await daily.stop();
  });

  test('do not keep a client from being made or changed when Discord does not answer', async () => {
    const { clients } = parts();
    path.rig().discord.faults.plant({
      effect: { kind: 'status', status: 503 },
      times: null,
    });

    const changed = await clients.updateClient(
      path.rig().clientId,
      { name: 'Renamed' },
      cause,
    );

    expect(changed.name).toBe('Renamed');
    expect(changed.checks.some((check) => check.result === 'FAILED')).toBe(
      true,
    );
  });

  async function yesterday(clientId: string): Promise<void> {
    const direct = new pg.Client({ connectionString: path.databaseUrl() });
    await direct.connect();
    await direct.query(
      "update client set checked_at = now() - interval '25 hours' where id = $1",
      [clientId],
    );
    await direct.end();
  }
});
