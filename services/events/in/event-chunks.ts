import type { PlatformFact } from '../../model.js';
import type { KafkaRecord } from '../kafka/kafka-port.js';
import { parseEvent } from './parse-event.js';

export interface FactRecord {
  readonly record: KafkaRecord;
  readonly fact: PlatformFact;
}

export interface BrokenRecord {
  readonly record: KafkaRecord;
  readonly reason: string;
}

/** Neighbours of one partition that are stored and committed together. */
export interface EventChunk {
  readonly facts: FactRecord[];
  readonly broken: BrokenRecord[];
  readonly skipped: number;
  readonly lastOffset: string;
}

/**
 * The most records of one transaction, which locks the rows it writes and makes other writers wait.
 */
const MAX_RECORDS = 500;
const MAX_ROWS = 20_000;

/** Parses as it goes, so that only the chunk in hand is held in parsed form. */
export function* eventChunks(
  records: readonly KafkaRecord[],
  maxRecords = MAX_RECORDS,
): Generator<EventChunk> {
  let facts: FactRecord[] = [];
  let broken: BrokenRecord[] = [];
  let skipped = 0;
  let rows = 0;
  for (const [index, record] of records.entries()) {
    const parsed = parseEvent(record);
    if (parsed.kind === 'fact') facts.push({ record, fact: parsed.fact });
    if (parsed.kind === 'broken') broken.push({ record, reason: parsed.reason });
    if (parsed.kind === 'skip') skipped += 1;
    if (parsed.kind === 'fact') rows += rowsOf(parsed.fact);

    const taken = facts.length + broken.length + skipped;
    const isLast = index === records.length - 1;
    if (!isLast && taken < maxRecords && rows < MAX_ROWS) continue;
    yield { facts, broken, skipped, lastOffset: record.offset };
    [facts, broken, skipped, rows] = [[], [], 0, 0];
  }
}

function rowsOf(fact: PlatformFact): number {
  return fact.kind === 'membershipSnapshot' ? fact.groupIds.length + 1 : 1;
}
