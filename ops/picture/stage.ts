import { Kafka, logLevel, type Producer } from 'kafkajs';
import { createSandboxDiscord, type SandboxDiscord } from 'sandbox-discord';

import { startKafka, type KafkaNode } from '../../test/support/kafka-node.js';
import { startService, type Service } from '../../test/support/service.js';
import { createDataFolder } from '../../test/support/story.js';
import { communities } from './communities.js';

/** Everything that the demonstration plays with. */
export interface Stage {
  readonly service: Service;
  /** The guilds of the demonstration; the service's own sandbox has another. */
  readonly discord: SandboxDiscord;
  readonly apiBase: string;
  readonly broker: KafkaNode;
  readonly producer: Producer;
  /** What ends it, first things last. */
  readonly cleanup: (() => Promise<unknown>)[];
}

export const TOPIC = 'platform.events';

export async function openStage(): Promise<Stage> {
  const cleanup: (() => Promise<unknown>)[] = [];
  try {
    const broker = await startKafka();
    cleanup.push(() => broker.close());
    const producer = await openTopics(broker.brokers);
    cleanup.push(() => producer.disconnect());
    const discord = createSandboxDiscord({ world: communities() });
    const { apiBase } = await discord.start();
    cleanup.push(() => discord.stop());
    const folder = await createDataFolder();
    cleanup.push(folder.remove);
    const service = await startService({
      env: {
        SANDBOX: 'true',
        DATA_DIR: folder.path,
        LOG_LEVEL: 'warn',
        KAFKA_BROKERS: broker.brokers,
      },
    });
    cleanup.push(service.stop);
    return { service, discord, apiBase, broker, producer, cleanup };
  } catch (error) {
    for (const step of cleanup.toReversed()) await step();
    throw error;
  }
}

async function openTopics(brokers: string): Promise<Producer> {
  const kafka = new Kafka({
    clientId: 'platform',
    brokers: [brokers],
    logLevel: logLevel.NOTHING,
  });
  const admin = kafka.admin();
  await admin.connect();
  const topics = [TOPIC, `${TOPIC}.dlq`, 'discord-connector.events'];
  await admin.createTopics({
    topics: topics.map((topic) => ({ topic, numPartitions: 2 })),
  });
  await admin.disconnect();
  const producer = kafka.producer();
  await producer.connect();
  return producer;
}
