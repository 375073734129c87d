import { sql } from 'kysely';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { silentLogger } from '../../services/lib/logger.js';
import {
  openDatabase,
  type Database,
  type Transaction,
} from '../../services/store/connection/database.js';
import { endDrained } from '../../services/store/path/end-drained.js';
import type { Store } from '../../services/store/store.js';
import { cause, createMappedClient } from '../builders/store-world.js';
import type { TestDatabase } from '../support/database.js';
import { createMigratedDatabase, openTestStore } from '../support/store.js';

const ACCOUNTS = ['500000000000000001', '500000000000000002'];

let temporary: TestDatabase;
let watcher: pg.Client;
let store: Store;
let database: Database;
let clientId: string;
let linkIds: readonly string[];
let mappingId: string;

beforeEach(async () => {
  temporary = await createMigratedDatabase();
  const { url } = temporary;
  watcher = new pg.Client({ connectionString: url });
  await watcher.connect();
  store = await openTestStore(url);
  database = await openDatabase({ url, poolSize: 4, logger: silentLogger });
  const { client, mappingIds } = await createMappedClient(store, [{ groupId: 'g', roleId: '9' }]);
  clientId = client.id;
  mappingId = mappingIds[0] ?? '';
  const links = await Promise.all(
    ACCOUNTS.map((discordUserId, at) =>
      store.links.linkMember({ clientId, platformUserId: `person-${at}`, discordUserId, cause }),
    ),
  );
  linkIds = links.map(({ linkId }) => linkId);
  await watcher.query(`
    insert into member (client_id, discord_user_id, read_at, is_present, role_ids)
    select client_id, discord_user_id, now(), true, '{9}' from link
    on conflict (client_id, discord_user_id) do update
      set read_at = now(), is_present = true, role_ids = '{9}'`);
});
afterEach(async () => {
  await database.close();
  await store.stop();
  await watcher.end();
  await temporary.drop();
});

/**
 * Two runs settle at the same time: the first checks what is drained before either has committed.
 */
async function settleTogether(
  settle: (tx: Transaction, at: number) => Promise<void>,
): Promise<void> {
  const firstIsDone = Promise.withResolvers<void>();
  const mayCommit = Promise.withResolvers<void>();
  const first = database.transaction(async (tx) => {
    await settle(tx, 0);
    firstIsDone.resolve();
    await mayCommit.promise;
  });
  await firstIsDone.promise;
  const second = database.transaction((tx) => settle(tx, 1));
  let isOver = false;
  const watched = second.finally(() => (isOver = true));
  await expect.poll(async () => isOver || (await isBlocked())).toBe(true);
  mayCommit.resolve();
  await Promise.all([first, watched]);
}

async function isBlocked(): Promise<boolean> {
  const { rowCount } = await watcher.query(
    `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
  );
  return rowCount === 1;
}

const noEvents = async () => undefined;

describe('two runs that end at the same time', () => {
  test('delete the client whose last links they ended', async () => {
    await store.clients.deleteClient({ id: clientId, holders: 'TAKE_BACK', dryRun: false, cause });
    await watcher.query('delete from role_mapping');

    await settleTogether(({ sql: db }, at) =>
      endDrained(db, clientId, linkIds.slice(at, at + 1), noEvents),
    );

    expect(await store.clients.listClients()).toEqual([]);
  });

  test('delete the retired mapping whose last roles they removed', async () => {
    await store.mappings.retireMapping({
      id: mappingId,
      holders: 'TAKE_BACK',
      dryRun: false,
      cause,
    });

    await settleTogether(async ({ sql: db }, at) => {
      await sql`update member set role_ids = '{}' where discord_user_id = ${ACCOUNTS[at]}`.execute(
        db,
      );
      await endDrained(db, clientId, [], noEvents);
    });

    const { rows } = await watcher.query('select id from role_mapping');
    expect(rows).toEqual([]);
  });
});
