import { describe, expect, test } from 'vitest';

import {
  membershipChanges,
  membershipSets,
  userChanges,
} from '../../services/api/facts/platform-facts.js';
import { parseEvent } from '../../services/events/in/parse-event.js';
import type { PlatformFact } from '../../services/model.js';
import { cloudEvent, structured } from '../builders/event-record.js';

const cause = { kind: 'MUTATION', id: 'r1', actor: 'admin' } as const;
const REFUSED = 'refused';

type Said = Readonly<Record<string, unknown>>;

/** The content of a fact, without its sender and time. */
function saidBy(fact: PlatformFact): Said {
  const { order: _, cause: __, ...said } = fact;
  return said;
}

function byEvent(type: string, data: object): Said | typeof REFUSED {
  const parsed = parseEvent(structured(cloudEvent({ type, data })));
  return parsed.kind === 'fact' ? saidBy(parsed.fact) : REFUSED;
}

function byMutation(
  items: readonly { readonly said: PlatformFact | null }[],
): Said | typeof REFUSED {
  const said = items[0]?.said ?? null;
  return said === null ? REFUSED : saidBy(said);
}

const LONGEST = '😀'.repeat(255);

/** The case, the value, and whether both entry points accept it. */
const TEXTS: readonly (readonly [string, string, boolean])[] = [
  ['a word', 'Ann', true],
  ['a word between spaces', ' Ann ', true],
  ['quotes, slashes and wildcards', `'"\\%_`, true],
  ['255 emoji', LONGEST, true],
  ['256 emoji', `${LONGEST}😀`, false],
  ['256 letters', 'x'.repeat(256), false],
  ['nothing', '', false],
  ['a space', ' ', false],
  ['a no-break space', '\u00a0', false],
  ['a line', '\n', false],
  ['NUL', 'a\0b', false],
  ['a control character of Latin-1', 'a\u0085b', false],
  ['half a character', 'a\ud800', false],
];

describe('an event and a mutation with the same values', () => {
  test.each(TEXTS)('accept the same ids of users and groups: %s', (_, id, isTaken) => {
    const asUser = [
      byEvent('platform.group.membership.changed.v1', {
        userId: id,
        groupId: 'g',
        change: 'added',
      }),
      byMutation(membershipChanges([{ platformUserId: id, groupId: 'g', change: 'ADDED' }], cause)),
    ];
    const asGroup = [
      byEvent('platform.group.membership.snapshot.v1', {
        userId: 'u',
        groupIds: ['g', id, 'g'],
      }),
      byMutation(membershipSets([{ platformUserId: 'u', groupIds: ['g', id, 'g'] }], cause)),
    ];

    for (const [event, mutation] of [asUser, asGroup]) {
      expect(mutation).toEqual(event);
      expect(event === REFUSED).toBe(!isTaken);
    }
  });

  test.each(TEXTS)('accept the same usernames: %s', (_, username, isTaken) => {
    const event = byEvent('platform.user.changed.v1', {
      userId: 'u',
      username,
    });
    const mutation = byMutation(userChanges([{ id: 'u', username }], cause));

    expect(mutation).toEqual(event);
    expect(event === REFUSED).toBe(!isTaken);
  });

  test.each([
    ...TEXTS.map(([name, value, isTaken]) => {
      const isEmpty = value.trim() === '';
      const expected = isTaken ? value : REFUSED;
      return [name, value, isEmpty ? null : expected] as const;
    }),
    ['null', null, null] as const,
    ['no value', undefined, undefined] as const,
  ])('accept the same attributes, an empty one as null: %s', (_, value, expected) => {
    for (const name of ['character', 'corporation', 'alliance']) {
      const attributes = { [name]: value };

      const event = byEvent('platform.user.changed.v1', {
        userId: 'u',
        username: 'Ann',
        attributes,
      });

      expect(byMutation(userChanges([{ id: 'u', username: 'Ann', attributes }], cause))).toEqual(
        event,
      );
      if (expected === REFUSED) expect(event).toBe(REFUSED);
      else
        expect(event).toEqual({
          kind: 'userChanged',
          platformUserId: 'u',
          username: 'Ann',
          attributes: value === undefined ? {} : { [name]: expected },
        });
    }
  });
});
