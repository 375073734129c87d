/** What lists need from the store. */

/**
 * Keyset paging over `id`; `limit` is at least 1. `rows` never has more than `limit` rows;
 * `hasMore` says if there are more.
 */
export interface Page {
  readonly limit: number;
  readonly after: string | null;
}

export interface Rows<Row> {
  readonly rows: readonly Row[];
  readonly hasMore: boolean;
}
