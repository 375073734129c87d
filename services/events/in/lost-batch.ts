import type { RecordHeaders } from '../kafka/kafka-port.js';

/**
 * kafkajs crashes on a batch that cannot be unpacked, is reopened and crashes again, and with it
 * every partition it reads. Such a batch is therefore read as one record without content for each
 * record it holds, with a header that makes `parseEvent` treat it as a dead letter. The partition
 * continues, and each loss is reported with its offset.
 */
const LOST_HEADER = 'discord-connector-unreadable-batch';

const REASONS = {
  TOO_LARGE:
    'the record itself is at the source offset; its compressed batch is too large to unpack',
  DAMAGED: 'the record itself is at the source offset; its compressed batch is damaged',
} as const;

export type Loss = keyof typeof REASONS;

/**
 * Why the record has no content; null for every other record. The text comes from the table above,
 * never from the header.
 */
export function reasonOfLoss(headers: RecordHeaders): string | null {
  if (!Object.hasOwn(headers, LOST_HEADER)) return null;
  const sent = headers[LOST_HEADER];
  const isBomb = Buffer.isBuffer(sent) && sent.toString() === 'TOO_LARGE';
  return REASONS[isBomb ? 'TOO_LARGE' : 'DAMAGED'];
}

/** More of them kafkajs itself cannot take from one batch. */
const MAX_RECORDS = 100_000;

/**
 * Of a batch in format 2, counted from the beginning of its records:
 * https://kafka.apache.org/documentation/#recordbatch
 */
const HEADER_BYTES = 61;
const AT = { length: 8, magic: 16, lastOffsetDelta: 23, count: 57 } as const;
const BYTES_BEFORE_LENGTH = 12;

/**
 * As many unpacked records as the batch declares, the last one at its last offset; null if the
 * header is unreadable.
 */
export function lostRecords(packed: Buffer, loss: Loss): Buffer | null {
  const header = headerBefore(packed);
  if (header === null) return null;
  const count = header.readInt32BE(AT.count);
  const lastDelta = header.readInt32BE(AT.lastOffsetDelta);
  if (count < 1 || count > MAX_RECORDS || lastDelta < count - 1) return null;
  const records: Buffer[] = [];
  for (let index = 0; index < count - 1; index++) records.push(lostRecord(index, loss));
  return Buffer.concat([...records, lostRecord(lastDelta, loss)]);
}

/** kafkajs hands over a view of the broker's bytes; the batch header is right before it. */
function headerBefore(packed: Buffer): Buffer | null {
  const start = packed.byteOffset - HEADER_BYTES;
  if (start < 0) return null;
  const header = Buffer.from(packed.buffer, start, HEADER_BYTES);
  const length = HEADER_BYTES - BYTES_BEFORE_LENGTH + packed.length;
  const isOurs = header.readInt8(AT.magic) === 2 && header.readInt32BE(AT.length) === length;
  return isOurs ? header : null;
}

function lostRecord(offsetDelta: number, loss: Loss): Buffer {
  const body = Buffer.concat([
    Buffer.from([0]), // attributes
    varint(0), // after the batch's first timestamp
    varint(offsetDelta),
    varint(-1), // no key
    varint(-1), // no value
    varint(1), // one header
    ...[LOST_HEADER, loss].flatMap((text) => [varint(text.length), Buffer.from(text)]),
  ]);
  return Buffer.concat([varint(body.length), body]);
}

/** Zigzag, seven bits a byte, the lowest first. */
function varint(value: number): Buffer {
  const bytes: number[] = [];
  let left = value < 0 ? -value * 2 - 1 : value * 2;
  for (; left >= 0x80; left = Math.floor(left / 0x80)) bytes.push((left % 0x80) | 0x80);
  return Buffer.from([...bytes, left]);
}
