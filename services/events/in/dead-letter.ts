import type { BrokenRecord } from './event-chunks.js';
import type { OutgoingRecord } from '../kafka/kafka-port.js';

export function deadLetterTopic(topic: string): string {
  return `${topic}.dlq`;
}

/**
 * Returns the record unchanged, with additional headers for the reason and for its topic,
 * partition, offset and timestamp.
 */
export function deadLetter({ record, reason }: BrokenRecord): OutgoingRecord {
  const { key, value, headers, timestampMs } = record;
  return { key, value, headers: { ...headers, ...account(record, reason) }, timestampMs };
}

const MAX_KEY_BYTES = 1_024;

/**
 * Returns a dead letter without the value and the original headers, for a record that is too large
 * for the dead-letter topic. It may exceed the limit only because of the headers that `deadLetter`
 * adds. The added headers stay, so they still name the original's topic, partition and offset.
 */
export function strippedDeadLetter(broken: BrokenRecord): OutgoingRecord {
  const { key, value, timestampMs } = broken.record;
  return {
    key: key !== null && key.length <= MAX_KEY_BYTES ? key : null,
    value: null,
    headers: {
      ...account(broken.record, broken.reason),
      'dlq-omitted': `value of ${value?.length ?? 0} bytes and headers: too large for this topic`,
    },
    timestampMs,
  };
}

function account(
  { topic, partition, offset, timestampMs }: BrokenRecord['record'],
  reason: string,
): Readonly<Record<string, string>> {
  return {
    'dlq-reason': reason,
    'dlq-topic': topic,
    'dlq-partition': String(partition),
    'dlq-offset': offset,
    'dlq-timestamp': String(timestampMs),
  };
}
