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

/** Connects to nothing yet. */
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
    /** Ours, for the database to remember. */
    readonly version: string;
    readonly onStatement?: OnStatement;
    /** Registers every secret read from the database for redaction. */
    readonly secrets?: Pick<Secrets, 'learn'>;
    readonly timing?: ConnectorTiming;
    /** The request on whose behalf the store reads. */
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

/** Every decrypted secret is redacted from all output from then on. */
function learning(keys: KeyRing, secrets: Pick<Secrets, 'learn'> | undefined): KeyRing {
  if (!secrets) return keys;
  return {
    ...keys,
    decrypt(cipherText, context) {
      const plain = keys.decrypt(cipherText, context);
      // An answer that is kept for who asks twice is long, and no secret as a whole.
      if (plain.length <= LONGEST_SECRET) secrets.learn(plain);
      return plain;
    },
  };
}

const LONGEST_SECRET = 512;
