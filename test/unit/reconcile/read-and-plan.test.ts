import { describe, expect, test } from 'vitest';

import { createPacing } from '../../../services/discord/limits/pacing.js';
import type { Job } from '../../../services/reconcile/job.js';
import { readAndPlan } from '../../../services/reconcile/plan/read-and-plan.js';
import type { MemberFacts } from '../../../services/reconcile/ports.js';
import { type Cause, LANES } from '../../../services/model.js';
import { WritesSpentError } from '../../../services/reconcile/write/apply.js';
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

const OPEN_FROM_MS = 5_000;

/** How often the member is read, while Discord's limits allow writes only from OPEN_FROM_MS on. */
async function readsOf(
  known: MemberFacts,
  {
    isUrgent = false,
    now = 0,
    causes = [cause],
  }: { isUrgent?: boolean; now?: number; causes?: readonly Cause[] } = {},
) {
  let reads = 0;
  const clock = () => now;
  const from = () => OPEN_FROM_MS;
  const outlook = { left: 0, edits: 0, singlesFrom: from, listsFrom: from };
  const target = { ...known.client, discordUserId: DISCORD_USER_ID, isUrgent };
  const ready = readAndPlan(
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
      pacing: createPacing({ writeOutlook: () => outlook, clock, runsPerClient: 4 }),
      clock,
    },
    { job: { ...job, causes }, known, knownAtMs: 0, target, answered: null },
  );
  const delayedUntil = await ready.then(
    () => null,
    (error: unknown) => error instanceof WritesSpentError && error.retryAt.getTime(),
  );
  return { reads, delayedUntil };
}

describe('a member whose changes are known from the mirror', () => {
  test('is not read until a rate limit allows a write', async () => {
    expect(await readsOf(missingThree())).toEqual({ reads: 0, delayedUntil: OPEN_FROM_MS });
    expect(await readsOf(missingThree(), { now: OPEN_FROM_MS })).toEqual({
      reads: 1,
      delayedUntil: null,
    });
  });

  test('is read if the mirror shows nothing to change', async () => {
    const roleIds = THREE;
    const unchanged = missingThree({ mirror: { isPresent: true, ...presentMember({ roleIds }) } });

    expect(await readsOf(unchanged)).toEqual({ reads: 1, delayedUntil: null });
  });

  test.each<[string, MemberFacts, boolean]>([
    ['for urgent work', missingThree(), true],
    ['if there is no earlier reading', missingThree({ mirror: null }), false],
    [
      'after an interrupted run',
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
  ])('is read despite rate limits %s', async (_, known, isUrgent) => {
    expect(await readsOf(known, { isUrgent })).toEqual({ reads: 1, delayedUntil: null });
  });
});

describe('a member whose mirror is live', () => {
  const [, ...two] = THREE.map((roleId) =>
    mappingFacts({ roleId, groupId: roleId, membership: 'held' }),
  );
  const missingTwo = (facts: Partial<MemberFacts> = {}) =>
    missingThree({ mappings: two, isLive: true, ...facts });
  const discordCause: Cause = { kind: 'DISCORD', id: 'GUILD_MEMBER_UPDATE', actor: 'Discord' };

  test('is not read for two changes, whatever the cause', async () => {
    for (const causes of [[cause], [discordCause], [discordCause, cause]])
      expect(await readsOf(missingTwo(), { causes })).toMatchObject({ reads: 0 });
    expect(await readsOf(missingTwo({ isLive: false }), { isUrgent: true })).toMatchObject({
      reads: 1,
    });
  });

  test.each<[string, MemberFacts, readonly Cause[]]>([
    ['a cause requests a new reading', missingTwo(), [{ ...discordCause, looksAnew: true }]],
    ['a person requests the run', missingTwo(), [{ ...cause, isAskedFor: true }]],
    ['more than two roles change', missingThree({ isLive: true }), [cause]],
    [
      'a link is ending',
      missingTwo({
        links: [
          { linkId: 'link-1', platformUserId: 'alice', status: 'ENDING', isEndAskedFor: false },
        ],
      }),
      [cause],
    ],
    [
      'a record is open',
      missingTwo({
        openRecord: {
          recordId: 'r',
          plannedAdded: [],
          plannedRemoved: [],
          plannedNickname: null,
          ensured: { added: [], removed: [] },
        },
      }),
      [cause],
    ],
  ])('is read if %s', async (_, known, causes) => {
    expect(await readsOf(known, { causes, now: OPEN_FROM_MS })).toMatchObject({ reads: 1 });
  });
});
