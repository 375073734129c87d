import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { FactOrder, PlatformFact } from '../../../services/model.js';
import { foldFacts } from '../../../services/store/facts/fold-facts.js';
import type { Known } from '../../../services/store/facts/known.js';

const cause = { kind: 'EVENT', id: 'e1', actor: 'site' } as const;
const USERS = ['alice', 'bob'];
const GROUPS = ['pilots', 'directors'];

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
const added = (order: FactOrder, change: 'added' | 'removed' = 'added') =>
  ({
    kind: 'membershipChanged',
    platformUserId: 'alice',
    groupId: 'pilots',
    change,
    order,
    cause,
  }) as const;
const deleted = (order: FactOrder) =>
  ({ kind: 'groupDeleted', groupId: 'pilots', order, cause }) as const;
const changed = (order: FactOrder) =>
  ({ kind: 'groupChanged', groupId: 'pilots', order, cause }) as const;

function fold(...facts: readonly PlatformFact[]) {
  const known = nothingKnown();
  return { known, folded: foldFacts(known, facts) };
}

const isHeld = (known: Known, groupId = 'pilots', userId = 'alice') =>
  known.users.get(userId)?.memberships.get(groupId)?.isHeld;

describe('the deletion of a group', () => {
  test.each<readonly [string, FactOrder, FactOrder, boolean]>([
    ['of the same time', at(5), at(5), false],
    ['that is earlier', at(4), at(5), false],
    ['that is later', at(6), at(5), true],
    ['with a sequence, that is earlier', at(4, 99), at(5), false],
    ['with a sequence, that is later', at(6, 1), at(5), true],
    ['earlier, of a higher sequence', at(4, 8), at(5, 7), true],
    ['later, of a lower sequence', at(6, 6), at(5, 7), false],
    ['of the same sequence', at(6, 7), at(5, 7), false],
    ['later, without a sequence', at(6), at(5, 7), true],
  ])(
    'has the same effect on a membership %s in either order of arrival',
    (_, membership, deletion, expected) => {
      const facts = [added(membership), deleted(deletion), changed(at(9, 9))];

      for (const order of [facts, facts.toReversed()])
        expect(isHeld(fold(...order).known)).toBe(expected);
    },
  );

  test('keeps the sequence of a membership, so that an older fact does not restore it', () => {
    const { known } = fold(
      added(at(2, 10)),
      deleted(at(5)),
      changed(at(6)),
      added(at(7, 9)),
      added(at(8)),
    );

    expect(isHeld(known)).toBe(false);
    foldFacts(known, [added(at(8, 11))]);
    expect(isHeld(known)).toBe(true);
  });

  test('is named in the result of a fact that it outranks', () => {
    const { folded } = fold(deleted(at(5)), changed(at(6)), added(at(4)));

    expect(folded.outcomes[2]).toEqual({
      verdict: 'stale',
      losses: [
        {
          groupId: 'pilots',
          order: at(4),
          outrankedBy: { kind: 'groupDeleted', order: at(5) },
        },
      ],
    });
  });

  test('removes its group from a snapshot, and leaves the others', () => {
    const whole = {
      kind: 'membershipSnapshot',
      platformUserId: 'alice',
      groupIds: ['pilots', 'directors'],
      order: at(4),
      cause,
    } as const;

    const { known, folded } = fold(deleted(at(5)), whole);

    expect(isHeld(known)).toBe(false);
    expect(isHeld(known, 'directors')).toBe(true);
    expect(folded.outcomes[1]).toMatchObject({
      verdict: 'partial',
      losses: [{ groupId: 'pilots' }],
    });
  });

  test('still outranks older memberships if the group exists again, and has no effect when repeated', () => {
    const { known } = fold(added(at(4)), changed(at(9)));

    const late = foldFacts(known, [deleted(at(5))]);

    expect(isHeld(known)).toBe(false);
    expect(known.groups.get('pilots')?.isDeleted).toBe(false);
    expect(late.outcomes[0]?.verdict).toBe('applied');
    expect(late.groupDeletions).toHaveLength(1);
    const again = foldFacts(known, [deleted(at(5)), deleted(at(3))]);
    expect(again.groupDeletions).toEqual([]);
    expect(again.groupMarks).toEqual([]);
    expect(again.touchedGroups.size).toBe(0);
  });
});

