import pg, { type Client, type ClientConfig, type Pool, type PoolClient } from 'pg';

import { streamOf } from './connection-stream.js';
import type { SharedClient } from './shared-client.js';

export interface HeartbeatTiming {
  readonly everyMs: number;
  /** Shorter than any lease that hangs on the database's answers is long. */
  readonly withinMs: number;
}

export const HEARTBEAT: HeartbeatTiming = { everyMs: 3_000, withinMs: 6_000 };

/**
 * For the server: a client whose machine lost its power, or its network, is found out within some
 * ten seconds. By default that takes two hours, during which its locks stay held and block every
 * other process.
 */
export const NOTICE_DEAD_CLIENTS =
  'set tcp_keepalives_idle = 5; set tcp_keepalives_interval = 1; set tcp_keepalives_count = 5; set tcp_user_timeout = 10000';

/** The same the other way round, for a connection that waits for its answer. */
export const KEEP_ALIVE = {
  keepAlive: true,
  keepAliveInitialDelayMillis: 5_000,
} as const;

/** Named, so that statement counters can exclude it. */
export const HEARTBEAT_QUERY = 'select 1 as heartbeat';

/**
 * Asks again and again whether the server is there. One that is gone without a word (a machine that
 * lost its power, a network that drops packets) would else be waited for until the system gives up,
 * which takes it a quarter of an hour. Ends with the connection.
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

/** For a pool whose own limit would also be one on waiting for a place in it. */
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

/** The server is not notified; it would not receive it. */
export function cut(client: Client | PoolClient): void {
  streamOf(client)?.destroy(new Error(SILENT));
}

const SILENT = 'Connection terminated: no data from the server';
