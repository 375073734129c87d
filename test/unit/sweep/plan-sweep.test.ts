import { describe, expect, test } from 'vitest';

import { planSweep } from '../../../services/sweep/plan-sweep.js';
import type { DriftedMember } from '../../../services/sweep/ports.js';

function drifted(member: Partial<DriftedMember> = {}): DriftedMember {
  return {
    discordUserId: '600',
    platformUserId: 'alice',
    add: [],
    remove: [],
    asks: [],
    isUnread: false,
    ...member,
  };
}

describe('the plan of a sweep', () => {
  test('has no changes and only the calls already made if no member drifted', () => {
    expect(planSweep([], 3)).toMatchObject({
      additions: 0,
      removals: 0,
      calls: 3,
      seconds: 0,
      members: [],
    });
  });

  test('counts reads and writes as the path makes them', () => {
    const plan = planSweep(
      [
        drifted({ add: ['1', '2'] }),
        drifted({ discordUserId: '601', add: ['1'], remove: ['2', '3'] }),
        drifted({ discordUserId: '602', isUnread: true }),
      ],
      0,
    );

    // Two roles one by one, three roles as one list after two reads, one read for an unread member.
    expect(plan).toMatchObject({
      additions: 3,
      removals: 2,
      calls: 2 + 3 + 1,
      seconds: 1,
    });
    expect(plan.members.map(({ reason }) => reason)).toEqual([
      'lacks a role that a group grants',
      'lacks a role that a group grants; holds a role that no group grants',
      'not read at Discord yet',
    ]);
  });

  test('takes longer for nicknames than for roles, because only an edit can set them', () => {
    const many = Array.from({ length: 18 }, () => drifted({ add: ['1'] }));
    const names = many.map((each) => ({ ...each, add: [], nickname: 'Jane' }));

    expect(planSweep(many, 0).seconds).toBe(1);
    expect(planSweep(names, 0).seconds).toBe(11);
  });

  test('counts one call for a nickname alone, and none for a nickname with several roles', () => {
    const named = { nickname: 'Jane' };

    expect(planSweep([{ ...drifted(), ...named }], 0)).toMatchObject({
      calls: 1,
      seconds: 1,
      members: [{ nickname: 'Jane', reason: 'has a different nickname' }],
    });
    expect(planSweep([{ ...drifted({ add: ['1'] }), ...named }], 0).calls).toBe(2);
    expect(planSweep([{ ...drifted({ add: ['1', '2', '3'] }), ...named }], 0).calls).toBe(3);
  });

  test('counts each individually read member once, and no reads for a list that the listing confirms', () => {
    const reads = { confirmsForMs: 60_000, looks: ['600', '601'] };
    const listed = drifted({ add: ['1', '2', '3'] });

    expect(planSweep([listed], 1, reads).calls).toBe(1 + 2 + 1);
  });

  test('counts the extra calls that an ending link needs', () => {
    const ending = drifted({ platformUserId: null, remove: ['1'] });

    expect(planSweep([ending], 0).calls).toBe(3);
  });

  test('shows members who cannot be renamed, and counts no calls for them', () => {
    const blocked = 'the nickname is not set: the owner';

    expect(planSweep([{ ...drifted(), blocked }], 0)).toMatchObject({
      calls: 0,
      members: [{ nickname: null, reason: blocked }],
    });
  });

  test('has the same hash for the same changes in any order, and a different one for other changes', () => {
    const one = drifted({ add: ['1', '2'] });
    const other = drifted({ discordUserId: '601', remove: ['3'] });

    const { hash } = planSweep([one, other], 1);

    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    expect(planSweep([other, { ...one, add: ['2', '1'] }], 9).hash).toBe(hash);
    expect(planSweep([one], 1).hash).not.toBe(hash);
    expect(planSweep([one, { ...other, add: ['3'], remove: [] }], 1).hash).not.toBe(hash);
  });

  test('shows one hundred members, and counts them all', () => {
    const many = Array.from({ length: 150 }, (_, index) =>
      drifted({ discordUserId: String(600 + index), add: ['1'] }),
    );

    const plan = planSweep(many, 0);

    expect(plan.members).toHaveLength(100);
    expect(plan.additions).toBe(150);
  });
});
