import { z } from 'zod';

import type { EncryptionKey } from './lib/encryption.js';
import { readApiKeys, readEncryptionKeys, type ApiKey } from './lib/key-entries.js';
import {
  commaSeparated,
  entries,
  faultsOfTogether,
  Origin,
  PerMinute,
  Port,
} from './lib/settings.js';
import type { TokenIssuer } from './lib/token-issuer.js';

/**
 * The whole configuration, read once at startup. Only this file reads the environment. Durations
 * are in milliseconds.
 */
export interface Config {
  readonly isProduction: boolean;
  readonly http: {
    readonly port: number;
    readonly host: string;
    readonly publicUrl: string | null;
  };
  /** Null: the sandbox's embedded PostgreSQL is used. */
  readonly databaseUrl: string | null;
  readonly databasePoolSize: number;
  readonly kafka: KafkaConfig | null;
  /**
   * The first key encrypts, all of them decrypt. Empty only in the sandbox, which generates its own
   * key.
   */
  readonly encryptionKeys: readonly EncryptionKey[];
  readonly apiKeys: readonly ApiKey[];
  /** Null: no JWT is accepted. */
  readonly tokenIssuer: TokenIssuer | null;
  /** Requests per minute; 0: unlimited. */
  readonly rateLimits: {
    readonly perCaller: number;
    readonly failedSignIns: number;
  };
  readonly persistedQueries: {
    readonly isOnly: boolean;
    /** The folder or file with the queries; null: `schema/operations`. */
    readonly path: string | null;
  };
  /** Origins that a link flow may redirect back to, in the form browsers send them. */
  readonly returnOrigins: readonly string[];
  readonly endpointAllowlist: readonly string[];
  readonly parts: ReadonlySet<PartName>;
  readonly logLevel: string;
  /** Base URL of the OTLP endpoint, without `/v1/traces`; null: tracing is off. */
  readonly tracesEndpoint: string | null;
  readonly reconcileWindowMs: number;
  readonly dataDir: string;
  /**
   * True under `npm start`, where a shell runs between npm and this process. The shell does not
   * forward npm's signals, so the connector stops when its parent process dies.
   */
  readonly isUnderNpm: boolean;
  /** Null: no sandbox. `port` 0: any free port. */
  readonly sandbox: { readonly port: number; readonly host: string } | null;
}

export interface KafkaConfig {
  readonly brokers: readonly string[];
  readonly topics: readonly string[];
  readonly eventsTopic: string;
  readonly groupId: string;
  readonly ssl: boolean;
  readonly sasl: SaslConfig | null;
}

export interface SaslConfig {
  readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
  readonly username: string;
  readonly password: string;
}

const PARTS = ['api', 'events', 'sweeps', 'reconcile'] as const;
export type PartName = (typeof PARTS)[number];

/**
 * Lists every fault of the environment, one per line. Never repeats a value, which could be secret.
 */
export class ConfigError extends Error {
  constructor(readonly faults: readonly string[]) {
    super(['invalid configuration:', ...faults.map((fault) => `  - ${fault}`)].join('\n'));
    this.name = 'ConfigError';
  }
}

type Environment = Readonly<Record<string, string | undefined>>;

export function readConfig(environment: Environment = process.env): Config {
  const given: Environment = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== ''),
  );
  const isProduction = given['NODE_ENV'] === 'production';
  const isSandbox =
    asksForSandbox(given['SANDBOX']) ?? (given['DATABASE_URL'] === undefined && !isProduction);
  const parsed = Settings.safeParse(given);
  const malformed = parsed.success ? [] : parsed.error.issues.map(faultOf);
  const parts = given['PARTS']?.split(',').map((part) => part.trim()) ?? PARTS;
  const mode = { isSandbox, isProduction };
  const faults = [...malformed, ...faultsOfTogether(given, { ...mode, parts })];
  if (!parsed.success || faults.length > 0) throw new ConfigError(faults);
  return Object.freeze(configOf(parsed.data, mode));
}

/** Returns undefined if the setting is absent or malformed. */
function asksForSandbox(text: string | undefined): boolean | undefined {
  return z.stringbool().optional().safeParse(text).data;
}

