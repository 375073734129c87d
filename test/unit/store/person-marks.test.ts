import { describe, expect, test } from 'vitest';

import type { Attributes, PlatformFact } from '../../../services/model.js';
import { foldFacts } from '../../../services/store/facts/fold-facts.js';
import type { Known } from '../../../services/store/facts/known.js';

const cause = { kind: 'EVENT', id: 'e1', actor: 'site' } as const;

function nobodyKnown(): Known {
  const alice = {
    snapshot: null,
    deletion: null,
    restored: null,
    registers: new Map(),
    memberships: new Map(),
  };
  return {
    receivedUs: 1_000,
    lives: new Map(),
    users: new Map([['alice', alice]]),
    groups: new Map(),
  };
}

function person(timeUs: number, username: string, attributes?: Attributes): PlatformFact {
  return {
    kind: 'userChanged',
    platformUserId: 'alice',
    username,
    ...(attributes && { attributes }),
    order: { sequence: null, timeUs },
    cause,
  };
}

/** The registers that each mark names, one list for each fact that created a mark. */
function changes(...facts: readonly PlatformFact[]) {
  const known = nobodyKnown();
  return facts.flatMap((fact) =>
    foldFacts(known, [fact]).personMarks.map(({ changed }) => changed),
  );
}

describe('a fact about a person', () => {
  test('creates marks that name the changed values', () => {
    expect(
      changes(
        person(1, 'jane', { character: 'Jane' }),
        person(2, 'jane', { character: 'Jane Doe' }),
        person(3, 'janet'),
      ),
    ).toEqual([['username', 'character'], ['character'], ['username']]);
  });

  test('creates no mark if it is newer but has the same values', () => {
    expect(
      changes(
        person(1, 'jane', { character: 'Jane', alliance: null }),
        person(2, 'jane', { character: 'Jane', alliance: null }),
      ),
    ).toHaveLength(1);
  });

  test('creates no mark if a newer fact is known', () => {
    expect(changes(person(9, 'jane'), person(2, 'june'))).toEqual([['username']]);
  });

  test('creates a mark if an unknown attribute is now known to be empty', () => {
    expect(changes(person(1, 'jane'), person(2, 'jane', { alliance: null }))).toEqual([
      ['username'],
      ['alliance'],
    ]);
  });
});
