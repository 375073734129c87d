import { sql } from 'kysely';

/** The current time of the database's clock, which all processes share. */
export const NOW = sql<Date>`clock_timestamp()`;

export const inMs = (ms: number) =>
  sql<Date>`clock_timestamp() + make_interval(secs => ${ms / 1000}::float8)`;

/** Use with `=` instead of `in`: it is one parameter for any number of values. */
export const anyOf = <Value>(values: readonly Value[]) => sql<Value>`any(${values})`;