const Settings = z.object({
  NODE_ENV: z.string().optional(),
  npm_lifecycle_event: z.string().optional(),
  PORT: Port.default(4000),
  HOST: z.string().default('127.0.0.1'),
  PUBLIC_URL: z.url({ protocol: /^https?$/ }).optional(),
  DATABASE_URL: z
    .url({
      protocol: /^postgres(ql)?$/,
      error: 'must be a postgres:// URL',
    })
    .optional(),
  DATABASE_POOL_SIZE: z.coerce.number().int().min(2).max(500).default(20),
  KAFKA_BROKERS: commaSeparated.optional(),
  KAFKA_TOPICS: commaSeparated.default(['platform.events']),
  KAFKA_EVENTS_TOPIC: z.string().default('discord-connector.events'),
  KAFKA_GROUP_ID: z.string().default('discord-connector'),
  KAFKA_SSL: z.stringbool().default(false),
  KAFKA_SASL_MECHANISM: z.enum(['plain', 'scram-sha-256', 'scram-sha-512']).optional(),
  KAFKA_SASL_USERNAME: z.string().optional(),
  KAFKA_SASL_PASSWORD: z.string().optional(),
  ENCRYPTION_KEYS: z.string().default('').transform(entries(readEncryptionKeys)),
  API_KEYS: z.string().default('').transform(entries(readApiKeys)),
  AUTH_JWKS_URL: z.url({ protocol: /^https?$/ }).optional(),
  AUTH_ISSUER: z.string().trim().min(1).optional(),
  AUTH_AUDIENCE: z.string().trim().min(1).optional(),
  RATE_LIMIT_PER_MINUTE: PerMinute.default(60_000),
  FAILED_SIGN_INS_PER_MINUTE: PerMinute.default(60),
  PERSISTED_QUERIES_ONLY: z.stringbool().default(false),
  PERSISTED_QUERIES: z.string().optional(),
  RETURN_URL_ALLOWLIST: commaSeparated.pipe(z.array(Origin)).default([]),
  DISCORD_ENDPOINT_ALLOWLIST: commaSeparated.default([]),
  PARTS: commaSeparated.pipe(z.array(z.enum(PARTS)).min(1)).default([...PARTS]),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  OTEL_EXPORTER_OTLP_ENDPOINT: z.url({ protocol: /^https?$/ }).optional(),
  RECONCILE_WINDOW_MS: z.coerce.number().int().min(0).max(60_000).default(250),
  DATA_DIR: z.string().default('.data'),
  SANDBOX: z.stringbool().optional(),
  SANDBOX_PORT: Port.default(4001),
  /** Use a non-loopback address only inside a container. */
  SANDBOX_HOST: z.string().default('127.0.0.1'),
});

type Settings = z.output<typeof Settings>;

function faultOf(issue: z.core.$ZodIssue): string {
  return `${issue.path.join('.')}: ${issue.message}`;
}

interface Mode {
  readonly isSandbox: boolean;
  readonly isProduction: boolean;
}

function configOf(settings: Settings, mode: Mode): Config {
  return {
    isProduction: mode.isProduction,
    http: {
      port: settings.PORT,
      host: settings.HOST,
      publicUrl: settings.PUBLIC_URL ?? null,
    },
    databaseUrl: settings.DATABASE_URL ?? null,
    databasePoolSize: settings.DATABASE_POOL_SIZE,
    kafka: kafkaOf(settings),
    encryptionKeys: settings.ENCRYPTION_KEYS,
    apiKeys: settings.API_KEYS,
    tokenIssuer: tokenIssuerOf(settings),
    rateLimits: {
      perCaller: settings.RATE_LIMIT_PER_MINUTE,
      failedSignIns: settings.FAILED_SIGN_INS_PER_MINUTE,
    },
    persistedQueries: {
      isOnly: settings.PERSISTED_QUERIES_ONLY,
      path: settings.PERSISTED_QUERIES ?? null,
    },
    returnOrigins: settings.RETURN_URL_ALLOWLIST,
    endpointAllowlist: settings.DISCORD_ENDPOINT_ALLOWLIST,
    parts: new Set(settings.PARTS),
    logLevel: settings.LOG_LEVEL,
    tracesEndpoint: settings.OTEL_EXPORTER_OTLP_ENDPOINT ?? null,
    reconcileWindowMs: settings.RECONCILE_WINDOW_MS,
    dataDir: settings.DATA_DIR,
    isUnderNpm: settings.npm_lifecycle_event === 'start',
    sandbox: mode.isSandbox ? { port: settings.SANDBOX_PORT, host: settings.SANDBOX_HOST } : null,
  };
}

/**
 * Returns null unless all three settings are present. Validation has already rejected a partial
 * set.
 */
function tokenIssuerOf(settings: Settings): TokenIssuer | null {
  const { AUTH_JWKS_URL: jwksUrl } = settings;
  const { AUTH_ISSUER: issuer, AUTH_AUDIENCE: audience } = settings;
  if (!jwksUrl || !issuer || !audience) return null;
  return { jwksUrl, issuer, audience };
}

function kafkaOf(settings: Settings): KafkaConfig | null {
  if (settings.KAFKA_BROKERS === undefined) return null;
  const { KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD } = settings;
  return {
    brokers: settings.KAFKA_BROKERS,
    topics: settings.KAFKA_TOPICS,
    eventsTopic: settings.KAFKA_EVENTS_TOPIC,
    groupId: settings.KAFKA_GROUP_ID,
    ssl: settings.KAFKA_SSL,
    sasl:
      KAFKA_SASL_MECHANISM === undefined
        ? null
        : {
            mechanism: KAFKA_SASL_MECHANISM,
            username: KAFKA_SASL_USERNAME ?? '',
            password: KAFKA_SASL_PASSWORD ?? '',
          },
  };
}
