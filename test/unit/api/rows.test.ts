import { describe, expect, it } from 'vitest';

import { RowLoader, whenHere } from '../../../services/api/kit/rows.js';

interface Key {
  readonly guild: string;
  readonly id: number;
}

/** A RowLoader that records the keys of each read; its rows name the read they came from. */
function aSet(find?: (keys: readonly Key[]) => Promise<readonly string[]>) {
  const asked: (readonly Key[])[] = [];
  const rows = new RowLoader<Key, string, string>(
    async (keys) => {
      asked.push(keys);
      return find ? find(keys) : keys.map(({ guild, id }) => `${guild}${id}, read ${asked.length}`);
    },
    ({ guild, id }) => `${guild}/${id}`,
  );
  return { rows, asked };
}

const a1 = { guild: 'a', id: 1 };
const a2 = { guild: 'a', id: 2 };
const b1 = { guild: 'b', id: 1 };

describe('rows of a request', () => {
  it('are read together for all callers of one tick, each row once', async () => {
    const { rows, asked } = aSet();

    const found = await Promise.all([
      rows.load(a1),
      rows.loadAll([b1, { ...a1 }, b1]),
      rows.load(a2),
    ]);

    expect(asked).toEqual([[a1, b1, a2]]);
    expect(found).toEqual(['a1, read 1', ['b1, read 1', 'a1, read 1', 'b1, read 1'], 'a2, read 1']);
  });

  it('are returned without a promise once they are loaded', async () => {
    const { rows, asked } = aSet();
    await rows.loadAll([a1, b1]);

    expect(rows.load({ ...a1 })).toBe('a1, read 1');
    expect(rows.loadAll([b1, a1])).toEqual(['b1, read 1', 'a1, read 1']);
    expect(rows.loadAll([a1, a2])).toBeInstanceOf(Promise);
    expect(rows.loadAll([])).toEqual([]);
    expect(asked).toHaveLength(1);
  });

  it('that are missing are read, and loaded rows are not read again', async () => {
    const { rows, asked } = aSet();
    await rows.load(a1);

    const found = await rows.loadAll([a1, a2]);

    expect(found).toEqual(['a1, read 1', 'a2, read 2']);
    expect(asked).toEqual([[a1], [a2]]);
  });

  it('that do not exist are not read again', async () => {
    let asked = 0;
    const rows = new RowLoader<string, string | undefined>(
      async (ids) => {
        asked += 1;
        return ids.map(() => undefined);
      },
      (id) => id,
    );
    await rows.load('x');

    expect(rows.load('x')).toBeUndefined();
    expect(rows.loadAll(['x', 'x'])).toEqual([undefined, undefined]);
    expect(asked).toBe(1);
  });

  it('are read again after a write, even if they were being read', async () => {
    const { rows } = aSet();
    const early = rows.load(a1);
    await Promise.resolve();
    await new Promise((resolve) => process.nextTick(resolve));
    rows.forget();

    expect(await early).toBe('a1, read 1');
    expect(await rows.load(a1)).toBe('a1, read 2');
    expect(rows.load(a1)).toBe('a1, read 2');
  });

  it('that could not be read are read again', async () => {
    let isDown = true;
    const { rows } = aSet(async (keys) => {
      if (isDown) throw new Error('database unreachable');
      return keys.map(({ id }) => `row ${id}`);
    });

    await expect(rows.loadAll([a1, a2])).rejects.toThrow('unreachable');
    isDown = false;

    expect(await rows.loadAll([a1, a2])).toEqual(['row 1', 'row 2']);
  });

  it('are returned to callers from before a write even if the read ends after it', async () => {
    const { rows, asked } = aSet();
    const early = rows.load(a1);
    rows.forget();
    const late = rows.load(a1);

    expect(await Promise.all([early, late])).toEqual(['a1, read 1', 'a1, read 2']);
    expect(asked).toEqual([[a1], [a1]]);
  });

  it('are read together for callers that continue from the same promise, however many microtasks later', async () => {
    const { rows, asked } = aSet();
    const settled = Promise.resolve();
    const after = async (steps: number, key: Key) => {
      for (let step = 0; step < steps; step += 1) await settled;
      return rows.load(key);
    };

    await Promise.all([after(0, a1), after(3, a2), after(9, b1)]);

    expect(asked).toEqual([[a1, a2, b1]]);
  });

  it('that the read does not return cause an error, not an endless wait', async () => {
    const { rows } = aSet(async () => ['only one']);

    await expect(rows.loadAll([a1, a2])).rejects.toThrow('missing');
  });

  it('from another query are kept, and not read again', () => {
    const { rows, asked } = aSet();
    rows.keep(a1, 'of a list');

    expect(rows.load(a1)).toBe('of a list');
    expect(asked).toEqual([]);
  });

  it('are used at once if they are loaded, otherwise after the read', async () => {
    const { rows } = aSet();
    const length = (row: string) => row.length;

    const later = whenHere(rows.load(a1), length);

    expect(later).toBeInstanceOf(Promise);
    expect(await later).toBe(10);
    expect(whenHere(rows.load(a1), length)).toBe(10);
  });
});
