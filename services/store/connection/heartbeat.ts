import type { Duplex } from 'node:stream';

import pg from 'pg';
import type { Client, ClientConfig, Pool, PoolClient, QueryResult, QueryResultRow } from 'pg';

export interface HeartbeatTiming {
  readonly everyMs: number;
  /** How long to wait for a response. Must be shorter than any lease renewed in the database. */
  readonly withinMs: number;
}

export const HEARTBEAT: HeartbeatTiming = { everyMs: 3_000, withinMs: 6_000 };

/**
 * Makes the server detect within about ten seconds that a client lost power or network. The default
 * is two hours, during which the client's locks would block every other process.
 */
export const NOTICE_DEAD_CLIENTS =
  'set tcp_keepalives_idle = 5; set tcp_keepalives_interval = 1; set tcp_keepalives_count = 5; set tcp_user_timeout = 10000';

/**
 * TCP keepalive of the client, which detects a dead server while a query waits for its response.
 */
export const KEEP_ALIVE = {
  keepAlive: true,
  keepAliveInitialDelayMillis: 5_000,
} as const;

/** The alias lets statement counters exclude this query. */
export const HEARTBEAT_QUERY = 'select 1 as heartbeat';

/**
 * Checks regularly whether the server responds, and calls `onSilent` if it does not. Otherwise a
 * query would wait a quarter of an hour, the system's limit, for a server that vanished silently
 * (power loss, dropped packets). Stops when the connection ends.
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

/**
 * A client that limits the time to connect. The pool's own timeout would also limit the wait for a
 * free connection.
 */
export class ImpatientClient extends pg.Client {
  constructor(config: ClientConfig) {
    const { password } = config; // not enumerable, so a spread omits it
    const connectionTimeoutMillis = HEARTBEAT.withinMs;
    super({ ...config, password, connectionTimeoutMillis });
  }
}

/**
 * Returns a function that cuts all of the pool's open connections at once. Their unfinished
 * statements fail with "database unreachable".
 */
export function createCutter(pool: Pool): () => void {
  const open = new Set<PoolClient>();
  pool.on('connect', (client) => {
    open.add(client);
    client.once('end', () => open.delete(client));
  });
  return () => open.forEach(cut);
}

/** Closes the connection without notifying the server, which would not receive it. */
export function cut(client: Client | PoolClient): void {
  streamOf(client)?.destroy(new Error(SILENT));
}

const SILENT = 'Connection terminated: no data from the server';

/**
 * A connection that several callers use at once. Queues their statements itself, because pg will
 * remove its own queue.
 */
export class SharedClient extends pg.Client {
  #last: Promise<unknown> = Promise.resolve();

  ask<Row extends QueryResultRow>(
    statement: string,
    values: readonly unknown[] = [],
  ): Promise<QueryResult<Row>> {
    const asked = this.#last.then(() => this.query<Row>(statement, [...values]));
    this.#last = asked.catch(() => undefined); // the caller handles the error
    return asked;
  }
}

/**
 * Returns the connection's socket, for operations the driver does not offer; null if the driver no
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
 * connection only after a successful rollback, so each would leak a pool slot. Waits a second
 * first, because a connection may still be released normally.
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
