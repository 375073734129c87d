import { parse } from 'graphql';
import { describe, expect, it } from 'vitest';

import { createDocumentCache } from '../../../services/api/http/apollo.js';

const padded = (name: string, length: number) => parse(`{ ${name} } #${'x'.repeat(length)}`);

describe('the document cache', () => {
  it('returns a stored document', async () => {
    const cache = createDocumentCache();
    const document = parse('{ a }');
    await cache.set('a', document);

    expect(await cache.get('a')).toBe(document);
    expect(await cache.get('b')).toBeUndefined();
  });

  it('does not store a long text, even if its syntax tree is small', async () => {
    const cache = createDocumentCache();
    await cache.set('long', padded('a', 20_000));

    expect(await cache.get('long')).toBeUndefined();
  });

  it('keeps the most recently used documents within its text limit', async () => {
    const cache = createDocumentCache();
    await cache.set('used', padded('a', 10_000));
    for (let n = 0; n < 100; n += 1) {
      await cache.set(`other-${n}`, padded('a', 10_000));
      await cache.get('used');
    }

    expect(await cache.get('used')).toBeDefined();
    expect(await cache.get('other-99')).toBeDefined();
    expect(await cache.get('other-10')).toBeUndefined();
  });

  it('keeps at most 1,000 documents', async () => {
    const cache = createDocumentCache();
    for (let n = 0; n < 1_100; n += 1) await cache.set(`${n}`, parse('{ a }'));

    expect(await cache.get('99')).toBeUndefined();
    expect(await cache.get('100')).toBeDefined();
  });
});
