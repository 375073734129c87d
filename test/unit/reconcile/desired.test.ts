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

describe('the desired state of a role', () => {
  test.each([
    ['held', 'yes'],
    ['notHeld', 'no'],
    ['unknown', 'unknown'],
  ] as const)('for a membership that is %s is %s', (membership, expected) => {
    expect(verdict([{ membership }])).toBe(expected);
  });

  test('is yes if one of several groups contains the person', () => {
    expect(
      verdict([{ membership: 'notHeld' }, { membership: 'unknown' }, { membership: 'held' }]),
    ).toBe('yes');
  });

  test('is unknown if one group is unknown and the others do not contain the person', () => {
    expect(verdict([{ membership: 'notHeld' }, { membership: 'unknown' }])).toBe('unknown');
  });

  test('is no for an unknown membership if the client is configured to remove', () => {
    expect(
      verdict([{ membership: 'unknown' }], {
        client: { unknownMembership: 'REMOVE' },
      }),
    ).toBe('no');
  });

  test('is no for a retired mapping, even if its group contains the person', () => {
    expect(verdict([{ membership: 'held', isRetired: true }])).toBe('no');
  });

  test('follows the active mapping if another one is retired', () => {
    expect(verdict([{ membership: 'held', isRetired: true }, { membership: 'held' }])).toBe('yes');
  });

  test('is no for an ending link, even if the group contains the person', () => {
    expect(verdict([{ membership: 'held' }], { links: [ending] })).toBe('no');
  });

  test('is no for an account that moves to another person, even if the group is unknown', () => {
    expect(verdict([{ membership: 'unknown' }], { links: [ending, active] })).toBe('no');
  });

  test('is undefined for an account without a link', () => {
    expect(verdict([{ membership: 'notHeld' }], { links: [] })).toBeUndefined();
  });

  test.each(['DISCORD', 'OBSERVE'] as const)(
    'is unknown with authority %s, regardless of groups, mappings and links',
    (authority) => {
      expect(verdict([{ membership: 'held', authority }])).toBe('unknown');
      expect(verdict([{ membership: 'notHeld', authority }])).toBe('unknown');
      expect(verdict([{ membership: 'held', authority, isRetired: true }])).toBe('unknown');
      expect(verdict([{ membership: 'held', authority }], { links: [ending] })).toBe('unknown');
    },
  );

  test('is no without a granting active mapping, with isTakenBack set if only a retired one would grant it', () => {
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
