import { deserialize, serialize } from 'node:v8';
import { deflateRawSync, inflateRawSync } from 'node:zlib';

import type { ListedMember } from './ports.js';

/**
 * Pages of listed members, kept until the whole list is judged: packed, as a guild may have a
 * million.
 */
export interface PackedMembers {
  add(page: readonly ListedMember[]): void;
  /** As they were added; one is unpacked at a time. */
  pages(): Iterable<readonly ListedMember[]>;
}

/** The quickest: pages are unpacked a moment later. */
const LEVEL = 1;

export function createPackedMembers(): PackedMembers {
  const packed: Buffer[] = [];
  return {
    add(page) {
      if (page.length > 0) packed.push(deflateRawSync(serialize(page), { level: LEVEL }));
    },
    *pages() {
      for (const each of packed) yield unpack(each);
    },
  };
}

function unpack(packed: Buffer): readonly ListedMember[] {
  const page: readonly ListedMember[] = deserialize(inflateRawSync(packed));
  return page;
}
