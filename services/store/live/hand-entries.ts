import { type RawBuilder, sql } from 'kysely';

/** The time in an audit log entry's id; null if `id` is null. Ids are snowflakes. */
export const entryTime = (id: RawBuilder<unknown>) =>
  sql<Date>`to_timestamp((trunc(${id}::numeric / 4194304) + 1420070400000)::float8 / 1000)`;
