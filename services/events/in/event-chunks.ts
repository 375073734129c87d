import type { FactOutcome, FactVerdict, PlatformFact } from '../../model.js';
import type { KafkaRecord } from '../kafka/kafka-port.js';
import type { EventCount } from '../ports.js';
import { parseEvent } from './parse-event.js';

export interface FactRecord {
  readonly record: KafkaRecord;
  readonly fact: PlatformFact;
}

export interface BrokenRecord {
  readonly record: KafkaRecord;
  readonly reason: string;
}

/** Consecutive records of one partition that are stored and committed together. */
export interface EventChunk {
  readonly facts: FactRecord[];
  readonly broken: BrokenRecord[];
  readonly skipped: number;
  readonly lastOffset: string;
}

/**
 * Maximum records per transaction. A transaction locks the rows it writes, so other writers wait
 * for it.
 */
const MAX_RECORDS = 500;

const MAX_ROWS = 20_000;

/**
 * Splits records into chunks. Parses lazily, so that only one chunk at a time is in memory in
 * parsed form.
 */
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

export interface AppliedChunk {
  readonly outcomes: readonly FactOutcome[];
  /** Facts whose content the store rejected. */
  readonly refused: readonly BrokenRecord[];
}

/**
 * The metric label of each known event type. Broken records are counted as `unreadable`, skipped
 * records as `foreign`.
 */
const TYPES: Readonly<Record<PlatformFact['kind'], string>> = {
  membershipChanged: 'platform.group.membership.changed.v1',
  membershipSnapshot: 'platform.group.membership.snapshot.v1',
  userChanged: 'platform.user.changed.v1',
  userDeleted: 'platform.user.deleted.v1',
  groupChanged: 'platform.group.changed.v1',
  groupDeleted: 'platform.group.deleted.v1',
};

/** Counts the results of a chunk by event type. */
export function countEvents(
  chunk: EventChunk,
  { outcomes, refused }: AppliedChunk,
): readonly EventCount[] {
  const counts = new Map<string, EventCount>();
  const add = (type: string, result: string, times = 1) => {
    if (times === 0) return;
    const key = `${type} ${result}`;
    const before = counts.get(key)?.times ?? 0;
    counts.set(key, { type, result, times: before + times });
  };
  const buried = new Set(refused.map(({ record }) => record));
  // There is one outcome per fact that was not refused, in order.
  let at = 0;
  for (const { record, fact } of chunk.facts) {
    const type = TYPES[fact.kind];
    if (buried.has(record)) add(type, 'dead_lettered');
    else add(type, resultOf(outcomes[at++]));
  }
  add('unreadable', 'dead_lettered', chunk.broken.length);
  add('foreign', 'skipped', chunk.skipped);
  return [...counts.values()];
}

/**
 * Returns the metric label of an outcome. A fact that is stale because its user or group was
 * deleted has its own label: the order of the facts was not the reason.
 */
function resultOf(outcome: FactOutcome | undefined): string {
  if (outcome === undefined) return 'applied';
  const [loss] = outcome.losses;
  if (outcome.verdict === 'stale' && loss !== undefined) {
    if (loss.outrankedBy.kind === 'userDeleted') return 'user_deleted';
    if (loss.outrankedBy.kind === 'groupDeleted') return 'group_deleted';
  }
  return outcome.verdict;
}

/** Counts since the process started. A redelivered record counts again. */
export interface EventCounts {
  readonly applied: number;
  readonly unchanged: number;
  readonly stale: number;
  readonly partial: number;
  readonly skipped: number;
  readonly deadLettered: number;
}

export interface EventCounter {
  countVerdicts(verdicts: readonly FactVerdict[]): void;
  countRest(rest: Pick<EventCounts, 'skipped' | 'deadLettered'>): void;
  counts(): EventCounts;
}

export function createEventCounter(): EventCounter {
  const counts = {
    applied: 0,
    unchanged: 0,
    stale: 0,
    partial: 0,
    skipped: 0,
    deadLettered: 0,
  };
  return {
    countVerdicts: (verdicts) => {
      for (const verdict of verdicts) counts[verdict] += 1;
    },
    countRest: ({ skipped, deadLettered }) => {
      counts.skipped += skipped;
      counts.deadLettered += deadLettered;
    },
    counts: () => ({ ...counts }),
  };
}
