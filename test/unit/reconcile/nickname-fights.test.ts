import { createHash } from 'node:crypto';

import { describe, expect, test } from 'vitest';

import type { Cause } from '../../../services/model.js';
import { planMemberNickname } from '../../../services/reconcile/plan/plan-nickname.js';
import type { MemberFacts } from '../../../services/reconcile/ports.js';
import { DISCORD_USER_ID, memberFacts, presentMember } from '../../builders/member-facts.js';

const NOW = Date.parse('2026-11-30T14:00:00Z');
const ago = (minutes: number) => new Date(NOW - minutes * 60_000);
const now = new Date(NOW);

const byHand: Cause = { kind: 'DISCORD', id: '1', actor: 'Alice (200000000000000001)' };
const fact: Cause = { kind: 'EVENT', id: 'e', actor: 'site', groupId: 'pilots' };
const enforced: Cause = { kind: 'SWEEP', id: 's', actor: 'connector', enforcesNicknames: true };
const requested: Cause = { kind: 'MUTATION', id: 'r', actor: 'admin', isAskedFor: true };

const OURS = '[SA] jane';
const LEFT =
  'the nickname is not set: others have changed it three times within an hour; the next ENFORCE_NICKNAMES sweep sets it';

const renamed = { isPresent: true, ...presentMember({ nickname: 'Boss' }) } as const;

function plan(
  renamedByHandAt: readonly Date[],
  causes: readonly Cause[],
  { nickname = 'Boss', ...more }: Partial<MemberFacts> & { readonly nickname?: string | null } = {},
) {
  const facts = memberFacts({
    nowMs: NOW,
    nicknamePolicy: { strategy: 'TEMPLATE', template: '[SA] %username', onUnlink: 'RESET' },
    nicknameSetHash: createHash('sha256').update(OURS).digest('hex'),
    renamedByHandAt,
    mirror: { isPresent: true, ...presentMember({ nickname: OURS }) },
    ...more,
  });
  const run = { discordUserId: DISCORD_USER_ID, causes };
  return planMemberNickname(facts, run, presentMember({ nickname }));
}

describe('a nickname that others change against the policy', () => {
  test('is set again after the first and the second change within an hour', () => {
    expect(plan([], [byHand])).toMatchObject({ nickname: OURS, renamedByHandAt: [now] });
    expect(plan([ago(59)], [byHand])).toMatchObject({
      nickname: OURS,
      renamedByHandAt: [ago(59), now],
    });
  });

  test('forgets changes that are older than an hour', () => {
    expect(plan([ago(90), ago(30)], [byHand])).toMatchObject({
      nickname: OURS,
      renamedByHandAt: [ago(30), now],
    });
  });

  test('is left alone from the third change within an hour, with the reason', () => {
    expect(plan([ago(59), ago(2)], [byHand, fact])).toMatchObject({
      nickname: null,
      nicknameBlocked: LEFT,
      renamedByHandAt: [ago(59), ago(2), now],
    });
  });

  test('stays left alone, also after the hour and for other causes', () => {
    const three = [ago(200), ago(180), ago(150)];

    for (const causes of [[byHand], [fact], []])
      expect(plan(three, causes)).toMatchObject({ nickname: null, nicknameBlocked: LEFT });
    expect(plan(three, [byHand]).renamedByHandAt).toBeUndefined();
  });

  test('is left alone when the event has counted the third change', () => {
    expect(plan([ago(20), ago(10), now], [byHand], { mirror: renamed })).toMatchObject({
      nickname: null,
      nicknameBlocked: LEFT,
    });
  });

  test('is set by the next ENFORCE_NICKNAMES sweep or a request by an admin, and counted anew', () => {
    const three = [ago(20), ago(10), ago(5)];

    for (const cause of [enforced, requested])
      expect(plan(three, [fact, cause])).toMatchObject({ nickname: OURS, renamedByHandAt: [] });
  });
});

describe('a nickname is not counted as changed by others', () => {
  test.each<[string, Parameters<typeof plan>]>([
    ['if no event showed it', [[], [fact]]],
    [
      'if the connector set the shown one itself',
      [[], [byHand], { nickname: '[SA] jane', person: { username: 'janet', attributes: {} } }],
    ],
    ['if the connector never set one', [[], [byHand], { nicknameSetHash: null }]],
    ['if the event that showed it was already counted', [[ago(0)], [byHand], { mirror: renamed }]],
    ['if it follows the policy', [[], [byHand], { nickname: OURS }]],
  ])('%s', (_, input) => {
    expect(plan(...input).renamedByHandAt).toBeUndefined();
  });

  test('but a nickname that was removed is', () => {
    expect(plan([], [byHand], { nickname: null })).toMatchObject({
      nickname: OURS,
      renamedByHandAt: [now],
    });
  });
});
