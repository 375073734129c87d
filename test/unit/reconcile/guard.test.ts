import { describe, expect, test } from 'vitest';

import { guardRemovals, judgePlan } from '../../../services/reconcile/guard.js';
import type {
  GuardTally,
  RoleTally,
} from '../../../services/reconcile/records.js';
import { DIRECTOR, PILOT } from '../../builders/member-facts.js';

const limits = { minimum: 10, percent: 20 };
const calm: RoleTally = { removedLastHour: 0, holders: 1_000 };

function tallyOf(
  roles: Readonly<Record<string, RoleTally & { isLast?: boolean }>>,
  guild = calm,
): GuardTally {
  return {
    roles: new Map(
      Object.entries(roles).map(([roleId, tally]) => [
        roleId,
        { isLast: false, ...tally },
      ]),
    ),
    guild,
    hasNoMemberships: false,
  };
}

function held(
  removals: readonly string[],
  roles: Readonly<Record<string, RoleTally & { isLast?: boolean }>>,
  guild = calm,
) {
  return guardRemovals({
    removals,
    tally: tallyOf(roles, guild),
    limits,
    decisions: new Map(),
  }).heldRemovals;
}

describe('the removal guard', () => {
  test('lets removals pass below the limit', () => {
    expect(
      held([PILOT], { [PILOT]: { removedLastHour: 9, holders: 5 } }),
    ).toEqual([]);
  });

  test('lets exactly the limit pass, and holds what is strictly more', () => {
    expect(
      held([PILOT], { [PILOT]: { removedLastHour: 9, holders: 1 } }),
    ).toEqual([]);
    expect(
      held([PILOT], { [PILOT]: { removedLastHour: 10, holders: 1 } }),
    ).toEqual([PILOT]);
  });

  test('counts the percentage of those who held the role when the hour began', () => {
    expect(
      held([PILOT], { [PILOT]: { removedLastHour: 19, holders: 81 } }),
    ).toEqual([]);
    expect(
      held([PILOT], { [PILOT]: { removedLastHour: 20, holders: 80 } }),
    ).toEqual([PILOT]);
  });

  test('holds one role without holding another', () => {
    const roles = {
      [PILOT]: { removedLastHour: 10, holders: 5 },
      [DIRECTOR]: calm,
    };

    expect(held([PILOT, DIRECTOR], roles)).toEqual([PILOT]);
  });

  test('holds every removal when the guild as a whole loses too many', () => {
    const roles = { [PILOT]: calm, [DIRECTOR]: calm };

    expect(
      held([PILOT, DIRECTOR], roles, { removedLastHour: 9, holders: 20 }),
    ).toEqual([PILOT, DIRECTOR]);
  });

  test('names the role and the limit', () => {
    const roles = { [PILOT]: { removedLastHour: 10, holders: 5 } };

    expect(
      guardRemovals({
        removals: [PILOT],
        tally: tallyOf(roles),
        limits,
        decisions: new Map(),
      }).reason,
    ).toBe(
      `removal guard: role ${PILOT} has lost 10 in the last hour, the limit is 10`,
    );
  });

  test('has nothing to hold without removals', () => {
    expect(held([], {}, { removedLastHour: 5_000, holders: 0 })).toEqual([]);
  });

  test('holds the removal that would leave nobody of five, and not of four', () => {
    const last = (removedLastHour: number) => ({
      [PILOT]: { removedLastHour, holders: 1, isLast: true },
    });

    expect(held([PILOT], last(4))).toEqual([PILOT]);
    expect(held([PILOT], last(3))).toEqual([]);
  });

  test('holds everything while no membership at all is known', () => {
    const tally = { ...tallyOf({ [PILOT]: calm }), hasNoMemberships: true };

    const verdict = guardRemovals({
      removals: [PILOT],
      tally,
      limits,
      decisions: new Map(),
    });

    expect(verdict).toMatchObject({
      allowedRemovals: [],
      heldRemovals: [PILOT],
      reason: expect.stringContaining('no membership at all'),
    });
  });

  test('holds what waits for a person, and lets another role pass', () => {
    const verdict = guardRemovals({
      removals: [PILOT, DIRECTOR],
      tally: tallyOf({ [PILOT]: calm, [DIRECTOR]: calm }),
      limits,
      decisions: new Map([[PILOT, 'HELD']]),
    });

    expect(verdict).toEqual({
      allowedRemovals: [DIRECTOR],
      heldRemovals: [PILOT],
      reason: expect.stringContaining('waits for a person'),
    });
  });
});

describe('a whole plan', () => {
  test.each([
    ['of nothing', 0, 0, null],
    ['that reaches the limit', 200, 1_000, null],
    [
      'that exceeds it',
      201,
      1_000,
      'removal guard: the guild has lost 0 in the last hour and would lose 201 more, the limit is 200',
    ],
    ['of ten in a small guild', 10, 12, null],
    [
      'of eleven in a small guild',
      11,
      12,
      'removal guard: the guild has lost 0 in the last hour and would lose 11 more, the limit is 10',
    ],
  ])('%s', (_, count, holders, reason) => {
    const tally = { removedLastHour: 0, holders };

    expect(
      judgePlan(
        new Map([[PILOT, count]]),
        tallyOf({ [PILOT]: tally }, tally),
        limits,
      ),
    ).toBe(reason);
  });

  test('that takes a role from all five who hold it is too much', () => {
    const tally = { removedLastHour: 0, holders: 5 };

    expect(
      judgePlan(
        new Map([[PILOT, 5]]),
        tallyOf({ [PILOT]: { ...tally, isLast: true } }, tally),
        limits,
      ),
    ).toBe(
      `removal guard: role ${PILOT} would be taken from all 5 who held it an hour ago`,
    );
  });
});
