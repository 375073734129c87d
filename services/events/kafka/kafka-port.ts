/**
 * What the consumer and producer need of a Kafka client library; small, so that the library can be
 * replaced.
 * In: batches of records of one partition. Out: records, acknowledged by all replicas.
 * Never: an automatic offset commit.
 */
import type { Readiness } from '../../lib/lifecycle.js';

/** A header that was sent twice has two values. */
export type RecordHeaders = Readonly<Record<string, Buffer | readonly Buffer[]>>;

export interface KafkaRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: RecordHeaders;
  /** Below 1 when the record has none. */
  readonly timestampMs: number;
}

export interface OutgoingRecord {
  readonly key: Buffer | string | null;
  readonly value: Buffer | string | null;
  readonly headers: Readonly<Record<string, Buffer | string | readonly Buffer[]>>;
  /**
   * Creation time of the record's content, in ms; below 1 if unknown. Used only if the broker
   * rejects the timestamp of this process's clock.
   */
  readonly timestampMs?: number;
}

export interface RecordBatch {
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly KafkaRecord[];
  /** Offset of the next record of the partition, as last reported by the broker. */
  readonly endOffset?: string;
  /** Everything up to this offset, and it, is done with and shall not come again. */
  commit(offset: string): Promise<void>;
  /**
   * Keeps the partition ours; cheap when called too often. Throws when it is not: let that error
   * through.
   */
  heartbeat(): Promise<void>;
  /** The partition is no longer ours, or the consumption is stopping. */
  isAbandoned(): boolean;
}

export interface ConsumeOptions {
  readonly groupId: string;
  readonly topics: readonly string[];
  /** One batch of a partition at a time. What it leaves uncommitted comes again. */
  readonly onBatch: (batch: RecordBatch) => Promise<void>;
  /** The consumer group was rebalanced. */
  readonly onAssigned?: (partitions: Readonly<Record<string, readonly number[]>>) => void;
}

export interface Consumption {
  /** Resolves when this consumption has ended by itself for good. */
  readonly crashed: Promise<Error>;
  health(): Readiness;
  /** Waits for the batch in hand, then leaves the group. */
  stop(): Promise<void>;
}

/**
 * Resolves when all in-sync replicas have the records, in their order for each key. Throws
 * `TerminalError` with the code `RECORD_TOO_LARGE` if the broker will never take them, else
 * `UnavailableError`.
 */
export type Produce = (topic: string, records: readonly OutgoingRecord[]) => Promise<void>;

export interface KafkaPort {
  /**
   * Resolves when the group is joined; rejects when that cannot be done now. Groups new to a topic
   * begin at its beginning.
   */
  readonly consume: (options: ConsumeOptions) => Promise<Consumption>;
  readonly produce: Produce;
  /** Of producing; each consumption has its own. */
  health(): Readiness;
  close(): Promise<void>;
}
