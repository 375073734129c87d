/**
 * A set of Discord ids at nine bytes each. A million of them as strings would take a hundred
 * megabytes.
 */
export interface IdSet extends Iterable<string> {
  readonly size: number;
  has(id: string): boolean;
  /** Returns false if the id was not in the set. */
  delete(id: string): boolean;
}

/** Creates a set of 64-bit ids from arrays in any order; duplicates count once. */
export function createIdSet(parts: readonly BigUint64Array[]): IdSet {
  const sorted = sortedOf(parts);
  const isDeleted = new Uint8Array(sorted.length);
  let size = sorted.length;
  const find = (id: string) => {
    const place = placeOf(sorted, BigInt(id));
    return place === null || isDeleted[place] === 1 ? null : place;
  };
  return {
    get size() {
      return size;
    },
    has: (id) => find(id) !== null,
    delete(id) {
      const place = find(id);
      if (place === null) return false;
      isDeleted[place] = 1;
      size -= 1;
      return true;
    },
    *[Symbol.iterator]() {
      for (const [place, id] of sorted.entries()) if (isDeleted[place] === 0) yield id.toString();
    },
  };
}

/**
 * Sorts and removes duplicates in place: separate arrays would briefly need three times the memory.
 */
function sortedOf(parts: readonly BigUint64Array[]): BigUint64Array {
  const ids = new BigUint64Array(parts.reduce((sum, { length }) => sum + length, 0));
  let length = 0;
  for (const part of parts) {
    ids.set(part, length);
    length += part.length;
  }
  ids.sort();
  let distinct = 0;
  for (const id of ids)
    if (distinct === 0 || id !== ids[distinct - 1]) {
      ids[distinct] = id;
      distinct += 1;
    }
  return ids.subarray(0, distinct);
}

function placeOf(sorted: BigUint64Array, id: bigint): number | null {
  let from = 0;
  let to = sorted.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    const found = sorted[middle] ?? id;
    if (found === id) return middle;
    if (found < id) from = middle + 1;
    else to = middle;
  }
  return null;
}
