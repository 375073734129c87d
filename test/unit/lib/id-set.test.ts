import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { createIdSet } from '../../../services/lib/id-set.js';

const anId = () => fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
/** A range so small that the set contains most of the looked-up ids. */
const aNearId = () => fc.bigInt({ min: 99n, max: 110n });

describe('a set of ids', () => {
  test('behaves like a set of strings for any ids, lookups and deletions', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(anId(), aNearId()), { maxLength: 30 }),
        fc.array(fc.record({ id: aNearId(), isDelete: fc.boolean() })),
        (ids, questions) => {
          const set = createIdSet([
            BigUint64Array.from(ids.slice(0, 7)),
            BigUint64Array.from(ids.slice(7)),
          ]);
          const model = new Set(ids.map(String));

          for (const { id, isDelete } of questions) {
            const text = String(id);
            if (isDelete) expect(set.delete(text)).toBe(model.delete(text));
            else expect(set.has(text)).toBe(model.has(text));
            expect(set.size).toBe(model.size);
          }

          expect([...set].toSorted()).toEqual([...model].toSorted());
        },
      ),
    );
  });

  test('does not change the arrays it is made from', () => {
    const ids = BigUint64Array.from([3n, 1n, 2n]);

    createIdSet([ids]).delete('1');

    expect([...ids]).toEqual([3n, 1n, 2n]);
  });
});
