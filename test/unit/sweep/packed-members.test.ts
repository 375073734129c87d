import { describe, expect, test } from 'vitest';

import { createPackedMembers } from '../../../services/sweep/take-listing.js';
import { presentMember } from '../../builders/member-facts.js';

const member = (discordUserId: string) => ({
  ...presentMember(),
  discordUserId,
  roleIds: ['71', '72'],
  displayName: 'Zoë 🚀',
  nickname: null,
  timedOutUntil: new Date('2026-11-22T18:00:00.123Z'),
});

describe('packed members', () => {
  test('are unpacked unchanged, page by page, including times', () => {
    const packed = createPackedMembers();
    const pages = [[member('1'), member('2')], [member('3')]];

    for (const page of pages) packed.add(page);

    expect([...packed.pages()]).toEqual(pages);
    expect([...packed.pages()]).toEqual(pages);
  });

  test('have no page if there are no members', () => {
    const packed = createPackedMembers();

    packed.add([]);

    expect([...packed.pages()]).toEqual([]);
  });
});
