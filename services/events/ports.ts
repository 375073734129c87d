/**
 * What the events need.
 * In: facts from the platform, and the outbox. Out: records on the broker.
 * Never: an offset committed before its facts are in the database.
 */
import type { OpenSpan } from '../lib/trace.js';
import type { FactOutcome, OutboxEvent, PlatformFact } from '../model.js';
import type { KafkaRecord } from './kafka/kafka-port.js';

/**
 * One transaction for all; a failure means that none was applied. Outcomes come in the order of the
 * facts.
 */
export type ApplyFacts = (facts: readonly PlatformFact[]) => Promise<readonly FactOutcome[]>;

export interface Outbox {
  /**
   * Hands at most `limit` events, oldest first, to `send` and deletes them when it resolves. Only
   * one process drains at a time; another gets 0. Resolves with how many were sent. If `send`
   * throws nothing is deleted.
   */
  drain(limit: number, send: (events: readonly OutboxEvent[]) => Promise<void>): Promise<number>;
  /** Calls back whenever something may be waiting. Resolves with the way to stop listening. */
  onPending(wake: () => void): Promise<() => Promise<void>>;
}

/** Receives the progress of event processing. */
export interface EventObserver {
  /** Results of finished records. */
  events(taken: {
    readonly topic: string;
    readonly counts: readonly EventCount[];
    readonly deadLetters: number;
  }): void;
  progress(progress: {
    readonly topic: string;
    readonly partition: number;
    /** Records behind the last finished one; null if the broker did not report it. */
    readonly behind: number | null;
    readonly isBusy: boolean;
  }): void;
  /** The partitions that are ours from now on, by topic. */
  assigned(partitions: Readonly<Record<string, readonly number[]>>): void;
  /**
   * Opens a span for a record whose fact is about to be applied; its causes continue from there.
   * Null: tracing is off.
   */
  readonly traceRecord: ((record: KafkaRecord) => OpenSpan) | null;
}

export interface EventCount {
  readonly type: string;
  readonly result: string;
  readonly times: number;
}
