import { describe, expect, test } from 'vitest';

import type { OutgoingRecord } from '../../../services/events/kafka/kafka-port.js';
import { bySize } from '../../../services/events/kafka/kafkajs-producing.js';

describe('bySize', () => {
  const record = (bytes: number, headers = {}): OutgoingRecord => ({
    key: null,
    value: Buffer.alloc(bytes),
    headers,
  });
  const sizes = (portions: readonly (readonly OutgoingRecord[])[]) =>
    portions.map((portion) => portion.map(({ value }) => value?.length));

  test('returns no portions for no records', () => {
    expect(bySize([], 1_000)).toEqual([]);
  });

  test('keeps the order and the size limit, except for a single larger record', () => {
    const records = [400, 400, 400, 5_000, 1, 2].map((bytes) => record(bytes));

    expect(sizes(bySize(records, 1_000))).toEqual([[400, 400], [400], [5_000], [1, 2]]);
  });

  test('counts the size of headers', () => {
    const wide = { many: [Buffer.alloc(300), Buffer.alloc(300)] };

    expect(sizes(bySize([record(1, wide), record(1, wide)], 1_000))).toEqual([[1], [1]]);
  });
});
