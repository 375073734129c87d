import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { FactOrder, PlatformFact } from '../../../services/model.js';
import { foldFacts } from '../../../services/store/facts/fold-facts.js';
import type { Register } from '../../../services/store/facts/order.js';
import type { Known } from '../../../services/store/facts/known.js';
import type { Folded } from '../../../services/store/facts/touched.js';

const cause = { kind: 'EVENT', id: 'e1', actor: 'site' } as const;
const USERS = ['alice', 'bob'];
const GROUPS = ['pilots', 'directors', 'recruits'];

function nothingKnown(): Known {
  return {
    receivedUs: 1_000,
    lives: new Map(),
    users: new Map(
      USERS.map((id) => [
        id,
        {
          snapshot: null,
          deletion: null,
          restored: null,
          registers: new Map(),
          memberships: new Map(),
        },
      ]),
    ),
    groups: new Map(GROUPS.map((id) => [id, { isDeleted: false, registers: new Map() }])),
  };
}

const at = (timeUs: number, sequence: number | null = null): FactOrder => ({
  sequence,
  timeUs,
});

function change(kind: 'added' | 'removed', order: FactOrder, groupId = 'pilots'): PlatformFact {
  return {
    kind: 'membershipChanged',
    platformUserId: 'alice',
    groupId,
    change: kind,
    order,
    cause,
  };
}

function snapshot(groupIds: readonly string[], order: FactOrder): PlatformFact {
  return {
    kind: 'membershipSnapshot',
    platformUserId: 'alice',
    groupIds,
    order,
    cause,
  };
}

/** true: held, false: known not to be, undefined: unknown. */
function isHeld(known: Known, groupId: string): boolean | undefined {
  const user = known.users.get('alice');
  return user?.memberships.get(groupId)?.isHeld ?? (user?.snapshot ? false : undefined);
}

function fold(...facts: readonly PlatformFact[]) {
  const known = nothingKnown();
  return { known, folded: foldFacts(known, facts) };
}

const verdictsOf = ({ outcomes }: Folded) => outcomes.map(({ verdict }) => verdict);

describe('folding facts', () => {
  test('a sequence outranks any time', () => {
    const { known, folded } = fold(change('added', at(1, 0)), change('removed', at(999)));

    expect(isHeld(known, 'pilots')).toBe(true);
    expect(verdictsOf(folded)).toEqual(['applied', 'stale']);
  });

  test('a tie goes to the removal', () => {
    expect(isHeld(fold(change('removed', at(5)), change('added', at(5))).known, 'pilots')).toBe(
      false,
    );
    expect(isHeld(fold(change('added', at(5)), change('removed', at(5))).known, 'pilots')).toBe(
      false,
    );
  });

  test('a tie between a snapshot and a change goes to the snapshot', () => {
    expect(
      isHeld(fold(change('removed', at(5)), snapshot(['pilots'], at(5))).known, 'pilots'),
    ).toBe(true);
  });

  test('a snapshot removes the groups it does not name, except for newer memberships', () => {
    const { known } = fold(
      change('added', at(9), 'directors'),
      change('added', at(1)),
      snapshot([], at(5)),
    );

    expect(isHeld(known, 'pilots')).toBe(false);
    expect(isHeld(known, 'directors')).toBe(true);
    expect(isHeld(known, 'recruits')).toBe(false);
  });

  test('a change older than the snapshot is stale even for a group that the snapshot does not name', () => {
    const { known, folded } = fold(
      snapshot(['pilots'], at(5)),
      change('added', at(4), 'directors'),
    );

    expect(isHeld(known, 'directors')).toBe(false);
    expect(verdictsOf(folded)).toEqual(['applied', 'stale']);
  });

  test('a repeated fact changes nothing and marks no member', () => {
    const { known } = fold(change('added', at(5)), snapshot(['recruits'], at(7)));

    const again = foldFacts(known, [change('added', at(5)), snapshot(['recruits'], at(7))]);

    expect(verdictsOf(again)).toEqual(['stale', 'unchanged']);
    expect(again.memberMarks).toEqual([]);
    expect(again.touchedMemberships.size).toBe(0);
  });

  test('the same change sent again is unchanged, not a conflict', () => {
    expect(verdictsOf(fold(change('added', at(5, 3)), change('added', at(8, 3))).folded)).toEqual([
      'applied',
      'unchanged',
    ]);
  });

  test.each([
    ['a membership that was unknown', [change('removed', at(1))], 1],
    ['a membership and its end', [change('removed', at(1)), change('added', at(2))], 2],
    ['the same membership later', [change('added', at(1)), change('added', at(2))], 1],
    [
      'the same membership with a sequence',
      [change('added', at(1)), change('added', at(1, 1)), change('added', at(1, 2))],
      1,
    ],
    ['the end of one that is known not to be', [snapshot([], at(1)), change('removed', at(2))], 1],
    [
      'the same set later, and one of its members',
      [snapshot(['pilots'], at(1)), snapshot(['pilots'], at(2)), change('added', at(3))],
      1,
    ],
  ])('a member is marked only for actual changes: %s', (_, facts, marks) => {
    const { folded } = fold(...facts);

    expect(folded.memberMarks).toHaveLength(marks);
    // Each fact still counts as applied, because it advanced the order.
    expect(verdictsOf(folded)).toEqual(facts.map(() => 'applied'));
  });

  test('facts about a deleted user are stale, even with a sequence', () => {
    const deleted: PlatformFact = {
      kind: 'userDeleted',
      platformUserId: 'alice',
      order: at(1),
      cause,
    };
    const { folded } = fold(deleted, change('added', at(9, 9)));

    expect(verdictsOf(folded)).toEqual(['applied', 'stale']);
    expect(folded.deletedUsers).toEqual([{ platformUserId: 'alice', cause }]);
  });

  test('only a newer change revives a deleted group', () => {
    const deleted: PlatformFact = {
      kind: 'groupDeleted',
      groupId: 'pilots',
      order: at(5),
      cause,
    };
    const changed = (timeUs: number): PlatformFact => ({
      kind: 'groupChanged',
      groupId: 'pilots',
      order: at(timeUs),
      cause,
    });

    expect(fold(deleted, changed(5)).known.groups.get('pilots')?.isDeleted).toBe(true);
    expect(fold(deleted, changed(6)).known.groups.get('pilots')?.isDeleted).toBe(false);
  });

  test('an event with only some attributes leaves the others unchanged', () => {
    const user = (order: FactOrder, attributes: object): PlatformFact => ({
      kind: 'userChanged',
      platformUserId: 'alice',
      username: 'Alice',
      attributes,
      order,
      cause,
    });

    const { known } = fold(
      user(at(5), { character: 'Old' }),
      user(at(9), { corporation: 'CORP' }),
      user(at(7), { character: 'New', corporation: 'LATE' }),
    );

    const registers = known.users.get('alice')?.registers;
    expect(registers?.get('character')?.value).toBe('New');
    expect(registers?.get('corporation')?.value).toBe('CORP');
  });
});

