import { createHash } from 'node:crypto';

import { InputError } from '../../lib/errors.js';
import { checkOwnId, checkPlatformId } from './checks.js';
import type { ConnectionOf, PageArgs } from './connection.types.js';
import type { Page, Rows } from './ports.js';

const DEFAULT_FIRST = 50;
const MAX_FIRST = 200;

/**
 * Identifies the list a cursor belongs to. Every other list rejects the cursor, even if both lists
 * have the same kind of ids.
 */
export interface PagedList {
  readonly name: 'discordUsers' | 'platformGroups' | 'sweeps' | 'auditRecords' | 'unlinkedHolders';
  /** Set if each client has its own list. */
  readonly clientId?: string;
  /** Set if each role has its own list. */
  readonly roleId?: string;
}

export function toPage({ first, after = null }: PageArgs, list: PagedList): Page {
  const limit = first ?? DEFAULT_FIRST;
  if (limit < 1 || limit > MAX_FIRST)
    throw new InputError(
      'BAD_USER_INPUT',
      `\`first\` must be between 1 and ${MAX_FIRST}.`,
      'first',
    );
  return { limit, after: after === null ? null : decodeCursor(after, list) };
}

/**
 * Builds a page. A cursor names a row, not an offset, so a row that is added or deleted at the same
 * time does not move other rows between pages. Paging continues even if the named row was deleted.
 */
export function toConnection<Node extends { readonly id: string }>(request: {
  readonly rows: Rows<Node>;
  readonly page: Page;
  readonly list: PagedList;
  readonly count: () => Promise<number>;
}): ConnectionOf<Node> {
  const { rows: nodes } = request.rows;
  const cursorsOf = (some: readonly Node[]) => {
    const tag = tagOf(request.list);
    return some.map(({ id }) => encodeCursor(tag, id));
  };
  // Cursors are computed by getters, because most requests select no cursor or only one.
  return {
    get edges() {
      const cursors = cursorsOf(nodes);
      return nodes.map((node, index) => ({ cursor: cursors[index] ?? '', node }));
    },
    nodes,
    pageInfo: {
      hasNextPage: request.rows.hasMore,
      hasPreviousPage: request.page.after !== null,
      get startCursor() {
        return cursorsOf(nodes.slice(0, 1))[0] ?? null;
      },
      get endCursor() {
        return cursorsOf(nodes.slice(-1))[0] ?? null;
      },
    },
    count: request.count,
  };
}

const TAG_LENGTH = 8;

/**
 * Returns the tag of a list, which is part of each of its cursors. The tag prevents mistakes, not
 * attacks: a forged cursor only reads what the caller may read anyway.
 */
function tagOf({ name, clientId = '', roleId }: PagedList): string {
  const whose = roleId === undefined ? clientId : `${clientId}\n${roleId}`;
  const hash = createHash('sha256').update(`${name}\n${whose}`);
  return hash.digest('base64url').slice(0, TAG_LENGTH);
}

const encodeCursor = (tag: string, id: string): string =>
  Buffer.from(tag + id, 'utf8').toString('base64url');

function checkId({ name }: PagedList, id: string): string {
  if (name === 'platformGroups') return checkPlatformId(id, 'after');
  if (name !== 'unlinkedHolders') return checkOwnId(id, 'after');
  if (!/^\d{1,20}$/.test(id)) throw new Error('not a Discord id');
  return id;
}

function decodeCursor(cursor: string, list: PagedList): string {
  const text = Buffer.from(cursor, 'base64url').toString('utf8');
  const id = text.slice(TAG_LENGTH);
  const tag = tagOf(list);
  try {
    // Buffer ignores invalid characters, so the cursor is valid only if it encodes back to itself.
    if (encodeCursor(tag, id) !== cursor) throw new Error('not a cursor of this list');
    return checkId(list, id);
  } catch {
    throw new InputError(
      'BAD_USER_INPUT',
      '`after` is not a cursor of this list. Pass `pageInfo.endCursor` unchanged.',
      'after',
    );
  }
}
