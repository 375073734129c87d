import { parseArgs } from 'node:util';

import { Kafka } from 'kafkajs';

import { membershipChanged, membershipSnapshot, type EventRecord } from './records.js';

const USAGE = `usage: added USER GROUP | removed USER GROUP | snapshot USER [GROUP...]
KAFKA_BROKERS and KAFKA_TOPIC say where to; localhost:9092 and platform.events when left out.`;

const { positionals } = parseArgs({ allowPositionals: true });
const record = recordOf(positionals);
if (record === null) {
  process.stderr.write(`${USAGE}\n`);
  process.exitCode = 2;
} else await send(record);

function recordOf(words: readonly string[]): EventRecord | null {
  const [what, userId, ...groupIds] = words;
  const [groupId, ...rest] = groupIds;
  if (userId === undefined) return null;
  if (what === 'snapshot') return membershipSnapshot({ userId, groupIds });
  if (groupId === undefined || rest.length > 0) return null;
  if (what !== 'added' && what !== 'removed') return null;
  return membershipChanged({ userId, groupId, change: what });
}

async function send(message: EventRecord): Promise<void> {
  const { KAFKA_BROKERS = 'localhost:9092', KAFKA_TOPIC = 'platform.events' } = process.env;
  const kafka = new Kafka({
    clientId: 'example-producer',
    brokers: KAFKA_BROKERS.split(','),
  });
  // Idempotent: what the library sends twice stands in the topic once.
  const producer = kafka.producer({
    idempotent: true,
    maxInFlightRequests: 1,
  });
  await producer.connect();
  try {
    await producer.send({ topic: KAFKA_TOPIC, messages: [{ ...message }] });
    process.stdout.write(`sent to ${KAFKA_TOPIC}: ${message.value}\n`);
  } finally {
    await producer.disconnect();
  }
}
