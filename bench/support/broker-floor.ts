import { setTimeout as sleep } from 'node:timers/promises';

import { uniqueName } from '../../test/support/broker.js';
import { eventually } from '../../test/support/eventually.js';
import { createPlatformTopic, plainKafka } from './platform-topic.js';
import { quantiles, type Quantiles } from './quantiles.js';

/**
 * From the start of an acknowledged send to a consumer that does nothing: what the broker and the
 * client library take alone.
 */
export async function measureBroker(
  brokers: string,
  load: {
    readonly partitions: number;
    readonly seconds: number;
    readonly perSecond: number;
  },
): Promise<Quantiles> {
  const topic = await createPlatformTopic(brokers, load.partitions);
  const sentAt = new Map<string, number>();
  const tookMs: number[] = [];
  const groupId = uniqueName('bench-floor');
  const consumer = plainKafka(brokers).consumer({
    groupId,
    maxWaitTimeInMs: 500,
  });
  await consumer.connect();
  await consumer.subscribe({ topic: topic.name, fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ message }) => {
      const at = sentAt.get(String(message.key));
      if (at !== undefined) tookMs.push(performance.now() - at);
    },
  });
  await topic.waitForReader(groupId);
  const count = load.seconds * load.perSecond;
  for (let sequence = 0; sequence < count; sequence += 1) {
    const platformUserId = `user-${sequence}`;
    sentAt.set(platformUserId, performance.now());
    void topic.send([{ platformUserId, groupId: 'group', change: 'added', sequence }]);
    await sleep(1_000 / load.perSecond);
  }
  await eventually(() => tookMs.length === count, { what: 'all were read' });
  await consumer.disconnect();
  await topic.close();
  // The first second is the warming up.
  return quantiles(tookMs.slice(load.perSecond));
}
