import { InputError } from '../lib/errors.js';
import { checkOwnId, checkPlatformId } from './inputs/checks.js';
import type { ConnectionOf } from './types/connection.types.js';
import type { Page, Rows } from './views.js';

const DEFAULT_FIRST = 50;
const MAX_FIRST = 200;

/** What a cursor holds: the id of the last row seen. */
export type CursorKind = 'ownId' | 'platformId';

export function toPage(
  request: { readonly first: number | null; readonly after: string | null },
  kind: CursorKind,
): Page {
  const limit = request.first ?? DEFAULT_FIRST;
  if (limit < 1 || limit > MAX_FIRST)
    throw new InputError(
      'BAD_USER_INPUT',
      `It is not between 1 and ${MAX_FIRST}.`,
      'first',
    );
  const { after } = request;
  return { limit, after: after === null ? null : decodeCursor(after, kind) };
}

export function toConnection<
  View extends { readonly id: string },
  Node,
>(request: {
  readonly rows: Rows<View>;
  readonly page: Page;
  readonly toNode: (view: View) => Node;
  readonly count: () => Promise<number>;
}): ConnectionOf<Node> {
  const edges = request.rows.rows.map((view) => ({
    cursor: encodeCursor(view.id),
    node: request.toNode(view),
  }));
  return {
    edges,
    nodes: edges.map((edge) => edge.node),
    pageInfo: {
      hasNextPage: request.rows.hasMore,
      hasPreviousPage: request.page.after !== null,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
    count: request.count,
  };
}

const encodeCursor = (id: string): string =>
  Buffer.from(id, 'utf8').toString('base64url');

function decodeCursor(cursor: string, kind: CursorKind): string {
  const id = Buffer.from(cursor, 'base64url').toString('utf8');
  try {
    // Buffer skips what it cannot read: only a cursor that comes out the same was one of ours.
    if (encodeCursor(id) !== cursor) throw new Error('not a cursor of ours');
    return kind === 'ownId'
      ? checkOwnId(id, 'after')
      : checkPlatformId(id, 'after');
  } catch {
    throw new InputError(
      'BAD_USER_INPUT',
      'This is not a cursor of this list: give `pageInfo.endCursor` as it came.',
      'after',
    );
  }
}
