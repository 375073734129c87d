import { setTimeout as sleep } from 'node:timers/promises';

import type { PoolClient } from 'pg';

/** How soon to cancel again if the statement continues, or the next one of its batch runs. */
const AGAIN_MS = 50;

/**
 * Cancels a connection's statements in the database once the signal is aborted, until all of them
 * have ended.
 */
export function cancelWhenDropped(
  client: PoolClient,
  state: { isSettled: boolean; isCancelled: boolean },
  its: {
    readonly signal: AbortSignal | undefined;
    readonly cancel: (processId: number) => Promise<unknown>;
  },
): { readonly stop: () => Promise<void> } {
  const { signal, cancel } = its;
  const processId = processIdOf(client);
  let cancelling: Promise<void> = Promise.resolve();
  const cancelAgain = async () => {
    if (processId === null) return;
    while (!state.isSettled) {
      state.isCancelled = true;
      await cancel(processId).catch(() => undefined);
      await sleep(AGAIN_MS);
    }
  };
  const begin = () => {
    cancelling = cancelAgain();
  };
  if (signal?.aborted) begin();
  signal?.addEventListener('abort', begin, { once: true });
  return {
    async stop() {
      signal?.removeEventListener('abort', begin);
      await cancelling;
    },
  };
}

/** The driver supports it, but its types do not declare it. */
function processIdOf(client: PoolClient): number | null {
  const id: unknown = Reflect.get(client, 'processID');
  return typeof id === 'number' ? id : null;
}
