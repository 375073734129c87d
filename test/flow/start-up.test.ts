import { readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';

import pg from 'pg';
import { describe, expect, test, type TestContext } from 'vitest';
import { z } from 'zod';

import { createKeyRing } from '../../services/lib/encryption.js';
import { eventually } from '../support/eventually.js';
import { freePort, runService, startService } from '../support/service.js';
import { createMigratedDatabase, openTestStore } from '../support/store.js';
import { createDataFolder, demonstrationIsDone, holds, recordChange } from '../support/story.js';

type OnTestFinished = TestContext['onTestFinished'];

const ENCRYPTION_KEY = `first:${Buffer.alloc(32, 5).toString('base64')}`;
const API_KEY = `site:discord:admin:${'ab'.repeat(32)}`;

async function ownDatabase(onTestFinished: OnTestFinished): Promise<string> {
  const database = await createMigratedDatabase();
  onTestFinished(database.drop);
  return database.url;
}

async function ownFolder(onTestFinished: OnTestFinished): Promise<string> {
  const folder = await createDataFolder();
  onTestFinished(folder.remove);
  return folder.path;
}

describe.concurrent('a start without the sandbox', () => {
  test('names every missing setting', async () => {
    const { code, said } = await runService({ env: { SANDBOX: 'false' } });

    expect(code).toBe(1);
    expect(said.split('\n')).toEqual([
      'invalid configuration:',
      '  - DATABASE_URL: required when the sandbox is off',
      '  - ENCRYPTION_KEYS: required when the sandbox is off',
      '  - API_KEYS: required when the API runs',
    ]);
  });

  test('names every malformed setting, and repeats no possible secret', async () => {
    const { code, said } = await runService({
      env: {
        SANDBOX: 'false',
        PORT: 'eighty',
        DATABASE_URL: 'mysql://connector:hunter2@db/connector',
        ENCRYPTION_KEYS: 'first:c2VzYW1l',
        API_KEYS: 'site:discord:read:sesame, other:discord:everything:sesame',
        PARTS: 'api,kitchen',
        LOG_LEVEL: 'loud',
      },
    });

    expect(code).toBe(1);
    const lines = said.split('\n');
    expect(lines[0]).toBe('invalid configuration:');
    for (const name of [
      'PORT',
      'DATABASE_URL',
      'ENCRYPTION_KEYS',
      'API_KEYS',
      'PARTS',
      'LOG_LEVEL',
    ])
      expect(said).toContain(`\n  - ${name}`);
    expect(said).not.toMatch(/hunter2|sesame|c2VzYW1l/);
  });

  test('rejects SANDBOX in production', async () => {
    const { code, said } = await runService({
      env: { NODE_ENV: 'production', SANDBOX: 'true' },
    });

    expect(code).toBe(1);
    expect(said).toContain('SANDBOX: not allowed when NODE_ENV is production');
  });

  test('serves, and stops cleanly, with every setting given', async ({ onTestFinished }) => {
    const port = await freePort();
    const service = await startService({
      env: {
        NODE_ENV: 'production',
        DATABASE_URL: await ownDatabase(onTestFinished),
        ENCRYPTION_KEYS: ENCRYPTION_KEY,
        API_KEYS: API_KEY,
        PORT: String(port),
      },
    });
    onTestFinished(service.kill);

    expect(await service.readiness()).toMatchObject({ status: 'ready' });
    expect(service.said()).not.toContain('SANDBOX');
    expect(await service.stop()).toMatchObject({ code: 0 });
  });

  test('loads no module of the sandbox or the demo in production', async ({ onTestFinished }) => {
    const production = await modulesOf(onTestFinished, {
      NODE_ENV: 'production',
      ENCRYPTION_KEYS: ENCRYPTION_KEY,
      API_KEYS: API_KEY,
    });
    const sandbox = await modulesOf(onTestFinished, {
      SANDBOX: 'true',
      SANDBOX_PORT: '0',
      DATA_DIR: await ownFolder(onTestFinished),
    });

    const onDemand = (path: string) =>
      /^packages\/|^services\/demo\/|sandbox|demonstrate/.test(path);
    expect(production).toContain('services/connector.js');
    expect(production.filter(onDemand)).toEqual([]);
    expect(sandbox.filter(onDemand)).toEqual(
      expect.arrayContaining([
        'packages/sandbox-discord/src/sandbox-discord.js',
        'services/connector/demonstrate.js',
        'services/demo/sandbox.js',
      ]),
    );
  });
});

/** Every module of the project that the process loaded, from its V8 coverage. */
async function modulesOf(
  onTestFinished: OnTestFinished,
  env: Readonly<Record<string, string>>,
): Promise<readonly string[]> {
  const coverage = await ownFolder(onTestFinished);
  const service = await startService({
    env: {
      NODE_V8_COVERAGE: coverage,
      DATABASE_URL: await ownDatabase(onTestFinished),
      PORT: String(await freePort()),
      ...env,
    },
  });
  onTestFinished(service.kill);
  await service.stop();
  const [file = ''] = await readdir(coverage);
  const { result } = Coverage.parse(JSON.parse(await readFile(join(coverage, file), 'utf8')));
  return result.flatMap(({ url }) => /\/compiled\/[^/]+\/(.+)$/.exec(url)?.[1] ?? []);
}

const Coverage = z.object({ result: z.array(z.object({ url: z.string() })) });

describe.concurrent('a start is refused', () => {
  const given = { ENCRYPTION_KEYS: ENCRYPTION_KEY, API_KEYS: API_KEY };

  test('if a newer version has migrated the database, and the error names the migration', async ({
    onTestFinished,
  }) => {
    const url = await ownDatabase(onTestFinished);
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await client.query(`insert into migration (name, executed_at) values ('FromTheFuture', now())`);
    await client.end();

    const { code, said } = await runService({
      env: { ...given, DATABASE_URL: url, PORT: '0' },
    });

    expect(code).toBe(1);
    expect(said).toContain('the database is newer');
    expect(said).toContain('FromTheFuture');
    expect(said).not.toContain('    at ');
  });

  test('if another process listens on SANDBOX_PORT, which the error names', async ({
    onTestFinished,
  }) => {
    const other = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void other.close());
    await once(other, 'listening');
    const address = other.address();
    const taken = typeof address === 'object' ? address?.port : undefined;

    const { said } = await runService({
      env: {
        SANDBOX: 'true',
        DATA_DIR: await ownFolder(onTestFinished),
        DATABASE_URL: await ownDatabase(onTestFinished),
        PORT: '0',
        SANDBOX_PORT: String(taken),
      },
    });

    expect(said).toContain(`SANDBOX_PORT ${taken}`);
  });

  test('if another process listens on PORT, which the error names', async ({ onTestFinished }) => {
    const other = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void other.close());
    await once(other, 'listening');
    const address = other.address();
    const taken = typeof address === 'object' ? address?.port : undefined;

    const { code, said } = await runService({
      env: {
        ...given,
        DATABASE_URL: await ownDatabase(onTestFinished),
        PORT: String(taken),
      },
    });

    expect(code).toBe(1);
    expect(said).toContain(`PORT ${taken}: the port is already in use`);
  });
});

