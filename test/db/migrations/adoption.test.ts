import { readFile } from 'node:fs/promises';

import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { MIGRATIONS, SQUASHED } from '../../../services/store/migrations/list.js';
import { bringUpToDate } from '../../support/bring-up-to-date.js';
import { readCatalog } from '../../support/catalog.js';
import { createTestDatabase, type TestDatabase } from '../../support/database.js';
import { dumpOf } from '../../support/dump.js';
import { createMigratedDatabase, openTestStore } from '../../support/store.js';

const NEWEST = MIGRATIONS.map(({ name }) => name as string);

let database: TestDatabase;
let sql: pg.Client;

beforeEach(async () => {
  database = await createTestDatabase();
  sql = new pg.Client({ connectionString: database.url });
  await sql.connect();
  await sql.query(await readFile(new URL('earlier.sql', import.meta.url), 'utf8'));
});

afterEach(async () => {
  await sql.end();
  await database.drop();
});

const executed = async () =>
  (await sql.query<{ name: string }>('select name from migration order by id')).rows.map(
    ({ name }) => name,
  );

describe('a database with every migration that was squashed into the first one', () => {
  test('gets the schema of a new database', async () => {
    const fresh = await createMigratedDatabase();

    await bringUpToDate(database.url);

    const expected = await readCatalog(fresh.url);
    await fresh.drop();
    expect(expected.length).toBeGreaterThan(400);
    expect(await readCatalog(database.url)).toEqual(expected);
    expect(await executed()).toEqual(NEWEST);
  });

  test('keeps its rows', async () => {
    await seed();
    const before = rowsIn(await dumpOf(database.url));

    await bringUpToDate(database.url);

    expect(before).toHaveLength(6);
    // Columns that later migrations added come last.
    const kept = rowsIn(await dumpOf(database.url)).map((row, place) =>
      row.startsWith(before[place]?.slice(0, -1) ?? '?') ? before[place] : row,
    );
    expect(kept).toEqual(before);
  });

  test('is adopted once by two processes that start at the same time', async () => {
    await Promise.all([bringUpToDate(database.url), bringUpToDate(database.url)]);

    expect(await executed()).toEqual(NEWEST);
  });

  test('is not changed by a role without DDL rights, and the error says what to do', async () => {
    const name = `writer_${Date.now()}_${Math.round(Math.random() * 1e6)}`;
    await sql.query(`create role ${name} login`);
    await sql.query(
      `grant select, insert, update, delete on all tables in schema public to ${name}`,
    );
    await sql.query(`grant usage on all sequences in schema public to ${name}`);
    const url = new URL(database.url);
    url.username = name;
    const store = await openTestStore(url.toString());

    const migrating = store.migrate();

    await expect(migrating).rejects.toThrow(/lacks 2026-11-30-first.*npm run migrate/);
    expect(await executed()).toEqual(SQUASHED);
    await bringUpToDate(database.url);
    await store.migrate();
    expect(await store.clients.listClients()).toEqual([]);
    await store.stop();
  });
});

describe('a database with only some of the squashed migrations', () => {
  test('is rejected with instructions and left unchanged', async () => {
    await sql.query(`delete from migration where name in ($1, $2)`, SQUASHED.slice(-2));
    const before = await readCatalog(database.url);

    const migrating = bringUpToDate(database.url);

    await expect(migrating).rejects.toThrow(
      /lacks its last migrations \(2026-11-29-parked-causes, 2026-11-29-bot-accounts\), so nothing was changed: run "npm run migrate" of the last version that had 2026-11-29-bot-accounts, then start this one/,
    );
    expect(await executed()).toEqual(SQUASHED.slice(0, -2));
    expect(await readCatalog(database.url)).toEqual(before);
  });
});

/** All rows except the names of migrations. */
const rowsIn = (dump: string): readonly string[] =>
  dump.split('\n').filter((line) => !line.startsWith('migration '));

async function seed(): Promise<void> {
  await sql.query(`
    insert into client (id, name, guild_id, application_id, client_secret, bot_token, is_enabled, authority, unknown_membership,
      nickname_strategy, guard_minimum, guard_percent, email_rule, keeps_tokens, whole_list_writes, api_base, authorize_url,
      token_url, revoke_url, created_at, updated_at)
    values ('00000000-0000-7000-8000-000000000001', 'Academy', '100000000000000001', '1', 'x', 'x', true, 'PLATFORM', 'KEEP',
      'NONE', 10, 20, 'NONE', false, true, 'a', 'b', 'c', 'd', now(), now());
    insert into platform_user (id, username) values ('ada', 'Ada');
    insert into platform_group (id, name) values ('pilots', 'Pilots');
    insert into membership (platform_user_id, group_id, is_held, time_us, is_snapshot) values ('ada', 'pilots', true, 1, false);
    insert into link (id, client_id, platform_user_id, discord_user_id, status, linked_at)
    values (gen_random_uuid(), '00000000-0000-7000-8000-000000000001', 'ada', '200000000000000001', 'ACTIVE', now());
    insert into outbox (id, key, type, time, data) values (gen_random_uuid(), 'ada', 'discord.user.linked.v1', now(), '{}')`);
}
