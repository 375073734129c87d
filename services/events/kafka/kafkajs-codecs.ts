import { promisify } from 'node:util';
import { gzip, unzip, zstdCompress, zstdDecompress } from 'node:zlib';

import kafkajs from 'kafkajs';

import { TooManyBytes } from './byte-sink.js';
import { lostRecords } from '../in/lost-batch.js';
import { unpackLz4 } from './unpack-lz4.js';
import { unpackSnappy } from './unpack-snappy.js';

/**
 * Limit for one unpacked batch. A fetch asks for 1 MiB of a partition, which is also a broker's
 * default limit for one batch. JSON compresses to a tenth, very repetitive JSON to a fiftieth.
 */
export const UNPACKED_LIMIT = 64 * 1024 * 1024;

type Unpack = (packed: Buffer) => Buffer | Promise<Buffer>;
type Packed = keyof typeof kafkajs.CompressionCodecs;
type Pack = (its: { readonly buffer: Buffer }) => Promise<Buffer>;

/**
 * kafkajs supports only gzip, and without a bound. Any other compression of the platform's
 * producers would crash the consumer at the same record again and again. The connector writes
 * nothing compressed. Call this once a process; repeating it is harmless.
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
  throw new Error('this compression can only be read');
}
