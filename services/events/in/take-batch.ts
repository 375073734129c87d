import { backoffMs } from '../../lib/backoff.js';
import { messageOf, TerminalError } from '../../lib/errors.js';
import type { Logger } from '../../lib/logger.js';
import type { OpenSpan } from '../../lib/trace.js';
import type { FactOutcome } from '../../model.js';
import type { Produce, RecordBatch } from '../kafka/kafka-port.js';
import { pause } from '../pause.js';
import type { ApplyFacts, EventObserver } from '../ports.js';
import { deadLetter, deadLetterTopic, strippedDeadLetter } from './dead-letter.js';
import {
  type AppliedChunk,
  type BrokenRecord,
  countEvents,
  type EventChunk,
  eventChunks,
  type EventCounter,
  type FactRecord,
} from './event-chunks.js';

/** The error code of `Produce` for a record the broker will never accept. */
const TOO_LARGE = 'RECORD_TOO_LARGE';

interface TakeBatchDeps {
  readonly applyFacts: ApplyFacts;
  readonly deadLetters: Produce;
  readonly persist: Persist;
  readonly counter: EventCounter;
  readonly logger: Logger;
  readonly stopping: AbortSignal;
  readonly observer?: EventObserver;
}

/**
 * Processes one batch of a partition chunk by chunk: writes facts to the store and broken records
 * to the dead-letter topic, then commits. An uncommitted record is redelivered, and has no effect
 * the second time.
 */
export async function takeBatch(batch: RecordBatch, deps: TakeBatchDeps): Promise<void> {
  const [first] = batch.records;
  if (first) reportProgress(deps, batch, { next: BigInt(first.offset), isBusy: true });
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

function reportProgress(
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
  if (dead.length > 0) await bury(batch, dead, deps);
  counter.countRest({ skipped: chunk.skipped, deadLettered: dead.length });
  // Commit last: only now is the whole chunk durable.
  await batch.commit(chunk.lastOffset);
  reportProgress(deps, batch, { next: BigInt(chunk.lastOffset) + 1n, isBusy: true });
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

/** Compares by offset. Offsets are 64-bit numbers in decimal, so they need BigInt. */
function byOffset(a: BrokenRecord, b: BrokenRecord): number {
  return Number(BigInt(a.record.offset) - BigInt(b.record.offset));
}

/** The store's error code for a fact whose content it rejects. */
const UNREADABLE = 'UNREADABLE_FACT';

/**
 * Applies all facts in order. If the store rejects the content of some facts, applies each half in
 * its own transaction, and so on, until each rejected fact is alone. The first half goes first,
 * which keeps the order of the partition.
 */
export async function applyChunk(
  facts: readonly FactRecord[],
  applyFacts: ApplyFacts,
): Promise<AppliedChunk> {
  const outcomes: FactOutcome[] = [];
  const refused: BrokenRecord[] = [];
  const waiting = facts.length > 0 ? [facts] : [];
  for (let part = waiting.shift(); part; part = waiting.shift()) {
    try {
      outcomes.push(...(await applyFacts(part.map(({ fact }) => fact))));
    } catch (error) {
      if (!hasCode(error, UNREADABLE)) throw error;
      const [first] = part;
      if (first && part.length === 1) {
        refused.push({ record: first.record, reason: error.message });
        continue;
      }
      const middle = Math.ceil(part.length / 2);
      waiting.unshift(part.slice(0, middle), part.slice(middle));
    }
  }
  return { outcomes, refused };
}

/**
 * Returns copies of the facts whose causes continue the trace of their record. Call `end` once the
 * facts are applied.
 */
function traceFacts(
  facts: readonly FactRecord[],
  traceRecord: EventObserver['traceRecord'],
): { readonly facts: readonly FactRecord[]; readonly end: () => void } {
  if (traceRecord === null) return { facts, end: () => undefined };
  const spans: OpenSpan[] = [];
  const traced = facts.map(({ record, fact }): FactRecord => {
    const span = traceRecord(record);
    spans.push(span);
    const cause = { ...fact.cause, traceparent: span.traceparent };
    return { record, fact: { ...fact, cause } };
  });
  return { facts: traced, end: () => spans.forEach((span) => span.end()) };
}

/** Thrown to abandon the current batch: this process is stopping, or has lost the partition. */
class BatchInterrupted extends Error {}

interface PersistDeps {
  readonly logger: Logger;
  readonly random: () => number;
  readonly stopping: AbortSignal;
  readonly heartbeatMs: number;
  readonly retry: { readonly baseMs: number; readonly maxMs: number };
  /**
   * While the work fails, receives the reason why the process is not ready. Receives null once the
   * work has succeeded or has been abandoned.
   */
  readonly report: (trouble: string | null) => void;
}

interface PersistentWork<T> {
  /** Name of the work in log lines and reasons. */
  readonly what: string;
  /**
   * Code of a `TerminalError` that a retry cannot fix. The work is then not retried, and the caller
   * gets the error.
   */
  readonly unless: string;
  readonly work: () => Promise<T>;
}

type Persist = <T>(batch: RecordBatch, work: PersistentWork<T>) => Promise<T>;

/**
 * Retries the work until it succeeds, however long its dependency is unreachable, and keeps the
 * partition with heartbeats. Stops retrying after an `unless` error, or between retries if the
 * process is stopping or the partition is lost.
 */
export function createPersist(deps: PersistDeps): Persist {
  return async (batch, { what, unless, work }) => {
    try {
      for (let attempt = 0; ; attempt++) {
        try {
          return await whileBeating(batch, deps.heartbeatMs, work);
        } catch (error) {
          if (hasCode(error, unless)) throw error;
          const { topic, partition } = batch;
          const waitMs = backoffMs(attempt, { ...deps.retry, random: deps.random });
          deps.report(`${what} failed: ${messageOf(error)}`);
          deps.logger.warn(
            { err: error, topic, partition, attempt, waitMs },
            `${what} failed, retrying`,
          );
          await pauseBeating(batch, waitMs, deps);
        }
      }
    } finally {
      deps.report(null);
    }
  };
}

function hasCode(error: unknown, code: string): error is TerminalError {
  return error instanceof TerminalError && error.code === code;
}

/**
 * Sends heartbeats during the work. A failed heartbeat does not stop the work, whose result can
 * still be committed if the consumer group accepts it.
 */
async function whileBeating<T>(
  batch: RecordBatch,
  everyMs: number,
  work: () => Promise<T>,
): Promise<T> {
  const timer = setInterval(() => {
    batch.heartbeat().catch(() => undefined);
  }, everyMs);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}

/**
 * Sends heartbeats during a pause. A failed heartbeat throws here, which ends the retries, because
 * the partition is lost.
 */
async function pauseBeating(
  batch: RecordBatch,
  ms: number,
  { stopping, heartbeatMs }: PersistDeps,
): Promise<void> {
  for (let left = ms; left > 0; left -= heartbeatMs) {
    await pause(Math.min(left, heartbeatMs), stopping);
    if (stopping.aborted || batch.isAbandoned()) throw new BatchInterrupted();
    await batch.heartbeat();
  }
}
