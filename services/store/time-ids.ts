/**
 * Where ids of a time begin: ours are UUIDv7, so their order is that of making, and a range of
 * times is a range of a primary key. They are made by the processes' clocks; what must be exact
 * compares the times of the rows too.
 */
export function firstIdAt(time: Date): string {
  const ms = Math.min(Math.max(time.getTime(), 0), LAST_MS);
  const hex = ms.toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
}

/** 48 bits. */
const LAST_MS = 2 ** 48 - 1;
