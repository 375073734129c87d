import type { OpenSpan } from '../lib/trace.js';
import type { KafkaRecord } from './kafka-port.js';

/** Whoever wants to know how the door does. Told, never asked. */
export interface EventObserver {
  /** What came of records that are done with. */
  events(taken: {
    readonly topic: string;
    readonly counts: readonly EventCount[];
    readonly deadLetters: number;
  }): void;
  progress(progress: {
    readonly topic: string;
    readonly partition: number;
    /** Records behind those that are done with; null: the broker did not say. */
    readonly behind: number | null;
    readonly isBusy: boolean;
  }): void;
  /** The partitions that are ours from now on, by topic. */
  assigned(partitions: Readonly<Record<string, readonly number[]>>): void;
  /** A span for a record whose fact is about to be applied; its causes go on from there. Null: nobody traces. */
  readonly traceRecord: ((record: KafkaRecord) => OpenSpan) | null;
}

export interface EventCount {
  readonly type: string;
  readonly result: string;
  readonly times: number;
}
