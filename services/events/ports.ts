/**
 * The interfaces that the event modules depend on.
 * In: facts from the platform, and the outbox. Out: records on the broker.
 * Never: an offset committed before the facts up to it are in the database.
 */
import type { OpenSpan } from '../lib/trace.js';
import type { FactOutcome, OutboxEvent, PlatformFact } from '../model.js';
import type { KafkaRecord } from './kafka/kafka-port.js';

/**
 * Applies all facts in one transaction; if it fails, none is applied. Outcomes are in the order of
 * the facts.
 */
export type ApplyFacts = (facts: readonly PlatformFact[]) => Promise<readonly FactOutcome[]>;

export interface Outbox {
  /**
   * Passes at most `limit` events, oldest first, to `send`, and deletes them once `send` resolves.
   * Resolves to the number of sent events. If `send` throws, nothing is deleted. Only one process
   * drains at a time; in every other process `drain` resolves to 0.
   */
  drain(limit: number, send: (events: readonly OutboxEvent[]) => Promise<void>): Promise<number>;
  /** Calls `wake` whenever events may be waiting. Resolves to an unsubscribe function. */
  onPending(wake: () => void): Promise<() => Promise<void>>;
}

/** Receives the progress of event processing. */
export interface EventObserver {
  /** Receives the results of finished records, by event type. */
  events(taken: {
    readonly topic: string;
    readonly counts: readonly EventCount[];
    readonly deadLetters: number;
  }): void;
  progress(progress: {
    readonly topic: string;
    readonly partition: number;
    /** Number of records after the last finished one; null if the broker did not report it. */
    readonly behind: number | null;
    readonly isBusy: boolean;
  }): void;
  /** Receives the partitions now assigned to this process, by topic. */
  assigned(partitions: Readonly<Record<string, readonly number[]>>): void;
  /**
   * Opens a span for a record whose fact is about to be applied, so that the fact's cause continues
   * the trace of the record. Null: tracing is off.
   */
  readonly traceRecord: ((record: KafkaRecord) => OpenSpan) | null;
}

export interface EventCount {
  readonly type: string;
  readonly result: string;
  readonly times: number;
}
