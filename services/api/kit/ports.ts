/** Types for reading a list from the store page by page. */

/**
 * Selects one page of a list sorted by `id`: at most `limit` rows after the row with the id
 * `after`. `limit` is at least 1. `after` is null for the first page.
 */
export interface Page {
  readonly limit: number;
  readonly after: string | null;
}

export interface Rows<Row> {
  readonly rows: readonly Row[];
  readonly hasMore: boolean;
}
