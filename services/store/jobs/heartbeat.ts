import pg, { type Client, type ClientConfig, type Pool, type PoolClient } from 'pg';

import { streamOf } from '../connection/connection-stream.js';
import type { SharedClient } from '../connection/shared-client.js';

export interface HeartbeatTiming {
  readonly everyMs: number;
  /** Shorter than any lease that depends on the database's answers. */
  readonly withinMs: number;
}

export const HEARTBEAT: HeartbeatTiming = { everyMs: 3_000, withinMs: 6_000 };

/**
 * Makes the server detect a client that lost power or network within some ten seconds. The default
 * is two hours, during which its locks would block every other process.
 */
export const NOTICE_DEAD_CLIENTS =
  'set tcp_keepalives_idle = 5; set tcp_keepalives_interval = 1; set tcp_keepalives_count = 5; set tcp_user_timeout = 10000';

/** The same for the client, on a connection that waits for its answer. */
export const KEEP_ALIVE = {
  keepAlive: true,
  keepAliveInitialDelayMillis: 5_000,
} as const;

/** Named, so that statement counters can exclude it. */
export const HEARTBEAT_QUERY = 'select 1 as heartbeat';

/**
 * Keeps checking whether the server responds. A server that vanished silently (power loss, dropped
 * packets) would otherwise be waited for until the system gives up, after a quarter of an hour.
 * Ends with the connection.
 */
export function watchForSilence(
  client: SharedClient,
  onSilent: () => void,
  { everyMs, withinMs }: HeartbeatTiming,
): void {
  let waiting: NodeJS.Timeout | null = null;
  const beat = setInterval(() => {
    if (waiting !== null) return;
    waiting = setTimeout(onSilent, withinMs);
    const heard = () => {
      if (waiting !== null) clearTimeout(waiting);
      waiting = null;
    };
    client.ask(HEARTBEAT_QUERY).then(heard, heard);
  }, everyMs);
  client.once('end', () => {
    clearInterval(beat);
    if (waiting !== null) clearTimeout(waiting);
  });
}

/** For a pool whose own timeout would also limit waiting for a connection. */
export class ImpatientClient extends pg.Client {
  constructor(config: ClientConfig) {
    const { password } = config; // the pool hides it from copies
    const connectionTimeoutMillis = HEARTBEAT.withinMs;
    super({ ...config, password, connectionTimeoutMillis });
  }
}

/**
 * Pool connections that can all be cut at once: statements waiting on one fail with "database
 * unreachable".
 */
export function createCutter(pool: Pool): () => void {
  const open = new Set<PoolClient>();
  pool.on('connect', (client) => {
    open.add(client);
    client.once('end', () => open.delete(client));
  });
  return () => open.forEach(cut);
}

/** Does not notify the server, which would not receive it. */
export function cut(client: Client | PoolClient): void {
  streamOf(client)?.destroy(new Error(SILENT));
}

const SILENT = 'Connection terminated: no data from the server';
