import { promisify } from 'node:util';
import { gzip, unzip, zstdCompress, zstdDecompress } from 'node:zlib';

import kafkajs from 'kafkajs';

import { lostRecords } from '../in/lost-batch.js';

/**
 * Size limit of one unpacked batch. A packed batch has at most 1 MiB by default: brokers accept no
 * larger one, and a fetch requests no more. JSON compresses to a tenth, very repetitive JSON to a
 * fiftieth.
 */
const UNPACKED_LIMIT = 64 * 1024 * 1024;

type Unpack = (packed: Buffer) => Buffer | Promise<Buffer>;
type Packed = keyof typeof kafkajs.CompressionCodecs;
type Pack = (its: { readonly buffer: Buffer }) => Promise<Buffer>;

/**
 * Registers decompressors with a size limit. By itself kafkajs supports only gzip, without a limit;
 * any other compression would crash the consumer at the same record again and again. The connector
 * never writes compressed records. Safe to call more than once per process.
 */
export function registerCodecs(limit = UNPACKED_LIMIT): void {
  const { CompressionCodecs, CompressionTypes } = kafkajs;
  const bound = { maxOutputLength: limit };
  const gunzip = promisify<Buffer, typeof bound, Buffer>(unzip);
  const unzstd = promisify<Buffer, typeof bound, Buffer>(zstdDecompress);
  const toGzip = promisify<Buffer, Buffer>(gzip);
  const toZstd = promisify<Buffer, Buffer>(zstdCompress);
  const register = (type: Packed, unpack: Unpack, pack: Pack = refuse) => {
    CompressionCodecs[type] = () => ({
      compress: pack,
      decompress: async (packed: Buffer) => unpackOrLose(packed, unpack),
    });
  };
  register(
    CompressionTypes.GZIP,
    async (packed) => gunzip(packed, bound),
    async ({ buffer }) => toGzip(buffer),
  );
  register(
    CompressionTypes.ZSTD,
    async (packed) => unzstd(packed, bound),
    async ({ buffer }) => toZstd(buffer),
  );
  register(CompressionTypes.Snappy, (packed) => unpackSnappy(packed, limit));
  register(CompressionTypes.LZ4, (packed) => unpackLz4(packed, limit));
}

async function unpackOrLose(packed: Buffer, unpack: Unpack): Promise<Buffer> {
  try {
    return await unpack(packed);
  } catch (error) {
    const lost = lostRecords(packed, isBomb(error) ? 'TOO_LARGE' : 'DAMAGED');
    if (lost === null) throw error;
    return lost;
  }
}

function isBomb(error: unknown): boolean {
  if (error instanceof TooManyBytes) return true;
  return error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
}

async function refuse(): Promise<never> {
  throw new Error('messages cannot be written with this compression');
}

/** A growing byte buffer that can repeat its own content: the output of an LZ77 decompressor. */
class ByteSink {
  readonly #limit: number;
  #held: Buffer;
  #length = 0;

  /** Never holds more than `limit` bytes: a few compressed bytes can expand to gigabytes. */
  constructor(expected: number, limit: number) {
    this.#limit = limit;
    this.#held = Buffer.allocUnsafe(Math.min(Math.max(expected, 64), limit));
  }

