import { describe, expect, test } from 'vitest';

import type { RemovalVerdict } from '../../../services/model.js';
import { guardRemovals, judgePlan } from '../../../services/reconcile/guard/guard.js';
import type {
  GuardTally,
  PlannedRemovals,
  RoleState,
  RoleTally,
} from '../../../services/reconcile/write/records.js';
import { DIRECTOR, PILOT } from '../../builders/member-facts.js';

const RULE = 'these removals wait together until a person approves them';
const limits = { minimum: 10, percent: 20 };
const calm = { removedLastHour: 0, holders: 1_000 };

type Role = Partial<RoleTally & RoleState>;

const roleOf = (role: Role): RoleTally & RoleState => ({
  name: null,
  removedLastHour: 0,
  due: 0,
  holders: 0,
  heldLastHour: 0,
  waiting: [],
  isHeld: false,
  isForeseen: false,
  ...role,
});

function tallyOf(roles: Readonly<Record<string, Role>>, guild: Role = calm): GuardTally {
  return {
    roles: new Map(Object.entries(roles).map(([roleId, role]) => [roleId, roleOf(role)])),
    guild: roleOf(guild),
    hasNoMemberships: false,
  };
}

function verdictOf(
  removals: readonly string[],
  tally: GuardTally,
  run: {
    readonly isAskedFor?: boolean;
    readonly decisions?: ReadonlyMap<string, RemovalVerdict>;
  } = {},
) {
  return guardRemovals({
    removals,
    tally,
    limits,
    decisions: new Map(),
    cause: 'MEMBERSHIP',
    isAskedFor: false,
    ...run,
  });
}

function held(
  removals: readonly string[],
  roles: Readonly<Record<string, Role>>,
  guild: Role = calm,
) {
  return verdictOf(removals, tallyOf(roles, guild)).heldRemovals;
}

describe('the removal guard', () => {
  test('allows removals below the limit', () => {
    expect(held([PILOT], { [PILOT]: { removedLastHour: 9, holders: 5 } })).toEqual([]);
  });

  test('allows exactly the limit, and holds anything above it', () => {
    expect(held([PILOT], { [PILOT]: { removedLastHour: 9, holders: 1 } })).toEqual([]);
    expect(held([PILOT], { [PILOT]: { removedLastHour: 10, holders: 1 } })).toEqual([PILOT]);
  });

  test('applies the percentage to the holders at the start of the hour', () => {
    expect(held([PILOT], { [PILOT]: { removedLastHour: 19, holders: 81 } })).toEqual([]);
    expect(held([PILOT], { [PILOT]: { removedLastHour: 20, holders: 80 } })).toEqual([PILOT]);
  });

  test('holds one role without holding another', () => {
    const roles = {
      [PILOT]: { removedLastHour: 10, holders: 5 },
      [DIRECTOR]: calm,
    };

    expect(held([PILOT, DIRECTOR], roles)).toEqual([PILOT]);
  });

  test('holds every removal if the guild as a whole loses too many roles', () => {
    const roles = { [PILOT]: calm, [DIRECTOR]: calm };

    expect(held([PILOT, DIRECTOR], roles, { removedLastHour: 9, holders: 20 })).toEqual([
      PILOT,
      DIRECTOR,
    ]);
  });

  test('names the role, followed by its id, in every reason', () => {
    const role = `role Pilot (${PILOT})`;
    const reasonFor = (its: Role) =>
      verdictOf([PILOT], tallyOf({ [PILOT]: { name: 'Pilot', ...its } })).reason;

    expect(reasonFor({ removedLastHour: 10, holders: 5 })).toContain(
      `too many removals of ${role}: 10 in the last hour`,
    );
    expect(reasonFor({ removedLastHour: 4, holders: 100, heldLastHour: 5 })).toContain(
      `${role} would be removed from 5 of the 5`,
    );
    expect(reasonFor({ isHeld: true, holders: 100 })).toContain(`${role} waits for a person`);
    const waiting = [{ cause: 'MEMBERSHIP', isStream: true }] as const;
    expect(reasonFor({ waiting, holders: 100 })).toContain(
      `removals of ${role} with the same kind of cause`,
    );
  });

  test('names the role and the limit in the reason', () => {
    const roles = { [PILOT]: { removedLastHour: 10, holders: 5 } };

    expect(verdictOf([PILOT], tallyOf(roles)).reason).toBe(
      `removal guard: too many removals of role ${PILOT}: 10 in the last hour and 1 more exceed the limit of 10: ${RULE}`,
    );
  });

  test('holds nothing if there are no removals', () => {
    expect(held([], {}, { removedLastHour: 5_000, holders: 0 })).toEqual([]);
  });

  test.each([
    ['the third of five', 2, 5, [PILOT]],
    ['the second of five', 1, 5, []],
    ['the third of six', 2, 6, []],
    ['the fourth of six', 3, 6, [PILOT]],
    ['the last of four', 3, 4, []],
  ])(
    'never allows more than half of five or more holders to be removed: %s',
    (_, removedLastHour, heldLastHour, expected) => {
      const role = { removedLastHour, heldLastHour, holders: 1 };

      expect(held([PILOT], { [PILOT]: role })).toEqual(expected);
    },
  );

  test('holds everything while no membership at all is known', () => {
    const tally = { ...tallyOf({ [PILOT]: calm }), hasNoMemberships: true };

    expect(verdictOf([PILOT], tally)).toMatchObject({
      allowedRemovals: [],
      heldRemovals: [PILOT],
      reason: expect.stringContaining('no membership at all'),
    });
  });

  test('holds a removal that awaits a decision, and allows the removal of another role', () => {
    const tally = tallyOf({ [PILOT]: calm, [DIRECTOR]: calm });

    const verdict = verdictOf([PILOT, DIRECTOR], tally, {
      decisions: new Map([[PILOT, 'HELD']]),
    });

    expect(verdict).toEqual({
      allowedRemovals: [DIRECTOR],
      heldRemovals: [PILOT],
      reason: expect.stringContaining('waits for a person'),
    });
  });

  test('holds a removal that another transaction has held since the run read the member', () => {
    expect(held([PILOT], { [PILOT]: { ...calm, isHeld: true } })).toEqual([PILOT]);
  });
});

