import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';

import { silentLogger } from '../../services/lib/logger.js';
import { openDatabase } from '../../services/store/connection/database.js';
import { createListener } from '../../services/store/connection/listen.js';
import { openTestStore } from '../support/store.js';
import { certificate, startTlsPostgres } from '../support/tls-postgres.js';

let server: Awaited<ReturnType<typeof startTlsPostgres>>;

beforeAll(async () => {
  server = await startTlsPostgres();
});

afterAll(async () => server.stop());

const ca = { sslrootcert: certificate('ca.crt') };
const ofClient = {
  sslcert: certificate('client.crt'),
  sslkey: certificate('client.key'),
};

/**
 * Returns the server's TLS state of each connection that the service opens, for its pool and its
 * listener.
 */
async function connectionsOf(url: string) {
  const options = { url, logger: silentLogger };
  const database = await openDatabase({ ...options, poolSize: 3 });
  const listener = createListener({ ...options, onSilent: () => undefined });
  try {
    await listener.start();
    return await database.transaction(async ({ em }) => {
      await Promise.all(
        [1, 2].map(async () =>
          database
            .sql()
            .selectNoFrom((eb) => eb.val(1).as('one'))
            .execute(),
        ),
      );
      return em.getConnection().execute<{ isEncrypted: boolean; certificate: string | null }[]>(
        `select s.ssl as "isEncrypted", s.client_dn as "certificate"
         from pg_stat_ssl s join pg_stat_activity a using (pid) where a.usename = session_user and a.backend_type = 'client backend'`,
        [],
        'all',
        em.getTransactionContext(),
      );
    });
  } finally {
    await listener.stop();
    await database.close();
  }
}

describe('the database address', () => {
  test.each<[string, Record<string, string>, string?]>([
    ['require', { sslmode: 'require' }],
    ['require, whatever the name on the certificate', { sslmode: 'require' }, '127.0.0.1'],
    ['no-verify', { sslmode: 'no-verify' }],
    ['verify-ca', { sslmode: 'verify-ca', ...ca }, '127.0.0.1'],
    ['verify-full', { sslmode: 'verify-full', ...ca }],
  ])('encrypts every connection with %s', async (_name, parameters, host) => {
    const seen = await connectionsOf(server.urlFor('postgres', parameters, host));

    expect(seen.length).toBeGreaterThanOrEqual(3);
    expect(seen.every(({ isEncrypted }) => isEncrypted)).toBe(true);
  });

  test.each<[string, Record<string, string>]>([
    ['a client certificate', ofClient],
    [
      'a client certificate whose key has a password',
      {
        sslcert: certificate('client.crt'),
        sslkey: certificate('client-locked.key'),
        sslpassword: 'open-sesame',
      },
    ],
  ])('applies %s to every connection', async (_name, parameters) => {
    const url = server.urlFor('certified', {
      sslmode: 'verify-full',
      ...ca,
      ...parameters,
    });

    const seen = await connectionsOf(url);

    expect(seen.length).toBeGreaterThanOrEqual(3);
    expect(new Set(seen.map(({ certificate: dn }) => dn))).toEqual(new Set(['/CN=certified']));
  });

  test('sends other parameters with every connection', async () => {
    const url = server.urlFor('postgres', {
      options: '-c statement_timeout=4321',
    });
    const database = await openDatabase({
      url,
      poolSize: 2,
      logger: silentLogger,
    });

    const rows = await database.orm.em.getConnection().execute('show statement_timeout');

    await database.close();
    expect(rows).toEqual([{ statement_timeout: '4321ms' }]);
  });

  test.each<
    [string, 'postgres' | 'encrypted' | 'certified', Record<string, string>, string, string?]
  >([
    [
      'a CA that has not signed the server',
      'postgres',
      { sslmode: 'verify-full', sslrootcert: certificate('other-ca.crt') },
      'cannot open a TLS connection to PostgreSQL: ',
    ],
    [
      'another name on the certificate',
      'postgres',
      { sslmode: 'verify-full', ...ca },
      'cannot open a TLS connection to PostgreSQL: ',
      '127.0.0.1',
    ],
    ['no TLS where the server insists on it', 'encrypted', {}, 'PostgreSQL reports: '],
    [
      'no client certificate where the server insists on one',
      'certified',
      { sslmode: 'require' },
      'PostgreSQL reports: ',
    ],
    [
      'a missing file',
      'postgres',
      { sslmode: 'verify-full', sslrootcert: '/no/such/ca.crt' },
      '/no/such/ca.crt',
    ],
    [
      'a mode that does not exist',
      'postgres',
      { sslmode: 'verify-all' },
      'sslmode "verify-all" is not supported; use one of disable,',
    ],
  ])('is named as the problem with %s', async (_name, role, parameters, fault, host) => {
    const url = server.urlFor(role, parameters, host);

    const error: unknown = await startStore(url).then(
      () => null,
      (thrown: unknown) => thrown,
    );

    expect(String(error)).toContain('DATABASE_URL: ');
    expect(String(error)).toContain(fault);
  });

  test('is named as the problem if the server has no TLS', async () => {
    const url = new URL(inject('postgresUrl'));
    url.searchParams.set('sslmode', 'require');

    await expect(startStore(url.href)).rejects.toThrow(
      'DATABASE_URL: cannot open a TLS connection to PostgreSQL: ',
    );
  });
});

/** Connects as on service start: the pool and the listener, in either order. */
async function startStore(url: string): Promise<void> {
  const store = await openTestStore(url);
  await store.stop();
}
