import { expect, test } from 'vitest';

import type { RemoteFacts } from '../../../services/reconcile/plan/remote.js';
import { ENDING, explain, type World } from './explain-world.js';
import { groupWord } from '../../builders/role-history.js';
import type { RoleBlock } from '../../../services/model.js';

type Request = NonNullable<RemoteFacts['baseline']>['request'];

const asks = (change: 'ADDED' | 'REMOVED', state: 'OPEN' | 'DISPUTED'): Request => ({
  change,
  state,
  askedOrder: '-/1/false',
});

const world = (
  request: Request,
  membership: 'held' | 'notHeld',
): Pick<World, 'mappings' | 'history'> => ({
  mappings: [
    {
      authority: 'DISCORD',
      membership,
      remote: {
        baseline: { hasRole: membership === 'notHeld', request },
        factOrder: '-/1/false',
        isGroupDeleted: false,
      },
    },
  ],
  history: { groups: [groupWord()] },
});

test.each<[World, RoleBlock[], string]>([
  [
    { ...world(asks('ADDED', 'OPEN'), 'notHeld'), isHeld: true },
    ['AUTHORITY_DISCORD', 'ROLE_REQUESTED'],
    'Jane has Pilot and keeps it because Discord decides who holds it and the platform was asked to add them to Pilots but has not done so yet.',
  ],
  [
    { ...world(asks('REMOVED', 'DISPUTED'), 'held'), isHeld: false },
    ['AUTHORITY_DISCORD', 'REQUEST_DISPUTED'],
    'Jane lacks Pilot because Discord decides who holds it and the platform was asked to remove them from Pilots but reports the opposite.',
  ],
  [
    { ...world(null, 'held'), isHeld: true },
    ['AUTHORITY_DISCORD'],
    'Jane has Pilot and keeps it because Discord decides who holds it and the connector leaves it as it is.',
  ],
  [
    {
      ...world(asks('ADDED', 'OPEN'), 'notHeld'),
      isHeld: true,
      links: [ENDING],
    },
    ['NOT_LINKED', 'AUTHORITY_DISCORD'],
    'Jane has Pilot and keeps it because Discord decides who holds it and the connector leaves it as it is.',
  ],
])(
  'a role under Discord’s authority is explained with its request to the platform, and each block with a remedy (case %#)',
  (given, blockedBy, sentence) => {
    const explanation = explain(given);

    expect(explanation).toMatchObject({ blockedBy, sentence });
    expect(explanation.unblockedBy).toHaveLength(blockedBy.length);
  },
);

test('a request that waits for approval is reported as HELD_BY_GUARD', () => {
  const { mappings, history } = world(null, 'held');

  const explanation = explain({
    ...(mappings && { mappings }),
    isHeld: false,
    history: {
      ...history,
      decision: {
        verdict: 'HELD',
        sweepId: 'sweep-1',
        why: 'the role is gone at Discord',
        at: new Date(0),
      },
    },
  });

  expect(explanation.blockedBy).toEqual(['AUTHORITY_DISCORD', 'HELD_BY_GUARD']);
});
