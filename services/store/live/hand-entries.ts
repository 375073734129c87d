import { type RawBuilder, sql } from 'kysely';

/** The time in an audit log entry's id; null if `id` is null. Ids are snowflakes. */
export const entryTime = (id: RawBuilder<unknown>) =>
  sql<Date>`to_timestamp((trunc(${id}::numeric / 4194304) + 1420070400000)::float8 / 1000)`;

/**
 * Condition: the entry is at most a minute old. An older one, repeated after a break, says nothing
 * about what is waiting now.
 */
export const isRecent = (id: RawBuilder<unknown>) =>
  sql<boolean>`coalesce(${entryTime(id)} > clock_timestamp() - interval '1 minute', false)`;
