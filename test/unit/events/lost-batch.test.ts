import { createRequire } from 'node:module';
import { gzipSync } from 'node:zlib';

import fc from 'fast-check';
import type { KafkaMessage } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import {
  registerCodecs,
  unpackLz4,
  unpackSnappy,
} from '../../../services/events/kafka/kafkajs-codecs.js';
import { parseEvent } from '../../../services/events/in/parse-event.js';
import { kafkaRecord } from '../../builders/event-record.js';
import { bombOf, fetched, type PackedBatch } from '../../builders/packed-batch.js';

const LIMIT = 1024 * 1024;
const NAMES = ['gzip', 'snappy', 'lz4', 'zstd'] as const;

beforeAll(() => registerCodecs(LIMIT));
afterAll(() => registerCodecs());

/** The messages that kafkajs itself decodes from a broker response. */
async function readByKafkajs(...batches: readonly PackedBatch[]): Promise<readonly KafkaMessage[]> {
  const require = createRequire(import.meta.url);
  const Decoder = require('kafkajs/src/protocol/decoder.js');
  const decodeMessages = require('kafkajs/src/protocol/requests/fetch/v4/decodeMessages.js');
  // after other bytes, as in a real response
  const answer = Buffer.concat([Buffer.alloc(100), fetched(...batches)]);
  const decoder = new Decoder(answer);
  decoder.forward(100);
  return decodeMessages(decoder);
}

function verdictsOf(messages: readonly KafkaMessage[]) {
  return messages.map(({ key, value, headers }) =>
    parseEvent(
      kafkaRecord({
        key,
        value,
        headers: Object.fromEntries(
          Object.entries(headers ?? {}).flatMap(([name, sent]) =>
            Buffer.isBuffer(sent) ? [[name, sent]] : [],
          ),
        ),
      }),
    ),
  );
}

/** A record without key, value and headers. */
const EMPTY_RECORD = Buffer.from([12, 0, 0, 0, 1, 1, 0]);
const good: PackedBatch = {
  codec: 'gzip',
  packed: gzipSync(EMPTY_RECORD),
  baseOffset: 50,
  count: 1,
};

describe('a batch that is too large to unpack', () => {
  test.each(NAMES)('is lost record by record, and the next batch is read: %s', async (codec) => {
    const bomb = { codec, packed: bombOf(codec, 4 * LIMIT) };

    const messages = await readByKafkajs(
      { ...bomb, baseOffset: 40, count: 3, lastOffsetDelta: 9 },
      good,
    );

    expect(messages.map(({ offset }) => offset)).toEqual([
      '40',
      '41',
      '49', // the last one, so that a commit goes past the whole batch
      '50',
    ]);
    const lost = {
      kind: 'broken',
      reason: expect.stringContaining('too large to unpack'),
    };
    expect(verdictsOf(messages)).toEqual([lost, lost, lost, { kind: 'skip', why: 'tombstone' }]);
  });

  test.each([
    ['lz4', unpackLz4],
    ['snappy', unpackSnappy],
  ] as const)('is rejected without being unpacked in full: %s', (codec, unpack) => {
    const packed = bombOf(codec, 64 * LIMIT);
    const before = process.memoryUsage().arrayBuffers;

    expect(() => unpack(packed, LIMIT)).toThrow('more than 1048576 bytes');

    const grown = process.memoryUsage().arrayBuffers - before;
    expect(grown).toBeLessThan(8 * LIMIT);
  });
});

describe('a damaged batch', () => {
  test.each(NAMES)('is lost record by record: %s', async (codec) => {
    const packed = Buffer.from('this is in no format that anybody packs in');

    const messages = await readByKafkajs({ codec, packed, baseOffset: 7, count: 2 }, good);

    expect(messages.map(({ offset }) => offset)).toEqual(['7', '8', '50']);
    expect(verdictsOf(messages)[0]).toEqual({
      kind: 'broken',
      reason: expect.stringContaining('is damaged'),
    });
  });

  test.each([0, -1, 2 ** 31 - 1])(
    'that claims to hold %i records yields nothing or fails at once',
    async (count) => {
      const packed = Buffer.from('whatever stands here');
      const batch = { packed, baseOffset: 0, count, lastOffsetDelta: 5 };

      const reading = readByKafkajs({ codec: 'gzip', ...batch });

      // kafkajs does not unpack an empty batch
      if (count < 1) expect(await reading).toEqual([]);
      else await expect(reading).rejects.toThrow();
    },
  );
});

describe('a header reserved for lost records', () => {
  test('is not repeated in the reason if a producer sends it', () => {
    const parsed = parseEvent(
      kafkaRecord({
        headers: {
          'discord-connector-unreadable-batch': Buffer.from('token=hunter2'),
        },
      }),
    );

    expect(parsed).toMatchObject({ kind: 'broken' });
    expect(JSON.stringify(parsed)).not.toContain('hunter2');
  });
});

describe('unpacking', () => {
  const anyPacked = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc
      .tuple(fc.constantFrom(...NAMES), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 5 }))
      .map(([codec, changes]) => {
        const bomb = bombOf(codec, 5_000);
        for (const [at, byte] of changes) bomb[at % bomb.length] = byte;
        return bomb;
      }),
  );

  test.each([
    ['LZ4', unpackLz4],
    ['Snappy', unpackSnappy],
  ])('of arbitrary bytes stays within the limit or fails: %s', (_, unpack) => {
    fc.assert(
      fc.property(anyPacked, (bytes) => {
        try {
          const unpacked = unpack(Buffer.from(bytes), 4_000);
          expect(unpacked.length).toBeLessThanOrEqual(4_000);
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
      }),
      { numRuns: 5_000 },
    );
  });
});
