/** Types for reading a list from the store page by page. */

/**
 * One page by keyset pagination over `id`: at most `limit` rows (at least 1) after the row with the
 * id `after`; null: from the start. `hasMore` in the result: more rows follow.
 */
export interface Page {
  readonly limit: number;
  readonly after: string | null;
}

export interface Rows<Row> {
  readonly rows: readonly Row[];
  readonly hasMore: boolean;
}