describe('any facts', () => {
  const order = fc.record({
    sequence: fc.oneof(fc.constant(null), fc.integer({ min: 0, max: 4 })),
    timeUs: fc.integer({ min: 1, max: 5 }),
  });
  const platformUserId = fc.constantFrom(...USERS);
  const groupId = fc.constantFrom(...GROUPS);
  const fact: fc.Arbitrary<PlatformFact> = fc.oneof(
    fc.record({
      kind: fc.constant('membershipChanged' as const),
      platformUserId,
      groupId,
      order,
      change: fc.constantFrom('added' as const, 'removed' as const),
      cause: fc.constant(cause),
    }),
    fc.record({
      kind: fc.constant('membershipSnapshot' as const),
      platformUserId,
      order,
      groupIds: fc.uniqueArray(groupId),
      cause: fc.constant(cause),
    }),
    fc.record({
      kind: fc.constant('userChanged' as const),
      platformUserId,
      order,
      username: fc.constantFrom('A', 'B'),
      attributes: fc.record({ character: fc.constantFrom('X', null) }, { requiredKeys: [] }),
      cause: fc.constant(cause),
    }),
    fc.record({
      kind: fc.constant('groupDeleted' as const),
      groupId,
      order,
      cause: fc.constant(cause),
    }),
    fc.record({
      kind: fc.constant('groupChanged' as const),
      groupId,
      order,
      name: fc.constantFrom('N', 'M'),
      cause: fc.constant(cause),
    }),
  );

  test('end in the same state in any order, split and repetition', () => {
    fc.assert(
      fc.property(
        fc.array(fact, { maxLength: 12 }).chain((facts) =>
          fc.tuple(
            fc.constant(facts),
            fc.shuffledSubarray([...facts, ...facts], {
              minLength: facts.length * 2,
            }),
            fc.nat(24),
          ),
        ),
        ([facts, shuffled, cut]) => {
          const once = fold(...facts).known;
          const twice = nothingKnown();
          foldFacts(twice, shuffled.slice(0, cut));
          foldFacts(twice, shuffled.slice(cut));

          for (const groupId of GROUPS) expect(isHeld(twice, groupId)).toBe(isHeld(once, groupId));
          const values = (known: Known) => ({
            users: [...known.users].map(([id, user]) => [
              id,
              standing(user.registers),
              user.snapshot && rank(user.snapshot),
            ]),
            groups: [...known.groups].map(([id, group]) => [
              id,
              group.isDeleted,
              standing(group.registers),
            ]),
          });
          expect(JSON.stringify(values(twice))).toBe(JSON.stringify(values(once)));
        },
      ),
      { numRuns: 3_000 },
    );
  });

  const standing = (registers: ReadonlyMap<string, Register>) =>
    [...registers]
      .map(([name, { order, value }]) => `${name} ${rank(order)} ${value}`)
      .sort((a, b) => a.localeCompare(b));

  /** If there is a sequence, the time is ignored. */
  const rank = ({ sequence, timeUs }: FactOrder) => sequence ?? `t${timeUs}`;
});
