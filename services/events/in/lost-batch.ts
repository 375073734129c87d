import type { RecordHeaders } from '../kafka/kafka-port.js';

/**
 * Marks a record whose content is lost. kafkajs crashes on a batch that it cannot unpack, and
 * crashes on the same batch again after a restart. That stops every partition the consumer reads.
 * So the batch is replaced by empty records with this header, one for each record that the batch
 * declares. `parseEvent` treats them as dead letters: the partition continues, and each lost record
 * is reported with its offset.
 */
const LOST_HEADER = 'discord-connector-unreadable-batch';

const REASONS = {
  TOO_LARGE:
    'the record itself is at the source offset; its compressed batch is too large to unpack',
  DAMAGED: 'the record itself is at the source offset; its compressed batch is damaged',
} as const;

export type Loss = keyof typeof REASONS;

/**
 * Returns why the record's content is lost; null if it is not lost. The text comes from REASONS,
 * never from the header.
 */
export function reasonOfLoss(headers: RecordHeaders): string | null {
  if (!Object.hasOwn(headers, LOST_HEADER)) return null;
  const sent = headers[LOST_HEADER];
  const isBomb = Buffer.isBuffer(sent) && sent.toString() === 'TOO_LARGE';
  return REASONS[isBomb ? 'TOO_LARGE' : 'DAMAGED'];
}

/** kafkajs itself cannot handle more records from one batch. */
const MAX_RECORDS = 100_000;

/**
 * Sizes and field positions of a record batch header, format 2:
 * https://kafka.apache.org/documentation/#recordbatch
 */
const HEADER_BYTES = 61;
const AT = { length: 8, magic: 16, lastOffsetDelta: 23, count: 57 } as const;
const BYTES_BEFORE_LENGTH = 12;

/**
 * Returns as many empty records as the batch declares, the last one with the batch's last offset.
 * Null if the batch header is unreadable.
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

/**
 * Returns the batch header, which precedes the packed data in kafkajs' buffer. Null if the bytes
 * there are not the header of this batch.
 */
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
    varint(0), // same timestamp as the batch's first record
    varint(offsetDelta),
    varint(-1), // no key
    varint(-1), // no value
    varint(1), // one header
    ...[LOST_HEADER, loss].flatMap((text) => [varint(text.length), Buffer.from(text)]),
  ]);
  return Buffer.concat([varint(body.length), body]);
}

/** Encodes a zigzag varint: seven bits per byte, lowest first. */
function varint(value: number): Buffer {
  const bytes: number[] = [];
  let left = value < 0 ? -value * 2 - 1 : value * 2;
  for (; left >= 0x80; left = Math.floor(left / 0x80)) bytes.push((left % 0x80) | 0x80);
  return Buffer.from([...bytes, left]);
}
