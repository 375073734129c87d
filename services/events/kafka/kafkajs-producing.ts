import { Partitioners, type Kafka, type Message, type Producer } from 'kafkajs';

import type { Readiness } from '../../lib/lifecycle.js';
import type { OutgoingRecord, Produce } from './kafka-port.js';
import { produceError, protocolType } from './kafkajs-errors.js';
import { messageOf } from '../in/message-of.js';
import { bySize } from '../in/record-portions.js';

export interface Producing {
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
  const producer = kafka.producer({
    createPartitioner: Partitioners.DefaultPartitioner,
  });
  const connect = connectOnce(producer);
  let failure: string | null = null;

  const send = async (topic: string, records: readonly OutgoingRecord[]) => {
    await connect();
    for (const portion of bySize(records, PORTION_BYTES)) {
      const messages = portion.map(toMessage);
      await producer.send({ topic, acks: ALL_REPLICAS, messages });
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
