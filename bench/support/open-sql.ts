import pg from 'pg';

/**
 * One plain connection. That the server has gone is told by the next query, not by ending the
 * process.
 */
export async function openSql(databaseUrl: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: databaseUrl });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}
