import { randomBytes } from 'node:crypto';

import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { KeyRing } from '../../../services/lib/encryption.js';
import { encryptSecret } from '../../../services/store/clients/client-rows.js';
import type { Store } from '../../../services/store/store.js';
import type { TestDatabase } from '../../support/database.js';
import { dumpOf } from '../../support/dump.js';
import { eventually } from '../../support/eventually.js';
import { createMigratedDatabase, openTestStore } from '../../support/store.js';
import { fillWithSecrets, keepAnswer, NEW, OLD, request, ring } from './key-world.js';

/** More than one batch. */
const ANSWERS = 250;

let database: TestDatabase;
let sql: pg.Client;
let world: Awaited<ReturnType<typeof fillWithSecrets>>;
const opened: Store[] = [];

beforeEach(async () => {
  database = await createMigratedDatabase();
  sql = await connect();
  world = await fillWithSecrets(await open(ring(OLD)), ANSWERS);
});

afterEach(async () => {
  for (const store of opened.splice(0)) await store.stop();
  await sql.end();
  await database.drop();
});

async function connect(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  return client;
}

async function open(keys: KeyRing): Promise<Store> {
  const store = await openTestStore(database.url, { keys });
  opened.push(store);
  return store;
}

/** `old.iv.tag.data`, anywhere in the text. */
const ciphertexts = (dump: string, keyId: string) =>
  dump.match(new RegExp(`\\b${keyId}\\.[\\w-]{16}\\.[\\w-]{22}\\.[\\w-]+`, 'g')) ?? [];

describe('key rotation', () => {
  test('leaves nothing in the database encrypted with the old key', async () => {
    const before = ciphertexts(await dumpOf(database.url), 'old').length;
    const store = await open(ring(NEW, OLD));

    const { tables, unreadable, returned } = await store.keys.reencrypt(() => undefined);

    const dump = await dumpOf(database.url);
    // Two of the client, three of the revocation, two of the grant, two of the ticket, and the
    // idempotent responses.
    expect(before).toBe(9 + ANSWERS);
    expect(ciphertexts(dump, 'old')).toEqual([]);
    expect(ciphertexts(dump, 'new')).toHaveLength(before);
    expect({ unreadable, returned }).toEqual({ unreadable: [], returned: [] });
    expect(Object.fromEntries(tables.map((t) => [t.table, t.written]))).toEqual({
      client: 2,
      discord_grant: 2,
      revocation: 3,
      link_ticket: 2,
      idempotent_request: ANSWERS,
    });
  });

  test('leaves everything readable with the new key alone', async () => {
    await (await open(ring(NEW, OLD))).keys.reencrypt(() => undefined);

    const store = await open(ring(NEW));

    const credentials = await store.readCredentials(world.clientId);
    const { application } = await store.signIn.findSignInClient(world.clientId);
    const grant = await store.signIn.grants.readGrant(world.grantId);
    const ticket = await store.signIn.tickets.takeState(world.stateHash, 'x');
    await sql.query('update revocation set due_at = clock_timestamp()');
    const [due] = await store.signIn.revocations.claimDue();
    expect(credentials.botToken).toBe('the bot token');
    expect(application.clientSecret).toBe('the client secret');
    expect(grant).toMatchObject({
      accessToken: 'access-token',
      refreshToken: 'refresh-token',
    });
    expect(ticket).toMatchObject({
      codeVerifier: 'code-verifier',
      email: 'erin@mail.example',
    });
    expect(due?.unlock()).toMatchObject({
      accessToken: 'access-token',
      application: { clientSecret: 'the client secret' },
    });
    for (const number of [0, ANSWERS - 1])
      expect(await store.idempotency.claim(request(number))).toEqual({
        kind: 'ANSWERED',
        answer: `answer ${number}`,
      });
  });

  test('finds nothing to do the second time, and does not change the client’s revision', async () => {
    const store = await open(ring(NEW, OLD));
    const { revision } = await store.readCredentials(world.clientId);
    await store.keys.reencrypt(() => undefined);

    const { tables } = await store.keys.reencrypt(() => undefined);

    expect(tables.every(({ written }) => written === 0)).toBe(true);
    expect((await store.readCredentials(world.clientId)).revision).toBe(revision);
  });

  test('reports its progress, and continues where it was interrupted', async () => {
    const store = await open(ring(NEW, OLD));
    const told: string[] = [];
    const broken = store.keys.reencrypt(({ table, looked, written }) => {
      told.push(`${table} ${looked} ${written}`);
      if (table === 'idempotent_request') throw new Error('killed');
    });
    await expect(broken).rejects.toThrow('killed');

    const { tables } = await store.keys.reencrypt(() => undefined);

    expect(told).toContain('client 1 2');
    expect(told).toContain('idempotent_request 200 200');
    expect(tables.at(-1)).toMatchObject({ written: ANSWERS - 200 });
  });

  test('overwrites no value that changed since it was read', async () => {
    const store = await open(ring(NEW, OLD));
    const token = encryptSecret(ring(OLD), world.clientId, 'botToken', 'newer');
    const other = await connect();
    await other.query('begin');
    await other.query('update client set bot_token = $1', [token]);

    const rotation = store.keys.reencrypt(() => undefined);
    await eventually(isWaitingForLock, { what: 'it waits for the row' });
    await other.query('commit');
    await rotation;
    await other.end();

    const { botToken } = await store.readCredentials(world.clientId);
    expect(botToken).toBe('newer');
    expect(ciphertexts(await dumpOf(database.url), 'old')).toEqual([]);
  });

  test('reports the key that an outdated process still encrypts with', async () => {
    const store = await open(ring(NEW, OLD));
    const behind = await open(ring(OLD, NEW));
    let number = ANSWERS;

    const { returned, unreadable } = await store.keys.reencrypt(async ({ table }) => {
      if (table === 'idempotent_request') await keepAnswer(behind, (number += 1));
    });

    expect(returned).toEqual([{ table: 'idempotent_request', keyId: 'old' }]);
    expect(unreadable).toEqual([]);
  });
});

async function isWaitingForLock(): Promise<boolean> {
  const { rows } = await sql.query<{ waits: boolean }>(`
    select exists (select from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock') as waits`);
  return rows[0]?.waits === true;
}

describe('key rotation without the old key', () => {
  test('reports the key, all unreadable values and what their loss means, and changes nothing', async () => {
    const lost = { id: 'lost', key: randomBytes(32) };
    const before = await dumpOf(database.url);
    const store = await open(ring(NEW, lost));

    const { unreadable, tables } = await store.keys.reencrypt(() => undefined);

    const clientIds = [world.clientId];
    expect(unreadable).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          table: 'client',
          column: 'bot_token',
          keyId: 'old',
          rows: 1,
          clientIds,
        }),
        expect.objectContaining({
          table: 'client',
          column: 'client_secret',
          clientIds,
        }),
        expect.objectContaining({
          table: 'idempotent_request',
          column: 'answer',
          rows: ANSWERS,
          clientIds: [],
        }),
      ]),
    );
    expect(unreadable).toHaveLength(10);
    expect(unreadable.every(({ loss }) => loss.length > 20)).toBe(true);
    expect(tables.every(({ written }) => written === 0)).toBe(true);
    expect(await dumpOf(database.url)).toBe(before);
  });
});
