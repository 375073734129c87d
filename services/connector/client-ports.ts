import type { ClientPort } from '../api/clients/ports.js';
import { InputError } from '../lib/errors.js';
import type { Logger } from '../lib/logger.js';
import type { ClientId } from '../model.js';
import type { Store } from '../store/store.js';
import type { CheckClient } from './check-client.js';
import type { TrySecrets } from './try-secrets.js';

/**
 * Longest wait for a client check before the API responds. The check continues in the background.
 */
const PATIENCE_MS = 5_000;

interface Deps {
  readonly store: Store;
  readonly importRoles: ClientPort['importRoles'];
  readonly checkClient: CheckClient;
  readonly trySecrets: TrySecrets;
  readonly logger: Logger;
}

/**
 * Returns the store's client operations. Each client is also checked at Discord after it is created
 * or changed.
 */
export function clientPort(deps: Deps): ClientPort {
  const { store, importRoles, checkClient } = deps;
  return {
    ...store.clients,
    importRoles,
    checkClient,
    async createClient(client) {
      const { id } = await store.clients.createClient(client);
      await patiently(deps, id, async () => {
        await importRoles(id).catch(() => undefined); // the check reports the reason
        await checkClient(id);
      });
      return current(store, id);
    },
    async updateClient(id, patch, cause) {
      const before = await current(store, id);
      await deps.trySecrets({ ...before, ...patch }, patch);
      await store.clients.updateClient(id, patch, cause);
      await patiently(deps, id, async () => checkClient(id));
      return current(store, id);
    },
  };
}

async function patiently(
  { logger }: Deps,
  clientId: ClientId,
  work: () => Promise<unknown>,
): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, PATIENCE_MS);
  });
  const done = work().catch((error: unknown) =>
    logger.warn({ err: error, clientId }, 'client check failed'),
  );
  await Promise.race([done, patience]);
  clearTimeout(timer);
}

async function current(store: Store, id: ClientId) {
  const [client] = await store.clients.findClients([id]);
  if (client === undefined) throw new InputError('NOT_FOUND', `client ${id} does not exist`);
  return client;
}
