import type {
  Consumer,
  EachBatchPayload,
  IHeaders,
  Kafka,
  KafkaMessage,
  RetryOptions,
} from 'kafkajs';

import { messageOf, UnavailableError } from '../../lib/errors.js';
import type { Readiness } from '../../lib/lifecycle.js';
import type {
  ConsumeOptions,
  Consumption,
  KafkaRecord,
  RecordBatch,
  RecordHeaders,
} from './kafka-port.js';

export interface SessionSettings {
  /** A consumer that sends no heartbeat for this long loses its partitions to other consumers. */
  readonly sessionTimeoutMs: number;
  readonly heartbeatMs: number;
  /** How long the broker may delay an empty fetch. `stop` waits for it. */
  readonly fetchWaitMs: number;
}

interface ConsumptionDeps {
  readonly kafka: Kafka;
  readonly retry: RetryOptions;
  readonly options: ConsumeOptions;
  readonly clock: () => Date;
  readonly session?: SessionSettings;
}

const DEFAULT_SESSION: SessionSettings = {
  // Time until another process takes over a killed process's partitions. By default brokers accept
  // 6 s or more.
  sessionTimeoutMs: 10_000,
  heartbeatMs: 2_000,
  fetchWaitMs: 500,
};

/**
 * Size of one fetch. kafkajs holds a fetch both as bytes and as messages: with its default of 10
 * MiB the process grows permanently by some 30 MiB. A record larger than one fetch is still
 * delivered, alone.
 */
const FETCH_BYTES = 1_048_576;

/** Time without data after which a consumer counts as hung; longer than any group join (60 s). */
const SILENCE_MS = 120_000;

export async function openConsumption(deps: ConsumptionDeps): Promise<Consumption> {
  const { kafka, retry, options, clock, session = DEFAULT_SESSION } = deps;
  const consumer = kafka.consumer({
    groupId: options.groupId,
    sessionTimeout: session.sessionTimeoutMs,
    heartbeatInterval: session.heartbeatMs,
    maxWaitTimeInMs: session.fetchWaitMs,
    maxBytes: FETCH_BYTES,
    maxBytesPerPartition: FETCH_BYTES / 4,
    // The supervisor rebuilds the consumer after every crash, so kafkajs must not restart it.
    retry: { ...retry, restartOnFailure: async () => false },
  });
  const health = healthOf(consumer, clock);
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) =>
    options.onAssigned?.(payload.memberAssignment),
  );
  const crash = Promise.withResolvers<Error>();
  let early: Error | null = null;
  consumer.on(consumer.events.CRASH, ({ payload }) => {
    early = payload.error;
    crash.resolve(payload.error);
  });
  try {
    await consumer.connect();
    await consumer.subscribe({ topics: [...options.topics], fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      // Parses the records of some partitions while the database stores the facts of others.
      partitionsConsumedConcurrently: 3,
      eachBatch: async (payload) => options.onBatch(toRecordBatch(payload)),
    });
    // A failed join does not reject run(). kafkajs reports it as a crash before run() resolves.
    throwIfAny(early);
  } catch (error) {
    // Ignore an error of disconnect(): the first error is the most specific.
    await consumer.disconnect().catch(() => undefined);
    throw consumeError(options, error);
  }
  return {
    crashed: crash.promise,
    health,
    stop: async () => consumer.disconnect(),
  };
}

function throwIfAny(error: Error | null): void {
  if (error) throw error;
}

function healthOf(consumer: Consumer, clock: () => Date): () => Readiness {
  let heardAt = clock().getTime();
  const hear = () => {
    heardAt = clock().getTime();
  };
  consumer.on(consumer.events.GROUP_JOIN, hear);
  consumer.on(consumer.events.FETCH, hear);
  consumer.on(consumer.events.HEARTBEAT, hear);
  return () => {
    const silentMs = clock().getTime() - heardAt;
    if (silentMs < SILENCE_MS) return { ok: true };
    const seconds = Math.round(silentMs / 1000);
    return { ok: false, reason: `no data from the broker for ${seconds} s` };
  };
}

function toRecordBatch(payload: EachBatchPayload): RecordBatch {
  const { topic, partition, messages } = payload.batch;
  return {
    topic,
    partition,
    records: messages.map((message) => toRecord(topic, partition, message)),
    endOffset: payload.batch.highWatermark,
    commit: committing(payload),
    heartbeat: async () => payload.heartbeat(),
    isAbandoned: () => !payload.isRunning() || payload.isStale(),
  };
}

function committing(payload: EachBatchPayload): RecordBatch['commit'] {
  // Offsets are 64-bit numbers in decimal, so they need BigInt.
  let doneWith = String(BigInt(payload.batch.firstOffset() ?? '0') - 1n);
  return async (offset) => {
    payload.resolveOffset(offset);
    try {
      // Commit kafkajs' own offsets, not the given one: they also cover the transaction markers
      // after the last record.
      await payload.commitOffsetsIfNecessary(payload.uncommittedOffsets());
    } catch (error) {
      // Undo the resolveOffset above. Otherwise kafkajs would fetch after this offset, and commit
      // it only with the next record.
      payload.resolveOffset(doneWith);
      throw error;
    }
    doneWith = offset;
  };
}

function toRecord(topic: string, partition: number, message: KafkaMessage): KafkaRecord {
  return {
    topic,
    partition,
    offset: message.offset,
    key: message.key,
    value: message.value,
    headers: toHeaders(message.headers),
    timestampMs: Number(message.timestamp),
  };
}

function toHeaders(sent: IHeaders | undefined): RecordHeaders {
  const headers: [string, Buffer | Buffer[]][] = [];
  for (const [name, value] of Object.entries(sent ?? {})) {
    const values = (Array.isArray(value) ? value : [value]).filter(isSent);
    const [first, ...others] = values;
    headers.push([name, others.length === 0 ? toBuffer(first) : values.map(toBuffer)]);
  }
  return Object.fromEntries(headers); // `__proto__` becomes a name like the others
}

/**
 * Returns false for a value that kafkajs adds by mistake: if a header has the name of a property
 * that every object inherits, e.g. `constructor`, kafkajs adds the inherited value.
 */
function isSent(value: unknown): value is Buffer | string | undefined {
  const isNone = value === undefined || value === null;
  return isNone || typeof value === 'string' || Buffer.isBuffer(value);
}

/**
 * Converts a header value. A null value, which kafkajs delivers despite its types, becomes empty,
 * because kafkajs cannot send null.
 */
function toBuffer(value: Buffer | string | undefined | null): Buffer {
  return Buffer.isBuffer(value) ? value : Buffer.from(value ?? '');
}

export function consumeError(options: ConsumeOptions, error: unknown): Error {
  const { topics, groupId } = options;
  return new UnavailableError(
    `cannot consume ${topics.join(', ')} as group ${groupId}: ${messageOf(error)}`,
    { cause: error },
  );
}
