/**
 * A set of ids as Discord makes them, in nine bytes each: a million of them as texts would fill a
 * hundred megabytes.
 */
export interface IdSet extends Iterable<string> {
  readonly size: number;
  has(id: string): boolean;
  /** False: it was not in it. */
  delete(id: string): boolean;
}

/**
 * Ids are decimal numbers of 64 bits, in parts of any order; one that is named twice is in it once.
 */
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
 * In one array, in place: what sorts and filters into others would hold three times as much for a
 * moment.
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
