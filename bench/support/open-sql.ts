import pg from 'pg';

/**
 * One plain connection. When the server has gone, the next query fails; the process does not end.
 */
export async function openSql(databaseUrl: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: databaseUrl });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}
