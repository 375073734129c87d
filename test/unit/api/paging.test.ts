import { describe, expect, it } from 'vitest';

import { toConnection, toPage, type PagedList } from '../../../services/api/kit/paging.js';
import { InputError } from '../../../services/lib/errors.js';
import { ownId } from '../../builders/api-views.js';

const LISTS: readonly PagedList[] = [
  { name: 'discordUsers', clientId: ownId(1) },
  { name: 'discordUsers', clientId: ownId(2) },
  { name: 'sweeps', clientId: ownId(1) },
  { name: 'auditRecords' },
  { name: 'platformGroups' },
];

const cursorOf = (list: PagedList, id: string) =>
  toConnection({
    rows: { rows: [{ id }], hasMore: false },
    page: { limit: 1, after: null },
    list,
    count: async () => 1,
  }).pageInfo.endCursor;

const faultOf = (after: string | null, list: PagedList) => {
  try {
    toPage({ first: 1, after }, list);
    return null;
  } catch (error) {
    return error instanceof InputError ? [error.code, error.field] : error;
  }
};

describe('a cursor', () => {
  it('points to the row it was created for', () => {
    for (const list of LISTS)
      expect(toPage({ first: 7, after: cursorOf(list, ownId(9)) }, list)).toEqual({
        limit: 7,
        after: ownId(9),
      });
  });

  it('keeps platform ids unchanged', () => {
    const list = { name: 'platformGroups' } as const;
    for (const id of ['ü 😀', "'; --", 'x'.repeat(255), '%2F/..'])
      expect(toPage({ first: null, after: cursorOf(list, id) }, list)).toEqual({
        limit: 50,
        after: id,
      });
  });

  it('is refused by every other list, and by the same list of another client', () => {
    for (const list of LISTS)
      for (const other of LISTS.filter((one) => one !== list))
        expect(faultOf(cursorOf(other, ownId(9)), list)).toEqual(['BAD_USER_INPUT', 'after']);
  });

  it('is refused if it was altered, truncated or made up', () => {
    for (const list of LISTS) {
      const cursor = cursorOf(list, ownId(9)) ?? '';
      const bare = Buffer.from(ownId(9)).toString('base64url');
      for (const after of ['', ' ', bare, `${cursor}=`, cursor.slice(1)])
        expect(faultOf(after, list)).toEqual(['BAD_USER_INPUT', 'after']);
    }
  });
});
