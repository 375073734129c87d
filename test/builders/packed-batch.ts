import { gzipSync, zstdCompressSync } from 'node:zlib';

/** As Kafka numbers them in a batch's attributes. */
export const CODECS = { gzip: 1, snappy: 2, lz4: 3, zstd: 4 } as const;

export interface PackedBatch {
  readonly codec: keyof typeof CODECS;
  /** What stands where the records belong. */
  readonly packed: Buffer;
  readonly baseOffset: number;
  /** How many it says it holds. */
  readonly count: number;
  readonly lastOffsetDelta?: number;
}

/**
 * Batches of records in format 2, as a broker answers a fetch: their size, then one after the
 * other.
 */
export function fetched(...batches: readonly PackedBatch[]): Buffer {
  const bytes = Buffer.concat(batches.map(batchOf));
  return Buffer.concat([int32(bytes.length), bytes]);
}

function batchOf(its: PackedBatch): Buffer {
  const { codec, packed, baseOffset, count } = its;
  const header = Buffer.alloc(61);
  header.writeBigInt64BE(BigInt(baseOffset), 0);
  header.writeInt32BE(61 - 12 + packed.length, 8);
  header.writeInt8(2, 16);
  header.writeInt16BE(CODECS[codec], 21);
  header.writeInt32BE(its.lastOffsetDelta ?? count - 1, 23);
  header.writeBigInt64BE(BigInt(Date.UTC(2026, 2, 14)), 27);
  header.writeBigInt64BE(BigInt(Date.UTC(2026, 2, 14)), 35);
  header.writeInt32BE(count, 57);
  return Buffer.concat([header, packed]);
}

/** Few bytes that unpack to at least `bytes` zeros. */
export function bombOf(codec: keyof typeof CODECS, bytes: number): Buffer {
  if (codec === 'gzip') return gzipSync(Buffer.alloc(bytes));
  if (codec === 'zstd') return zstdCompressSync(Buffer.alloc(bytes));
  return codec === 'lz4' ? lz4Bomb(bytes) : snappyBomb(bytes);
}

/** One letter, and "repeat what stood one byte ago" so many times. */
function lz4Bomb(bytes: number): Buffer {
  const more = Buffer.alloc(Math.ceil(bytes / 255) + 1, 255);
  more[more.length - 1] = 0;
  const block = Buffer.concat([Buffer.from([0x1f, 0, 1, 0]), more]);
  const magic = Buffer.from([0x04, 0x22, 0x4d, 0x18, 0x60, 0x70, 0x73]);
  const end = Buffer.alloc(4);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(block.length);
  return Buffer.concat([magic, length, block, end]);
}

function snappyBomb(bytes: number): Buffer {
  const repeat64 = Buffer.from([(63 << 2) | 2, 1, 0]);
  const repeats = Array.from({ length: Math.ceil(bytes / 64) }, () => repeat64);
  return Buffer.concat([Buffer.from([0xff, 0xff, 0xff, 0x7f, 0, 0]), ...repeats]);
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}
