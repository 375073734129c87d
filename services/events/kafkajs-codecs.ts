import { promisify } from 'node:util';
import { zstdCompress, zstdDecompress } from 'node:zlib';

import kafkajs from 'kafkajs';

import { unpackLz4 } from './unpack-lz4.js';
import { unpackSnappy } from './unpack-snappy.js';

/**
 * kafkajs brings gzip alone; whatever else the platform's producers compress with would crash the consumer at the same record
 * again and again. Nothing is written compressed here. Once a process; again is harmless.
 */
export function registerCodecs(): void {
  const { CompressionCodecs, CompressionTypes } = kafkajs;
  const zstd = promisify(zstdCompress);
  const unzstd = promisify(zstdDecompress);
  CompressionCodecs[CompressionTypes.ZSTD] = () => ({
    compress: async ({ buffer }: { buffer: Buffer }) => zstd(buffer),
    decompress: async (packed: Buffer) => unzstd(packed),
  });
  CompressionCodecs[CompressionTypes.Snappy] = () => readOnly(unpackSnappy);
  CompressionCodecs[CompressionTypes.LZ4] = () => readOnly(unpackLz4);
}

function readOnly(unpack: (packed: Buffer) => Buffer) {
  return {
    compress: async (): Promise<never> => {
      throw new Error('this compression is read only');
    },
    decompress: async (packed: Buffer) => unpack(packed),
  };
}
