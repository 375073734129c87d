import { describe, expect, test } from 'vitest';

import { judgeListing, type ListingEvidence } from '../../../services/sweep/judge-listing.js';

function evidence(facts: Partial<ListingEvidence> = {}): ListingEvidence {
  return {
    listed: 5_000,
    present: 1_000,
    missing: 0,
    roleNames: new Map(),
    listedHolders: new Map([['pilot', 100]]),
    counts: new Map([['pilot', 100]]),
    ...facts,
  };
}

const holders = (listed: number, counted: number) => ({
  listedHolders: new Map([['pilot', listed]]),
  counts: new Map([['pilot', counted]]),
});

describe('a listing', () => {
  test.each<[string, Partial<ListingEvidence>]>([
    ['is whole', {}],
    ['lacks two percent of the linked members', { missing: 20 }],
    ['lacks the two who left a small guild', { present: 4, missing: 2 }],
    ['shows two in a hundred holders less than are counted', holders(98, 100)],
    ['shows more holders than are counted', holders(120, 100)],
    ['contains no linked member', { present: 0 }],
  ])('that %s is accepted', (_what, facts) => {
    expect(judgeListing(evidence(facts))).toBeNull();
  });

  test.each<[string, Partial<ListingEvidence>, string]>([
    ['is empty', { listed: 0, present: 0 }, 'empty'],
    ['lacks more than two in a hundred', { missing: 21 }, 'lacks 21 of 1000'],
    ['lacks three of a small guild', { present: 4, missing: 3 }, 'lacks 3 of 4'],
    ['shows too few holders', holders(97, 100), '97 holders of role pilot'],
    ['shows no holder of a role that one holds', holders(0, 1), 'role pilot'],
  ])('that %s is rejected', (_what, facts, reason) => {
    expect(judgeListing(evidence(facts))).toContain(reason);
  });
});

test('a rejected listing names the role with too few holders', () => {
  expect(
    judgeListing(
      evidence({
        ...holders(10, 100),
        roleNames: new Map([['pilot', 'Pilots of old']]),
      }),
    ),
  ).toContain('10 holders of role Pilots of old (pilot)');
});
