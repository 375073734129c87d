import pg from 'pg';

import type { Cleanup } from './events-setting.js';

export type Query = <Row>(sql: string) => Promise<readonly Row[]>;

/** A connection of the test's own. */
export async function queryOf(url: string, cleanup: Cleanup): Promise<Query> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  cleanup.add(async () => client.end());
  return async <Row>(sql: string) => {
    const { rows } = await client.query(sql);
    const found: readonly Row[] = rows;
    return found;
  };
}
