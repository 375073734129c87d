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

/** Runs single statements that change nothing. Any `Kysely` works as well. */
export type Asker = QueryExecutorProvider;

/** Statements of a batch run one after the other, so a slow one would delay many. */
export const MOST_TOGETHER = 4;

export interface Askers {
  /** For lookups by key with a constant text: each connection plans them once. */
  readonly byKey: Asker;
  /** For all others. */
  readonly asker: Asker;
}

/**
 * Sends the statements of one microtask together: over one connection, in one write, none waiting
 * for another's answer. Sending is the most expensive part of a small statement, and planning the
 * next.
 */
export function createAskers(pool: Pool): Askers {
  const moment = new Moment(pool);
  return { byKey: askerOf(moment, true), asker: askerOf(moment) };
}

/** Passes each statement on as it arrives. */
export function askerOf(
  sink: { readonly ask: (asked: QueuedStatement) => void },
  isPlannedOnce = false,
): Asker {
  const executor = new TogetherExecutor(sink, isPlannedOnce);
  return { getExecutor: () => executor };
}

/** No connection can be held here; work that needs its own uses a transaction. */
const NO_CONNECTION: ConnectionProvider = {
  async provideConnection() {
    throw new Error('related statements must run in a transaction');
  },
};

/** A statement with its waiting caller. */
export interface QueuedStatement {
  readonly query: CompiledQuery;
  /** The name of a statement that is planned once. */
  readonly name: string | undefined;
  readonly resolve: (result: QueryResult<never>) => void;
  readonly reject: (error: unknown) => void;
}

class TogetherExecutor extends DefaultQueryExecutor {
  readonly #names = new Map<string, string>();

  constructor(
    readonly sink: { readonly ask: (asked: QueuedStatement) => void },
    readonly isPlannedOnce: boolean,
  ) {
    super(new PostgresQueryCompiler(), new PostgresAdapter(), NO_CONNECTION);
  }

  override async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    const name = this.isPlannedOnce ? this.#nameOf(query.sql) : undefined;
    return new Promise((resolve, reject) => {
      this.sink.ask({ query, name, resolve, reject });
    });
  }

  #nameOf(text: string): string {
    const known = this.#names.get(text);
    if (known !== undefined) return known;
    const name = `by_key_${this.#names.size}`;
    this.#names.set(text, name);
    return name;
  }
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

/** Resolves when each statement has an answer or has failed. */
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
