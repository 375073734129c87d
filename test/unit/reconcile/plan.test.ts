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
  test('is empty where desired and actual agree', () => {
    expect(plan({ desired: { [PILOT]: 'yes', [DIRECTOR]: 'no' }, actual: [PILOT] })).toEqual(
      nothing,
    );
  });

  test('adds what is missing', () => {
    expect(plan({ desired: { [PILOT]: 'yes' } })).toEqual({
      ...nothing,
      add: [PILOT],
    });
  });

  test('removes what is known to be too much', () => {
    expect(plan({ desired: { [PILOT]: 'no' }, actual: [PILOT] })).toEqual({
      ...nothing,
      remove: [PILOT],
    });
  });

  test('adds and removes at once', () => {
    const both = plan({
      desired: { [PILOT]: 'yes', [DIRECTOR]: 'no' },
      actual: [DIRECTOR],
    });

    expect(both).toEqual({ ...nothing, add: [PILOT], remove: [DIRECTOR] });
  });

  test('keeps a role that no mapping speaks of', () => {
    expect(plan({ desired: { [PILOT]: 'yes' }, actual: [PILOT, FOREIGN] })).toEqual(nothing);
  });

  test('keeps a held role while a group is unknown, and says so', () => {
    expect(plan({ desired: { [PILOT]: 'unknown' }, actual: [PILOT] })).toEqual({
      ...nothing,
      unknown: [PILOT],
    });
  });

  test('does not grant a role on an unknown', () => {
    expect(plan({ desired: { [PILOT]: 'unknown' } })).toEqual(nothing);
  });

  test('writes a role just spoken of even where the mirror agrees', () => {
    const fresh = plan({
      desired: { [PILOT]: 'yes', [DIRECTOR]: 'no', [RECRUIT]: 'unknown' },
      actual: [PILOT],
      written: [PILOT, DIRECTOR, RECRUIT],
    });

    expect(fresh).toEqual({ ...nothing, add: [PILOT], remove: [DIRECTOR] });
  });

  test('sets aside what the bot cannot change', () => {
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

  test('needs no removal of a role that the guild no longer has', () => {
    const gone = plan({
      desired: { [PILOT]: 'no' },
      actual: [PILOT],
      refusals: { [PILOT]: 'UNKNOWN_ROLE' },
    });

    expect(gone).toEqual(nothing);
  });

  test('marks removals of a retired role as approved', () => {
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

describe('the roles that causes speak of', () => {
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

  test('are those mapped to their groups', () => {
    expect(rolesOfCauses([about('pilots'), about('pilots')], mappings)).toEqual(
      new Set([PILOT, RECRUIT]),
    );
  });

  test('are not known when one cause is about the whole member', () => {
    expect(rolesOfCauses([about('pilots'), about()], mappings)).toBeNull();
  });

  test('are not known without causes', () => {
    expect(rolesOfCauses([], mappings)).toBeNull();
  });
});

describe('what a person has decided about a removal', () => {
  test('keeps the role when they rejected it', () => {
    expect(
      plan({
        desired: { [PILOT]: 'no' },
        actual: [PILOT],
        decisions: { [PILOT]: 'REJECTED' },
      }),
    ).toEqual({ ...nothing, rejected: [PILOT] });
  });

  test('lets it pass the guard when they approved it', () => {
    expect(
      plan({
        desired: { [PILOT]: 'no' },
        actual: [PILOT],
        decisions: { [PILOT]: 'APPROVED' },
      }),
    ).toEqual({ ...nothing, remove: [PILOT], approved: [PILOT] });
  });

  test('is nothing to a role that is wanted by now', () => {
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

  test('that sends to look anew does not', () => {
    expect(rolesOfCauses([{ ...sweep, looksAnew: true }], [])).toBeNull();
  });

  test('takes nothing from what an event says of a group', () => {
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
