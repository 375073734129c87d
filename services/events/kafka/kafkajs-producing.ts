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
 * Maximum bytes per request. Stays below the broker's usual batch limit of 1 MB, because several
 * records that are accepted one by one may be too large in one batch.
 */
const PORTION_BYTES = 512 * 1024;
const ALL_REPLICAS = -1;

/** The parts of a kafkajs client that are used here. */
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

/**
 * Returns a function that connects once. Concurrent calls share one attempt. If it fails, the next
 * call tries again.
 */
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
 * Creates the topic, for brokers that do not create topics themselves. If that fails, e.g. for lack
 * of permission, the error is ignored: the caller throws its own error and retries.
 */
async function createTopic(kafka: Client, topic: string): Promise<void> {
  const admin = kafka.admin();
  try {
    await admin.connect();
    await admin.createTopics({ topics: [{ topic }] });
  } catch {
    // the caller throws the error that names the missing topic
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
 * Sends records, and resends them if the broker rejects their timestamps. kafkajs sets the
 * timestamps from this process's clock, and brokers reject timestamps more than an hour ahead of
 * their own clock. The second attempt uses the creation time of the content. The third uses no
 * timestamp, in case the database's clock is wrong too.
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

/** Kafka's value for a record without a timestamp, which brokers always accept. */
const NO_TIMESTAMP = -1;

function stamped(message: Message, timestampMs = NO_TIMESTAMP): Message {
  return { ...message, timestamp: String(timestampMs < 1 ? NO_TIMESTAMP : timestampMs) };
}

const TOO_LARGE = ['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE'];

/** Returns the error to throw for a failed produce. */
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
 * Returns the broker's error name, e.g. `UNKNOWN_TOPIC_OR_PARTITION`, even if a kafkajs error wraps
 * it. Null if the error has no such name.
 */
function protocolType(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  if ('type' in error && typeof error.type === 'string') return error.type;
  return protocolType(error.cause);
}

/**
 * Splits the records, in order, into portions of at most `maxBytes`. A larger record gets a
 * separate portion.
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

/** Upper estimate of the length and delta fields of a record or header on the wire. */
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
