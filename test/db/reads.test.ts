import { createHash } from 'node:crypto';

import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { createApiKeyAuthenticator } from '../../services/api/access/caller.js';
import { createApiServer, type ApiServer } from '../../services/api/server.js';
import { DISCORD_ENDPOINTS } from '../../services/discord/rest/endpoints.js';
import { silentLogger } from '../../services/lib/logger.js';
import { createRequestScopes } from '../../services/lib/request-scope.js';
import type { ReadTiming } from '../../services/store/connection/read-share.js';
import type { Store } from '../../services/store/store.js';
import type { TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { createMigratedDatabase, openTestStore } from '../support/store.js';
import { portsOn } from './api/api-world.js';

const KEY = 'reader';

let database: TestDatabase;
let watcher: pg.Client;
let store: Store;
let api: ApiServer;

const PATIENT = { statementMs: 60_000, requestMs: 60_000, waitMs: 60_000 };

/** Starts the API with three connections for reads, of which one request may use two. */
async function start(readTiming: Partial<ReadTiming> = {}): Promise<void> {
  const scopes = createRequestScopes();
  const scope = () => scopes.current();
  store = await openTestStore(database.url, {
    poolSize: 15,
    scope,
    readTiming: { ...PATIENT, ...readTiming },
  });
  api = createApiServer({
    ports: portsOn(store),
    scopes,
    auth: createApiKeyAuthenticator({
      keys: [
        {
          name: KEY,
          scopes: ['discord:admin'],
          hash: createHash('sha256').update(KEY).digest('hex'),
          clientIds: null,
        },
      ],
    }),
    tokens: null,
    rateLimits: { perCaller: 0, failedSignIns: 0 },
    persistedQueries: { isOnly: false, path: null },
    logger: silentLogger,
    clock: Date.now,
    host: '127.0.0.1',
    port: 0,
    returnOrigins: [],
    isProduction: true,
    checkEndpoint: () => null,
    checkClientAddress: () => null,
    templateFaults: () => [],
    defaultEndpoints: DISCORD_ENDPOINTS,
  });
  await api.start();
}

beforeEach(async () => {
  database = await createMigratedDatabase();
  watcher = new pg.Client({ connectionString: database.url });
  await watcher.connect();
});
afterEach(async () => {
  // `stop` would wait for queries that a failed test left running.
  await watcher.query(
    'select pg_cancel_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
  );
  await api.stop();
  await store.stop();
  await watcher.end();
  await database.drop();
});

/**
 * Makes every group search take this long from now on, whatever it finds. All other reads of
 * groups stay fast.
 */
const slowSearches = async (seconds: number) =>
  watcher.query(`
    alter table platform_group rename to real_group;
    create view platform_group as
      select g.* from real_group g where (
        select case when current_query() like '%ilike%' then pg_sleep(${seconds}) is not null else true end)`);

const ask = async (
  query: string,
  signal?: AbortSignal,
  path = '/graphql',
): Promise<{
  readonly data?: unknown;
  readonly errors?: readonly {
    message: string;
    extensions: { code: string };
  }[];
}> => {
  const response = await fetch(`${api.address()}${path}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${KEY}`,
    },
    body: JSON.stringify({ query }),
    ...(signal && { signal }),
  });
  return JSON.parse(await response.text());
};

const search = (text: string) => `platformGroups(search: "${text}") { nodes { id } totalCount }`;
const SEARCH = `{ ${search('nothing')} }`;
const THIRTY = `{ ${Array.from({ length: 30 }, (_, n) => `a${n}: ${search(`x${n}`)}`).join(' ')} }`;
const MUTATION =
  'mutation { upsertPlatformUsers(input: { users: [{ id: "erin", username: "Erin" }] }) { results { verdict } } }';

/** How many searches PostgreSQL is running. */
const running = async (): Promise<number> => {
  const { rows } = await watcher.query<{ n: number }>(
    "select count(*)::int as n from pg_stat_activity where datname = current_database() and state = 'active' and pid <> pg_backend_pid() and query like '%platform_group%'",
  );
  return rows[0]?.n ?? 0;
};

const codesOf = ({ errors }: Awaited<ReturnType<typeof ask>>) =>
  new Set(errors?.map(({ extensions }) => extensions.code));

