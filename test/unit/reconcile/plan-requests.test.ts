import { describe, expect, test } from 'vitest';

import { planRequests, readingsThatHold } from '../../../services/reconcile/plan/plan-requests.js';
import type { MemberFacts } from '../../../services/reconcile/ports.js';
import { NO_REQUESTS, type RemoteFacts } from '../../../services/reconcile/plan/remote.js';
import { mappingFacts, memberFacts, PILOT, presentMember } from '../../builders/member-facts.js';

const remote = (facts: Partial<RemoteFacts> = {}): RemoteFacts => ({
  baseline: { hasRole: true, request: null },
  factOrder: '-/1/false',
  isGroupDeleted: false,
  ...facts,
});

/** PILOT was removed in Discord from a member of group "pilots"; both sides agreed before. */
const taken = mappingFacts({
  authority: 'DISCORD',
  membership: 'held',
  remote: remote(),
});

const seen = (roleIds: readonly string[] = [], joinedAt?: Date) =>
  ({
    isPresent: true,
    ...presentMember({ roleIds, ...(joinedAt && { joinedAt }) }),
  }) as const;

const plan = (
  facts: Parameters<typeof memberFacts>[0] = {},
  actual: Parameters<typeof planRequests>[1] = seen(),
) => planRequests(memberFacts({ mappings: [taken], ...facts }), actual);

const link = (status: 'ACTIVE' | 'ENDING'): MemberFacts['links'][number] => ({
  linkId: `link-${status}`,
  platformUserId: 'alice',
  status,
  isEndAskedFor: false,
});

describe('a role removed in Discord', () => {
  test('leads to a request for its own group and no other', () => {
    const other = mappingFacts({
      mappingId: 'mapping-2',
      groupId: 'directors',
      roleId: '700000000000000002',
      membership: 'held',
    });

    expect(plan({ mappings: [taken, other] })).toEqual({
      gives: [],
      readings: [
        {
          mappingId: 'mapping-1',
          groupId: 'pilots',
          roleId: PILOT,
          asks: 'REMOVED',
          next: {
            hasRole: false,
            request: {
              change: 'REMOVED',
              state: 'OPEN',
              askedOrder: '-/1/false',
            },
          },
        },
      ],
      uncounted: [],
      waiting: [],
    });
  });

  test.each<[string, ReturnType<typeof plan>]>([
    ['of a member who is not in the guild', plan({}, { isPresent: false })],
    ['whose link is ending', plan({ links: [link('ENDING')] })],
    [
      'while the account is being taken from somebody else',
      plan({ links: [link('ACTIVE'), link('ENDING')] }),
    ],
    ['of whom nobody is linked', plan({ links: [] })],
    ['that the guild no longer has', plan({ roles: new Map([[PILOT, 'UNKNOWN_ROLE']]) })],
    ['that is above the bot', plan({ roles: new Map([[PILOT, 'ABOVE_BOT']]) })],
  ])('%s leads to no request', (_what, planned) => {
    expect(planned).toEqual(NO_REQUESTS);
  });

  test.each(['HELD', 'REJECTED'] as const)('leads to no request while it is %s', (verdict) => {
    const planned = plan({ decisions: new Map([[PILOT, verdict]]) });

    expect(planned).toMatchObject({
      readings: [{ asks: null, next: { hasRole: false, request: null } }],
      waiting: verdict === 'HELD' ? [PILOT] : [],
    });
  });

  test('leads to a request once its removal is approved', () => {
    const planned = plan({ decisions: new Map([[PILOT, 'APPROVED']]) });

    expect(planned.readings).toMatchObject([{ asks: 'REMOVED' }]);
    expect(planned.uncounted).toEqual([PILOT]);
  });
});

describe('a member who left and joined again', () => {
  const before = new Date('2026-03-14T15:00:00.000Z');
  const gives = { gives: [PILOT], readings: [{ asks: null }] };

  test('is read as if for the first time if the mirror shows them as absent', () => {
    expect(plan({ mirror: { isPresent: false } })).toMatchObject(gives);
  });

  test('is read as if for the first time if only a later join date shows the absence', () => {
    const facts = { mirror: seen([PILOT], before) };

    expect(plan(facts, seen([], new Date('2026-03-15T09:00:00Z')))).toMatchObject(gives);
    expect(plan(facts, seen([], new Date('2026-03-14T15:00:00.900Z')))).toMatchObject({
      gives: [],
      readings: [{ asks: 'REMOVED' }],
    });
    expect(plan(facts, seen([]))).toMatchObject({ gives: [] });
  });
});

test('a reading is discarded if Discord shows a different state after the writes', () => {
  const { readings } = plan({ mirror: { isPresent: false } });

  expect(readingsThatHold(readings, [PILOT])).toEqual(readings);
  expect(readingsThatHold(readings, [])).toEqual([]);
});
