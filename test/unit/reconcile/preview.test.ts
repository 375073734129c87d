import { expect, test } from 'vitest';

import type { MemberFacts } from '../../../services/reconcile/ports.js';
import { createPreview } from '../../../services/reconcile/preview.js';
import {
  DIRECTOR,
  mappingFacts,
  memberFacts,
  PILOT,
} from '../../builders/member-facts.js';

const nothingRemoved = {
  roles: new Map(),
  guild: { removedLastHour: 0, holders: 100 },
};

async function preview(facts: Partial<MemberFacts>) {
  const show = createPreview({
    readMember: async () => memberFacts(facts),
    readTally: async () => nothingRemoved,
  });
  return show({ clientId: 'client', discordUserId: '600000000000000001' });
}

const differing = (authority: 'PLATFORM' | 'OBSERVE' | 'DISCORD') => ({
  mappings: [
    mappingFacts({ roleId: PILOT, authority, membership: 'held' as const }),
    mappingFacts({
      roleId: DIRECTOR,
      authority,
      membership: 'notHeld' as const,
    }),
  ],
});

test('shows what is to be added and removed', async () => {
  expect(await preview(differing('PLATFORM'))).toMatchObject({
    add: [PILOT],
    summary: expect.stringMatching(/^1 role to add/),
  });
});

test('shows the differences of what is only observed, and that nothing of them is written', async () => {
  const observed = await preview(differing('OBSERVE'));

  expect(observed?.add).toEqual([PILOT]);
  expect(observed?.summary).toMatch(/only observed is written$/);
});

test('shows nothing where Discord has the say', async () => {
  expect(await preview(differing('DISCORD'))).toMatchObject({
    add: [],
    remove: [],
  });
});
