import pg, { type ClientBase, type Pool } from 'pg';

/**
 * Returns the number of read connections: a fifth of the main pool's size. They are opened in
 * addition to the main pool's connections.
 */
export const readShareOf = (poolSize: number): number => Math.max(1, Math.floor(poolSize / 5));

/**
 * Settings for read connections: PostgreSQL cancels slow statements and uses no parallel workers.
 * They are one statement, because the pipelining driver hangs on a text with several statements.
 */
export const readSettings = (statementMs: number): string =>
  `select set_config('jit', 'off', false), set_config('statement_timeout', '${statementMs}', false), set_config('max_parallel_workers_per_gather', '0', false)`;

/** Opens a pool like the given one, with its own connection settings. It connects on demand. */
export function openReadPool(
  like: Pool,
  its: {
    readonly most: number;
    /** A statement that runs once per connection. */
    readonly settings: string;
  },
): Pool {
  const { most: max, settings } = its;
  const { password } = like.options; // not enumerable, so a spread omits it
  const apply = async (client: ClientBase) => client.query(settings);
  const config = {
    ...like.options,
    ...(password !== undefined && { password }),
    min: 0,
    max,
    onConnect: apply,
  };
  const pool = new pg.Pool(config);
  // The pool listens for errors of idle connections only. Without a listener, an error of a busy
  // connection would end the process. The query of that connection fails anyway, and the pool opens
  // a new connection on demand.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}
