import pg, { type ClientBase, type Pool } from 'pg';

/** A fifth as many connections as for everything else, in addition to those. */
export const readShareOf = (poolSize: number): number => Math.max(1, Math.floor(poolSize / 5));

/**
 * For connections on which PostgreSQL cancels what takes too long, and uses no more than their own
 * processor. One statement: the driver that sends several ahead waits for ever on a text that holds
 * more.
 */
export const readSettings = (statementMs: number): string =>
  `select set_config('jit', 'off', false), set_config('statement_timeout', '${statementMs}', false), set_config('max_parallel_workers_per_gather', '0', false)`;

/**
 * Connections like those of the pool, with settings of their own. None is made before it is needed.
 */
export function openReadPool(
  like: Pool,
  its: {
    readonly most: number;
    /** Run once per connection. */
    readonly settings: string;
  },
): Pool {
  const { most: max, settings } = its;
  const { password } = like.options; // the pool hides it from copies
  const apply = async (client: ClientBase) => client.query(settings);
  const config = {
    ...like.options,
    ...(password !== undefined && { password }),
    min: 0,
    max,
    onConnect: apply,
  };
  const pool = new pg.Pool(config);
  // An idle connection that breaks is replaced when the next one is needed.
  pool.on('error', () => undefined);
  return pool;
}
