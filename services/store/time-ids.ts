/**
 * The first id of a time. The connector's ids are UUIDv7, so they are ordered by creation, and a
 * range of times is a range of a primary key. Processes' clocks create them, so exact queries
 * compare the rows' times too.
 */
export function firstIdAt(time: Date): string {
  const ms = Math.min(Math.max(time.getTime(), 0), LAST_MS);
  const hex = ms.toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
}

/** 48 bits. */
const LAST_MS = 2 ** 48 - 1;
