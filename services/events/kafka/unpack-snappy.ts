import { ByteSink } from './byte-sink.js';

/** What Java's clients put around blocks; librdkafka sends one bare block. */
const XERIAL_MAGIC = Buffer.from('\x82SNAPPY\0', 'latin1');
const XERIAL_HEADER_BYTES = 16;

/** https://github.com/google/snappy/blob/main/format_description.txt */
export function unpackSnappy(packed: Buffer, limit: number): Buffer {
  const sink = new ByteSink(packed.length * 4, limit);
  if (!packed.subarray(0, XERIAL_MAGIC.length).equals(XERIAL_MAGIC)) {
    unpackBlock(packed, sink);
    return sink.bytes();
  }
  let at = XERIAL_HEADER_BYTES;
  while (at < packed.length) {
    const length = packed.readUInt32BE(at);
    unpackBlock(packed.subarray(at + 4, at + 4 + length), sink);
    at += 4 + length;
  }
  return sink.bytes();
}

function unpackBlock(block: Buffer, sink: ByteSink): void {
  let at = 0;
  while (block.readUInt8(at++) >= 0x80); // the length, which the sink need not know
  while (at < block.length) {
    const tag = block.readUInt8(at++);
    const kind = tag & 3;
    if (kind === 0) {
      const short = tag >> 2;
      const extra = Math.max(short - 59, 0); // 60 to 63: the length follows in 1 to 4 bytes
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
