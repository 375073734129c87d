import { sql } from 'kysely';

/** By the database's clock, which all processes share. */
export const NOW = sql<Date>`clock_timestamp()`;

export const inMs = (ms: number) =>
  sql<Date>`clock_timestamp() + make_interval(secs => ${ms / 1000}::float8)`;

/** For `=`: one parameter, however many values. */
export const anyOf = <Value>(values: readonly Value[]) => sql<Value>`any(${values})`;
