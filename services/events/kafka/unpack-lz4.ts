import { ByteSink } from './byte-sink.js';

const MAGIC = 0x184d2204;
const HAS_BLOCK_CHECKSUM = 0x10;
const HAS_CONTENT_SIZE = 0x08;
const HAS_DICTIONARY = 0x01;
const IS_STORED = 0x80000000;

/**
 * https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md. Checksums are not verified: Kafka's
 * own covers the whole batch, and old Java clients compute the header's wrongly.
 */
export function unpackLz4(packed: Buffer, limit: number): Buffer {
  if (packed.readUInt32LE(0) !== MAGIC) throw new Error('not an LZ4 frame');
  const flags = packed.readUInt8(4);
  if (flags & HAS_DICTIONARY) throw new Error('LZ4 with a dictionary');
  const sink = new ByteSink(packed.length * 4, limit);
  let at = flags & HAS_CONTENT_SIZE ? 15 : 7;
  for (;;) {
    const size = packed.readUInt32LE(at);
    at += 4;
    if (size === 0) return sink.bytes();
    const length = size & ~IS_STORED;
    if (size >= IS_STORED) sink.append(packed, at, length);
    else unpackBlock(packed.subarray(at, at + length), sink);
    at += length + (flags & HAS_BLOCK_CHECKSUM ? 4 : 0);
  }
}

/** https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md */
function unpackBlock(block: Buffer, sink: ByteSink): void {
  let at = 0;
  const readLength = (start: number) => {
    let length = start;
    if (start < 15) return length;
    for (let more = 255; more === 255; length += more) more = block.readUInt8(at++);
    return length;
  };
  while (at < block.length) {
    const token = block.readUInt8(at++);
    const literals = readLength(token >> 4);
    sink.append(block, at, literals);
    at += literals;
    if (at >= block.length) return; // the last sequence has no match
    const distance = block.readUInt16LE(at);
    at += 2;
    sink.repeat(distance, readLength(token & 15) + 4);
  }
}
