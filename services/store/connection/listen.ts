import pg from 'pg';

import {
  cut,
  HEARTBEAT,
  type HeartbeatTiming,
  KEEP_ALIVE,
  NOTICE_DEAD_CLIENTS,
  SharedClient,
  watchForSilence,
} from './heartbeat.js';
import { UnavailableError } from '../../lib/errors.js';
import type { Readiness } from '../../lib/lifecycle.js';
import type { Logger } from '../../lib/logger.js';
import { readAddress } from './address.js';
import { translateAtStart, translateConnect } from './away.js';

const RECONNECT_MS = 1_000;

interface Options {
  readonly url: string;
  readonly logger: Logger;
  /** Called when the server stops responding, so that other connections can be cut too. */
  readonly onSilent: () => void;
  /** Called when an attempt to reconnect fails. */
  readonly onRefused?: (error: unknown) => void;
  readonly heartbeat?: HeartbeatTiming;
}

/**
 * Runs PostgreSQL's LISTEN on its own connection and reconnects when it is lost. Polling makes up
 * for notifications lost in between.
 */
export function createListener(options: Options) {
  const wakers = new Map<string, Set<Wake>>();
  let client: SharedClient | null = null;
  let retry: NodeJS.Timeout | undefined;
  let isStarted = false;
  let isStopped = false;

  async function connect(): Promise<void> {
    const next = createClient(options, (channel, payload) =>
      wakers.get(channel)?.forEach((wake) => wake(payload)),
    );
    next.on('end', () => reconnectLater(next));
    await next.connect();
    client = next;
    await next.ask(NOTICE_DEAD_CLIENTS);
    for (const channel of wakers.keys()) await next.ask(`listen ${pg.escapeIdentifier(channel)}`);
    for (const wake of [...wakers.values()].flatMap((set) => [...set])) wake(null);
  }

  function reconnectLater(ended: SharedClient): void {
    if (!isStarted || isStopped || (client !== null && client !== ended)) return;
    client = null;
    clearTimeout(retry);
    retry = setTimeout(() => {
      connect().catch((error: unknown) => {
        options.onRefused?.(error);
        reconnectLater(ended);
      });
    }, RECONNECT_MS);
  }

  return {
    /** May be called again if it fails. */
    async start(): Promise<void> {
      await connect().catch(async (error: unknown) => {
        await client?.end().catch(() => undefined);
        client = null;
        throw translateAtStart(translateConnect(error));
      });
      isStarted = true;
    },
    ready: (): Readiness => (client === null ? AWAY : { ok: true }),
    /**
     * Calls `wake` on every NOTIFY of the channel, and with null after every reconnect, because
     * notifications in between are lost. Resolves to an unsubscribe function.
     */
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

const AWAY: Readiness = { ok: false, reason: 'database unreachable' };

function createClient(
  { url, logger, onSilent, heartbeat = HEARTBEAT }: Options,
  onNotice: (channel: string, payload: string | null) => void,
): SharedClient {
  const client = new SharedClient({
    ...readAddress(url),
    application_name: 'discord-connector listener',
    ...KEEP_ALIVE,
    connectionTimeoutMillis: heartbeat.withinMs,
  });
  client.on('notification', ({ channel, payload }) => onNotice(channel, payload ?? null));
  client.on('error', (error) =>
    logger.warn({ error: error.message }, 'LISTEN connection lost, reconnecting'),
  );
  const { withinMs } = heartbeat;
  const silent = () => {
    logger.warn({ withinMs }, 'database silent, reconnecting');
    cut(client);
    onSilent();
  };
  client.once('connect', () => watchForSilence(client, silent, heartbeat));
  return client;
}

/**
 * Ignores errors: after a lost connection, the new connection listens to all requested channels.
 */
async function tell(
  client: SharedClient | null,
  verb: 'listen' | 'unlisten',
  channel: string,
): Promise<void> {
  const statement = `${verb} ${pg.escapeIdentifier(channel)}`;
  await client?.ask(statement).catch(() => undefined);
}

/** Called with the notification's payload; null: it has none, or the connection was lost. */
type Wake = (payload: string | null) => void;

export type Listener = ReturnType<typeof createListener>;

/** Resolves to a function that releases the lock; null if another process or this one holds it. */
export type TryLock = (key: number) => Promise<(() => Promise<void>) | null>;

/**
 * Creates locks that exclude other processes. PostgreSQL releases them when the connection ends.
 */
function createSessionLocks(session: () => SharedClient | null): TryLock {
  const held = new Set<number>();
  return async (key) => {
    const client = session();
    if (client === null) throw new UnavailableError('database unreachable');
    if (held.has(key)) return null; // PostgreSQL would grant a session its own lock again
    held.add(key);
    try {
      const { rows } = await client.ask<{ is_ours: boolean }>(
        'select pg_try_advisory_lock($1) as is_ours',
        [key],
      );
      if (rows[0]?.is_ours === true) return () => unlock(client, key, held);
      held.delete(key);
      return null;
    } catch (error) {
      held.delete(key);
      throw new UnavailableError('database unreachable', { cause: error });
    }
  };
}

/** Ignores errors: if the connection has ended, PostgreSQL has already released the lock. */
async function unlock(client: SharedClient, key: number, held: Set<number>): Promise<void> {
  await client.ask('select pg_advisory_unlock($1)', [key]).catch(() => undefined);
  held.delete(key);
}
