import type { Duplex } from 'node:stream';

import pg from 'pg';
import type { Client, ClientConfig, Pool, PoolClient, QueryResult, QueryResultRow } from 'pg';

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

/**
 * A connection with several concurrent users. It sends one statement after the other, which pg
 * itself will stop doing.
 */
export class SharedClient extends pg.Client {
  #last: Promise<unknown> = Promise.resolve();

  ask<Row extends QueryResultRow>(
    statement: string,
    values: readonly unknown[] = [],
  ): Promise<QueryResult<Row>> {
    const asked = this.#last.then(() => this.query<Row>(statement, [...values]));
    this.#last = asked.catch(() => undefined); // the caller of the query gets it
    return asked;
  }
}

/**
 * The socket of a connection, for operations the driver does not offer; null if the driver no
 * longer exposes it.
 */
export function streamOf(client: Client | PoolClient): Duplex | null {
  const connection: unknown = Reflect.get(client, 'connection');
  const stream: unknown = Object(connection).stream;
  return isDuplex(stream) ? stream : null;
}

function isDuplex(stream: unknown): stream is Duplex {
  return (
    typeof stream === 'object' &&
    stream !== null &&
    ['cork', 'uncork', 'destroy'].every((name) => typeof Reflect.get(stream, name) === 'function')
  );
}

const GIVE_BACK_MS = 1_000;

/**
 * Releases connections that died in a transaction. Their rollback fails, and Kysely releases a
 * connection only after a successful rollback, so each would leak a pool slot. One that is not
 * released a moment later never will be.
 */
export function giveBackTheDead(pool: Pool): void {
  pool.on('connect', (client) => {
    client.once('end', () => {
      setTimeout(() => {
        try {
          client.release(true);
        } catch {
          // Already released.
        }
      }, GIVE_BACK_MS).unref();
    });
  });
}
