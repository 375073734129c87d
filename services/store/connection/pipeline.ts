import {
  Kysely,
  PostgresDialect,
  type CompiledQuery,
  type DatabaseConnection,
  type QueryResult,
} from 'kysely';
import type { Pool, PoolClient } from 'pg';

import type { Db, Schema } from '../entities/entities.js';
import { statementName } from './together.js';

export type Pipeline = <Result>(
  work: (sql: Db) => Promise<Result>,
  /**
   * False: PostgreSQL plans each statement for its values. For statements with long lists, because
   * the best plan depends on the length of the list.
   */
  isPlannedOnce?: boolean,
) => Promise<Result>;

/**
 * Returns a function that runs work in a transaction on one connection without waiting for
 * responses: statements are sent in the order of the calls, and each sees the effects of those
 * before it. Statements started together share one round trip, and the first ones share it with
 * `begin`.
 *
 * If a statement fails, rolls back and throws the error of the first failed statement. Rejects,
 * without sending them, statements that are started after the rollback.
 */
export function createPipeline(pool: Pool, plain: Db): Pipeline {
  const dialect = new PostgresDialect({ pool });
  const props = { config: { dialect }, dialect, driver: dialect.createDriver() };
  return async (work, isPlannedOnce = true) => {
    const client = await pool.connect();
    const line = new Line(client, isPlannedOnce);
    const executor = plain.getExecutor().withConnectionProvider({
      provideConnection: async (use) => use(line),
    });
    try {
      const begun = line.send('begin');
      const worked = work(new Kysely<Schema>({ ...props, executor }));
      const [result] = await Promise.all([worked, begun]);
      // If a statement has failed, PostgreSQL rolls back at `commit` and reports no error.
      const { command } = await line.send('commit');
      if (command !== 'COMMIT') throw new Error('the transaction was rolled back');
      return result;
    } catch (error) {
      await line.rollBack();
      throw line.failure ?? error;
    } finally {
      client.release();
    }
  };
}

/** A connection in a transaction. */
class Line implements DatabaseConnection {
  /** Error of the first statement that failed. It makes the statements after it fail too. */
  failure: unknown = null;
  #isOver = false;

  constructor(
    readonly client: PoolClient,
    readonly isPlannedOnce: boolean,
  ) {}

  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    const name = this.isPlannedOnce ? statementName(sql) : undefined;
    const { rows, rowCount } = await this.send(sql, { values: [...parameters], name });
    return { rows, numAffectedRows: BigInt(rowCount ?? 0) };
  }

  async send(text: string, its: { values?: unknown[]; name?: string | undefined } = {}) {
    if (this.#isOver) throw new Error('the transaction has ended');
    try {
      return await this.client.query({ text, ...its });
    } catch (error) {
      this.failure ??= error;
      throw error;
    }
  }

  /**
   * Never rejects: a connection that cannot roll back is dead, and the server ends the transaction
   * of a dead connection.
   */
  async rollBack(): Promise<void> {
    this.#isOver = true;
    await this.client.query('rollback').catch(() => undefined);
  }

  streamQuery(): never {
    throw new Error('a pipeline cannot stream rows');
  }
}
