import type { Page, Rows } from '../../services/api/kit/ports.js';

/** One page of rows, as the store cuts them. */
export function cut<Row extends { readonly id: string }>(
  rows: readonly Row[],
  page: Page,
): Rows<Row> {
  const from = rows.findIndex((row) => row.id === page.after) + 1;
  return {
    rows: rows.slice(from, from + page.limit),
    hasMore: rows.length > from + page.limit,
  };
}
