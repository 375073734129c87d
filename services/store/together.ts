import {
  DefaultQueryExecutor,
  PostgresAdapter,
  PostgresQueryCompiler,
  type CompiledQuery,
  type ConnectionProvider,
  type QueryExecutorProvider,
  type QueryResult,
} from 'kysely';
import type { Pool, PoolClient } from 'pg';

import { afterMoment } from '../lib/moment.js';

/** Where single statements are asked that change nothing. Any `Kysely` will do as well. */
export type Asker = QueryExecutorProvider;

/** One after the other on their connection, a slow one would keep many waiting. */
const MOST_TOGETHER = 4;

/**
 * What is asked at one moment goes to the server together: over one connection, in one write, none waiting for another's answer.
 * Sending is the dearest part of a small statement.
 */
export function createAsker(pool: Pool): Asker {
  const executor = new TogetherExecutor(pool);
  return { getExecutor: () => executor };
}

/** Nobody is given one to keep: what needs its own is a transaction's. */
const NO_CONNECTION: ConnectionProvider = {
  async provideConnection() {
    throw new Error('statements that belong together are a transaction');
  },
};

interface Asked {
  readonly query: CompiledQuery;
  readonly resolve: (result: QueryResult<never>) => void;
  readonly reject: (error: unknown) => void;
}

class TogetherExecutor extends DefaultQueryExecutor {
  #waiting: Asked[] = [];

  constructor(readonly pool: Pool) {
    super(new PostgresQueryCompiler(), new PostgresAdapter(), NO_CONNECTION);
  }

  override async executeQuery<Row>(
    query: CompiledQuery,
  ): Promise<QueryResult<Row>> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.length === 0) afterMoment(() => this.#sendWaiting());
      this.#waiting.push({ query, resolve, reject });
    });
  }

  #sendWaiting(): void {
    const asked = this.#waiting;
    this.#waiting = [];
    for (let from = 0; from < asked.length; from += MOST_TOGETHER)
      void send(this.pool, asked.slice(from, from + MOST_TOGETHER));
  }
}

/** Never rejects: whoever asked is told. */
async function send(pool: Pool, asked: readonly Asked[]): Promise<void> {
  let client: PoolClient;
  try {
    client = await pool.connect();
  } catch (error) {
    for (const { reject } of asked) reject(error);
    return;
  }
  const answers = inOneWrite(client, () =>
    asked.map(async ({ query, resolve, reject }) => {
      try {
        const { sql, parameters } = query;
        const { rows } = await client.query<never>(sql, [...parameters]);
        resolve({ rows });
      } catch (error) {
        reject(error);
      }
    }),
  );
  await Promise.all(answers);
  client.release();
}

function inOneWrite<Result>(client: PoolClient, work: () => Result): Result {
  const connection: unknown = Reflect.get(client, 'connection');
  const stream: unknown = Object(connection).stream;
  if (!isCorkable(stream)) return work();
  stream.cork();
  try {
    return work();
  } finally {
    stream.uncork();
  }
}

function isCorkable(
  stream: unknown,
): stream is { cork(): void; uncork(): void } {
  return (
    typeof stream === 'object' &&
    stream !== null &&
    'cork' in stream &&
    'uncork' in stream
  );
}