  append(source: Buffer, from: number, length: number): void {
    if (from + length > source.length) throw new RangeError('the LZ4 data is truncated');
    this.#makeRoom(length);
    source.copy(this.#held, this.#length, from, from + length);
    this.#length += length;
  }

  /**
   * Appends a copy of the `length` bytes that start `distance` bytes before the end. The range may
   * reach into the bytes being appended.
   */
  repeat(distance: number, length: number): void {
    if (distance < 1 || distance > this.#length) {
      throw new RangeError('an LZ4 match points before the start of the data');
    }
    this.#makeRoom(length);
    const start = this.#length - distance;
    // Each pass copies everything since `start`, so the copied length doubles.
    for (let done = 0; done < length;) {
      const copied = Math.min(distance + done, length - done);
      this.#held.copy(this.#held, this.#length + done, start, start + copied);
      done += copied;
    }
    this.#length += length;
  }

  bytes(): Buffer {
    return this.#held.subarray(0, this.#length);
  }

  #makeRoom(length: number): void {
    const needed = this.#length + length;
    if (needed > this.#limit) throw new TooManyBytes(this.#limit);
    if (needed <= this.#held.length) return;
    const doubled = Math.min(this.#held.length * 2, this.#limit);
    const larger = Buffer.allocUnsafe(Math.max(needed, doubled));
    this.#held.copy(larger, 0, 0, this.#length);
    this.#held = larger;
  }
}

/** The unpacked size exceeds the limit. */
class TooManyBytes extends RangeError {
  constructor(limit: number) {
    super(`unpacks to more than ${limit} bytes`);
  }
}

const MAGIC = 0x184d2204;
const HAS_BLOCK_CHECKSUM = 0x10;
const HAS_CONTENT_SIZE = 0x08;
const HAS_DICTIONARY = 0x01;
const IS_STORED = 0x80000000;

/**
 * Unpacks an LZ4 frame: https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md. Checksums are
 * not verified: Kafka's own checksum covers the whole batch, and old Java clients compute the LZ4
 * header checksum incorrectly.
 */
export function unpackLz4(packed: Buffer, limit: number): Buffer {
  if (packed.readUInt32LE(0) !== MAGIC) throw new Error('not an LZ4 frame');
  const flags = packed.readUInt8(4);
  if (flags & HAS_DICTIONARY) throw new Error('LZ4 frames with a dictionary are not supported');
  const sink = new ByteSink(packed.length * 4, limit);
  let at = flags & HAS_CONTENT_SIZE ? 15 : 7;
  for (;;) {
    const size = packed.readUInt32LE(at);
    at += 4;
    if (size === 0) return sink.bytes();
    const length = size & ~IS_STORED;
    if (size >= IS_STORED) sink.append(packed, at, length);
    else unpackLz4Block(packed.subarray(at, at + length), sink);
    at += length + (flags & HAS_BLOCK_CHECKSUM ? 4 : 0);
  }
}

/** https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md */
function unpackLz4Block(block: Buffer, sink: ByteSink): void {
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

/**
 * Magic bytes of the frame that Java clients put around Snappy blocks. librdkafka sends one block
 * without a frame.
 */
const XERIAL_MAGIC = Buffer.from('\x82SNAPPY\0', 'latin1');
const XERIAL_HEADER_BYTES = 16;

/** https://github.com/google/snappy/blob/main/format_description.txt */
export function unpackSnappy(packed: Buffer, limit: number): Buffer {
  const sink = new ByteSink(packed.length * 4, limit);
  if (!packed.subarray(0, XERIAL_MAGIC.length).equals(XERIAL_MAGIC)) {
    unpackSnappyBlock(packed, sink);
    return sink.bytes();
  }
  let at = XERIAL_HEADER_BYTES;
  while (at < packed.length) {
    const length = packed.readUInt32BE(at);
    unpackSnappyBlock(packed.subarray(at + 4, at + 4 + length), sink);
    at += 4 + length;
  }
  return sink.bytes();
}

function unpackSnappyBlock(block: Buffer, sink: ByteSink): void {
  let at = 0;
  while (block.readUInt8(at++) >= 0x80); // skips the length, which the sink does not need
  while (at < block.length) {
    const tag = block.readUInt8(at++);
    const kind = tag & 3;
    if (kind === 0) {
      const short = tag >> 2;
      const extra = Math.max(short - 59, 0); // `short` 60 to 63: the length follows in 1 to 4 bytes
      const length = (extra > 0 ? block.readUIntLE(at, extra) : short) + 1;
      sink.append(block, at + extra, length);
      at += extra + length;
    } else if (kind === 1) {
      sink.repeat(((tag >> 5) << 8) | block.readUInt8(at), ((tag >> 2) & 7) + 4);
      at += 1;
    } else {
      const width = kind === 2 ? 2 : 4;
      sink.repeat(block.readUIntLE(at, width), (tag >> 2) + 1);
      at += width;
    }
  }
}