describe('a removal of a role with a held plan', () => {
  const stream = [{ cause: 'MEMBERSHIP', isStream: true }] as const;
  const burst = [{ cause: 'MEMBERSHIP', isStream: false }] as const;
  const another = [{ cause: 'USER_DELETED', isStream: true }] as const;

  test.each([
    ['joins a stream of the same kind', { waiting: stream }, [PILOT]],
    ['is no part of a burst', { waiting: burst }, []],
    ['is no part of a stream of another kind', { waiting: another }, []],
    [
      'continues if it was allowed when its member was marked',
      { waiting: stream, isForeseen: true },
      [],
    ],
  ])('%s', (_, role, expected) => {
    expect(held([PILOT], { [PILOT]: { ...calm, ...role } })).toEqual(expected);
  });
});

describe('a removal that an admin requests explicitly', () => {
  test('is allowed despite a held plan of the role', () => {
    const role: Role = {
      ...calm,
      isHeld: true,
      waiting: [{ cause: 'MEMBERSHIP', isStream: true }],
    };

    const verdict = verdictOf([PILOT], tallyOf({ [PILOT]: role }), {
      isAskedFor: true,
      decisions: new Map([[PILOT, 'HELD' as const]]),
    });

    expect(verdict.allowedRemovals).toEqual([PILOT]);
  });

  test('is held if it exceeds the limit', () => {
    const role = { removedLastHour: 10, holders: 5 };

    const verdict = verdictOf([PILOT], tallyOf({ [PILOT]: role }), {
      isAskedFor: true,
    });

    expect(verdict.heldRemovals).toEqual([PILOT]);
  });
});

function judge(
  removals: readonly (Partial<PlannedRemovals> & { readonly count: number })[],
  roles: Readonly<Record<string, Role>>,
  guild: Role = calm,
) {
  return judgePlan({
    removals: removals.map((each) => ({
      roleId: PILOT,
      cause: 'MEMBERSHIP' as const,
      ...each,
    })),
    tally: tallyOf(roles, guild),
    limits,
  });
}

