import pg, { type QueryResult, type QueryResultRow } from 'pg';

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
    this.#last = asked.catch(() => undefined); // told to whoever asked
    return asked;
  }
}
