import { CompressionTypes, Kafka, logLevel, Partitioners, type Message } from 'kafkajs';

import { guardIdleConnections } from '../../services/events/kafka/kafkajs.js';
import { uniqueName } from '../../test/support/broker.js';
import { eventually } from '../../test/support/eventually.js';

export interface MembershipEvent {
  readonly platformUserId: string;
  readonly groupId: string;
  readonly change: 'added' | 'removed';
  readonly sequence: number;
}

/** A topic of the bench's own, with a producer that waits for the broker's acknowledgement. */
export interface PlatformTopic {
  readonly name: string;
  send(events: readonly MembershipEvent[]): Promise<void>;
  /** Resolves when somebody of the group reads the topic. */
  waitForReader(groupId: string): Promise<void>;
  close(): Promise<void>;
}

export function plainKafka(brokers: string): Kafka {
  guardIdleConnections();
  return new Kafka({
    brokers: brokers.split(','),
    logLevel: logLevel.NOTHING,
    retry: { retries: 20, maxRetryTime: 500 },
  });
}

export async function createPlatformTopic(
  brokers: string,
  numPartitions: number,
): Promise<PlatformTopic> {
  const name = uniqueName('bench');
  const kafka = plainKafka(brokers);
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic: name, numPartitions }] });
  const producer = kafka.producer({
    createPartitioner: Partitioners.DefaultPartitioner,
  });
  await producer.connect();
  return {
    name,
    async send(events) {
      await producer.send({
        topic: name,
        acks: -1,
        compression: CompressionTypes.None,
        messages: events.map(messageOf),
      });
    },
    async waitForReader(groupId) {
      const isStable = async () => {
        const { groups } = await admin.describeGroups([groupId]);
        return groups[0]?.state === 'Stable' && groups[0].members.length > 0;
      };
      await eventually(isStable, {
        withinMs: 30_000,
        what: `${groupId} reads ${name}`,
      });
    },
    async close() {
      await producer.disconnect();
      await admin.disconnect();
    },
  };
}

function messageOf(event: MembershipEvent): Message {
  const { platformUserId, groupId, change, sequence } = event;
  return {
    key: platformUserId,
    value: JSON.stringify({
      specversion: '1.0',
      id: `${platformUserId}-${groupId}-${sequence}`,
      source: '/platform',
      type: 'platform.group.membership.changed.v1',
      time: new Date().toISOString(),
      datacontenttype: 'application/json',
      data: { userId: platformUserId, groupId, change, sequence },
    }),
    headers: { 'content-type': 'application/cloudevents+json' },
  };
}
