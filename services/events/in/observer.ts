import type { OpenSpan } from '../../lib/trace.js';
import type { KafkaRecord } from '../kafka/kafka-port.js';

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
