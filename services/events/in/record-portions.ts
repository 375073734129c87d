import type { OutgoingRecord } from '../kafka/kafka-port.js';

/**
 * The records in their order, in portions of at most `maxBytes`; a larger record is a portion of
 * its own.
 */
export function bySize(
  records: readonly OutgoingRecord[],
  maxBytes: number,
): readonly (readonly OutgoingRecord[])[] {
  const portions: OutgoingRecord[][] = [];
  let bytesOfLast = Infinity;
  for (const record of records) {
    const bytes = bytesOf(record);
    if (bytesOfLast + bytes > maxBytes) {
      portions.push([]);
      bytesOfLast = 0;
    }
    portions.at(-1)?.push(record);
    bytesOfLast += bytes;
  }
  return portions;
}

/** Lengths and deltas of a record on the wire, counted high. */
const OVERHEAD_BYTES = 64;

function bytesOf({ key, value, headers }: OutgoingRecord): number {
  let bytes = OVERHEAD_BYTES + lengthOf(key) + lengthOf(value);
  for (const [name, values] of Object.entries(headers)) {
    const isOne = typeof values === 'string' || Buffer.isBuffer(values);
    for (const each of isOne ? [values] : values) {
      bytes += OVERHEAD_BYTES + lengthOf(name) + lengthOf(each);
    }
  }
  return bytes;
}

function lengthOf(content: Buffer | string | null): number {
  return content === null ? 0 : Buffer.byteLength(content);
}
