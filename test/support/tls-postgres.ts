import { chmod, chown, copyFile, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import pg from 'pg';

import { silentLogger } from '../../services/lib/logger.js';
import { createEmbeddedPostgres } from '../../services/demo/embedded-postgres.js';

const CERTIFICATES = join(import.meta.dirname, 'tls');

/** The path of a certificate or key in `tls/`. */
export const certificate = (name: string): string => join(CERTIFICATES, name);

/**
 * A PostgreSQL that speaks TLS as `localhost`, and plain text too: `postgres` may come either way,
 * `encrypted` by TLS alone, and `certified` with the client certificate alone.
 */
export async function startTlsPostgres(): Promise<{
  /** An address of the database for a role, with these parameters. */
  readonly urlFor: (
    role: 'postgres' | 'encrypted' | 'certified',
    parameters?: Readonly<Record<string, string>>,
    host?: string,
  ) => string;
  readonly stop: () => Promise<void>;
}> {
  const dataDir = await mkdtemp(join(tmpdir(), 'discord-connector-tls-'));
  const server = createEmbeddedPostgres({
    dataDir,
    auth: 'trust',
    settings: { fsync: 'off' },
    logger: silentLogger,
  });
  const { url } = await server.start();
  await turnTlsOn(url, join(dataDir, 'cluster'));
  return {
    urlFor(role, parameters = {}, host = 'localhost') {
      const address = new URL(url);
      address.username = role;
      address.hostname = host;
      address.search = new URLSearchParams(parameters).toString();
      return address.href;
    },
    async stop() {
      await server.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

const RULES = `
host    all postgres  127.0.0.1/32 trust
hostssl all encrypted 127.0.0.1/32 trust
hostssl all certified 127.0.0.1/32 cert
`;

async function turnTlsOn(url: string, cluster: string): Promise<void> {
  const { uid, gid } = await stat(cluster);
  for (const name of ['server.crt', 'server.key', 'ca.crt']) {
    const copy = join(cluster, name);
    await copyFile(certificate(name), copy);
    await chown(copy, uid, gid);
    await chmod(copy, 0o600);
  }
  await writeFile(join(cluster, 'pg_hba.conf'), RULES);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  for (const statement of [
    'create role encrypted superuser login',
    'create role certified superuser login',
    'alter system set ssl = on',
    `alter system set ssl_ca_file = 'ca.crt'`,
    'select pg_reload_conf()',
  ])
    await client.query(statement);
  await client.end();
}
