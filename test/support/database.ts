import { randomBytes } from 'node:crypto';

import pg from 'pg';
import { inject } from 'vitest';

export interface TestDatabase {
  readonly url: string;
  readonly drop: () => Promise<void>;
}

/**
 * A database for one caller, cloned from a template that `migrate` filled once in this run, in some
 * 25 ms: cheap enough for each test file. `migrate` must have closed its connections when it
 * resolves. A caller that migrates to another schema than the product's names its own template.
 */
export async function createTestDatabase(
  migrate?: (url: string) => Promise<void>,
  templateName = 'template',
): Promise<TestDatabase> {
  const server = inject('postgresUrl');
  const run = inject('postgresRun');
  const name = `test_${run}_${randomBytes(6).toString('hex')}`;
  await withClient(server, async (client) => {
    const template = migrate
      ? await ensureTemplate({
          client,
          server,
          migrate,
          template: `test_${run}_${templateName}`,
        })
      : 'template1';
    // Takes half the time of a copy through the log, when nothing is synced.
    await client.query(`create database ${name} template ${template} strategy file_copy`);
  });
  return {
    url: urlOf(server, name),
    drop: async () =>
      withClient(server, async (client) => {
        await client.query(`drop database if exists ${name} with (force)`);
      }),
  };
}

/**
 * Test files run in several processes at once; an advisory lock lets one of them migrate while the
 * others wait.
 */
async function ensureTemplate(options: {
  readonly client: pg.Client;
  readonly server: string;
  readonly template: string;
  readonly migrate: (url: string) => Promise<void>;
}): Promise<string> {
  const { client, server, template, migrate } = options;
  const draft = `${template}_draft`;
  await client.query('select pg_advisory_lock(hashtext($1))', [template]);
  try {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [
      template,
    ]);
    if (rowCount) return template;
    // Renamed only when it is complete: a failing migration must fail in every file, not only in
    // the first.
    await client.query(`drop database if exists ${draft} with (force)`);
    await client.query(`create database ${draft}`);
    await migrate(urlOf(server, draft));
    await client.query(`alter database ${draft} rename to ${template}`);
    // A stray connection to a template would block every clone.
    await client.query(`alter database ${template} allow_connections false`);
    return template;
  } finally {
    await client.query('select pg_advisory_unlock(hashtext($1))', [template]);
  }
}

function urlOf(server: string, database: string): string {
  const url = new URL(server);
  url.pathname = `/${database}`;
  return url.toString();
}

async function withClient(url: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