const Clients = z.object({
  discordClients: z.array(
    z.object({
      id: z.string(),
      health: z.object({
        checks: z.array(
          z.object({
            name: z.string(),
            result: z.string(),
            message: z.string(),
            remedy: z.string().nullable(),
          }),
        ),
      }),
    }),
  ),
});

describe.concurrent('a bot token that Discord refuses', () => {
  test('stops that client visibly, while the process stays up, and a valid one restarts it', async ({
    onTestFinished,
  }) => {
    const dataDir = await ownFolder(onTestFinished);
    const databaseUrl = await ownDatabase(onTestFinished);
    const service = await startService({
      env: { SANDBOX: 'true', DATA_DIR: dataDir, DATABASE_URL: databaseUrl },
    });
    onTestFinished(service.kill);
    await eventually(() => demonstrationIsDone(service));
    const clients = async () =>
      Clients.parse(
        await service.api(
          '{ discordClients { id health { checks { name result message remedy } } } }',
        ),
      ).discordClients;
    const sending = async () =>
      (await clients())[0]?.health.checks.find((check) => check.name === 'sending');
    const id = (await clients())[0]?.id;
    const giveToken = async (botToken: string) =>
      service.api(
        'mutation ($input: UpdateDiscordClientInput!) { updateDiscordClient(input: $input) { client { id } } }',
        { input: { id, botToken } },
      );

    await expect(giveToken('a.wrong-token')).rejects.toThrow('Discord rejected the bot token');
    expect((await sending())?.result).toBe('OK');
    const keys = await sandboxKeys(dataDir);
    await breakToken(databaseUrl, keys.encryptionKey);
    await recordChange(service, 'alice', 'directors');
    await eventually(async () => (await sending())?.result === 'FAILED');

    expect(await sending()).toMatchObject({
      message: expect.stringContaining('Stopped since'),
      remedy: expect.stringContaining('botToken'),
    });
    expect(await service.readiness()).toMatchObject({ status: 'ready' });
    expect(await holds(service, 'alice', 'director')).toBe(false);
    expect(service.said()).not.toContain('a.wrong-token');

    await giveToken(keys.botToken);

    await eventually(() => holds(service, 'alice', 'director'));
    expect((await sending())?.result).toBe('OK');
  });
});

const SandboxKeys = z.object({
  botToken: z.string(),
  encryptionKey: z.string(),
});

async function sandboxKeys(dataDir: string) {
  const text = await readFile(join(dataDir, 'sandbox-keys.json'), 'utf8');
  return SandboxKeys.parse(JSON.parse(text));
}

/** Stores a token that Discord does not know, as if it had been reset at Discord. */
async function breakToken(url: string, encryptionKey: string): Promise<void> {
  const key = Buffer.from(encryptionKey, 'base64');
  const keys = createKeyRing([{ id: 'sandbox', key }]);
  const store = await openTestStore(url, { keys });
  const [client] = await store.clients.listClients();
  if (client === undefined) throw new Error('client does not exist');
  await store.clients.updateClient(
    client.id,
    { botToken: 'a.token-of-before' },
    { kind: 'MUTATION', id: 'test', actor: 'tests' },
  );
  await store.stop();
}
