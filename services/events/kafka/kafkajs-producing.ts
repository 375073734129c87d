import { type Kafka, type Message, Partitioners, type Producer } from 'kafkajs';

import { messageOf, TerminalError, UnavailableError } from '../../lib/errors.js';
import type { Readiness } from '../../lib/lifecycle.js';
import type { OutgoingRecord, Produce } from './kafka-port.js';

interface Producing {
  readonly produce: Produce;
  health(): Readiness;
  close(): Promise<void>;
}

/**
 * Below the broker's usual limit for a batch, 1 MB: what was taken one by one need not be taken
 * together.
 */
const PORTION_BYTES = 512 * 1024;
const ALL_REPLICAS = -1;

/** The part of a kafkajs client that is needed. */
type Client = Pick<Kafka, 'producer' | 'admin'>;

export function createProducing(kafka: Client): Producing {
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
  const connect = connectOnce(producer);
  let failure: string | null = null;

  const send = async (topic: string, records: readonly OutgoingRecord[]) => {
    await connect();
    for (const portion of bySize(records, PORTION_BYTES)) {
      await sendStamped(portion, async (messages) =>
        producer.send({ topic, acks: ALL_REPLICAS, messages }),
      );
    }
  };

  return {
    produce: async (topic, records) => {
      try {
        await send(topic, records);
        failure = null;
      } catch (error) {
        failure = messageOf(error);
        if (protocolType(error) === 'UNKNOWN_TOPIC_OR_PARTITION') {
          await createTopic(kafka, topic);
        }
        throw produceError(topic, error);
      }
    },
    health: () =>
      failure === null ? { ok: true } : { ok: false, reason: `producing failed: ${failure}` },
    close: async () => producer.disconnect(),
  };
}

/** A failed connect is tried again by the next call; calls at the same time share one. */
function connectOnce(producer: Producer): () => Promise<void> {
  let connecting: Promise<void> | null = null;
  return async () => {
    connecting ??= producer.connect().catch((error: unknown) => {
      connecting = null;
      throw error;
    });
    return connecting;
  };
}

/**
 * For brokers that do not create topics. Without permission to create one, the caller gets its own
 * error and retries.
 */
async function createTopic(kafka: Client, topic: string): Promise<void> {
  const admin = kafka.admin();
  try {
    await admin.connect();
    await admin.createTopics({ topics: [{ topic }] });
  } catch {
    // the caller is about to throw the error that names what is missing
  } finally {
    await admin.disconnect();
  }
}

function toMessage(record: OutgoingRecord): Message {
  const headers: Record<string, Buffer | string | Buffer[]> = {};
  for (const [name, value] of Object.entries(record.headers)) {
    const isOne = typeof value === 'string' || Buffer.isBuffer(value);
    headers[name] = isOne ? value : [...value];
  }
  return { key: record.key, value: record.value, headers };
}

/**
 * kafkajs stamps each record with this process's clock, and brokers refuse records from more than
 * an hour ahead of their own. Instead of waiting until the clock is corrected, resend rejected
 * records with the time of their content. If the broker rejects that too, because the database's
 * clock is just as wrong, resend them without a time.
 */
async function sendStamped(
  records: readonly OutgoingRecord[],
  send: (messages: Message[]) => Promise<unknown>,
): Promise<void> {
  const messages = records.map(toMessage);
  const unlessRefused = (error: unknown) => {
    if (protocolType(error) !== 'INVALID_TIMESTAMP') throw error;
    return false;
  };
  const tries = [
    messages,
    messages.map((message, index) => stamped(message, records[index]?.timestampMs)),
  ];
  for (const tried of tries) {
    const isTaken = await send(tried).then(() => true, unlessRefused);
    if (isTaken) return;
  }
  await send(messages.map((message) => stamped(message)));
}

/** Kafka's value for a record without a timestamp. Brokers always accept it. */
const NO_TIMESTAMP = -1;

function stamped(message: Message, timestampMs = NO_TIMESTAMP): Message {
  return { ...message, timestamp: String(timestampMs < 1 ? NO_TIMESTAMP : timestampMs) };
}

const TOO_LARGE = ['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE'];

/** What a failed produce means to its caller. */
function produceError(topic: string, error: unknown): Error {
  if (TOO_LARGE.includes(protocolType(error) ?? '')) {
    return new TerminalError(
      'RECORD_TOO_LARGE',
      `topic ${topic} does not accept a record of this size`,
      { cause: error },
    );
  }
  return new UnavailableError(`cannot produce to topic ${topic}: ${messageOf(error)}`, {
    cause: error,
  });
}

/**
 * The broker's name for what went wrong, e.g. `UNKNOWN_TOPIC_OR_PARTITION`; kafkajs wraps it when
 * it gives up.
 */
function protocolType(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  if ('type' in error && typeof error.type === 'string') return error.type;
  return protocolType(error.cause);
}

/**
 * The records in their order, in portions of at most `maxBytes`; a larger record is a portion of
 * its own.
 */
export function bySize(
  records: readonly OutgoingRecord[],
  maxBytes: number,
): readonly (readonly OutgoingRecord[])[] {
  const portions: OutgoingRecord[][] = [];
  let bytesOfLast = Infinity;
  for (const record of records) {
    const bytes = bytesOf(record);
    if (bytesOfLast + bytes > maxBytes) {
      portions.push([]);
      bytesOfLast = 0;
    }
    portions.at(-1)?.push(record);
    bytesOfLast += bytes;
  }
  return portions;
}

/** Lengths and deltas of a record on the wire, counted high. */
const OVERHEAD_BYTES = 64;

function bytesOf({ key, value, headers }: OutgoingRecord): number {
  let bytes = OVERHEAD_BYTES + lengthOf(key) + lengthOf(value);
  for (const [name, values] of Object.entries(headers)) {
    const isOne = typeof values === 'string' || Buffer.isBuffer(values);
    for (const each of isOne ? [values] : values) {
      bytes += OVERHEAD_BYTES + lengthOf(name) + lengthOf(each);
    }
  }
  return bytes;
}

function lengthOf(content: Buffer | string | null): number {
  return content === null ? 0 : Buffer.byteLength(content);
}
