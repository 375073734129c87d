import { sql } from 'kysely';

import type { Db, Row } from '../entities/entities.js';
import { LostKeyError, type KeyRing } from '../../lib/encryption.js';
import type { Logger } from '../../lib/logger.js';
import { secretContext } from '../clients/client-rows.js';
import type { Database } from '../connection/database.js';
import { ENCRYPTED_TABLES } from './encrypted-columns.js';
import { reencrypt, type Progress } from './reencrypt.js';

/** Re-encrypts stored secrets, and checks whether the key ring can decrypt them. */
export function createStoredKeys(
  { keys, logger }: { readonly keys: KeyRing; readonly logger: Logger },
  database: Database,
) {
  return {
    reencrypt: async (onProgress: (progress: Progress) => void | Promise<void>) =>
      reencrypt({ database, keys }, onProgress),
    logLost: async () => logLostKeys(database.sql(), keys, logger),
    refuseWrong: async () => refuseWrongKeys(database.sql(), keys),
    countByKey: async () => countByKey(database.sql()),
  };
}

interface LostRow {
  readonly keyId: string;
  readonly clientId: string;
  readonly name: string;
  readonly secrets: readonly string[];
}

/**
 * Logs at startup each client whose secrets cannot be decrypted, and what to do. Other clients
 * continue.
 */
async function logLostKeys(db: Db, keys: KeyRing, logger: Logger): Promise<void> {
  const { rows } = await sql<LostRow>`
    select c.id as "clientId", c.name, s.key_id as "keyId", array_agg(s.secret order by s.secret) as secrets
    from client c cross join lateral (values
      ('botToken', split_part(c.bot_token, '.', 1)), ('clientSecret', split_part(c.client_secret, '.', 1))) as s (secret, key_id)
    where s.key_id <> all(${keys.keyIds}::text[])
    group by c.id, c.name, s.key_id order by c.id`.execute(db);
  for (const row of rows)
    logger.error(
      row,
      'client stopped: the key that encrypted its secrets is missing from ENCRYPTION_KEYS; restore it, or enter the secrets again with updateDiscordClient',
    );
}

type Sample = Pick<Row<'client'>, 'id' | 'name' | 'botToken'>;

/**
 * Throws if a key of the ring decrypts none of the first 10 bot tokens encrypted under its id. The
 * ring then has a wrong key under this id, and everything encrypted with it would be lost once the
 * right key is restored. If the key decrypts some of the tokens, the others were modified, and only
 * their clients are affected.
 */
async function refuseWrongKeys(db: Db, keys: KeyRing): Promise<void> {
  for (const keyId of keys.keyIds) {
    const rows: readonly Sample[] = await db
      .selectFrom('client')
      .select(['id', 'name', 'botToken'])
      .where(sql`split_part(bot_token, '.', 1)`, '=', keyId)
      .orderBy('id')
      .limit(10)
      .execute();
    const [first] = rows;
    if (first === undefined || rows.some((row) => isReadable(keys, row))) continue;
    throw new Error(
      `ENCRYPTION_KEYS: the key "${keyId}" is not the one that encrypted the secrets of client ${first.name} (${first.id}). Restore the right key under this id. If it is lost, give the new key a different id and enter the secrets again with updateDiscordClient.`,
    );
  }
}

function isReadable(keys: KeyRing, { id, botToken }: Sample): boolean {
  try {
    keys.decrypt(botToken, secretContext('botToken', id));
    return true;
  } catch (error) {
    if (error instanceof LostKeyError) return false;
    throw error;
  }
}

/**
 * Counts the values that each key encrypted, per table. A key that encrypted no value can be
 * removed.
 */
async function countByKey(db: Db): Promise<
  readonly {
    readonly table: string;
    readonly keyId: string;
    readonly count: number;
  }[]
> {
  const parts = ENCRYPTED_TABLES.flatMap(({ table, columns }) =>
    columns.map(
      ({ column }) => sql`
      select ${table}::text as "table", split_part(${sql.ref(column)}, '.', 1) as "keyId", count(*)::int as count
      from ${sql.table(table)} where ${sql.ref(column)} is not null group by 2`,
    ),
  );
  const { rows } = await sql<{ table: string; keyId: string; count: number }>`
    select "table", "keyId", sum(count)::int as count from (${sql.join(parts, sql` union all `)}) each
    group by 1, 2 order by 1, 2`.execute(db);
  return rows;
}
