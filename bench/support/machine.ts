import { arch, cpus, platform, totalmem } from 'node:os';

import type { DurablePostgres } from './durable-postgres.js';
import { quantiles, type Quantiles } from './quantiles.js';
import { openSql } from './open-sql.js';

export interface Machine {
  readonly system: string;
  readonly cores: number;
  readonly processor: string;
  readonly memoryGiB: number;
  readonly node: string;
  readonly postgres: string;
  readonly postgresSettings: string;
}

/** What the figures were seen on. */
export function machineOf(postgres: DurablePostgres): Machine {
  const cores = cpus();
  return {
    system: `${platform()} ${arch()}`,
    cores: cores.length,
    processor: cores[0]?.model ?? 'unknown',
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.versions.node,
    postgres: postgres.version,
    postgresSettings: postgres.settings,
  };
}

/** How long the smallest transaction takes here that has to reach the disk. */
export async function measureCommits(databaseUrl: string, count: number): Promise<Quantiles> {
  const client = await openSql(databaseUrl);
  await client.query('create table commit_floor (n int)');
  const tookMs: number[] = [];
  for (let n = 0; n < count; n += 1) {
    const startedAt = performance.now();
    await client.query('insert into commit_floor values ($1)', [n]);
    tookMs.push(performance.now() - startedAt);
  }
  await client.query('drop table commit_floor');
  await client.end();
  return quantiles(tookMs);
}
