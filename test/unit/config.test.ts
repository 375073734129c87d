import { describe, expect, test } from 'vitest';

import { ConfigError, readConfig } from '../../services/config.js';

const KEY = Buffer.alloc(32, 1).toString('base64');
const HASH = 'a'.repeat(64);

const production = {
  NODE_ENV: 'production',
  DATABASE_URL: 'postgresql://connector:secret@db/connector',
  ENCRYPTION_KEYS: `2026a:${KEY}`,
  API_KEYS: `platform:discord:read+discord:write:${HASH}`,
};

function faultsOf(environment: Readonly<Record<string, string>>): readonly string[] {
  try {
    readConfig(environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
  return [];
}

describe('an empty environment', () => {
  test('starts the sandbox with default settings', () => {
    expect(readConfig({})).toMatchObject({
      http: { port: 4000, host: '127.0.0.1' },
      databaseUrl: null,
      kafka: null,
      returnOrigins: [],
      sandbox: { port: 4001, host: '127.0.0.1' },
      reconcileWindowMs: 250,
    });
  });

  test('is refused in production, with every missing setting named', () => {
    expect(faultsOf({ NODE_ENV: 'production' })).toEqual([
      'DATABASE_URL: required when the sandbox is off',
      'ENCRYPTION_KEYS: required when the sandbox is off',
      'API_KEYS: required when the API runs',
    ]);
  });
});

describe('the sandbox', () => {
  test('is off if a database is configured', () => {
    const { NODE_ENV: _, ...environment } = production;

    expect(readConfig(environment).sandbox).toBeNull();
  });

  test('can be enabled together with a database', () => {
    expect(
      readConfig({ DATABASE_URL: production.DATABASE_URL, SANDBOX: 'true' }).sandbox,
    ).not.toBeNull();
  });

  test('is refused in production', () => {
    expect(faultsOf({ ...production, SANDBOX: 'true' })).toEqual([
      'SANDBOX: not allowed when NODE_ENV is production',
    ]);
  });
});

describe('settings', () => {
  test('for production are read', () => {
    const config = readConfig({
      ...production,
      KAFKA_BROKERS: 'a:9092, b:9092',
      PARTS: 'api,events',
    });

    expect(config.kafka).toMatchObject({
      brokers: ['a:9092', 'b:9092'],
      topics: ['platform.events'],
      ssl: false,
      sasl: null,
    });
    expect(config.parts).toEqual(new Set(['api', 'events']));
    expect(config.encryptionKeys).toEqual([{ id: '2026a', key: Buffer.alloc(32, 1) }]);
    expect(config.apiKeys).toEqual([
      {
        name: 'platform',
        scopes: ['discord:read', 'discord:write'],
        hash: HASH,
        clientIds: null,
      },
    ]);
  });

  test('for return addresses become origins as browsers write them', () => {
    const { returnOrigins } = readConfig({
      ...production,
      RETURN_URL_ALLOWLIST:
        'HTTPS://Platform.Example:443/, http://dev.example:8080,https://b\u00fccher.example',
    });

    expect(returnOrigins).toEqual([
      'https://platform.example',
      'http://dev.example:8080',
      'https://xn--bcher-kva.example',
    ]);
  });

  test('for an API key may limit it to clients', () => {
    const [key] = readConfig({
      ...production,
      API_KEYS: `one:discord:admin:${HASH}:0193b0a0-0000-7000-8000-000000000001`,
    }).apiKeys;

    expect(key?.clientIds).toEqual(['0193b0a0-0000-7000-8000-000000000001']);
  });

  test.each([
    ['PORT', '70000'],
    ['PORT', 'http'],
    ['DATABASE_URL', 'mysql://db'],
    ['PUBLIC_URL', 'connector.example.org'],
    ['PARTS', 'api,everything'],
    ['LOG_LEVEL', 'loud'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'collector:4318'],
    ['RECONCILE_WINDOW_MS', '-1'],
    ['RETURN_URL_ALLOWLIST', 'platform.example'],
    ['RETURN_URL_ALLOWLIST', 'https://platform.example/me'],
    ['RETURN_URL_ALLOWLIST', 'https://platform.example/?a'],
    ['RETURN_URL_ALLOWLIST', 'https://alice@platform.example'],
    ['RETURN_URL_ALLOWLIST', 'https://*.platform.example'],
    ['RETURN_URL_ALLOWLIST', 'javascript:alert(1)'],
    ['RETURN_URL_ALLOWLIST', 'https://platform.example,*'],
    ['RATE_LIMIT_PER_MINUTE', '-1'],
    ['FAILED_SIGN_INS_PER_MINUTE', 'few'],
    ['PERSISTED_QUERIES_ONLY', 'perhaps'],
    ['KAFKA_SSL', 'perhaps'],
    ['KAFKA_SASL_MECHANISM', 'magic'],
    ['ENCRYPTION_KEYS', '2026a:tooshort'],
    ['ENCRYPTION_KEYS', `a:${KEY},a:${KEY}`],
    ['API_KEYS', 'platform:discord:read'],
    ['API_KEYS', `platform:discord:everything:${HASH}`],
  ])('with an invalid value are refused by name: %s=%s', (name, value) => {
    const sasl = { KAFKA_SASL_USERNAME: 'u', KAFKA_SASL_PASSWORD: 'p' };
    const faults = faultsOf({ ...production, ...sasl, [name]: value });

    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(new RegExp(`^${name}`));
  });

  test('that are invalid are all named in one error', () => {
    expect(faultsOf({ ...production, PORT: 'x', LOG_LEVEL: 'y', KAFKA_SSL: 'z' })).toHaveLength(3);
  });

  test('that are missing are named together with malformed ones', () => {
    expect(faultsOf({ SANDBOX: 'false', PORT: 'eighty' })).toEqual([
      expect.stringMatching(/^PORT: /),
      expect.stringMatching(/^DATABASE_URL: required/),
      expect.stringMatching(/^ENCRYPTION_KEYS: required/),
      expect.stringMatching(/^API_KEYS: required/),
    ]);
  });

  test('that are secret do not appear in errors', () => {
    const faults = faultsOf({
      ...production,
      ENCRYPTION_KEYS: 'my-secret-value',
      API_KEYS: 'another-secret',
    });

    expect(faults.join()).not.toMatch(/my-secret-value|another-secret/);
  });

  describe('for the identity provider', () => {
    const issuer = {
      AUTH_JWKS_URL: 'https://id.example/jwks',
      AUTH_ISSUER: 'https://id.example',
      AUTH_AUDIENCE: 'discord-connector',
    };

    test('are read, and make API keys optional', () => {
      const { API_KEYS: _, ...withoutKeys } = production;

      expect(readConfig(production).tokenIssuer).toBeNull();
      expect(readConfig({ ...withoutKeys, ...issuer }).tokenIssuer).toEqual({
        jwksUrl: 'https://id.example/jwks',
        issuer: 'https://id.example',
        audience: 'discord-connector',
      });
    });

    test.each(['AUTH_JWKS_URL', 'AUTH_ISSUER', 'AUTH_AUDIENCE'])('belong together: %s', (name) => {
      for (const environment of [production, {}])
        expect(faultsOf({ ...environment, ...issuer, [name]: '' })).toEqual([
          `${name}: required with the other AUTH_ settings`,
        ]);
    });

    test.each([
      ['AUTH_JWKS_URL', 'id.example/jwks'],
      ['AUTH_JWKS_URL', 'ftp://id.example/jwks'],
      ['AUTH_JWKS_URL', 'http://id.example/jwks'],
      ['AUTH_JWKS_URL', 'http://127.0.0.1.example/jwks'],
      ['AUTH_ISSUER', ' '],
      ['AUTH_AUDIENCE', ' '],
    ])('are refused by name: %s=%s', (name, value) => {
      const faults = faultsOf({ ...production, ...issuer, [name]: value });

      expect(faults).toHaveLength(1);
      expect(faults[0]).toMatch(new RegExp(`^${name}: `));
    });

    test('may use a JWKS address without https on this machine', () => {
      for (const host of ['127.0.0.1:8080', 'localhost', '[::1]:99'])
        expect(
          faultsOf({
            ...production,
            ...issuer,
            AUTH_JWKS_URL: `http://${host}/jwks`,
          }),
        ).toEqual([]);
    });
  });

  test('for limits have generous defaults, and can be changed', () => {
    expect(readConfig(production)).toMatchObject({
      rateLimits: { perCaller: 60_000, failedSignIns: 60 },
      persistedQueries: { isOnly: false, path: null },
    });
    expect(
      readConfig({
        ...production,
        RATE_LIMIT_PER_MINUTE: '0',
        FAILED_SIGN_INS_PER_MINUTE: '5',
        PERSISTED_QUERIES_ONLY: 'true',
        PERSISTED_QUERIES: 'operations.json',
      }),
    ).toMatchObject({
      rateLimits: { perCaller: 0, failedSignIns: 5 },
      persistedQueries: { isOnly: true, path: 'operations.json' },
    });
  });

  test('for SASL are required together', () => {
    expect(faultsOf({ ...production, KAFKA_SASL_MECHANISM: 'plain' })).toEqual([
      'KAFKA_SASL_USERNAME: required with KAFKA_SASL_MECHANISM',
      'KAFKA_SASL_PASSWORD: required with KAFKA_SASL_MECHANISM',
    ]);
  });

  test('that are empty count as unset', () => {
    expect(readConfig({ DATABASE_URL: '', KAFKA_BROKERS: '' })).toMatchObject({
      databaseUrl: null,
      kafka: null,
    });
  });
});
