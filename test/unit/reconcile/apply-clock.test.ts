import { expect, test } from 'vitest';

import { createPacing } from '../../../services/discord/limits/pacing.js';
import { createApply } from '../../../services/reconcile/write/apply.js';
import { DIRECTOR, PILOT, presentMember, RECRUIT } from '../../builders/member-facts.js';
import { startOfTest, target } from '../discord/gateway-setup.js';

test('a write that the check allowed is made even if the clock has advanced since', async () => {
  let now = startOfTest;
  const tick = () => (now += 1);
  const edits: (readonly string[] | null)[] = [];
  const apply = createApply({
    discord: {
      readMember: () => Promise.reject(new Error('was read just now')),
      addRole: () => Promise.reject(new Error('one by one')),
      removeRole: () => Promise.reject(new Error('one by one')),
      editMember: ({ roleIds }) => {
        edits.push(roleIds);
        return Promise.resolve(null);
      },
    },
    pacing: createPacing({
      writeOutlook: () => ({ left: 1, edits: 1, singlesFrom: tick, listsFrom: tick }),
      clock: tick,
      runsPerClient: 4,
    }),
    guildRoles: { suspectRefused: async () => {}, hasSuspect: () => false },
    clock: tick,
  });

  const { interruption } = await apply({
    target,
    recordId: 'record-1',
    add: [PILOT, DIRECTOR, RECRUIT],
    remove: [],
    nickname: null,
    wholeListWrites: true,
    waitsForScreening: true,
    actual: presentMember(),
    readAtMs: startOfTest,
    mirrored: { roleIds: [], readAtMs: startOfTest },
    unfinished: [],
    isLeased: () => true,
  });

  expect(interruption).toBeNull();
  expect(edits).toEqual([[PILOT, DIRECTOR, RECRUIT]]);
});
