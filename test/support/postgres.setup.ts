import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import pg from 'pg';
import type { TestProject } from 'vitest/node';

import { silentLogger } from '../../services/lib/logger.js';
import { createEmbeddedPostgres } from '../../services/demo/embedded-postgres.js';
import { makeQuickFolder } from './quick-folder.js';

/**
 * One PostgreSQL for the whole run: the first project that needs it starts it and provides it at
 * the root, from where every project inherits. Teardowns run in reverse, so the starter's is the
 * last.
 */
export default async function setup(
  project: TestProject,
): Promise<(() => Promise<void>) | undefined> {
  const root = project.vitest.getRootProject();
  if ('postgresUrl' in root.getProvidedContext()) return undefined;

  const run = randomBytes(4).toString('hex');
  root.provide('postgresRun', run);
  const given = process.env['TEST_DATABASE_URL'];
  if (given) {
    root.provide('postgresUrl', given);
    return async () => dropDatabasesOf(run, given);
  }
  const { url, stop } = await startTestPostgres();
  root.provide('postgresUrl', url);
  return stop;
}

/** A server whose data nobody will miss: no syncing, and every local account may enter. */
export async function startTestPostgres(): Promise<{
  readonly url: string;
  readonly stop: () => Promise<void>;
}> {
  const folder = await makeQuickFolder('discord-connector-test-');
  const server = createEmbeddedPostgres({
    dataDir: join(folder, 'postgres'),
    auth: 'trust',
    settings: {
      fsync: 'off',
      synchronous_commit: 'off',
      full_page_writes: 'off',
      max_connections: '200',
    },
    logger: silentLogger,
  });
  const { url } = await server.start();
  const stop = async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  };
  return { url, stop };
}

async function dropDatabasesOf(run: string, url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ datname: string }>(
      'select datname from pg_database where starts_with(datname, $1)',
      [`test_${run}_`],
    );
    for (const { datname } of rows) {
      await client.query(`drop database if exists ${datname} with (force)`);
    }
  } finally {
    await client.end();
  }
}
