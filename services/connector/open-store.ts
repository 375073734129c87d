import type { Config } from '../config.js';
import { createKeyRing, type KeyRing } from '../lib/encryption.js';
import type { Logger } from '../lib/logger.js';
import type { RequestScope } from '../lib/request-scope.js';
import { identifyProcess } from '../lib/process-identity.js';
import { judgePlan } from '../reconcile/guard/guard.js';
import type { RunningSandbox } from '../demo/sandbox.js';
import type { Secrets } from '../lib/secrets.js';
import type { OnStatement } from '../store/connection/observe-pool.js';
import { type Store, openStore } from '../store/store.js';
import { type ConnectorTiming, TIMING } from './path.js';

export interface CommandWorld {
  readonly store: Store;
  readonly logger: Logger;
}

/** Creates the store without connecting to the database. */
export async function openStoreFor(
  config: Config,
  {
    logger,
    sandbox,
    version,
    onStatement,
    secrets,
    timing = TIMING,
    scope,
  }: {
    readonly logger: Logger;
    readonly sandbox: RunningSandbox | null;
    /** The connector's version, stored with the migrations it runs. */
    readonly version: string;
    readonly onStatement?: OnStatement;
    /** Registers every secret read from the database for redaction. */
    readonly secrets?: Pick<Secrets, 'learn'>;
    readonly timing?: ConnectorTiming;
    /** Returns the request for which the store is reading. */
    readonly scope?: () => RequestScope | null;
  },
): Promise<Store> {
  const url = config.databaseUrl ?? sandbox?.databaseUrl;
  if (url === undefined || url === null) throw new Error('DATABASE_URL is not set');
  const given = config.encryptionKeys;
  const keys =
    given.length > 0 || sandbox === null
      ? given
      : [{ id: 'sandbox', key: Buffer.from(sandbox.secrets.encryptionKey, 'base64') }];
  const identity = identifyProcess();
  return openStore({
    url,
    poolSize: config.databasePoolSize,
    owner: identity.id,
    isGone: (owner) => identity.isGone(owner),
    keys: learning(createKeyRing(keys), secrets),
    leaseMs: timing.path.leaseMs,
    version,
    hasBroker: config.kafka !== null,
    judgePlan,
    clock: Date.now,
    logger,
    ...(onStatement && { onStatement }),
    ...(scope && { scope }),
  });
}

/** Redacts every decrypted secret from all later output. */
function learning(keys: KeyRing, secrets: Pick<Secrets, 'learn'> | undefined): KeyRing {
  if (!secrets) return keys;
  return {
    ...keys,
    decrypt(cipherText, context) {
      const plain = keys.decrypt(cipherText, context);
      // Stored responses for idempotent retries are encrypted too, but are long and not secret as a
      // whole.
      if (plain.length <= LONGEST_SECRET) secrets.learn(plain);
      return plain;
    },
  };
}

const LONGEST_SECRET = 512;
