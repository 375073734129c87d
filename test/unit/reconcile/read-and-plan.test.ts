import { describe, expect, test } from 'vitest';

import type { Job } from '../../../services/reconcile/job.js';
import { readAndPlan } from '../../../services/reconcile/plan/read-and-plan.js';
import type { MemberFacts } from '../../../services/reconcile/ports.js';
import { LANES } from '../../../services/model.js';
import { cause } from '../../builders/store-world.js';
import {
  CLIENT_ID,
  DIRECTOR,
  DISCORD_USER_ID,
  mappingFacts,
  memberFacts,
  PILOT,
  presentMember,
  RECRUIT,
} from '../../builders/member-facts.js';

const THREE = [PILOT, DIRECTOR, RECRUIT];

const missingThree = (facts: Partial<MemberFacts> = {}): MemberFacts =>
  memberFacts({
    mirror: { isPresent: true, ...presentMember({ roleIds: [] }) },
    mappings: THREE.map((roleId) => mappingFacts({ roleId, groupId: roleId, membership: 'held' })),
    ...facts,
  });

const job: Job = {
  clientId: CLIENT_ID,
  discordUserId: DISCORD_USER_ID,
  version: 1,
  lane: LANES.bulk,
  attempts: 0,
  causes: [cause],
  lateCauses: 0,
};

/** The roles that were asked about before any reading, and how often the member was read. */
async function run(known: MemberFacts, { isUrgent = false, isSpent = true } = {}) {
  const asked: (readonly string[])[] = [];
  let reads = 0;
  const target = { ...known.client, discordUserId: DISCORD_USER_ID, isUrgent };
  const outcome = await readAndPlan(
    {
      discord: {
        readMember: async () => {
          reads += 1;
          return { isPresent: true, ...presentMember({ roleIds: [] }) };
        },
      },
      guildRoles: {
        refresh: async () => null,
        readAnew: async () => ({ ownerId: null, roles: [] }),
        catchUp: async () => null,
      },
      refuseSpent: ({ add }) => {
        asked.push(add);
        if (isSpent) throw new Error('spent');
      },
      clock: Date.now,
    },
    { job, known, knownAtMs: 0, target, answered: null },
  ).then(
    () => 'planned',
    (error: unknown) => String(error),
  );
  return { outcome, asked, reads };
}

describe('a member whose changes are known from the mirror', () => {
  test('is not read while no rate limit lets it be changed', async () => {
    expect(await run(missingThree())).toEqual({
      outcome: 'Error: spent',
      asked: [THREE],
      reads: 0,
    });
  });

  test('is read as soon as one does', async () => {
    expect(await run(missingThree(), { isSpent: false })).toMatchObject({
      outcome: 'planned',
      reads: 1,
    });
  });

  test.each<[string, MemberFacts, boolean]>([
    ['urgent work', missingThree(), true],
    ['a member that was never read', missingThree({ mirror: null }), false],
    [
      'an interrupted run',
      missingThree({
        openRecord: {
          recordId: 'r',
          plannedAdded: THREE,
          plannedRemoved: [],
          plannedNickname: null,
          ensured: { added: [], removed: [] },
        },
      }),
      false,
    ],
  ])('is read all the same: %s', async (_, known, isUrgent) => {
    expect(await run(known, { isUrgent })).toMatchObject({ asked: [], reads: 1 });
  });
});
