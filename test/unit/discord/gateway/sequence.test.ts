import { describe, expect, it } from 'vitest';

import { judgeSequence } from '../../../../services/discord/gateway/sequence.js';

const steady = { last: 10, triedAfter: null, hasHole: false };

describe('the number of an event', () => {
  it.each([
    ['follows the last one', 11, steady, 'next'],
    ['follows the last one after a hole', 11, { ...steady, hasHole: true }, 'next'],
    ['is the last one again', 10, steady, 'repeated'],
    ['went back', 1, steady, 'repeated'],
    ['went back after a hole', 9, { ...steady, hasHole: true }, 'broken'],
    ['leaves one out', 12, steady, 'hole'],
    ['leaves many out', 1e9, steady, 'hole'],
    ['leaves one out where a resume brought nothing', 12, { ...steady, triedAfter: 10 }, 'lost'],
    ['leaves one out elsewhere than before', 12, { ...steady, triedAfter: 7 }, 'hole'],
  ] as const)('that %s', (_, sequence, state, verdict) => {
    expect(judgeSequence(sequence, state)).toBe(verdict);
  });
});
