import { describe, expect, test } from 'vitest';

import { unpackLz4, unpackSnappy } from '../../../services/events/kafka/kafkajs-codecs.js';

const SENTENCES = Array.from(
  { length: 60 },
  (_, index) => `user-${index % 17} is in miners; `,
).join('');

/** Made by the lz4 command line tool. */
const ONE_BLOCK =
  'BCJNGGRAp3MAAADxBnVzZXItMCBpcyBpbiBtaW5lcnM7IBUAHzEVAAEfMhUAAR8zFQABHzQVAAEfNRUAAR82FQABHzcVAAEfOBUAAR85vQACD9MAAw/UAAIfMdUAAh8x1gACHzHXAAIfMdgAAh4x2QAPbAH///9+UGVyczsgAAAAAMzBP9g=';
const LINKED_BLOCKS_WITH_CHECKSUMS =
  'BCJNGFBAwHIBAADxBnVzZXItMCBpcyBpbiBtaW5lcnM7IBUAHzEVAAEfMhUAAR8zFQABHzQVAAEfNRUAAR82FQABHzcVAAEfOBUAAR85vQACD9MAAw/UAAIfMdUAAh8x1gACHzHXAAIfMdgAAh4x2QAPbAH///+DDwEF///////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////iUG4gbWlunUWZzQoBAAAPAQX/////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////6FAgdXNlch5rnR9iAAAADwEF/////////////////////////////////////////////////////////////////////////////////////////////////////////////////////7hQZXJzOyDnZmPpAAAAAA==';

const LIMIT = 1024 * 1024;

const fromBase64 = (packed: string) => Buffer.from(packed, 'base64');
const xerial = (...blocks: readonly Buffer[]) =>
  Buffer.concat([
    Buffer.from('\x82SNAPPY\0\0\0\0\x01\0\0\0\x01', 'latin1'),
    ...blocks.flatMap((block) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(block.length);
      return [length, block];
    }),
  ]);

describe('LZ4', () => {
  test('unpacks a frame that states its content size', () => {
    expect(unpackLz4(fromBase64(ONE_BLOCK), LIMIT).toString()).toBe(SENTENCES);
  });

  test('unpacks blocks that refer to earlier blocks', () => {
    const unpacked = unpackLz4(fromBase64(LINKED_BLOCKS_WITH_CHECKSUMS), LIMIT);

    expect(unpacked.toString()).toBe(SENTENCES.repeat(120));
  });

  test.each([
    ['another format', Buffer.alloc(20)],
    ['a frame that is cut short', fromBase64(ONE_BLOCK).subarray(0, 60)],
  ])('refuses %s', (_, packed) => {
    expect(() => unpackLz4(packed, LIMIT)).toThrow();
  });
});

describe('Snappy', () => {
  const literal = (text: string) =>
    Buffer.concat([Buffer.from([(text.length - 1) << 2]), Buffer.from(text)]);
  const block = (length: number, ...parts: readonly (Buffer | number[])[]) =>
    Buffer.concat([Buffer.from([length]), ...parts.map((part) => Buffer.from(part))]);

  test('unpacks literals and copies, including overlapping copies', () => {
    const packed = block(
      26,
      literal('abc'),
      [(1 << 2) | 1, 3], // 5 bytes from 3 back, in one byte
      [(6 << 2) | 2, 8, 0], // 7 bytes from 8 back, in two
      [(4 << 2) | 3, 1, 0, 0, 0], // 5 bytes from 1 back, in four
      Buffer.concat([Buffer.from([60 << 2, 5]), Buffer.from('uvwxyz')]),
    );

    expect(unpackSnappy(packed, LIMIT).toString()).toBe('abcabcababcabcaaaaaauvwxyz');
  });

  test("unpacks blocks in Java's framing", () => {
    const packed = xerial(block(3, literal('abc')), block(2, literal('de')));

    expect(unpackSnappy(packed, LIMIT).toString()).toBe('abcde');
  });

  test.each([
    ['a literal that is cut short', block(9, [8 << 2, 65])],
    ['a repetition of nothing', block(4, [1, 1])],
  ])('refuses %s', (_, packed) => {
    expect(() => unpackSnappy(packed, LIMIT)).toThrow(RangeError);
  });
});
