import { describe, expect, test } from 'vitest';

import type { RemovalVerdict, RoleRefusal } from '../../../services/model.js';
import {
  type DesiredRole,
  planRoles,
  rolesOfCauses,
} from '../../../services/reconcile/plan/plan.js';
import { DIRECTOR, FOREIGN, mappingFacts, PILOT, RECRUIT } from '../../builders/member-facts.js';

type Verdicts = Readonly<Record<string, DesiredRole['verdict']>>;

function plan(input: {
  desired: Verdicts;
  actual?: readonly string[];
  written?: readonly string[];
  refusals?: Readonly<Record<string, RoleRefusal>>;
  retired?: readonly string[];
  decisions?: Readonly<Record<string, RemovalVerdict>>;
}) {
  return planRoles({
    desired: new Map(
      Object.entries(input.desired).map(([roleId, verdict]) => [
        roleId,
        { verdict, isTakenBack: input.retired?.includes(roleId) ?? false },
      ]),
    ),
    actual: new Set(input.actual),
    written: new Set(input.written),
    refusals: new Map(Object.entries(input.refusals ?? {})),
    decisions: new Map(Object.entries(input.decisions ?? {})),
  });
}

const nothing = {
  add: [],
  remove: [],
  approved: [],
  takenBack: [],
  rejected: [],
  unknown: [],
  blocked: [],
};

describe('the plan for one member', () => {
  test('is empty if desired and actual roles agree', () => {
    expect(plan({ desired: { [PILOT]: 'yes', [DIRECTOR]: 'no' }, actual: [PILOT] })).toEqual(
      nothing,
    );
  });

  test('adds missing roles', () => {
    expect(plan({ desired: { [PILOT]: 'yes' } })).toEqual({
      ...nothing,
      add: [PILOT],
    });
  });

  test('removes roles that are known not to be desired', () => {
    expect(plan({ desired: { [PILOT]: 'no' }, actual: [PILOT] })).toEqual({
      ...nothing,
      remove: [PILOT],
    });
  });

  test('adds and removes roles at once', () => {
    const both = plan({
      desired: { [PILOT]: 'yes', [DIRECTOR]: 'no' },
      actual: [DIRECTOR],
    });

    expect(both).toEqual({ ...nothing, add: [PILOT], remove: [DIRECTOR] });
  });

  test('keeps a foreign role', () => {
    expect(plan({ desired: { [PILOT]: 'yes' }, actual: [PILOT, FOREIGN] })).toEqual(nothing);
  });

  test('keeps a present role while its group is unknown, and lists it as unknown', () => {
    expect(plan({ desired: { [PILOT]: 'unknown' }, actual: [PILOT] })).toEqual({
      ...nothing,
      unknown: [PILOT],
    });
  });

  test('does not grant a role whose group is unknown', () => {
    expect(plan({ desired: { [PILOT]: 'unknown' } })).toEqual(nothing);
  });

  test('writes a role that a new fact is about, even if the mirror agrees', () => {
    const fresh = plan({
      desired: { [PILOT]: 'yes', [DIRECTOR]: 'no', [RECRUIT]: 'unknown' },
      actual: [PILOT],
      written: [PILOT, DIRECTOR, RECRUIT],
    });

    expect(fresh).toEqual({ ...nothing, add: [PILOT], remove: [DIRECTOR] });
  });

  test('lists roles that the bot cannot change as blocked', () => {
    const blocked = plan({
      desired: { [PILOT]: 'yes', [DIRECTOR]: 'no', [RECRUIT]: 'yes' },
      actual: [DIRECTOR],
      refusals: { [PILOT]: 'ABOVE_BOT', [DIRECTOR]: 'MISSING_PERMISSION' },
    });

    expect(blocked).toEqual({
      ...nothing,
      add: [RECRUIT],
      blocked: [
        { roleId: PILOT, refusal: 'ABOVE_BOT' },
        { roleId: DIRECTOR, refusal: 'MISSING_PERMISSION' },
      ],
    });
  });

  test('does not remove a role that the guild no longer has', () => {
    const gone = plan({
      desired: { [PILOT]: 'no' },
      actual: [PILOT],
      refusals: { [PILOT]: 'UNKNOWN_ROLE' },
    });

    expect(gone).toEqual(nothing);
  });

  test('marks the removal of a retired role as approved', () => {
    const retired = plan({
      desired: { [PILOT]: 'no' },
      actual: [PILOT],
      retired: [PILOT],
    });

    expect(retired).toEqual({
      ...nothing,
      remove: [PILOT],
      approved: [PILOT],
      takenBack: [PILOT],
    });
  });
});

describe('the roles affected by causes', () => {
  const mappings = [
    mappingFacts({ groupId: 'pilots', roleId: PILOT }),
    mappingFacts({ groupId: 'pilots', roleId: RECRUIT }),
    mappingFacts({ groupId: 'directors', roleId: DIRECTOR }),
  ];
  const about = (groupId?: string) => ({
    kind: 'EVENT' as const,
    id: 'e',
    actor: 'site',
    ...(groupId === undefined ? {} : { groupId }),
  });

  test('are those mapped to the groups of the causes', () => {
    expect(rolesOfCauses([about('pilots'), about('pilots')], mappings)).toEqual(
      new Set([PILOT, RECRUIT]),
    );
  });

  test('are not known if one cause is about the whole member', () => {
    expect(rolesOfCauses([about('pilots'), about()], mappings)).toBeNull();
  });

  test('are not known without causes', () => {
    expect(rolesOfCauses([], mappings)).toBeNull();
  });
});

describe('a decision about a removal', () => {
  test('keeps the role if the removal was rejected', () => {
    expect(
      plan({
        desired: { [PILOT]: 'no' },
        actual: [PILOT],
        decisions: { [PILOT]: 'REJECTED' },
      }),
    ).toEqual({ ...nothing, rejected: [PILOT] });
  });

  test('lets the removal pass the guard if it was approved', () => {
    expect(
      plan({
        desired: { [PILOT]: 'no' },
        actual: [PILOT],
        decisions: { [PILOT]: 'APPROVED' },
      }),
    ).toEqual({ ...nothing, remove: [PILOT], approved: [PILOT] });
  });

  test('has no effect on a role that is desired again', () => {
    expect(
      plan({
        desired: { [PILOT]: 'yes' },
        actual: [],
        decisions: { [PILOT]: 'REJECTED' },
      }),
    ).toEqual({ ...nothing, add: [PILOT] });
  });
});

describe('a sweep', () => {
  const sweep = { kind: 'SWEEP', id: 's', actor: 'connector' } as const;

  test('trusts the mirror that it has just compared', () => {
    expect(rolesOfCauses([sweep], [])).toEqual(new Set());
  });

  test('that orders a new read does not trust the mirror', () => {
    expect(rolesOfCauses([{ ...sweep, looksAnew: true }], [])).toBeNull();
  });

  test('does not hide the roles affected by an event about a group', () => {
    const event = {
      kind: 'EVENT',
      id: 'e',
      actor: '/platform',
      groupId: 'pilots',
    } as const;

    expect(
      rolesOfCauses([sweep, event], [mappingFacts({ roleId: PILOT, groupId: 'pilots' })]),
    ).toEqual(new Set([PILOT]));
  });
});
