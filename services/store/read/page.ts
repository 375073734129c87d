import { type RawBuilder, sql } from 'kysely';
import type { Page, Rows } from '../../api/kit/ports.js';

/** Reads one extra row to learn whether there are more; `toRows` drops it. */
export const limitOf = (page: Page) => sql`limit ${page.limit + 1}`;

export function toRows<Read, Row>(
  read: readonly Read[],
  page: Page,
  toRow: (row: Read) => Row,
): Rows<Row> {
  return {
    rows: read.slice(0, page.limit).map(toRow),
    hasMore: read.length > page.limit,
  };
}

/** Joins the conditions with `and`; true if there are none. */
export function every(conditions: readonly (RawBuilder<unknown> | null)[]): RawBuilder<unknown> {
  const given = conditions.filter((condition) => condition !== null);
  return given.length === 0 ? sql`true` : sql.join(given, sql` and `);
}

/** Returns the rows in the order of `keys`; undefined for a key without a row. */
export function inOrder<Row>(
  keys: readonly string[],
  rows: readonly Row[],
  keyOf: (row: Row) => string,
): (Row | undefined)[] {
  const found = new Map(rows.map((row) => [keyOf(row), row]));
  return keys.map((key) => found.get(key));
}

/** Groups the rows by key, in the order of `keys`. */
export function gathered<Row>(
  keys: readonly string[],
  rows: readonly Row[],
  keyOf: (row: Row) => string,
): (readonly Row[])[] {
  const found = Map.groupBy(rows, keyOf);
  return keys.map((key) => found.get(key) ?? []);
}

export interface Counted {
  readonly count: string;
}

/** PostgreSQL counts in 64 bits, which the driver returns as text. */
export const rowCount = (rows: readonly Counted[]): number => Number(rows[0]?.count ?? 0);

/** The driver returns times as text, in UTC. */
export type Time = Date | string;

export const toDate = (time: Time): Date => new Date(time);

export const toDateOrNull = (time: Time | null): Date | null =>
  time === null ? null : new Date(time);