describe('a burst', () => {
  test.each([
    ['of nothing', 0, 0, null],
    ['that reaches the limit', 200, 1_000, null],
    [
      'that exceeds it',
      201,
      1_000,
      `removal guard: too many removals in the guild: 0 in the last hour and 201 more exceed the limit of 200: ${RULE}`,
    ],
    ['of ten in a small guild', 10, 12, null],
    [
      'of eleven in a small guild',
      11,
      12,
      `removal guard: too many removals in the guild: 0 in the last hour and 11 more exceed the limit of 10: ${RULE}`,
    ],
  ])('is checked against the limit of the guild: %s', (_, count, holders, reason) => {
    const verdicts = judge([{ count }], { [PILOT]: { holders } }, { holders });

    expect(verdicts.map((each) => each.reason)).toEqual(reason === null ? [] : [reason]);
  });

  test.each([
    [5, 5, true],
    [3, 5, true],
    [2, 5, false],
    [4, 4, false],
    [7, 14, false],
    [8, 14, true],
  ])('of %i removals among %i holders is held: %s', (count, heldLastHour, isHeld) => {
    const role = { holders: heldLastHour, heldLastHour };

    expect(judge([{ count }], { [PILOT]: role })).toHaveLength(isHeld ? 1 : 0);
  });

  test('is held with a reason that says more than half of the holders would lose the role', () => {
    const role = { holders: 5, heldLastHour: 5 };

    expect(judge([{ count: 5 }], { [PILOT]: role })[0]?.reason).toBe(
      `removal guard: role ${PILOT} would be removed from 5 of the 5 members who held it within the last hour, more than half: ${RULE}`,
    );
  });

  test('counts due removals and those of the last hour towards the limit', () => {
    const role = { removedLastHour: 4, due: 4, holders: 20 };

    expect(judge([{ count: 2 }], { [PILOT]: role })).toEqual([]);
    expect(judge([{ count: 3 }], { [PILOT]: role })).toEqual([
      expect.objectContaining({
        reason: `removal guard: too many removals of role ${PILOT}: 4 in the last hour, 4 due and 3 more exceed the limit of 10: ${RULE}`,
        isStream: true,
      }),
    ]);
  });

  test('is held with all of its roles if one of them exceeds its limit', () => {
    const verdicts = judge([{ count: 11 }, { roleId: DIRECTOR, count: 1 }], {
      [PILOT]: { holders: 12 },
      [DIRECTOR]: calm,
    });

    expect(verdicts.map(({ roleId }) => roleId)).toEqual([PILOT, DIRECTOR]);
  });

  test('that exceeds the limit on its own is not a stream', () => {
    const role = { removedLastHour: 5, holders: 20 };

    expect(judge([{ count: 11 }], { [PILOT]: role })).toEqual([
      expect.objectContaining({ isStream: false }),
    ]);
  });
});

describe('a burst for a role with a held plan', () => {
  const waiting = (cause: PlannedRemovals['cause'], isStream: boolean) => ({
    [PILOT]: { ...calm, waiting: [{ cause, isStream }] },
    [DIRECTOR]: calm,
  });

  test.each([
    ['one event joins a stream', 'MEMBERSHIP', true, 1, true],
    ['one event has nothing to do with a burst', 'MEMBERSHIP', false, 1, false],
    ['two events at once join a burst', 'MEMBERSHIP', false, 2, true],
    ['another kind of cause joins nothing', 'USER_DELETED', true, 2, false],
  ] as const)('%s', (_, cause, isStream, count, doesJoin) => {
    const verdicts = judge([{ count }], waiting(cause, isStream));

    expect(verdicts).toHaveLength(doesJoin ? 1 : 0);
    if (doesJoin) expect(verdicts[0]).toMatchObject({ isStream });
  });

  test('from a sweep joins a plan held by a sweep, even with a single member', () => {
    const verdicts = judge([{ cause: 'SWEEP', count: 1 }], waiting('SWEEP', false));

    expect(verdicts).toHaveLength(1);
  });

  test('adds only that role to the plan, and allows the others within the limit', () => {
    const verdicts = judge(
      [{ count: 2 }, { roleId: DIRECTOR, count: 2 }],
      waiting('MEMBERSHIP', true),
    );

    expect(verdicts.map(({ roleId }) => roleId)).toEqual([PILOT]);
  });
});
