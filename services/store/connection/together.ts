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

import { streamOf } from './heartbeat.js';
import { afterMoment } from '../../lib/moment.js';

/** Runs single statements, each in a transaction of its own. Any `Kysely` instance works too. */
export type Asker = QueryExecutorProvider;

/**
 * Maximum number of statements per batch. They run one after another, so a slow statement delays
 * those behind it.
 */
export const MOST_TOGETHER = 4;

export interface Askers {
  /**
   * Runs prepared statements, which PostgreSQL plans once per connection. Use it only for constant
   * statement texts.
   */
  readonly prepared: Asker;
  /** Runs statements that only read, planned for their values. */
  readonly asker: Asker;
}

/**
 * Collects the statements of one microtask into batches of up to MOST_TOGETHER. Sends each batch
 * over one connection, in one write, without waiting for a response in between. Sending is the most
 * expensive part of a small statement; planning is the second.
 */
export function createAskers(pool: Pool): Askers {
  const moment = new Moment(pool);
  return { prepared: askerOf(moment, true), asker: askerOf(moment) };
}

/** Passes each statement to `sink` at once. `isPlannedOnce`: sends them as prepared statements. */
export function askerOf(
  sink: { readonly ask: (asked: QueuedStatement) => void },
  isPlannedOnce = false,
): Asker {
  const executor = new TogetherExecutor(sink, isPlannedOnce);
  return { getExecutor: () => executor };
}

/** Throws: work that needs a connection of its own must use a transaction. */
const NO_CONNECTION: ConnectionProvider = {
  async provideConnection() {
    throw new Error('related statements must run in a transaction');
  },
};

/** A statement and the callbacks of its caller. */
export interface QueuedStatement {
  readonly query: CompiledQuery;
  /** Name of the prepared statement; undefined: not prepared. */
  readonly name: string | undefined;
  readonly resolve: (result: QueryResult<never>) => void;
  readonly reject: (error: unknown) => void;
}

class TogetherExecutor extends DefaultQueryExecutor {
  constructor(
    readonly sink: { readonly ask: (asked: QueuedStatement) => void },
    readonly isPlannedOnce: boolean,
  ) {
    super(new PostgresQueryCompiler(), new PostgresAdapter(), NO_CONNECTION);
  }

  override async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    const name = this.isPlannedOnce ? statementName(query.sql) : undefined;
    return new Promise((resolve, reject) => {
      this.sink.ask({ query, name, resolve, reject });
    });
  }
}

const names = new Map<string, string>();

/**
 * Returns the name under which connections prepare the statement. PostgreSQL then parses and plans
 * it only once per connection; both together take longer than running most statements. Names are
 * never forgotten, so use this only for texts whose length does not depend on their values.
 */
export function statementName(text: string): string {
  const known = names.get(text);
  if (known !== undefined) return known;
  const name = `statement_${names.size}`;
  names.set(text, name);
  return name;
}

class Moment {
  #waiting: QueuedStatement[] = [];

  constructor(readonly pool: Pool) {}

  ask(asked: QueuedStatement): void {
    if (this.#waiting.length === 0) afterMoment(() => this.#sendWaiting());
    this.#waiting.push(asked);
  }

  #sendWaiting(): void {
    const asked = this.#waiting;
    this.#waiting = [];
    for (let from = 0; from < asked.length; from += MOST_TOGETHER)
      void send(this.pool, asked.slice(from, from + MOST_TOGETHER));
  }
}

/** Never rejects: errors go to the callers. */
async function send(pool: Pool, asked: readonly QueuedStatement[]): Promise<void> {
  let client: PoolClient;
  try {
    client = await pool.connect();
  } catch (error) {
    for (const { reject } of asked) reject(error);
    return;
  }
  await sendOver(client, asked);
  client.release();
}

/** Sends the statements in one write. Resolves when each has a response or has failed. */
export async function sendOver(
  client: PoolClient,
  asked: readonly QueuedStatement[],
): Promise<void> {
  const answers = inOneWrite(client, () =>
    asked.map(async ({ query, name, resolve, reject }) => {
      try {
        const values = [...query.parameters];
        const text = query.sql;
        const { rows } = await client.query<never>({
          text,
          values,
          ...(name !== undefined && { name }),
        });
        resolve({ rows });
      } catch (error) {
        reject(error);
      }
    }),
  );
  await Promise.all(answers);
}

function inOneWrite<Result>(client: PoolClient, work: () => Result): Result {
  const stream = streamOf(client);
  stream?.cork();
  try {
    return work();
  } finally {
    stream?.uncork();
  }
}
