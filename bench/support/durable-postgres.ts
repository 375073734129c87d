import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { silentLogger } from '../../services/lib/logger.js';
import { createEmbeddedPostgres } from '../../services/demo/embedded-postgres.js';
import { bringUpToDate } from '../../test/support/bring-up-to-date.js';
import { openSql } from './open-sql.js';

/**
 * The embedded server with the settings PostgreSQL ships, if no others are given: a commit is on
 * the disk before it is answered.
 */
export interface DurablePostgres {
  readonly version: string;
  readonly settings: string;
  /** A copy of the named one; without a name an empty one with today's tables. */
  createDatabase(name: string, template?: string): Promise<string>;
  stop(): Promise<void>;
}

const TEMPLATE = 'bench_template';
const NAMED = ['fsync', 'synchronous_commit', 'full_page_writes', 'shared_buffers', 'max_wal_size'];

/** As a server for a million links would be given more: `BENCH_SHARED_BUFFERS=2GB`. */
const buffers = process.env['BENCH_SHARED_BUFFERS'];

export async function startDurablePostgres(): Promise<DurablePostgres> {
  const folder = await mkdtemp(join(tmpdir(), 'discord-connector-bench-'));
  const server = createEmbeddedPostgres({
    dataDir: join(folder, 'postgres'),
    auth: 'trust',
    ...(buffers !== undefined && { settings: { shared_buffers: buffers } }),
    logger: silentLogger,
  });
  const { url } = await server.start();
  await query(url, `create database ${TEMPLATE}`);
  await bringUpToDate(urlOf(url, TEMPLATE));
  const [facts] = await query(
    url,
    `select current_setting('server_version') as version, (
       select string_agg(name || '=' || current_setting(name), ', ' order by place)
       from unnest('{${NAMED.join(',')}}'::text[]) with ordinality as s (name, place)) as settings`,
  );
  return {
    version: facts?.['version'] ?? '',
    settings: facts?.['settings'] ?? '',
    async createDatabase(name, template = TEMPLATE) {
      await query(url, `drop database if exists ${name} with (force)`);
      await query(url, `create database ${name} template ${template} strategy file_copy`);
      return urlOf(url, name);
    },
    async stop() {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function query(url: string, text: string): Promise<readonly Record<string, string>[]> {
  const client = await openSql(url);
  try {
    return (await client.query<Record<string, string>>(text)).rows;
  } finally {
    await client.end();
  }
}

function urlOf(server: string, database: string): string {
  const url = new URL(server);
  url.pathname = `/${database}`;
  return url.toString();
}