describe('a deleted user', () => {
  const gone = (order: FactOrder) =>
    ({
      kind: 'userDeleted',
      platformUserId: 'alice',
      order,
      cause,
    }) as const;

  test('is named in the result of a fact about them, with the time and the source of the deletion', () => {
    const { folded } = fold(gone(at(5)), added(at(9, 9)));

    expect(folded.outcomes[1]).toMatchObject({
      verdict: 'stale',
      losses: [
        {
          outrankedBy: {
            kind: 'userDeleted',
            platformUserId: 'alice',
            order: { timeUs: 5 },
            by: 'site',
          },
        },
      ],
    });
  });

  test.each<readonly [string, PlatformFact, 'stale' | 'applied']>([
    ['an older membership', added(at(4)), 'stale'],
    ['an older membership with a sequence', added(at(4, 99)), 'stale'],
    ['a membership of the same time', added(at(5)), 'stale'],
    ['the deletion that was lifted', gone(at(5)), 'stale'],
    ['a newer membership', added(at(6)), 'applied'],
    ['a newer deletion', gone(at(6)), 'applied'],
  ])('who was restored accepts only newer facts: %s (case %#)', (_, fact, verdict) => {
    const known = nothingKnown();
    const alice = known.users.get('alice');
    if (alice === undefined) throw new Error('alice is missing');
    known.users.set('alice', {
      ...alice,
      restored: { sequence: null, timeUs: 5, latestUs: 5 },
    });

    const { outcomes } = foldFacts(known, [fact]);

    expect(outcomes[0]?.verdict).toBe(verdict);
    if (verdict === 'stale')
      expect(outcomes[0]?.losses).toMatchObject([
        { outrankedBy: { kind: 'userRestored', order: { timeUs: 5 } } },
      ]);
  });
});

describe('any facts and group deletions', () => {
  const order = fc.record({
    sequence: fc.oneof(fc.constant(null), fc.integer({ min: 0, max: 4 })),
    timeUs: fc.integer({ min: 1, max: 6 }),
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
      kind: fc.constantFrom('groupDeleted' as const, 'groupChanged' as const),
      groupId,
      order,
      cause: fc.constant(cause),
    }),
  );

  /** The slow, obvious check: the highest fact adds, and no deletion is at least as new. */
  function isMember(facts: readonly PlatformFact[], user: string, group: string) {
    const statements = facts.flatMap((each) => {
      if (each.kind === 'membershipChanged')
        return each.platformUserId === user && each.groupId === group
          ? [
              {
                order: each.order,
                isSnapshot: 0,
                adds: each.change === 'added',
              },
            ]
          : [];
      return each.kind === 'membershipSnapshot' && each.platformUserId === user
        ? [
            {
              order: each.order,
              isSnapshot: 1,
              adds: each.groupIds.includes(group),
            },
          ]
        : [];
    });
    const rank = ({ order: { sequence, timeUs } }: (typeof statements)[0]) =>
      sequence === null ? (timeUs ?? 0) : 100 + sequence;
    const [last] = statements.toSorted(
      (a, b) => rank(b) - rank(a) || b.isSnapshot - a.isSnapshot || Number(a.adds) - Number(b.adds),
    );
    if (!last?.adds) return false;
    const deletions = facts.filter(
      (each) => each.kind === 'groupDeleted' && each.groupId === group,
    );
    // If facts tie, the earliest counts.
    return statements
      .filter((each) => rank(each) === rank(last) && each.isSnapshot === last.isSnapshot)
      .every((each) => !deletions.some((deletion) => isOver(deletion, each)));
  }

  function isOver(
    { order: deletion }: PlatformFact,
    { order: membership }: Pick<PlatformFact, 'order'>,
  ) {
    const [deleted, own] = [deletion.sequence, membership.sequence];
    return deleted !== null && own !== null
      ? own <= deleted
      : (membership.timeUs ?? 0) <= (deletion.timeUs ?? 0);
  }

  test('end in the memberships of the latest facts that no deletion outranks', () => {
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
          const known = nothingKnown();
          foldFacts(known, shuffled.slice(0, cut));
          foldFacts(known, shuffled.slice(cut));

          for (const user of USERS)
            for (const group of GROUPS) {
              const held = isHeld(known, group, user) ?? false;
              expect(held).toBe(isMember(facts, user, group));
            }
        },
      ),
      { numRuns: 3_000 },
    );
  });
});
