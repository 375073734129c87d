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

/** Which of the registers each mark speaks of, one list a fact that made one. */
function changes(...facts: readonly PlatformFact[]) {
  const known = nobodyKnown();
  return facts.flatMap((fact) =>
    foldFacts(known, [fact]).personMarks.map(({ changed }) => changed),
  );
}

describe('a fact about a person', () => {
  test('marks who is named by what it has changed', () => {
    expect(
      changes(
        person(1, 'jane', { character: 'Jane' }),
        person(2, 'jane', { character: 'Jane Doe' }),
        person(3, 'janet'),
      ),
    ).toEqual([['username', 'character'], ['character'], ['username']]);
  });

  test('marks nobody where its values stood already, though it is newer', () => {
    expect(
      changes(
        person(1, 'jane', { character: 'Jane', alliance: null }),
        person(2, 'jane', { character: 'Jane', alliance: null }),
      ),
    ).toHaveLength(1);
  });

  test('marks nobody where a newer one stands', () => {
    expect(changes(person(9, 'jane'), person(2, 'june'))).toEqual([['username']]);
  });

  test('marks where an attribute is known to be empty that was never known', () => {
    expect(changes(person(1, 'jane'), person(2, 'jane', { alliance: null }))).toEqual([
      ['username'],
      ['alliance'],
    ]);
  });
});
