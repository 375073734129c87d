import pg from 'pg';

import type { Readiness } from '../lib/lifecycle.js';
import type { Logger } from '../lib/logger.js';
import { createSessionLocks } from './session-locks.js';

const RECONNECT_MS = 1_000;

/** PostgreSQL's LISTEN on a connection of its own, made again when it breaks. What was missed meanwhile is the poll's to find. */
export function createListener(options: { url: string; logger: Logger }) {
  const wakers = new Map<string, Set<Wake>>();
  let client: pg.Client | null = null;
  let retry: NodeJS.Timeout | undefined;
  let isStopped = false;

  async function connect(): Promise<void> {
    const next = new pg.Client({
      connectionString: options.url,
      application_name: 'discord-connector listener',
    });
    next.on('notification', ({ channel, payload }) =>
      wakers.get(channel)?.forEach((wake) => wake(payload ?? null)),
    );
    next.on('error', (error) =>
      options.logger.warn({ error: error.message }, 'listening broke'),
    );
    next.on('end', () => reconnectLater(next));
    await next.connect();
    client = next;
    for (const channel of wakers.keys())
      await next.query(`listen ${pg.escapeIdentifier(channel)}`);
    for (const wake of [...wakers.values()].flatMap((set) => [...set]))
      wake(null);
  }

  function reconnectLater(ended: pg.Client): void {
    if (isStopped || (client !== null && client !== ended)) return;
    client = null;
    clearTimeout(retry);
    retry = setTimeout(() => {
      connect().catch(() => reconnectLater(ended));
    }, RECONNECT_MS);
  }

  return {
    start: connect,
    ready: (): Readiness =>
      client === null
        ? { ok: false, reason: 'the database is away' }
        : { ok: true },
    /** Calls back on every NOTIFY of the channel, and after every reconnect, then with null: what was told meanwhile is lost. */
    async on(channel: string, wake: Wake): Promise<() => Promise<void>> {
      const set = wakers.get(channel) ?? new Set();
      wakers.set(channel, set.add(wake));
      await tell(client, 'listen', channel);
      return async () => {
        set.delete(wake);
        if (set.size > 0 || wakers.get(channel) !== set) return;
        wakers.delete(channel);
        await tell(client, 'unlisten', channel);
      };
    },
    tryLock: createSessionLocks(() => client),
    async stop(): Promise<void> {
      isStopped = true;
      clearTimeout(retry);
      await client?.end();
    },
  };
}

/** A connection that breaks meanwhile is followed by another, which listens to all that is wanted then. */
async function tell(
  client: pg.Client | null,
  verb: 'listen' | 'unlisten',
  channel: string,
): Promise<void> {
  const statement = `${verb} ${pg.escapeIdentifier(channel)}`;
  await client?.query(statement).catch(() => undefined);
}

/** With what the notice carried. */
type Wake = (payload: string | null) => void;

export type Listener = ReturnType<typeof createListener>;
