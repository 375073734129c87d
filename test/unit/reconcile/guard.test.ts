import { describe, expect, test } from 'vitest';

import { guardRemovals } from '../../../services/reconcile/guard.js';
import type { RoleTally } from '../../../services/reconcile/records.js';
import { DIRECTOR, PILOT } from '../../builders/member-facts.js';

const limits = { minimum: 10, percent: 20 };
const calm: RoleTally = { removedLastHour: 0, holders: 1_000 };

function held(
  removals: readonly string[],
  roles: Readonly<Record<string, RoleTally>>,
  guild = calm,
) {
  return guardRemovals({
    removals,
    tally: { roles: new Map(Object.entries(roles)), guild },
    limits,
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
    const roles = new Map([[PILOT, { removedLastHour: 10, holders: 5 }]]);

    expect(
      guardRemovals({
        removals: [PILOT],
        tally: { roles, guild: calm },
        limits,
      }).reason,
    ).toBe(
      `removal guard: role ${PILOT} has lost 10 in the last hour, the limit is 10`,
    );
  });

  test('has nothing to hold without removals', () => {
    expect(held([], {}, { removedLastHour: 5_000, holders: 0 })).toEqual([]);
  });
});
