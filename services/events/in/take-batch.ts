import type { Logger } from '../../lib/logger.js';
import { applyChunk, UNREADABLE } from './apply-chunk.js';
import { deadLetter, deadLetterTopic, strippedDeadLetter } from './dead-letter.js';
import { eventChunks, type BrokenRecord, type EventChunk } from './event-chunks.js';
import { countEvents } from './count-events.js';
import type { EventCounter } from './event-counter.js';
import type { Produce, RecordBatch } from '../kafka/kafka-port.js';
import { hasCode, BatchInterrupted, type Persist } from './persist.js';
import type { EventObserver } from './observer.js';
import type { ApplyFacts } from '../ports.js';
import { traceFacts } from './trace-facts.js';

/** See `Produce`. */
const TOO_LARGE = 'RECORD_TOO_LARGE';

export interface TakeBatchDeps {
  readonly applyFacts: ApplyFacts;
  readonly deadLetters: Produce;
  readonly persist: Persist;
  readonly counter: EventCounter;
  readonly logger: Logger;
  readonly stopping: AbortSignal;
  readonly observer?: EventObserver;
}

/**
 * Processes one batch of a partition chunk by chunk: facts into the store, broken records to the
 * dead letters, then the commit. A record that is not committed is redelivered, and changes nothing
 * the second time.
 */
export async function takeBatch(batch: RecordBatch, deps: TakeBatchDeps): Promise<void> {
  const [first] = batch.records;
  if (first) tellProgress(deps, batch, { next: BigInt(first.offset), isBusy: true });
  try {
    for (const chunk of eventChunks(batch.records)) {
      if (deps.stopping.aborted || batch.isAbandoned()) return;
      await takeChunk(batch, chunk, deps);
      await batch.heartbeat();
    }
  } catch (error) {
    if (!(error instanceof BatchInterrupted)) throw error;
  }
}

function tellProgress(
  { observer }: TakeBatchDeps,
  { topic, partition, endOffset, records }: RecordBatch,
  { next, isBusy }: { readonly next: bigint; readonly isBusy: boolean },
): void {
  if (!observer) return;
  const behind = endOffset === undefined ? null : Math.max(0, Number(BigInt(endOffset) - next));
  const isLast = records.at(-1)?.offset === String(next - 1n);
  observer.progress({ topic, partition, behind, isBusy: isBusy && !isLast });
}

async function takeChunk(
  batch: RecordBatch,
  chunk: EventChunk,
  deps: TakeBatchDeps,
): Promise<void> {
  const { persist, counter, logger } = deps;
  const applyFacts: ApplyFacts = async (facts) =>
    persist(batch, {
      what: 'applying facts',
      unless: UNREADABLE,
      work: async () => deps.applyFacts(facts),
    });

  const traced = traceFacts(chunk.facts, deps.observer?.traceRecord ?? null);
  const applied = await applyChunk(traced.facts, applyFacts).finally(traced.end);
  const { outcomes, refused } = applied;
  counter.countVerdicts(outcomes.map(({ verdict }) => verdict));
  const dead = [...chunk.broken, ...refused].sort(byOffset);
  await bury(batch, dead, deps);
  counter.countRest({ skipped: chunk.skipped, deadLettered: dead.length });
  // the order that matters: only now is all of it durable
  await batch.commit(chunk.lastOffset);
  tellProgress(deps, batch, {
    next: BigInt(chunk.lastOffset) + 1n,
    isBusy: true,
  });
  deps.observer?.events({
    topic: batch.topic,
    counts: countEvents(chunk, applied),
    deadLetters: dead.length,
  });

  const { topic, partition } = batch;
  const { facts, skipped, lastOffset } = chunk;
  logger.debug(
    {
      topic,
      partition,
      lastOffset,
      facts: facts.length,
      skipped,
      deadLettered: dead.length,
    },
    'events received',
  );
}

async function bury(
  batch: RecordBatch,
  dead: readonly BrokenRecord[],
  deps: TakeBatchDeps,
): Promise<void> {
  if (dead.length === 0) return;
  const topic = deadLetterTopic(batch.topic);
  const send: typeof deps.deadLetters = async (to, records) =>
    deps.persist(batch, {
      what: 'writing dead letters',
      unless: TOO_LARGE,
      work: async () => deps.deadLetters(to, records),
    });
  try {
    await send(topic, dead.map(deadLetter));
  } catch (error) {
    if (!hasCode(error, TOO_LARGE)) throw error;
    for (const each of dead) await buryOne(topic, each, send);
  }
  for (const { record, reason } of dead) {
    const { topic, partition, offset } = record;
    deps.logger.warn({ topic, partition, offset, reason }, 'dead letter');
  }
}

async function buryOne(topic: string, broken: BrokenRecord, send: Produce): Promise<void> {
  try {
    await send(topic, [deadLetter(broken)]);
  } catch (error) {
    if (!hasCode(error, TOO_LARGE)) throw error;
    await send(topic, [strippedDeadLetter(broken)]);
  }
}

/** Offsets are 64-bit numbers in decimal. */
function byOffset(a: BrokenRecord, b: BrokenRecord): number {
  return Number(BigInt(a.record.offset) - BigInt(b.record.offset));
}
