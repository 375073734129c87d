/**
 * The interface to a Kafka client library; small, so that the library can be replaced.
 * In: batches of records of one partition. Out: records acknowledged by all in-sync replicas.
 * Never: an automatic offset commit.
 */
import type { Readiness } from '../../lib/lifecycle.js';

/** Record headers by name. A header sent more than once has an array of values. */
export type RecordHeaders = Readonly<Record<string, Buffer | readonly Buffer[]>>;

export interface KafkaRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: RecordHeaders;
  /** Milliseconds since 1970; below 1 if the record has no timestamp. */
  readonly timestampMs: number;
}

export interface OutgoingRecord {
  readonly key: Buffer | string | null;
  readonly value: Buffer | string | null;
  readonly headers: Readonly<Record<string, Buffer | string | readonly Buffer[]>>;
  /**
   * Creation time of the record's content, in ms since 1970; below 1 if unknown. Used only if the
   * broker rejects the timestamp that this process's clock gives.
   */
  readonly timestampMs?: number;
}

export interface RecordBatch {
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly KafkaRecord[];
  /** Offset after the last record of the partition, as last reported by the broker. */
  readonly endOffset?: string;
  /** Commits everything up to and including this offset, so that it is not redelivered. */
  commit(offset: string): Promise<void>;
  /**
   * Keeps the partition assigned to this process; frequent calls are cheap. Throws if the partition
   * is lost. Do not retry the work after that error.
   */
  heartbeat(): Promise<void>;
  /** Returns true if this process has lost the partition, or the consumption is stopping. */
  isAbandoned(): boolean;
}

export interface ConsumeOptions {
  readonly groupId: string;
  readonly topics: readonly string[];
  /**
   * Receives the batches of a partition one at a time. Records that `onBatch` leaves uncommitted
   * are redelivered.
   */
  readonly onBatch: (batch: RecordBatch) => Promise<void>;
  /** Receives the assigned partitions after a rebalance of the consumer group. */
  readonly onAssigned?: (partitions: Readonly<Record<string, readonly number[]>>) => void;
}

export interface Consumption {
  /** Resolves when the consumption has ended with an error. It does not restart itself. */
  readonly crashed: Promise<Error>;
  health(): Readiness;
  /** Waits for the current batch, then leaves the group. */
  stop(): Promise<void>;
}

/**
 * Resolves when all in-sync replicas have the records. Keeps the order of records with the same
 * key. Throws `TerminalError` with the code `RECORD_TOO_LARGE` if the broker will never accept
 * them, else `UnavailableError`.
 */
export type Produce = (topic: string, records: readonly OutgoingRecord[]) => Promise<void>;

export interface KafkaPort {
  /**
   * Joins the consumer group. Rejects if that is not possible now. A group that is new to a topic
   * starts at the topic's beginning.
   */
  readonly consume: (options: ConsumeOptions) => Promise<Consumption>;
  readonly produce: Produce;
  /** Health of producing. Each consumption has its own `health`. */
  health(): Readiness;
  close(): Promise<void>;
}
