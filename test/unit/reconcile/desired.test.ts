import { describe, expect, test } from 'vitest';

import { desiredRoles } from '../../../services/reconcile/plan/plan.js';
import type { LinkFacts, MappingFacts } from '../../../services/reconcile/ports.js';
import { mappingFacts, memberFacts, PILOT } from '../../builders/member-facts.js';

const active: LinkFacts = {
  linkId: 'a',
  platformUserId: 'alice',
  status: 'ACTIVE',
  isEndAskedFor: false,
};
const ending: LinkFacts = {
  linkId: 'b',
  platformUserId: 'bob',
  status: 'ENDING',
  isEndAskedFor: true,
};

function verdict(
  mappings: readonly Partial<MappingFacts>[],
  facts: Parameters<typeof memberFacts>[0] = {},
) {
  return desiredRoles(
    memberFacts({
      ...facts,
      mappings: mappings.map((mapping) => mappingFacts(mapping)),
    }),
  ).get(PILOT)?.verdict;
}

describe('what a member should have', () => {
  test.each([
    ['held', 'yes'],
    ['notHeld', 'no'],
    ['unknown', 'unknown'],
  ] as const)('a group that is %s for the person says %s', (membership, expected) => {
    expect(verdict([{ membership }])).toBe(expected);
  });

  test('one group that holds the person is enough', () => {
    expect(
      verdict([{ membership: 'notHeld' }, { membership: 'unknown' }, { membership: 'held' }]),
    ).toBe('yes');
  });

  test('one unknown group keeps the others from saying no', () => {
    expect(verdict([{ membership: 'notHeld' }, { membership: 'unknown' }])).toBe('unknown');
  });

  test('a client may choose that unknown means no', () => {
    expect(
      verdict([{ membership: 'unknown' }], {
        client: { unknownMembership: 'REMOVE' },
      }),
    ).toBe('no');
  });

  test('a retired mapping says no, though its group holds the person', () => {
    expect(verdict([{ membership: 'held', isRetired: true }])).toBe('no');
  });

  test('a retired mapping leaves the role to the mapping that still stands', () => {
    expect(verdict([{ membership: 'held', isRetired: true }, { membership: 'held' }])).toBe('yes');
  });

  test('an ending link says no whatever the groups say', () => {
    expect(verdict([{ membership: 'held' }], { links: [ending] })).toBe('no');
  });

  test('an account handed to another person keeps nothing of the last one, even where groups are unknown', () => {
    expect(verdict([{ membership: 'unknown' }], { links: [ending, active] })).toBe('no');
  });

  test('nothing is desired of somebody without a link', () => {
    expect(verdict([{ membership: 'notHeld' }], { links: [] })).toBeUndefined();
  });

  test.each(['DISCORD', 'OBSERVE'] as const)(
    'where %s has the say, nothing is given and nothing taken',
    (authority) => {
      expect(verdict([{ membership: 'held', authority }])).toBe('unknown');
      expect(verdict([{ membership: 'notHeld', authority }])).toBe('unknown');
      expect(verdict([{ membership: 'held', authority, isRetired: true }])).toBe('unknown');
      expect(verdict([{ membership: 'held', authority }], { links: [ending] })).toBe('unknown');
    },
  );

  test('a role is removed when no active mapping names it, or only a retired one would grant it', () => {
    const retired = mappingFacts({ isRetired: true });
    const both = desiredRoles(
      memberFacts({
        mappings: [retired, mappingFacts({ membership: 'notHeld' })],
      }),
    );
    const granting = desiredRoles(
      memberFacts({
        mappings: [{ ...retired, membership: 'held' }, mappingFacts({ membership: 'notHeld' })],
      }),
    );
    const alone = desiredRoles(memberFacts({ mappings: [retired] }));

    expect(both.get(PILOT)).toEqual({ verdict: 'no', isTakenBack: false });
    expect(granting.get(PILOT)).toEqual({ verdict: 'no', isTakenBack: true });
    expect(alone.get(PILOT)).toEqual({ verdict: 'no', isTakenBack: true });
  });
});
