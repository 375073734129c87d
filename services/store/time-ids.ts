/**
 * Returns the lowest possible id for a time. The connector's ids are UUIDv7, which start with their
 * creation time, so rows of a period can be found by primary key. Ids come from the processes'
 * clocks, so exact queries must also compare the rows' times.
 */
export function firstIdAt(time: Date): string {
  const ms = Math.min(Math.max(time.getTime(), 0), LAST_MS);
  const hex = ms.toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
}

/** A UUIDv7 stores its time in 48 bits. */
const LAST_MS = 2 ** 48 - 1;