describe('while searches never end', () => {
  test('a mutation and a read by id are answered at once', async () => {
    await start();
    await slowSearches(60);
    const gone = new AbortController();
    const searches = Array.from({ length: 20 }, (_, n) =>
      ask(n % 2 ? SEARCH : THIRTY, gone.signal).catch(() => null),
    );
    await eventually(async () => (await running()) === 3, {
      what: 'all connections for reads are busy',
    });

    const begun = Date.now();
    const written = await ask(MUTATION);
    const read = await ask('{ platformUser(id: "erin") { username } }');
    const tookMs = Date.now() - begun;

    expect(written).toEqual({
      data: { upsertPlatformUsers: { results: [{ verdict: 'APPLIED' }] } },
    });
    expect(read).toEqual({ data: { platformUser: { username: 'Erin' } } });
    expect(tookMs).toBeLessThan(2_000);
    expect(await running()).toBe(3);
    gone.abort();
    await Promise.all(searches);
  });

  test.each(['/graphql', '/admin'])(
    'searches are cancelled in the database when their callers disconnect, at %s',
    async (path) => {
      await start();
      await slowSearches(60);
      const gone = new AbortController();
      const searches = Array.from({ length: 20 }, (_, n) =>
        ask(n % 2 ? SEARCH : THIRTY, gone.signal, path).catch(() => 'gone'),
      );
      await eventually(async () => (await running()) === 3);

      const begun = Date.now();
      gone.abort();
      await eventually(async () => (await running()) === 0, {
        what: 'nothing is searched for any more',
      });
      const tookMs = Date.now() - begun;

      expect(await Promise.all(searches)).toEqual(searches.map(() => 'gone'));
      expect(tookMs).toBeLessThan(2_000);
      // No waiting search starts now.
      expect(await running()).toBe(0);
    },
  );

  test('a store that stops cancels running searches and rejects waiting ones', async () => {
    await start();
    await slowSearches(60);
    const stopped = await openTestStore(database.url, { poolSize: 15, readTiming: PATIENT });
    const page = { limit: 10, after: null };
    const searches = Array.from({ length: 9 }, () =>
      stopped.read.pagePlatformGroups('x', page).catch((error: unknown) => String(error)),
    );
    await eventually(async () => (await running()) === 3);

    const begun = Date.now();
    await stopped.stop();

    expect(Date.now() - begun).toBeLessThan(5_000);
    expect(new Set(await Promise.all(searches))).toEqual(
      new Set(['UnavailableError: The connector is stopping. Try again.']),
    );
    expect(await running()).toBe(0);
  });

  test('a search that takes too long is cancelled, with all other reads of its request', async () => {
    await start({ statementMs: 300 });
    await slowSearches(60);

    const begun = Date.now();
    const answer = await ask(THIRTY);

    expect(codesOf(answer)).toEqual(new Set(['BAD_USER_INPUT']));
    expect(answer.errors?.[0]?.message).toContain('longer than 0.3 s');
    expect(answer.errors?.[0]?.message).toContain('narrower');
    expect(Date.now() - begun).toBeLessThan(20_000);
    await eventually(async () => (await running()) === 0);
    expect(store.ready()).toEqual({ ok: true });
  });

  test('one request leaves connections for the reads of other requests', async () => {
    await start();
    await slowSearches(60);
    const gone = new AbortController();
    const thirty = ask(THIRTY, gone.signal).catch(() => 'gone');
    await eventually(async () => (await running()) === 2);

    const answer = await ask('{ auditRecords { totalCount } }');

    expect(answer).toEqual({ data: { auditRecords: { totalCount: 0 } } });
    expect(await running()).toBe(2);
    gone.abort();
    expect(await thirty).toBe('gone');
  });

  test('a request that waits too long for a connection is asked to retry', async () => {
    await start({ waitMs: 300 });
    await slowSearches(60);
    const gone = new AbortController();
    const busy = [1, 2, 3].map(() => ask(SEARCH, gone.signal).catch(() => null));
    await eventually(async () => (await running()) === 3);

    const answer = await ask('{ auditRecords { totalCount } }');

    expect(codesOf(answer)).toEqual(new Set(['UNAVAILABLE']));
    expect(answer.errors?.[0]?.message).toContain('Try again');
    gone.abort();
    await Promise.all(busy);
  });
});

test('many quick reads of one request are all answered', async () => {
  await start();
  await watcher.query(
    "insert into platform_group (id, name) select 'g' || n, 'Group ' || n from generate_series(1, 300) n",
  );

  const answers = await Promise.all(
    Array.from({ length: 10 }, () => ask(THIRTY.replaceAll('"x', '"group '))),
  );

  for (const answer of answers) {
    expect(answer.errors).toBeUndefined();
    expect(JSON.stringify(answer.data)).toContain('"totalCount":');
  }
});
